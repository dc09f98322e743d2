"""Personal tokens: their form, the two headers they come in, and what becomes of them in the database."""

import binascii
import re
import string

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from registry.domain import credentials
from registry.models import Base, Token, User, now
from support.wire import assert_failure, send

PUBLIC = "/api/v4/extensions/"
UNDECODABLE = "ERROR_DECODING_SIGNATURE"
# What a secret scanner is told to look for; published, so it may never change.
SCANNER = re.compile(r"\breg_[0-9A-Za-z]{49}\b")


@pytest.fixture
def token(accounts):
    return accounts.token("ann")


def ask(app, **headers):
    return send(app, "GET", PUBLIC, {name.replace("_", "-"): value for name, value in headers.items()})


def test_the_form_of_a_token():
    made = {credentials.new_token() for _ in range(200)}
    assert len(made) == 200
    for token in made:
        assert SCANNER.fullmatch(token)
        assert credentials.is_token(token)


def test_scanners_are_told_how_to_find_one(request):
    page = (request.config.rootpath / "docs" / "api.md").read_text()
    pattern = re.search(r"Scanners for secrets find tokens by `(.+?)`", page)[1]
    for prefix in (credentials.PERSONAL, credentials.OF_RUN):
        token = credentials.new_token(prefix)
        assert re.search(pattern, f"TOKEN='{token}'\n")[0] == token
        body, said = token[-49:-6], token[-6:]
        number = 0
        for letter in said:
            number = number * 62 + (string.digits + string.ascii_uppercase + string.ascii_lowercase).index(
                letter
            )
        assert number == binascii.crc32(body.encode())


@given(
    st.integers(4, 52), st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_ é")
)
def test_one_wrong_character_is_noticed(place, character):
    token = "reg_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg"
    token += credentials._checksum(token[4:])
    assert credentials.is_token(token)
    spoilt = token[:place] + character + token[place + 1 :]
    assert credentials.is_token(spoilt) == (spoilt == token)


@given(st.text(max_size=80))
def test_other_text_is_no_token(text):
    assert not credentials.is_token(text)
    assert not credentials.is_token(f"reg_{text}")


def test_as_bearer(app, token):
    for scheme in ("Bearer", "bearer", "BEARER"):
        assert ask(app, Authorization=f"{scheme} {token}").status_int == 200


def test_as_auth_token(app, token):
    assert ask(app, Auth_Token=token).status_int == 200
    assert ask(app, Auth_Token=f" {token} ").status_int == 200


def test_what_is_no_token_of_ours(app, token):
    wrong = [
        "",
        "x",
        token[:-1],
        token + "0",
        token.swapcase(),
        token[4:],
        credentials.new_token(),
        f"{token},{token}",
    ]
    for text in wrong:
        assert_failure(ask(app, Auth_Token=text), 401, UNDECODABLE)
        if text:
            assert_failure(ask(app, Authorization=f"Bearer {text}"), 401, UNDECODABLE)


OTHER_FORMS = (
    "",
    " ",
    "JWT",
    "JWT ",
    "Bearer",
    "JWT  x",
    "JWT x y",
    "JWT\tx",
    "Bearer {token} ,",
    " Bearer  {token}",
    "Basic YW5uOng=",
    "Session abc",
    "Token {token}",
    "{token}",
    "JWT x, Bearer {token}",
    "Bearer {token}, Bearer {token}",
    "\xff\xfe",
    "JWT\xa0x",
    "Digest username=x",
    "x" * 100_000,
)


def test_a_header_of_another_form(app, token, subtests):
    for header in OTHER_FORMS:
        with subtests.test(header[:40]):
            answer = ask(app, Authorization=header.format(token=token))
            assert_failure(answer, 401, "ERROR_INVALID_HEADER")


def test_a_very_long_credential(app):
    for header in ("Bearer {}", "JWT {}", "JWT {0}.{0}.{0}"):
        assert_failure(ask(app, Authorization=header.format("a" * 100_000)), 401, UNDECODABLE)
    assert_failure(ask(app, Auth_Token="a" * 100_000), 401, UNDECODABLE)


def test_two_credentials_are_one_too_many(app, accounts, token):
    assert_failure(ask(app, Auth_Token=token, Authorization=f"Bearer {token}"), 401, "ERROR_INVALID_HEADER")
    assert_failure(ask(app, Auth_Token=token, **accounts.jwt("ann")), 401, "ERROR_INVALID_HEADER")
    assert_failure(ask(app, Auth_Token="", **accounts.jwt("ann")), 401, "ERROR_INVALID_HEADER")


@pytest.mark.parametrize("model", [Token, User])
def test_revoked_tokens_and_disabled_users(app, token, database, model):
    column = {"revoked": now()} if model is Token else {"disabled": now()}
    database.write(lambda session: session.execute(update(model).values(column)))
    assert_failure(ask(app, Auth_Token=token), 401, UNDECODABLE)


def test_expiry(app, accounts):
    with time_machine.travel("2026-03-01 12:00:00Z", tick=False) as clock:
        token, lasting = accounts.token("ann", days=30), accounts.token("ann", days=None)
        clock.shift(30 * 86400 - 1)
        assert ask(app, Auth_Token=token).status_int == 200
        clock.shift(1)
        answer = ask(app, Auth_Token=token)
        assert "2026-03-31T12:00:00Z" in assert_failure(answer, 401, "ERROR_SIGNATURE_EXPIRED")["detail"]
        clock.shift(1000 * 86400)
        assert ask(app, Auth_Token=lasting).status_int == 200


def test_a_bad_credential_is_401_everywhere(app):
    """Whoever sends one means to be somebody; to be taken for nobody in silence helps them not at all."""
    for address in (PUBLIC, "/api/v4/openapi.json", f"{PUBLIC}nothing/", "/nowhere", "/"):
        for method in ("GET", "HEAD", "POST", "DELETE", "OPTIONS"):
            for headers in ({"Authorization": "JWT x.y.z"}, {"Auth-Token": "x"}, {"Authorization": "x"}):
                assert_failure(send(app, method, address, headers), 401)


def test_the_database_keeps_no_secret(app, accounts, database, config):
    key, secret = accounts.key("ann")
    token = accounts.token("ann")
    assert ask(app, Auth_Token=token).status_int == 200
    dump = []
    with database.read() as connection:
        for table in Base.metadata.sorted_tables:
            dump += [repr(value) for row in connection.execute(table.select()) for value in row]
    kept = "\n".join(dump)
    assert key in kept
    for hidden in (token, token[4:-6], secret, secret.encode().hex()):
        assert hidden not in kept
