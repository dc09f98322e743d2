"""Reading PKCS#7 and the DER it is made of."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7Options, PKCS7SignatureBuilder
from hypothesis import given
from hypothesis import strategies as st

from registry.signing import SignatureInvalid, chain, cms, der
from registry.signing.errors import Malformed
from support.signatures import end_entity, make_issuer

ISSUER = make_issuer()
SIGNER = end_entity(ISSUER)
KEY = SIGNER.certificate.public_key()
SIGNED = cms.sign(b"text", SIGNER.private_key, SIGNER.certificate, ISSUER.chain)


def by_library(
    *options: PKCS7Options, signers: int = 1, key=SIGNER.private_key, certificate=SIGNER.certificate
):
    builder = PKCS7SignatureBuilder().set_data(b"text")
    for _ in range(signers):
        builder = builder.add_signer(certificate, key, SHA256())
    return builder.sign(Encoding.DER, [*options, PKCS7Options.Binary])


def test_what_is_written_is_read_again():
    found = cms.read(SIGNED)
    assert found.holds(b"text", KEY)
    assert not found.holds(b"Text", KEY)
    assert not found.holds(b"text", ISSUER.private_key.public_key())
    assert set(found.certificates) == {
        certificate.public_bytes(Encoding.DER) for certificate in (SIGNER.certificate, ISSUER.certificate)
    }
    assert (found.issuer, found.serial) == (
        ISSUER.certificate.subject.public_bytes(),
        SIGNER.certificate.serial_number,
    )


def test_a_signature_without_attributes_covers_the_text_itself():
    found = cms.read(by_library(PKCS7Options.DetachedSignature, PKCS7Options.NoAttributes))
    assert found.attributes is None
    assert found.holds(b"text", KEY)
    assert not found.holds(b"Text", KEY)


def test_attributes_are_put_in_order_before_they_are_checked():
    """Whoever sends them unsorted has signed them sorted (RFC 5652, section 5.4)."""
    attributes = cms.read(SIGNED).attributes
    assert attributes is not None
    reader, elements = der.Reader(der.Reader(attributes).content(der.SET)), []
    while reader.tag is not None:
        elements.append(reader.element(der.SEQUENCE)[0])
    assert len(elements) == 3
    unsorted = SIGNED.replace(b"".join(elements), b"".join(reversed(elements)))
    assert unsorted != SIGNED
    assert cms.read(unsorted).holds(b"text", KEY)


SHA256_OID = bytes.fromhex("0609608648016503040201")
DATA = bytes.fromhex("06092a864886f70d010701")
MESSAGE_DIGEST = bytes.fromhex("06092a864886f70d010904")
SIGNING_TIME = bytes.fromhex("06092a864886f70d010905")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        SIGNED[:-1],
        SIGNED + b"\0",
        by_library(),  # with the text inside
        by_library(PKCS7Options.DetachedSignature, signers=2),
        by_library(PKCS7Options.DetachedSignature, PKCS7Options.NoCerts),
        SIGNED.replace(SHA256_OID, SHA256_OID[:-1] + b"\2"),
        SIGNED.replace(MESSAGE_DIGEST, MESSAGE_DIGEST[:-1] + b"\x63"),
        SIGNED.replace(MESSAGE_DIGEST, SIGNING_TIME),
        SIGNED.replace(SIGNING_TIME, MESSAGE_DIGEST),
        DATA.join(SIGNED.split(DATA)[:2]) + DATA[:-1] + b"\2" + SIGNED.split(DATA)[2],
        SIGNED.replace(b"\x30\x82", b"\x30\x80", 1),
        SIGNED.replace(b"\x30\x82", b"\x30\x83\x00", 1),
    ],
)
def test_any_other_shape_is_malformed(data: bytes):
    with pytest.raises(Malformed):
        cms.read(data)


def test_a_signature_by_another_algorithm_is_malformed():
    key = rsa.generate_private_key(65537, 2048)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(SIGNER.certificate.subject)
        .issuer_name(ISSUER.certificate.subject)
        .public_key(key.public_key())
        .serial_number(5)
        .not_valid_before(SIGNER.certificate.not_valid_before_utc)
        .not_valid_after(SIGNER.certificate.not_valid_after_utc)
        .sign(ISSUER.private_key, SHA256())
    )
    with pytest.raises(Malformed, match="ECDSA"):
        cms.read(by_library(PKCS7Options.DetachedSignature, key=key, certificate=certificate))


def tlv(tag: int, *contents: bytes) -> bytes:
    content = b"".join(contents)
    return bytes([tag]) + der.length(len(content)) + content


def with_one_more(container: bytes, tag: int, *more: bytes) -> bytes:
    """SIGNED with elements added to the one inside it that is ``container``; all lengths put right."""

    def grown(data: bytes) -> bytes:
        found = b""
        reader = der.Reader(data)
        while (kind := reader.tag) is not None:
            whole, content = reader.element(kind)
            if whole == container:
                found += tlv(tag, content, *more)
            elif kind & 0x20 and container in whole:
                found += tlv(kind, grown(content))
            else:
                found += whole
        return found

    return grown(SIGNED)


def test_certificates_and_attributes_are_few():
    certificates = sorted(cms.read(SIGNED).certificates, key=SIGNED.index)
    container = tlv(der.CONTEXT_0, *certificates)
    assert len(cms.read(with_one_more(container, der.CONTEXT_0, certificates[0])).certificates) == 3
    with pytest.raises(Malformed, match="more than 8 certificates"):
        cms.read(with_one_more(container, der.CONTEXT_0, *[certificates[0]] * 7))

    attributes = cms.read(SIGNED).attributes
    assert attributes is not None
    container = bytes([der.CONTEXT_0]) + attributes[1:]
    other = [
        tlv(der.SEQUENCE, tlv(der.OID, bytes([42, 3, n])), tlv(der.SET, tlv(der.NULL))) for n in range(14)
    ]
    assert cms.read(with_one_more(container, der.CONTEXT_0, *other[:13])).message_digest
    with pytest.raises(Malformed, match="more than 16 signed attributes"):
        cms.read(with_one_more(container, der.CONTEXT_0, *other))
    empty = tlv(der.SEQUENCE, tlv(der.OID, b"\x2a\x03"), tlv(der.SET))
    with pytest.raises(Malformed, match="without a value"):
        cms.read(with_one_more(container, der.CONTEXT_0, empty))


def test_unsigned_attributes_are_passed_over():
    """A time stamp would stand there."""
    reader = der.Reader(der.Reader(SIGNED).content(der.SEQUENCE))
    reader.content(der.OID)
    body = der.Reader(reader.inside(der.CONTEXT_0).content(der.SEQUENCE))
    while body.tag != der.SET or b"\xa0" not in (whole := body.element(der.SET)[0]):
        body.element(body.tag) if body.tag != der.SET else None
    signer = der.Reader(whole).inside(der.SET).element(der.SEQUENCE)[0]
    stamped = with_one_more(signer, der.SEQUENCE, tlv(der.CONTEXT_1, tlv(der.SEQUENCE)))
    assert cms.read(stamped).holds(b"text", KEY)


@given(st.integers(0, len(SIGNED)), st.binary(max_size=8), st.integers(0, 8))
def test_damage_is_malformed_or_harmless_and_nothing_worse(at: int, patch: bytes, cut: int):
    data = SIGNED[:at] + patch + SIGNED[at + cut :]
    with suppress(Malformed):
        found = cms.read(data)
        if found.holds(b"text", KEY):
            assert found.signed_at == cms.read(SIGNED).signed_at
        for certificate in found.certificates:
            with suppress(SignatureInvalid):
                chain.load(certificate, "x")


@pytest.mark.parametrize(
    "data",
    ["", "30", "3001", "0500", "30800000", "308100", "30817f" + "00" * 127, "3082008000", "308500", "3083"],
)
def test_der_has_one_way_to_give_a_length(data: str):
    with pytest.raises(Malformed):
        der.Reader(bytes.fromhex(data)).element(der.SEQUENCE)


def test_an_integer_has_at_least_one_byte():
    assert der.Reader(b"\2\1\xff").integer() == -1
    with pytest.raises(Malformed):
        der.Reader(b"\2\0").integer()


@pytest.mark.parametrize("size", [0, 1, 127, 128, 255, 256, 65535, 65536])
def test_lengths_that_are_written_are_read(size: int):
    whole = bytes([der.OCTETS]) + der.length(size) + bytes(size)
    assert der.Reader(whole).element(der.OCTETS) == (whole, bytes(size))


def test_times_are_read_in_both_forms():
    assert der.time(der.UTC_TIME, b"261122120000Z") == datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert der.time(der.UTC_TIME, b"991231235959Z") == datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert der.time(der.GENERAL_TIME, b"20501122120000Z") == datetime(2050, 11, 22, 12, tzinfo=UTC)
    for wrong in (
        b"",
        b"Z",
        b"261322120000Z",
        b"2611221200Z",
        b"261122120000+0100",
        b"26112212000\xb2Z",
        b"261122120000X",
    ):
        with pytest.raises(Malformed):
            der.time(der.UTC_TIME, wrong)
