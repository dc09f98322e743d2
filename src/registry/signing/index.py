"""Signatures on the documents that say what there is: the listing, the blocklist, the head of the event chain.

A detached CMS signature over the very bytes that are served, by a fresh key that the issuer certifies for
``registry-index:KIND``. No extension's id has a colon in it, so neither can pass for the other. What keeps an old
document from being passed off as new is inside the signed bytes: ``serial``, which rises, and ``expires``.

    openssl cms -verify -binary -inform DER -in FILE.sig -content FILE -CAfile root.pem -purpose any
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson
from cryptography import x509
from cryptography.x509.oid import NameOID

from registry.signing import chain, cms
from registry.signing.certificates import key_id, make_end_entity
from registry.signing.errors import Malformed, SignatureInvalid
from registry.signing.keys import IssuerKey

IDENTITY = "registry-index:"


@dataclass(frozen=True, slots=True)
class VerifiedIndex:
    """An index whose signature holds. ``kind`` is what it is (``listing``), ``key_id`` names the issuer's key."""

    kind: str
    serial: int
    seq: int
    issued: datetime
    expires: datetime
    key_id: str


def sign_index(data: bytes | memoryview, kind: str, issuer: IssuerKey) -> bytes:
    """The DER of a detached signature over ``data``."""
    signer = make_end_entity(issuer.certificate, issuer.private_key, f"{IDENTITY}{kind}")
    return cms.sign(data, signer.private_key, signer.certificate, issuer.chain)


def verify_index(
    data: bytes,
    signature: bytes,
    roots: Sequence[x509.Certificate],
    *,
    kind: str | None = None,
    newer_than: int | None = None,
    at: datetime | None = None,
) -> VerifiedIndex:
    """Check an index from its bytes, its signature and the roots alone, as of ``at`` (now).

    ``kind`` is what it must be; ``newer_than`` is the serial of the last one that was accepted, which must be
    lower. Raises SignatureInvalid with a stable code.
    """
    at = at or datetime.now(UTC)
    found, certificates = _parsed(signature)
    named = (found.issuer, found.serial)
    signer = next(
        (one for one in certificates if (one.issuer.public_bytes(), one.serial_number) == named), None
    )
    if signer is None:
        raise SignatureInvalid("PKCS7_MALFORMED", "The signer's certificate is not in the signature.")
    if not found.holds(data, chain.check_end_entity(signer, "signature")):
        raise SignatureInvalid("PKCS7_WRONG", "The signature is not one of these bytes.")
    authority = chain.check_path(signer, certificates, roots, at, "signature")
    signed_kind = _kind(signer)
    if kind is not None and kind != signed_kind:
        raise SignatureInvalid("IDENTITY_WRONG", f"This is the registry's {signed_kind}, not its {kind}.")
    index = _read(data, signed_kind, key_id(authority))
    if at >= index.expires:
        raise SignatureInvalid(
            "INDEX_EXPIRED",
            f"It was good until {index.expires:%Y-%m-%d %H:%M:%S} UTC; by now the registry has a newer one.",
        )
    if newer_than is not None and index.serial <= newer_than:
        raise SignatureInvalid(
            "INDEX_ROLLED_BACK",
            f"Its serial is {index.serial}; one with the serial {newer_than} was known already.",
        )
    return index


def index_authorities(signature: bytes) -> list[x509.Certificate]:
    """The topmost authorities that come with an index, unverified: to pin them on first use, if one must.

    Raises SignatureInvalid.
    """
    return chain.topmost(_parsed(signature)[1])


def _parsed(signature: bytes) -> tuple[cms.CmsSignature, list[x509.Certificate]]:
    try:
        found = cms.read(signature)
    except Malformed as error:
        raise SignatureInvalid("PKCS7_MALFORMED", f"The signature cannot be read: {error}.") from None
    return found, [chain.load(der, "signature") for der in found.certificates]


def _kind(signer: x509.Certificate) -> str:
    names = [name.value for name in signer.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if len(names) != 1 or not isinstance(names[0], str) or not names[0].startswith(IDENTITY):
        raise SignatureInvalid(
            "IDENTITY_WRONG", "The signature is by a certificate for something else than an index."
        )
    return names[0].removeprefix(IDENTITY)


def _read(data: bytes, kind: str, issuer: str) -> VerifiedIndex:
    try:
        document = orjson.loads(data)
        serial, seq = document["serial"], document["seq"]
        issued, expires = (datetime.fromisoformat(document[name]) for name in ("issued", "expires"))
        if type(serial) is not int or type(seq) is not int or not issued.tzinfo or not expires.tzinfo:
            raise ValueError
    except (ValueError, KeyError, TypeError):
        raise SignatureInvalid(
            "INDEX_MALFORMED", "It is signed, but has no serial, seq, issued and expires in it."
        ) from None
    return VerifiedIndex(kind, serial, seq, issued, expires, issuer)
