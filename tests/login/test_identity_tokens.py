"""What an issuer says of somebody counts only if it is the issuer's, for us, and now."""

import time

import jwt
import pytest

import support.issuer
from registry.oidc import IdentityRefused, Issuer, ProviderUnavailable
from registry.oidc.providers import OpenIDProvider

US = "https://extensions.example.org"


@pytest.fixture
def issuer(signer):
    return Issuer(signer.url)


@pytest.mark.parametrize("key", ["rsa", "ec"])
def test_a_good_one(issuer, signer, key):
    claims = issuer.verify(signer.sign(key, aud=US, nonce="n", repository="a/b"), US, "n")
    assert (claims["sub"], claims["repository"]) == ("7", "a/b")


@pytest.mark.parametrize("promised", [True, False])
def test_an_issuer_that_says_in_its_answers_who_it_is(promised):
    class Promising(support.issuer.Issuer):
        def answer(self, path, *others):
            found = super().answer(path, *others)
            flag = {"authorization_response_iss_parameter_supported": promised}
            return found | flag if "well-known" in path else found

    with support.issuer.serving(Promising) as signer:
        provider = OpenIDProvider("corp", {"issuer": signer.url, "client_id": "x"}, US)
        assert provider.issuer_is_wrong({"code": "x"}) == promised
        assert provider.issuer_is_wrong({"code": "x", "iss": "https://evil.example.org"})
        assert not provider.issuer_is_wrong({"code": "x", "iss": signer.url})


def test_bad_claims(issuer, signer):
    now = int(time.time())
    for claims in (
        {"aud": "https://elsewhere.example.org"},
        {"aud": None},
        {"aud": US, "iss": "https://evil.example.org"},
        {"aud": US, "exp": now - 120},
        {"aud": US, "exp": None},
        {"aud": US, "iat": now + 3600},
        {"aud": US, "nbf": now + 3600},
        {"aud": US, "sub": None},
        {"aud": US, "nonce": "other"},
        {"aud": US, "nonce": None},
        {"aud": US, "nonce": "n", "azp": "somebody else"},
        {"aud": [US, "another"], "nonce": "n"},
    ):
        with pytest.raises(IdentityRefused):
            issuer.verify(signer.sign(**{"nonce": "n", **claims}), US, "n")


def test_bad_signatures(issuer, signer):
    good = signer.sign(aud=US)
    head, body, signature = good.split(".")
    public = signer.keys["rsa"][1].public_key()
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    claims = jwt.decode(good, options={"verify_signature": False})
    import base64
    import hashlib
    import hmac
    import json

    def forged(header, key):
        parts = [
            base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims)
        ]
        mac = hmac.new(key, b".".join(parts), hashlib.sha256).digest()
        return b".".join([*parts, base64.urlsafe_b64encode(mac).rstrip(b"=")]).decode()

    for token in (
        forged({"alg": "HS256", "kid": "rsa", "typ": "JWT"}, pem),
        forged({"alg": "none", "kid": "rsa"}, b""),
        f"{forged({'alg': 'none', 'kid': 'rsa'}, b'').rpartition('.')[0]}.",
        signer.sign("ec", headers={"kid": "rsa"}, aud=US),
        signer.sign(headers={"kid": "ec"}, aud=US),
        signer.sign(headers={"kid": "unknown"}, aud=US),
        f"{head}.{body}.{signature[:-4]}AAAA",
        f"{head}.{body[:-4]}AAAA.{signature}",
        "nonsense",
        "a.b.c",
        "",
        "x" * 100_000,
    ):
        with pytest.raises(IdentityRefused):
            issuer.verify(token, US)
    assert issuer.verify(good, US)


def test_an_issuer_that_is_not_who_it_says(signer):
    with pytest.raises(ProviderUnavailable, match="calls itself"):
        Issuer(f"{signer.url}/").verify(signer.sign(aud=US), US)
    with pytest.raises(ProviderUnavailable, match="https"):
        Issuer("http://sso.example.org").verify(signer.sign(aud=US), US)
    with pytest.raises(ProviderUnavailable, match="cannot be reached"):
        Issuer("http://127.0.0.1:9").verify(signer.sign(aud=US), US)
