"""`Authorization: JWT`, as Mozilla's signing clients send it: what holds, what does not, and what is said."""

import base64
import hashlib
import hmac
import json

import jwt
import pytest
import time_machine
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from registry.models import ApiKey, User, now
from support.accounts import mint
from support.application import configure
from support.wire import assert_failure, send

PUBLIC = "/api/v4/extensions/"
NOW = 1_800_000_000
UNDECODABLE = "ERROR_DECODING_SIGNATURE"


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def key(accounts):
    return accounts.key("ann")


@pytest.fixture
def ask(app, key, clock):
    """The answer to a read by a JWT with these claims (None leaves one out), or to a whole header."""

    def ask(header: str | None = None, **claims):
        if header is None:
            claims = {"iss": key[0], "iat": NOW, "exp": NOW + 300} | claims
            given = {name: value for name, value in claims.items() if value is not None}
            header = f"JWT {signed(json.dumps(given).encode(), key[1])}"
        return send(app, "GET", PUBLIC, {"Authorization": header})

    return ask


def signed(payload: bytes, secret: str, header: dict | bytes | None = None) -> str:
    """A JWT of any payload at all, signed as HS256 whatever its header says."""
    head = header if isinstance(header, bytes) else json.dumps({"alg": "HS256", **(header or {})}).encode()
    text = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in (head, payload))
    seal = hmac.new(secret.encode(), text, hashlib.sha256).digest()
    return (text + b"." + base64.urlsafe_b64encode(seal).rstrip(b"=")).decode()


def test_the_scheme_in_any_case(ask, key):
    for scheme in ("JWT", "jwt", "Jwt"):
        assert ask(f"{scheme} {mint(*key)}").status_int == 200


def test_one_token_serves_until_it_expires(ask, key, clock):
    """Clients make one a second, at most, and none carries a jti."""
    token = f"JWT {mint(*key)}"
    for _ in range(3):
        assert ask(token).status_int == 200
    clock.shift(299)
    assert ask(token).status_int == 200
    clock.shift(61)
    assert_failure(ask(token), 401, "ERROR_SIGNATURE_EXPIRED")


HELD = (
    {"exp": NOW + 301},
    {"exp": NOW + 310},
    {"iat": NOW - 0.5, "exp": NOW + 299.5},
    {"iat": NOW + 60, "exp": NOW + 300},
    {"iat": NOW - 200, "exp": NOW - 59},
    {"iat": NOW - 300, "exp": NOW},
    {"jti": "0.4"},
    {"jti": 4},
    {"sub": 7},
    {"sub": "ann"},
    {"aud": "https://example.org/"},
    {"aud": [1]},
    {"orig_iat": NOW - 10**6},
    {"nbf": NOW},
)


def test_what_real_clients_send_holds(ask, subtests):
    for claims in HELD:
        with subtests.test(**claims):
            assert ask(**claims).status_int == 200


REFUSED = (
    ({"exp": NOW + 311}, "ERROR_TOKEN_LIFETIME"),
    ({"exp": NOW + 10**10}, "ERROR_TOKEN_LIFETIME"),
    ({"exp": 10**30}, "ERROR_TOKEN_LIFETIME"),
    ({"exp": 10**400}, UNDECODABLE),
    ({"iat": 0}, "ERROR_TOKEN_LIFETIME"),
    ({"iat": -(10**30)}, "ERROR_TOKEN_LIFETIME"),
    ({"iat": NOW + 50, "exp": NOW - 50}, "ERROR_TOKEN_LIFETIME"),
    ({"exp": NOW - 60, "iat": NOW - 300}, "ERROR_SIGNATURE_EXPIRED"),
    ({"exp": 0}, "ERROR_SIGNATURE_EXPIRED"),
    ({"exp": -1}, "ERROR_SIGNATURE_EXPIRED"),
    ({"exp": -(10**30)}, "ERROR_SIGNATURE_EXPIRED"),
    ({"iat": NOW + 61}, "ERROR_CLOCK_SKEW"),
    ({"iat": 10**30}, "ERROR_CLOCK_SKEW"),
    ({"nbf": NOW + 61}, "ERROR_CLOCK_SKEW"),
    *(({name: None}, UNDECODABLE) for name in ("iss", "iat", "exp")),
    *(({"iss": iss}, UNDECODABLE) for iss in ("", 5, True, ["x"], {}, "nobody", "\0", "\ud800", "x" * 101)),
)


def test_what_does_not_hold_is_401_and_says_why(ask, subtests):
    for claims, code in REFUSED:
        with subtests.test(claims=str(claims)[:80]):
            assert_failure(ask(**claims), 401, code)


def test_times_must_be_numbers(ask, subtests):
    for value in (str(NOW), "soon", [NOW], {}, True, float("nan"), float("inf"), -float("inf")):
        for name in ("iat", "exp"):
            with subtests.test(name, value=value):
                answer = ask(**{name: value})
                assert_failure(answer, 401)
                assert answer.json["code"] in (UNDECODABLE, "ERROR_SIGNATURE_EXPIRED")


def test_both_clocks_are_told(ask):
    late = ask(iat=NOW - 400, exp=NOW - 100).json["detail"]
    assert "exp 2027-01-15T07:58:20Z" in late
    assert "our clock says 2027-01-15T08:00:00Z" in late
    early = ask(iat=NOW + 100, exp=NOW + 400).json["detail"]
    assert "iat 2027-01-15T08:01:40Z" in early
    assert "our clock says 2027-01-15T08:00:00Z" in early


def test_other_algorithms(ask, key):
    name, secret = key
    claims = {"iss": name, "iat": NOW, "exp": NOW + 300}
    good = json.dumps(claims).encode()
    rsa_key = rsa.generate_private_key(65537, 2048)
    ec_key = ec.generate_private_key(ec.SECP256R1())
    others = [
        jwt.encode(claims, None, "none"),
        mint(name, secret, "HS384"),
        mint(name, secret * 2, "HS512"),
        jwt.encode(claims, rsa_key, "RS256"),
        jwt.encode(claims, ec_key, "ES256"),
        *(
            signed(good, secret, {"alg": alg})
            for alg in ("none", "None", "HS512", "RS256", "", None, 5, ["HS256"])
        ),
        signed(good, secret).rpartition(".")[0] + ".",
        signed(good, secret, {"b64": False, "crit": ["b64"]}),
        signed(good, secret, {"crit": ["exp"]}),
        signed(good, secret, {"kid": 5}),
        signed(good, secret, b"[]"),
        signed(good, secret, b"{}"),
        signed(good, secret, b"\xff"),
        signed(good, secret, b'{"alg":"HS256","alg":"none"}'),
    ]
    for token in others:
        assert_failure(ask(f"JWT {token}"), 401, UNDECODABLE)
    assert ask(f"JWT {signed(good, secret)}").status_int == 200


def test_payloads_that_are_no_claims(ask, key, subtests):
    odd = (b"", b"null", b"5", b"[]", b'"x"', b"\xff", b"{", b"[" * 50_000, b'{"iss":' * 20_000, b"9" * 5000)
    for payload in odd:
        with subtests.test(payload=payload[:10]):
            assert_failure(ask(f"JWT {signed(payload, key[1])}"), 401, UNDECODABLE)


def test_wrong_and_unknown_keys_are_answered_alike(ask, key, accounts):
    other, other_secret = accounts.key("bob")
    wrong = [
        mint(key[0], other_secret),
        mint("user:1:0000", key[1]),
        mint("user:1:0000", "0" * 64),
        mint("user:1:0000", "0" * 64, exp=NOW - 1000, iat=NOW - 1300),
        mint(other.upper(), other_secret),
    ]
    answers = {ask(f"JWT {token}").body for token in wrong}
    assert len(answers) == 1
    assert_failure(ask(f"JWT {wrong[0]}"), 401, UNDECODABLE)


@pytest.mark.parametrize("model", [ApiKey, User])
def test_revoked_keys_and_disabled_users(ask, key, database, model):
    column = {"revoked": now()} if model is ApiKey else {"disabled": now()}
    database.write(lambda session: session.execute(update(model).values(column)))
    assert_failure(ask(), 401, UNDECODABLE)


def test_a_key_outlives_its_users_other_keys(ask, key, accounts):
    assert ask(f"JWT {mint(*accounts.key('ann'))}").status_int == 200
    assert ask().status_int == 200


def test_a_key_sealed_under_another_secret_is_no_crash(ini, key, clock):
    import webtest

    config = configure(
        {
            **ini,
            "registry.secret": "another-secret-of-more-than-forty-characters",
            "huey.class": "huey.MemoryHuey",
        }
    )
    app = webtest.TestApp(config.make_wsgi_app(), extra_environ={"REMOTE_ADDR": "127.0.0.1"})
    assert_failure(send(app, "GET", PUBLIC, {"Authorization": f"JWT {mint(*key)}"}), 401, UNDECODABLE)
    config.registry["database"].dispose()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
CLAIMS = st.dictionaries(st.sampled_from(["iss", "iat", "exp", "nbf", "aud", "sub", "jti", "crit"]), JSON)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(
    claims=CLAIMS, header=st.dictionaries(st.sampled_from(["alg", "kid", "crit", "b64", "typ", "zip"]), JSON)
)
def test_any_claims_are_answered(ask, key, claims, header):
    whole = {"iss": key[0], "iat": NOW, "exp": NOW + 300} | claims
    answer = ask(f"JWT {signed(json.dumps(whole).encode(), key[1], header)}")
    assert answer.status_int == 200 or assert_failure(answer, 401)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=200))
def test_any_header_is_answered(ask, text):
    for header in (text, f"JWT {text}", f"Bearer {text}"):
        assert_failure(ask(header), 401)
