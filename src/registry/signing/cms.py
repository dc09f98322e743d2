"""The PKCS#7 signature of a JAR or XPI: CMS SignedData (RFC 5652), detached, over the bytes of the .SF file.

Writing is the library's. Reading is our own, of exactly the shape a JAR needs: one signer, SHA-256 with
ECDSA, no content inside.
"""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7Options, PKCS7SignatureBuilder

from registry.signing import der
from registry.signing.errors import Malformed

_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
_DATA = bytes.fromhex("2a864886f70d010701")
_CONTENT_TYPE = bytes.fromhex("2a864886f70d010903")
_MESSAGE_DIGEST = bytes.fromhex("2a864886f70d010904")
_SIGNING_TIME = bytes.fromhex("2a864886f70d010905")
_SHA256 = bytes.fromhex("608648016503040201")
_ECDSA_WITH_SHA256 = bytes.fromhex("2a8648ce3d040302")

_MOST_CERTIFICATES = 8
_MOST_ATTRIBUTES = 16


def sign(
    signature_file: bytes | memoryview,
    key: ec.EllipticCurvePrivateKey,
    certificate: x509.Certificate,
    chain: tuple[x509.Certificate, ...],
) -> bytes:
    """The DER of a detached signature by ``key``, with its certificate and the issuers' inside."""
    builder = PKCS7SignatureBuilder().set_data(signature_file).add_signer(certificate, key, SHA256())
    for issuer in chain:
        builder = builder.add_certificate(issuer)
    options = [PKCS7Options.DetachedSignature, PKCS7Options.Binary, PKCS7Options.NoCapabilities]
    return builder.sign(Encoding.DER, options)


@dataclass(frozen=True, slots=True)
class CmsSignature:
    """``issuer`` is the DER of a name; with ``serial`` it says which of the certificates signed.
    ``attributes`` is the DER that was signed in place of the content, None when that was signed itself."""

    certificates: tuple[bytes, ...]
    issuer: bytes
    serial: int
    attributes: bytes | None
    message_digest: bytes | None
    signed_at: datetime | None
    signature: bytes

    def holds(self, signature_file: bytes, key: ec.EllipticCurvePublicKey) -> bool:
        """Whether ``key`` made this signature over the bytes of the .SF file."""
        if self.attributes is not None and self.message_digest != sha256(signature_file).digest():
            return False
        signed = signature_file if self.attributes is None else self.attributes
        try:
            key.verify(self.signature, signed, ec.ECDSA(SHA256()))
        except InvalidSignature:
            return False
        return True


def read(data: bytes) -> CmsSignature:
    """Raises Malformed for anything but a detached SignedData with one signer, ECDSA and SHA-256."""
    outer = der.Reader(data)
    info = outer.inside(der.SEQUENCE)
    outer.end()
    _expect(info, _SIGNED_DATA, "a content type other than SignedData")
    wrapped = info.inside(der.CONTEXT_0)
    info.end()
    body = wrapped.inside(der.SEQUENCE)
    wrapped.end()

    body.integer()
    _algorithm(body.inside(der.SET), _SHA256)
    content = body.inside(der.SEQUENCE)
    _expect(content, _DATA, "an inner content type other than data")
    content.end()  # detached: nothing follows the type
    certificates = _certificates(body.inside(der.CONTEXT_0))
    signers = body.inside(der.SET)
    body.end()

    signer = signers.inside(der.SEQUENCE)
    signers.end()
    signer.integer()
    identifier = signer.inside(der.SEQUENCE)
    issuer, _ = identifier.element(der.SEQUENCE)
    serial = identifier.integer()
    identifier.end()
    _algorithm(signer, _SHA256)
    attributes, digest, signed_at = None, None, None
    if signer.tag == der.CONTEXT_0:
        attributes, digest, signed_at = _attributes(signer.inside(der.CONTEXT_0))
    _algorithm(signer, _ECDSA_WITH_SHA256)
    signature = signer.content(der.OCTETS)
    if signer.tag == der.CONTEXT_1:  # unsigned attributes: a time stamp, which nothing here relies on
        signer.content(der.CONTEXT_1)
    signer.end()
    return CmsSignature(certificates, issuer, serial, attributes, digest, signed_at, signature)


def _expect(reader: der.Reader, oid: bytes, complaint: str) -> None:
    if reader.content(der.OID) != oid:
        raise Malformed(complaint)


def _algorithm(reader: der.Reader, oid: bytes) -> None:
    algorithm = reader.inside(der.SEQUENCE)
    _expect(algorithm, oid, "an algorithm other than SHA-256 and ECDSA with SHA-256")
    if algorithm.tag == der.NULL:
        algorithm.content(der.NULL)
    algorithm.end()


def _certificates(reader: der.Reader) -> tuple[bytes, ...]:
    found: list[bytes] = []
    while reader.tag is not None:
        if len(found) == _MOST_CERTIFICATES:
            raise Malformed(f"more than {_MOST_CERTIFICATES} certificates")
        found.append(reader.element(der.SEQUENCE)[0])
    return tuple(found)


def _attributes(reader: der.Reader) -> tuple[bytes, bytes, datetime | None]:
    """The signed attributes as they were signed, the digest among them, and the time of signing.

    What is signed is the DER of a SET OF, whatever order and tag they were sent with (RFC 5652, 5.4).
    """
    encoded: list[bytes] = []
    values: dict[bytes, tuple[int, bytes]] = {}
    while reader.tag is not None:
        if len(encoded) == _MOST_ATTRIBUTES:
            raise Malformed(f"more than {_MOST_ATTRIBUTES} signed attributes")
        whole, content = reader.element(der.SEQUENCE)
        attribute = der.Reader(content)
        kind = attribute.content(der.OID)
        value = attribute.inside(der.SET)
        attribute.end()
        if kind in values:
            raise Malformed("a signed attribute that is given twice")
        tag = value.tag
        if tag is None:
            raise Malformed("a signed attribute without a value")
        values[kind] = (tag, value.content(tag))
        if kind in (_CONTENT_TYPE, _MESSAGE_DIGEST, _SIGNING_TIME):
            value.end()
        encoded.append(whole)
    if values.get(_CONTENT_TYPE) != (der.OID, _DATA):
        raise Malformed("no signed content type, or another than data")
    tag, digest = values.get(_MESSAGE_DIGEST, (None, b""))
    if tag != der.OCTETS:
        raise Malformed("no signed message digest")
    joined = b"".join(sorted(encoded))
    signed = bytes([der.SET]) + der.length(len(joined)) + joined
    stamp = values.get(_SIGNING_TIME)
    return signed, digest, der.time(*stamp) if stamp else None
