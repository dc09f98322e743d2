"""Making certificates: a root, an intermediate below it, and one end-entity certificate per signature.

All keys are EC P-256. Clients of signed packages tolerate an end-entity certificate that has expired,
and refuse everything below an intermediate that has: so authorities live for decades and are rotated by
key, never by expiry.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from registry.signing.errors import CannotSign

ORGANIZATION = "Extension Registry"
# Firefox reads rights from the unit: "Mozilla Extensions" and "Mozilla Components" make an add-on
# privileged. So it is this constant and never anything a user wrote.
UNIT = "Extensions"
DEVELOPMENT_UNIT = "Development"

AUTHORITY_LIFE = timedelta(days=40 * 365)
END_ENTITY_LIFE = timedelta(days=10 * 365)
CLOCK_SKEW = timedelta(minutes=5)

_COMMON_NAME_BYTES = 64  # ub-common-name of RFC 5280
_CODE_SIGNING = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING])


def common_name(identity: str) -> str:
    """The CN that stands for an extension's id: the id, or its SHA-256 in hex when it is over 64 bytes."""
    if not identity or not identity.isprintable():
        raise CannotSign(
            f"{identity[:80]!r} cannot be an extension's id: it is empty or has control characters."
        )
    encoded = identity.encode()
    return identity if len(encoded) <= _COMMON_NAME_BYTES else sha256(encoded).hexdigest()


def key_id(certificate: x509.Certificate) -> str:
    """A short stable name for an authority: 16 hex digits of the SHA-256 of its public key (SPKI)."""
    spki = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return sha256(spki).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Credential:
    """A certificate and its private key."""

    certificate: x509.Certificate
    private_key: ec.EllipticCurvePrivateKey


def make_root(
    name: str, unit: str, *, now: datetime | None = None, life: timedelta = AUTHORITY_LIFE
) -> Credential:
    """A self-signed root with a new key. ``now`` is when it becomes valid, less a day for odd clocks."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(name, unit)
    builder = _authority(subject, key, path_length=1, now=now, life=life).issuer_name(subject)
    return Credential(builder.sign(key, SHA256()), key)


def make_intermediate(
    root: Credential, name: str, unit: str, *, now: datetime | None = None, life: timedelta = AUTHORITY_LIFE
) -> Credential:
    """An authority below ``root`` that may issue end-entity certificates for code signing only."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        _authority(_name(name, unit), key, path_length=0, now=now, life=life)
        .issuer_name(root.certificate.subject)
        .add_extension(_CODE_SIGNING, critical=False)
        .add_extension(_authority_key_identifier(root.certificate), critical=False)
    )
    return Credential(builder.sign(root.private_key, SHA256()), key)


def make_end_entity(
    issuer: x509.Certificate,
    issuer_key: ec.EllipticCurvePrivateKey,
    common_name: str,
    *,
    now: datetime | None = None,
    usage: x509.ExtendedKeyUsage = _CODE_SIGNING,
) -> Credential:
    """A fresh key and its certificate for one signature, valid for ten years or as long as its issuer."""
    now = now or datetime.now(UTC)
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_name(common_name, UNIT))
        .issuer_name(issuer.subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(min(now + END_ENTITY_LIFE, issuer.not_valid_after_utc))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signature=True), critical=True)
        .add_extension(usage, critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(_authority_key_identifier(issuer), critical=False)
        .sign(issuer_key, SHA256())
    )
    return Credential(certificate, key)


def is_development(certificate: x509.Certificate) -> bool:
    """Whether an authority was made for development, by the unit in its name."""
    units = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
    return any(unit.value == DEVELOPMENT_UNIT for unit in units)


def _authority(
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    path_length: int,
    now: datetime | None,
    life: timedelta,
) -> x509.CertificateBuilder:
    begin = (now or datetime.now(UTC)) - timedelta(days=1)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + life)
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(_key_usage(signature=False), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _name(common_name: str, unit: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANIZATION),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _key_usage(*, signature: bool) -> x509.KeyUsage:
    """For signatures on content, or else for those on certificates."""
    return x509.KeyUsage(
        digital_signature=signature,
        key_cert_sign=not signature,
        crl_sign=not signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


@lru_cache(maxsize=8)
def _authority_key_identifier(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier.value)
