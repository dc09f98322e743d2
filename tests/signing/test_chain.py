"""Which certificates may sign packages, and which may issue those."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA224, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from registry.signing import SignatureInvalid, chain
from registry.signing.certificates import Credential
from support.signatures import end_entity, make_issuer

ISSUER = make_issuer()
SIGNER = end_entity(ISSUER)
NOW = datetime.now(UTC)


def usage(**given: bool) -> x509.KeyUsage:
    names = (
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement key_cert_sign"
        " crl_sign encipher_only decipher_only"
    )
    return x509.KeyUsage(**dict.fromkeys(names.split(), False) | given)


CODE = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING])
SERVER = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
SIGNATURE = usage(digital_signature=True)
CERTIFICATES = usage(key_cert_sign=True)
AUTHORITY = x509.BasicConstraints(ca=True, path_length=0)


def certified(above: Credential, key, *extensions: x509.ExtensionType, algorithm=None) -> Credential:
    """A certificate for ``key`` with these extensions, all critical."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Somebody")]))
        .issuer_name(above.certificate.subject)
        .public_key(key.public_key())
        .serial_number(5)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=True)
    return Credential(builder.sign(above.private_key, algorithm or SHA256()), key)


def new_key(curve: ec.EllipticCurve | None = None) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(curve or ec.SECP256R1())


@pytest.mark.parametrize(
    ("make_key", "extensions", "sound"),
    [
        (new_key, [SIGNATURE, CODE], True),
        (lambda: new_key(ec.SECP384R1()), [SIGNATURE, CODE], False),
        (lambda: rsa.generate_private_key(65537, 2048), [SIGNATURE, CODE], False),
        (new_key, [SIGNATURE], False),
        (new_key, [CODE], False),
        (new_key, [CERTIFICATES, CODE], False),
        (new_key, [SIGNATURE, SERVER], False),
        (new_key, [SIGNATURE, CODE, AUTHORITY], False),
        (new_key, [SIGNATURE, CODE, x509.TLSFeature([x509.TLSFeatureType.status_request])], False),
    ],
)
def test_only_a_p256_certificate_for_signing_code_is_a_signer_s(make_key, extensions, sound: bool):
    made = certified(ISSUER.intermediate, make_key(), *extensions)
    data = made.certificate.public_bytes(Encoding.DER)
    if sound:
        chain.check_end_entity(chain.load(data, "x"), "x")
    else:
        with pytest.raises(SignatureInvalid, match="CERTIFICATE_UNSUITABLE"):
            chain.check_end_entity(chain.load(data, "x"), "x")


@pytest.mark.parametrize(
    ("extensions", "sound"),
    [
        ([AUTHORITY, CERTIFICATES, CODE], True),
        ([AUTHORITY, CERTIFICATES], True),
        ([x509.BasicConstraints(ca=True, path_length=None), CERTIFICATES], True),
        ([CERTIFICATES, CODE], False),
        ([x509.BasicConstraints(ca=False, path_length=None), CERTIFICATES, CODE], False),
        ([AUTHORITY, CODE], False),
        ([AUTHORITY, SIGNATURE, CODE], False),
        ([AUTHORITY, CERTIFICATES, SERVER], False),
    ],
)
def test_only_an_authority_for_signing_code_may_issue(extensions, sound: bool):
    issuer = certified(ISSUER.root, new_key(), *extensions)
    signer = certified(issuer, new_key(), SIGNATURE, CODE)
    arguments = signer.certificate, [issuer.certificate], ISSUER.roots, NOW, "x"
    if sound:
        assert chain.check_path(*arguments) == issuer.certificate
    else:
        with pytest.raises(SignatureInvalid, match="ISSUER_UNSUITABLE"):
            chain.check_path(*arguments)


def test_the_issuer_itself_may_be_what_is_trusted():
    found = chain.check_path(SIGNER.certificate, [], [ISSUER.certificate], NOW, "x")
    assert found == ISSUER.certificate


def test_certificates_signed_with_a_hash_shorter_than_sha_256_lead_nowhere():
    signer = certified(ISSUER.intermediate, new_key(), SIGNATURE, CODE, algorithm=SHA224())
    with pytest.raises(SignatureInvalid, match="CHAIN_UNTRUSTED"):
        chain.check_path(signer.certificate, [ISSUER.certificate], ISSUER.roots, NOW, "x")


def test_a_circle_of_issuers_is_left():
    endless = [x509.BasicConstraints(ca=True, path_length=None), CERTIFICATES]
    first = certified(make_issuer().root, new_key(), *endless)
    itself = certified(first, first.private_key, *endless)
    signer = certified(itself, new_key(), SIGNATURE, CODE)
    with pytest.raises(SignatureInvalid, match="CHAIN_UNTRUSTED"):
        chain.check_path(signer.certificate, [itself.certificate], ISSUER.roots, NOW, "x")


def test_bytes_that_are_no_certificate_are_called_that():
    for data in (b"", b"\x30\x03\2\1\1", SIGNER.certificate.public_bytes(Encoding.DER)[:-1]):
        with pytest.raises(SignatureInvalid, match="CERTIFICATE_MALFORMED"):
            chain.load(data, "x")
