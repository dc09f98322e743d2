"""The COSE signature of an XPI: CBOR tag 98, COSE_Sign with a detached payload (RFC 9052 section 4.1).

    98([ bstr {4: [issuer DER, ...]}, {}, null, [[ bstr {1: -7, 4: end-entity DER}, {}, r || s ]] ])

Algorithm -7 is ES256: ECDSA over P-256 with SHA-256. What is signed deviates from the RFC in one place:
``external_aad`` is CBOR null and not the empty byte string. The RFC's form is refused by Firefox.

The reader below shares nothing with the writer, which leaves the encoding to a library. It follows this
one shape byte by byte, so indefinite lengths, longer spellings of a number, doubled keys, other tags and
anything after the end cannot be read at all.
"""

from dataclasses import dataclass

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from registry.signing.errors import Malformed

_COSE_SIGN = 98
_ALG, _KID = 1, 4
_ES256 = -7
_COORDINATE = 32

_UNSIGNED, _NEGATIVE, _BYTES, _ARRAY, _MAP, _TAG = 0, 1, 2, 4, 5, 6
_NULL = b"\xf6"
_MOST_CERTIFICATES = 4


def to_be_signed(body_protected: bytes, sign_protected: bytes, manifest: bytes) -> bytes:
    return cbor2.dumps(["Signature", body_protected, sign_protected, None, manifest])


def sign(manifest: bytes, key: ec.EllipticCurvePrivateKey, certificate: bytes, chain: list[bytes]) -> bytes:
    """The bytes of cose.sig over the bytes of cose.manifest; certificates are DER."""
    body_protected = cbor2.dumps({_KID: chain})
    sign_protected = cbor2.dumps({_ALG: _ES256, _KID: certificate})
    signature = key.sign(to_be_signed(body_protected, sign_protected, manifest), ec.ECDSA(SHA256()))
    r, s = (number.to_bytes(_COORDINATE, "big") for number in decode_dss_signature(signature))
    return cbor2.dumps(cbor2.CBORTag(_COSE_SIGN, [body_protected, {}, None, [[sign_protected, {}, r + s]]]))


@dataclass(frozen=True, slots=True)
class CoseSignature:
    chain: tuple[bytes, ...]
    certificate: bytes
    body_protected: bytes
    sign_protected: bytes
    signature: bytes

    def holds(self, manifest: bytes, key: ec.EllipticCurvePublicKey) -> bool:
        """Whether ``key`` (P-256) made this signature over ``manifest``."""
        r, s = (int.from_bytes(self.signature[i : i + _COORDINATE], "big") for i in (0, _COORDINATE))
        signed = to_be_signed(self.body_protected, self.sign_protected, manifest)
        try:
            key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(SHA256()))
        except InvalidSignature:
            return False
        return True


def read(data: bytes) -> CoseSignature:
    """Raises Malformed for anything but the one shape above, with one signer."""
    outer = _Reader(data)
    outer.expect(_TAG, _COSE_SIGN)
    outer.expect(_ARRAY, 4)
    body_protected = outer.byte_string()
    outer.expect(_MAP, 0)
    outer.literal(_NULL)
    outer.expect(_ARRAY, 1)
    outer.expect(_ARRAY, 3)
    sign_protected = outer.byte_string()
    outer.expect(_MAP, 0)
    signature = outer.byte_string()
    outer.end()
    if len(signature) != 2 * _COORDINATE:
        raise Malformed("an ES256 signature has 64 bytes")

    body = _Reader(body_protected)
    body.expect(_MAP, 1)
    body.expect(_UNSIGNED, _KID)
    count = body.head(_ARRAY)
    if not 1 <= count <= _MOST_CERTIFICATES:
        raise Malformed(f"{count} issuer certificates")
    chain = tuple(body.byte_string() for _ in range(count))
    body.end()

    signer = _Reader(sign_protected)
    signer.expect(_MAP, 2)
    signer.expect(_UNSIGNED, _ALG)
    signer.expect(_NEGATIVE, -1 - _ES256)
    signer.expect(_UNSIGNED, _KID)
    certificate = signer.byte_string()
    signer.end()
    return CoseSignature(chain, certificate, body_protected, sign_protected, signature)


class _Reader:
    """Reads the CBOR items of ``data`` that its caller expects, in their shortest form."""

    def __init__(self, data: bytes):
        self._data = data
        self._at = 0

    def _take(self, count: int) -> bytes:
        taken = self._data[self._at : self._at + count]
        if len(taken) != count:
            raise Malformed("CBOR ends within an item")
        self._at += count
        return taken

    def head(self, major: int) -> int:
        """The argument of the next item, which must be of this major type."""
        first = self._take(1)[0]
        if first >> 5 != major:
            raise Malformed(f"CBOR item of type {major} expected, {first >> 5} found")
        short = first & 0x1F
        if short < 24:
            return short
        if short > 27:
            raise Malformed("CBOR of indefinite length")
        width = 1 << (short - 24)
        argument = int.from_bytes(self._take(width), "big")
        if argument < (24 if width == 1 else 1 << 4 * width):
            raise Malformed("a CBOR number that is not in its shortest form")
        return argument

    def expect(self, major: int, argument: int) -> None:
        found = self.head(major)
        if found != argument:
            raise Malformed(f"{argument} expected in a CBOR item of type {major}, {found} found")

    def byte_string(self) -> bytes:
        return self._take(self.head(_BYTES))

    def literal(self, item: bytes) -> None:
        if self._take(len(item)) != item:
            raise Malformed("a detached payload (null) expected")

    def end(self) -> None:
        if self._at != len(self._data):
            raise Malformed("bytes after the end")
