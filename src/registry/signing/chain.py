"""The path from an end-entity certificate to a trusted root (RFC 5280 section 6, what code signing needs).

One rule is softer than the RFC's, as it is in the clients of signed packages: an end-entity certificate
that has expired, or is not valid yet, still counts. Its key signed one file and was thrown away. The
authorities above it must be valid.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from registry.signing.errors import SignatureInvalid

_T = TypeVar("_T", bound=x509.ExtensionType)

_DEEPEST = 4
_HASHES = (SHA256, SHA384, SHA512)
_PARTS = ("subject", "issuer", "signature_hash_algorithm", "not_valid_before_utc", "not_valid_after_utc")
_UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    CryptographyDeprecationWarning,  # what the library will not read for long, where warnings are errors
)
_UNDERSTOOD = {ExtensionOID.BASIC_CONSTRAINTS, ExtensionOID.KEY_USAGE, ExtensionOID.EXTENDED_KEY_USAGE}


def load(data: bytes, path: str) -> x509.Certificate:
    """A certificate from DER, all of whose parts can be read. ``path`` is the file it was found in."""
    try:
        certificate = x509.load_der_x509_certificate(data)
        if certificate.serial_number <= 0:
            raise ValueError("RFC 5280, 4.1.2.2")
        extensions = certificate.extensions
        certificate.public_key()
        for part in _PARTS:
            getattr(certificate, part)
    except _UNREADABLE:
        raise SignatureInvalid("CERTIFICATE_MALFORMED", "A certificate cannot be read.", path) from None
    if any(extension.critical and extension.oid not in _UNDERSTOOD for extension in extensions):
        raise SignatureInvalid("CERTIFICATE_UNSUITABLE", "A critical extension is not understood.", path)
    return certificate


def check_end_entity(certificate: x509.Certificate, path: str) -> ec.EllipticCurvePublicKey:
    """The P-256 key of a certificate that is meant for signing code, and for nothing above that."""
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise SignatureInvalid("CERTIFICATE_UNSUITABLE", "The signer's key is not on curve P-256.", path)
    constraints = _extension(certificate, x509.BasicConstraints)
    usage = _extension(certificate, x509.KeyUsage)
    if constraints is not None and constraints.ca:
        raise SignatureInvalid("CERTIFICATE_UNSUITABLE", "The signer's certificate is an authority's.", path)
    if usage is None or not usage.digital_signature or not _for_code(certificate, required=True):
        raise SignatureInvalid(
            "CERTIFICATE_UNSUITABLE", "The signer's certificate is not for signing code.", path
        )
    return key


def check_path(
    certificate: x509.Certificate,
    others: Sequence[x509.Certificate],
    roots: Sequence[x509.Certificate],
    at: datetime,
    path: str,
) -> x509.Certificate:
    """Follow the issuers of a certificate through ``others`` up to one of ``roots``; its direct issuer.

    Raises SignatureInvalid: CHAIN_UNTRUSTED, ISSUER_UNSUITABLE or ISSUER_EXPIRED.
    """
    first = None
    current = certificate
    for below in range(_DEEPEST):
        root = _issuer_of(current, roots)
        issuer = root or _issuer_of(current, others)
        if issuer is None:
            break
        _check_authority(issuer, below, at, path)
        first = first or issuer
        if root:
            return first
        current = issuer
    raise SignatureInvalid(
        "CHAIN_UNTRUSTED", "The signer's certificate does not lead to a trusted root.", path
    )


def topmost(certificates: Sequence[x509.Certificate]) -> list[x509.Certificate]:
    """Those that have issued others of them, and were not issued by such themselves."""
    issuers = {certificate.issuer for certificate in certificates}
    above = [certificate for certificate in certificates if certificate.subject in issuers]
    names = {certificate.subject for certificate in above}
    return [one for one in above if one.issuer == one.subject or one.issuer not in names]


def _issuer_of(
    certificate: x509.Certificate, candidates: Sequence[x509.Certificate]
) -> x509.Certificate | None:
    if not isinstance(certificate.signature_hash_algorithm, _HASHES):
        return None
    for candidate in candidates:
        try:
            certificate.verify_directly_issued_by(candidate)
        except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
            continue
        return candidate
    return None


def _check_authority(certificate: x509.Certificate, below: int, at: datetime, path: str) -> None:
    """An authority that may have ``below`` other authorities under it."""
    name = certificate.subject.rfc4514_string()
    constraints = _extension(certificate, x509.BasicConstraints)
    usage = _extension(certificate, x509.KeyUsage)
    if constraints is None or not constraints.ca or usage is None or not usage.key_cert_sign:
        raise SignatureInvalid("ISSUER_UNSUITABLE", f"{name} may not issue certificates.", path)
    if constraints.path_length is not None and constraints.path_length < below:
        raise SignatureInvalid("ISSUER_UNSUITABLE", f"{name} may not have authorities below it.", path)
    if not _for_code(certificate, required=False):
        raise SignatureInvalid(
            "ISSUER_UNSUITABLE", f"{name} may not issue certificates for signing code.", path
        )
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        raise SignatureInvalid(
            "ISSUER_EXPIRED",
            f"{name} is valid from {certificate.not_valid_before_utc:%Y-%m-%d} to"
            f" {certificate.not_valid_after_utc:%Y-%m-%d}.",
            path,
        )


def _extension(certificate: x509.Certificate, kind: type[_T]) -> _T | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _for_code(certificate: x509.Certificate, *, required: bool) -> bool:
    usage = _extension(certificate, x509.ExtendedKeyUsage)
    return not required if usage is None else ExtendedKeyUsageOID.CODE_SIGNING in usage
