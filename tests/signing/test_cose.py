"""The COSE signature, byte by byte."""

from contextlib import suppress

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st

from registry.signing import cose
from registry.signing.errors import Malformed

KEY = ec.derive_private_key(0x5EED, ec.SECP256R1())
BODY = cbor2.dumps({4: [b"issuer"]})
SIGNER = cbor2.dumps({1: -7, 4: b"signer"})


def message(body: bytes = BODY, signer: bytes = SIGNER, signature: bytes = bytes(64)) -> bytes:
    return cbor2.dumps(cbor2.CBORTag(98, [body, {}, None, [[signer, {}, signature]]]))


def raw_signature(signed: bytes) -> bytes:
    r, s = decode_dss_signature(KEY.sign(signed, ec.ECDSA(SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def test_what_is_signed_has_null_where_the_rfc_has_an_empty_string():
    """Spelled out by hand: array of 5, "Signature", two byte strings, null (f6), the manifest."""
    expected = bytes.fromhex("85 69 5369676e6174757265 42 a101 43 a10126 f6 43 616263")
    assert cose.to_be_signed(bytes.fromhex("a101"), bytes.fromhex("a10126"), b"abc") == expected


def test_a_signature_with_the_empty_string_of_the_rfc_does_not_hold():
    as_firefox_has_it = cbor2.dumps(["Signature", BODY, SIGNER, None, b"manifest"])
    as_the_rfc_has_it = cbor2.dumps(["Signature", BODY, SIGNER, b"", b"manifest"])
    held = [
        cose.read(message(signature=raw_signature(signed))).holds(b"manifest", KEY.public_key())
        for signed in (as_firefox_has_it, as_the_rfc_has_it)
    ]
    assert held == [True, False]


def test_what_is_written_is_read_again():
    found = cose.read(cose.sign(b"manifest", KEY, b"signer", [b"issuer", b"above"]))
    assert (found.chain, found.certificate) == ((b"issuer", b"above"), b"signer")
    assert found.holds(b"manifest", KEY.public_key())
    assert not found.holds(b"Manifest", KEY.public_key())
    assert not found.holds(b"manifest", ec.derive_private_key(2, ec.SECP256R1()).public_key())


def test_the_bytes_begin_as_cose_sign_with_a_detached_payload():
    assert cose.sign(b"m", KEY, b"s", [b"i"]).hex(" ").startswith("d8 62 84 45 a1 04 81 41 69 a0 f6 81 83")


@pytest.mark.parametrize("signature", [bytes(64), b"\xff" * 64])
def test_numbers_outside_of_the_group_do_not_hold(signature: bytes):
    assert not cose.read(message(signature=signature)).holds(b"manifest", KEY.public_key())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        message()[:-1],
        message() + b"\0",
        cbor2.dumps(cbor2.CBORTag(18, [BODY, {}, None, [[SIGNER, {}, bytes(64)]]])),
        cbor2.dumps([BODY, {}, None, [[SIGNER, {}, bytes(64)]]]),
        cbor2.dumps(cbor2.CBORTag(98, [BODY, {4: b"x"}, None, [[SIGNER, {}, bytes(64)]]])),
        cbor2.dumps(cbor2.CBORTag(98, [BODY, {}, b"attached", [[SIGNER, {}, bytes(64)]]])),
        cbor2.dumps(cbor2.CBORTag(98, [BODY, {}, None, []])),
        cbor2.dumps(cbor2.CBORTag(98, [BODY, {}, None, [[SIGNER, {}, bytes(64)]] * 2])),
        message(signature=bytes(63)),
        message(signature=bytes(96)),
        message(signer=cbor2.dumps({1: -35, 4: b"signer"})),
        message(signer=cbor2.dumps({1: -7})),
        message(signer=cbor2.dumps({4: b"signer", 1: -7})),
        message(body=cbor2.dumps({4: []})),
        message(body=cbor2.dumps({4: [b"x"] * 5})),
        message(body=cbor2.dumps({4: b"issuer"})),
        message(signer=cbor2.dumps({1: -7, 4: "text"})),
        message(signer=cbor2.dumps([1, -7])),
        message(body=BODY + b"\0"),
        message(signer=SIGNER + b"\0"),
        b"\xd8\x62\x9f" + message()[3:] + b"\xff",
        b"\xd8\x62\x98\x04" + message()[3:],
        b"\xd9\x00\x62" + message()[2:],
        b"\xd8\x62\x84\x5b" + b"\xff" * 8,
    ],
)
def test_any_other_shape_is_malformed(data: bytes):
    with pytest.raises(Malformed):
        cose.read(data)


@given(st.binary(max_size=100), st.integers(0, len(message())), st.integers(0, 20))
def test_damage_is_malformed_and_nothing_worse(patch: bytes, at: int, cut: int):
    data = message()[:at] + patch + message()[at + cut :]
    with suppress(Malformed):
        assert (cose.read(data) == cose.read(message())) == (data == message())
