"""What proves nothing gets nothing: every way to come with a wrong identity token, and what is said of it."""

import base64
import datetime
import hashlib
import hmac
import json
import time

import jwt
import pytest
import time_machine
import webtest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from registry.models import now
from registry.oidc import Pipelines
from registry.oidc import issuer as oidc_issuer
from registry.settings import BadSetting
from registry.wsgi import application
from support import issuer, shelf
from support.application import configure
from support.wire import assert_failure, send


def refused(answer, code, said=""):
    (message,) = assert_failure(answer, 400)["token"]
    assert message.startswith(f"{code}: ")
    assert said in message


def part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_claims(trust, exchange, other_signer, at, signer):
    trust()
    at_now = int(time.time())
    for claims, code in (
        ({"aud": "https://github.com/acme"}, "WRONG_AUDIENCE"),
        ({"aud": [at.us, "https://elsewhere.example.org"]}, "WRONG_AUDIENCE"),
        ({"aud": None}, "MISSING_CLAIM"),
        ({"exp": at_now - 61, "iat": at_now - 300}, "EXPIRED"),
        ({"exp": None}, "MISSING_CLAIM"),
        ({"iat": None}, "MISSING_CLAIM"),
        ({"iat": at_now + 120, "exp": at_now + 300}, "NOT_YET_VALID"),
        ({"nbf": at_now + 120}, "NOT_YET_VALID"),
        ({"exp": at_now + 3700}, "TOO_LONG_LIVED"),
        ({"exp": 1e300}, "TOO_LONG_LIVED"),
        ({"exp": float("inf")}, "BAD_IDENTITY_TOKEN"),
        ({"iat": "soon"}, "BAD_IDENTITY_TOKEN"),
        ({"iat": [1]}, "BAD_IDENTITY_TOKEN"),
        ({"iss": "https://token.actions.githubusercontent.com"}, "UNKNOWN_ISSUER"),
        ({"iss": f"{signer.url}/"}, "UNKNOWN_ISSUER"),
        ({"iss": other_signer.url}, "UNKNOWN_ISSUER"),
        ({"iss": None}, "MISSING_CLAIM"),
        ({"jti": None}, "MISSING_CLAIM"),
        ({"jti": "x" * 256}, "BAD_CLAIM"),
        ({"sub": None}, "MISSING_CLAIM"),
        ({"repository": ""}, "MISSING_CLAIM"),
        ({"repository_id": None}, "MISSING_CLAIM"),
        ({"repository_owner_id": 65}, "BAD_CLAIM"),
        ({"environment": "a\nb"}, "BAD_CLAIM"),
        ({"environment": ["release"]}, "BAD_CLAIM"),
    ):
        if claims.get("repository") == "":
            claims |= {"job_workflow_ref": None, "workflow_ref": None}
        refused(exchange(**claims), code)
    refused(exchange(aud="x"), "WRONG_AUDIENCE", at.us)
    # A clock that is a little off is nobody's fault.
    assert exchange(exp=at_now - 30, iat=at_now - 300).status_int == 201
    assert exchange(iat=at_now + 30, nbf=at_now + 30, exp=at_now + 300).status_int == 201


def test_signatures(trust, exchange, signer, other_signer, at):
    trust()
    good = signer.sign_job(at.us)
    claims = jwt.decode(good, options={"verify_signature": False})
    head, body, signature = good.split(".")
    pem = signer.keys["rsa"][1].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    der = signer.keys["rsa"][1].public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def hs256(key, **header):
        text = f"{part({'alg': 'HS256', 'kid': 'rsa', **header})}.{body}"
        mac = hmac.new(key, text.encode(), hashlib.sha256).digest()
        return f"{text}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"

    jwk = signer.jwks()["keys"][0]
    for token, code in (
        (hs256(pem), "BAD_ALGORITHM"),
        (hs256(der), "BAD_ALGORITHM"),
        (hs256(b""), "BAD_ALGORITHM"),
        (f"{part({'alg': 'none', 'kid': 'rsa'})}.{body}.", "BAD_ALGORITHM"),
        (f"{part({'alg': 'nOnE', 'kid': 'rsa'})}.{body}.{signature}", "BAD_ALGORITHM"),
        (f"{part({'alg': ['RS256'], 'kid': 'rsa'})}.{body}.{signature}", "BAD_ALGORITHM"),
        (f"{head}.{body}.", "BAD_SIGNATURE"),
        (f"{head}.{body}.{signature[:-8]}AAAAAAAA", "BAD_SIGNATURE"),
        (f"{head}.{part(claims | {'repository': 'evil/x'})}.{signature}", "BAD_SIGNATURE"),
        # The other issuer's keys have the same names.
        (other_signer.sign_job(at.us, iss=signer.url), "BAD_SIGNATURE"),
        (signer.sign_job(at.us, headers={"kid": "new"}), "UNKNOWN_KEY"),
        (signer.sign_job(at.us, headers={"kid": "ec"}), "UNKNOWN_KEY"),
        (other_signer.sign_job(at.us, iss=signer.url, headers={"kid": "x", "jwk": jwk}), "UNKNOWN_KEY"),
        (
            other_signer.sign_job(
                at.us, iss=signer.url, headers={"kid": "x", "jku": f"{other_signer.url}/jwks"}
            ),
            "UNKNOWN_KEY",
        ),
    ):
        refused(exchange(token), code)
    assert exchange(good).status_int == 201
    assert exchange(key="ec").status_int == 201


def test_what_is_no_token(exchange, app, at):
    nested = base64.urlsafe_b64encode(b"[" * 7000).decode()
    for token in (
        "x",
        "a.b.c",
        "..",
        "reg_x",
        "\x00",
        "é.é.é",
        f"{nested}.{nested}.x",
        f"{part({})}.{nested}.x",
    ):
        refused(exchange(token), "BAD_IDENTITY_TOKEN")
    for body in (
        {"token": "a" * 20_001, "extension": "x"},
        {"token": "", "extension": "x"},
        {"token": 5, "extension": "x"},
        {"token": "a.b.c", "extension": "x" * 256},
        {"token": "a.b.c", "extension": "a\x00"},
        {"token": "a.b.c"},
        {},
        {"token": "a.b.c", "extension": "x", "scopes": ["manage"]},
    ):
        assert_failure(app.post_json(at.exchange, body, expect_errors=True), 400)
    assert_failure(app.post(at.exchange, "token=x", expect_errors=True), 415)


def test_jobs_that_are_not_the_one(trust, exchange):
    """Whatever does not fit, the answer is the same as for an extension that trusts nobody, or does not exist."""
    trust(environment="release")
    for claims in (
        {},
        {"environment": "staging"},
        {"repository": "evil/word-tally"},  # a fork
        {"repository": "acme/other"},
        {"job_workflow_ref": "acme/word-tally/.github/workflows/ci.yml@refs/heads/main"},
        {"job_workflow_ref": None, "workflow_ref": "acme/word-tally/.github/workflows/Release.yml@x"},
    ):
        said = {}
        for name in (shelf.PUBLIC, shelf.PRIVATE, "nothing-at-all"):
            answer = exchange(extension=name, **claims)
            said[name] = assert_failure(answer, 403, "NOT_TRUSTED")["detail"]
            said[name] = said[name].replace(f"{name} does", "IT does").replace(f"of {name} has", "of IT has")
        assert len(set(said.values())) == 1
        detail = said[shelf.PUBLIC]
        assert f"repository {claims.get('repository', 'acme/word-tally')}," in detail
        assert claims.get("environment", "no environment") in detail
    assert exchange(environment="release").status_int == 201


def test_workflows_of_others(trust, exchange):
    trust()
    own = "acme/word-tally/.github/workflows/release.yml@refs/heads/main"
    for claims in (
        {"job_workflow_ref": "evil/flows/.github/workflows/release.yml@main"},
        {"job_workflow_ref": "evil/flows/.github/workflows/release.yml@main", "workflow_ref": own},
        {"job_workflow_ref": own, "workflow_ref": "evil/flows/.github/workflows/release.yml@main"},
        {"job_workflow_ref": None, "workflow_ref": "acme/word-tally2/.github/workflows/release.yml@main"},
    ):
        refused(exchange(**claims), "FOREIGN_WORKFLOW")
    for ref in (
        "release.yml",
        "acme/word-tally/release.yml@main",
        "acme/word-tally/.github/workflows/release.yml",
        "acme/word-tally/.github/workflows/x/release.yml@main",
        "acme/word-tally/.github/workflows/../release.yml@main",
        f"evil/x@{own}",
        "x" * 1001,
        ["x"],
    ):
        refused(exchange(job_workflow_ref=ref), "BAD_CLAIM")
    refused(exchange(job_workflow_ref=None, workflow_ref=None), "MISSING_CLAIM")
    # The branch may be called anything, and one reference of the two is enough.
    odd = "acme/word-tally/.github/workflows/release.yml@refs/heads/evil/x/.github/workflows/y.yml@z"
    assert exchange(job_workflow_ref=odd, workflow_ref=None).status_int == 201
    assert exchange(job_workflow_ref=None, workflow_ref=own).status_int == 201


def test_another_repository_under_the_same_name(app, at, ann, trust, exchange):
    number = trust()
    assert exchange().status_int == 201
    for claims in ({"repository_id": "75"}, {"repository_owner_id": "66"}):
        detail = assert_failure(exchange(**claims), 403, "OTHER_REPOSITORY")["detail"]
        assert all(value in detail for value in claims.values())
    assert exchange().status_int == 201
    app.delete(f"{at.trusted}{number}/", headers=ann, status=204)
    trust()
    assert exchange(repository_id="75").status_int == 201
    assert_failure(exchange(), 403, "OTHER_REPOSITORY")


def test_keys_change(config, trust, exchange, at, monkeypatch):
    """New keys are found when they are first met, but nobody makes us ask the issuer all the time."""
    with issuer.serving(issuer.Issuer) as signer:
        config.registry["pipelines"] = Pipelines([signer.url])
        trust()
        old = signer.sign_job(at.us)
        assert exchange(signer.sign_job(at.us)).status_int == 201
        signer.rotate()
        refused(exchange(signer.sign_job(at.us, key="rsa+")), "UNKNOWN_KEY")
        for number in range(5):
            refused(
                exchange(signer.sign_job(at.us, key="rsa+", headers={"kid": f"k{number}"})), "UNKNOWN_KEY"
            )
        assert signer.asked.count("/jwks") == 1
        monkeypatch.setattr(oidc_issuer, "LOOK_AGAIN_SECONDS", 0)
        assert exchange(signer.sign_job(at.us, key="rsa+")).status_int == 201
        assert exchange(signer.sign_job(at.us, key="ec+")).status_int == 201
        refused(exchange(old), "UNKNOWN_KEY")


def test_an_issuer_that_is_away(config, exchange, trust, at):
    with issuer.serving(issuer.Issuer) as signer:
        config.registry["pipelines"] = Pipelines([signer.url])
        token = signer.sign_job(at.us)
        signer.answer = lambda *_: signer.asked.append("x")
        for _ in range(3):
            answer = exchange(token)
            assert_failure(answer, 502, "ERROR_PROVIDER")
            assert answer.headers["Retry-After"]
        assert len(signer.asked) == 1


@pytest.fixture
def build(ini):
    made = []

    def build(**more):
        config = configure({**ini, **more})
        made.append(config)
        return webtest.TestApp(application(config), extra_environ={"REMOTE_ADDR": "127.0.0.1"})

    yield build
    for config in made:
        config.registry["downloads"].close()
        config.registry["database"].dispose()


def test_guessing_is_slowed(build, signer, at, ann):
    app = build(**{"limits.failure": "3/minute"})

    def ask(**claims):
        body = {"token": signer.sign_job(at.us, **claims), "extension": shelf.PUBLIC}
        return app.post_json(at.exchange, body, expect_errors=True).status_int

    with time_machine.travel(now() + datetime.timedelta(seconds=1), tick=False):
        assert [ask(aud="x"), ask(repository="evil/x"), ask(), ask()] == [400, 403, 403, 429]
        app.get("/api/v4/extensions/", status=200)
        logins = build(**{"limits.login": "2/minute"})
        body = {"token": "x", "extension": "x"}
        found = [logins.post_json(at.exchange, body, expect_errors=True).status_int for _ in range(3)]
        assert found == [400, 400, 429]


def test_over_https_only(app, at):
    body = json.dumps({"token": "x", "extension": "x"}).encode()
    headers = {"Content-Type": "application/json"}
    for path in (at.exchange, at.exchange.rstrip("/"), "/oauth/token", "/oauth/revoke"):
        answer = send(app, "POST", path, headers, body, REMOTE_ADDR="192.0.2.7")
        assert_failure(answer, 403, "ERROR_HTTPS_REQUIRED")
    over = {"REMOTE_ADDR": "192.0.2.7", "wsgi.url_scheme": "https"}
    assert_failure(send(app, "POST", at.exchange, headers, body, **over), 400)


def test_issuers_of_the_ini_file(build, at, exchange, trust, ann):
    with pytest.raises(BadSetting, match="https"):
        build(**{"trusted_publishing.issuers": "http://ci.example.org"})
    app = build(**{"trusted_publishing.issuers": ""})
    wanted = {"repository": "acme/word-tally", "workflow": "release.yml"}
    assert "issuer" in assert_failure(app.post_json(at.trusted, wanted, headers=ann, expect_errors=True), 400)
    body = {"token": jwt.encode({"iss": "https://ci.example.org"}, "x" * 32), "extension": "x"}
    refused(app.post_json(at.exchange, body, expect_errors=True), "UNKNOWN_ISSUER", "no issuer")
