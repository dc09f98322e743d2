"""An OpenID Connect issuer: found by discovery, believed by its keys (OpenID Connect Discovery 1.0, Core 1.0 3.1.3.7).

Only asymmetric signatures count, and only with a key of the issuer's own set: neither `none` nor a
shared secret, which could be the public key (RFC 8725, 2.1). Documents are kept for a while; an unknown
key makes us look again, but not more often than once a minute.
"""

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jwt

from registry.oidc.fetch import ProviderUnavailable, fetch_json, is_secure

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
_FAMILIES = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
LEEWAY = 60
KEEP_SECONDS = 3600.0
LOOK_AGAIN_SECONDS = 60.0
# So long an issuer is left alone that has failed to answer, and so long others wait for one who is asking it.
REST_SECONDS = 5.0
WAIT_SECONDS = 3.0
LONGEST_TOKEN = 20_000
MOST_KEYS = 50
# What reading a token's parts may raise; hostile JSON is nested, or holds numbers without end.
_UNREADABLE = (jwt.InvalidTokenError, ValueError, TypeError, OverflowError, RecursionError)


class IdentityRefused(Exception):
    """An identity token that proves nothing; the text is for people, ``code`` is stable, for programs."""

    def __init__(self, message: str, code: str = "BAD_IDENTITY_TOKEN"):
        super().__init__(message)
        self.code = code


class Issuer:
    """The issuer at ``url``, exactly as it calls itself in `iss`."""

    def __init__(self, url: str):
        self.url = url
        self._lock = threading.RLock()
        self._metadata: dict[str, Any] | None = None
        self._keys: list[_Key] = []
        self._metadata_at = self._keys_at = self._failed_at = float("-inf")
        self._failure = ""

    def metadata(self) -> dict[str, Any]:
        """Its discovery document. Raises ProviderUnavailable."""
        with self._turn():
            if self._metadata is None or time.monotonic() - self._metadata_at > KEEP_SECONDS:
                found = self._fetch(f"{self.url.rstrip('/')}/.well-known/openid-configuration")
                if found.get("issuer") != self.url:
                    raise ProviderUnavailable(
                        f"{self.url} calls itself {str(found.get('issuer'))[:200]!r}; both must be the same."
                    )
                self._metadata, self._metadata_at = found, time.monotonic()
            return self._metadata

    def endpoint(self, name: str) -> str:
        """An address in its metadata. Raises ProviderUnavailable when there is none that is safe to use."""
        address = self.metadata().get(name)
        if not isinstance(address, str) or not is_secure(address):
            raise ProviderUnavailable(f"{self.url} names no usable {name}.")
        return address

    def verify(self, token: str, audience: str, nonce: str | None = None) -> dict[str, Any]:
        """The claims of an identity token of this issuer for ``audience``.

        Raises IdentityRefused, and ProviderUnavailable when the issuer's keys cannot be had.
        """
        if len(token) > LONGEST_TOKEN:
            raise IdentityRefused("The identity token is too long.")
        try:
            header = jwt.get_unverified_header(token)
            algorithm = header.get("alg")
            if algorithm not in ALGORITHMS:
                raise IdentityRefused(
                    "The identity token is not signed with a public-key algorithm.", "BAD_ALGORITHM"
                )
            key = self._key(header.get("kid"), algorithm)
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=audience,
                issuer=self.url,
                leeway=LEEWAY,
                options={"require": ["iss", "sub", "aud", "exp", "iat"]},
            )
        except jwt.ExpiredSignatureError:
            raise IdentityRefused("The identity token has expired.", "EXPIRED") from None
        except jwt.ImmatureSignatureError:
            raise IdentityRefused("The identity token is from the future.", "NOT_YET_VALID") from None
        except jwt.InvalidAudienceError:
            raise IdentityRefused(
                f"The identity token is for somebody else; ask for one with the audience {audience}",
                "WRONG_AUDIENCE",
            ) from None
        except jwt.InvalidIssuerError:
            raise IdentityRefused(f"The identity token is not from {self.url}.", "UNKNOWN_ISSUER") from None
        except jwt.MissingRequiredClaimError as error:
            raise IdentityRefused(f"The identity token has no `{error.claim}`.", "MISSING_CLAIM") from None
        except jwt.InvalidSignatureError:
            raise IdentityRefused(
                f"The identity token is not signed by {self.url}.", "BAD_SIGNATURE"
            ) from None
        except _UNREADABLE:
            raise IdentityRefused("The identity token cannot be read, or a claim in it is wrong.") from None
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if (several and claims.get("azp") != audience) or claims.get("azp", audience) != audience:
            raise IdentityRefused("The identity token was made for somebody else.", "WRONG_AUDIENCE")
        if nonce is not None and claims.get("nonce") != nonce:
            raise IdentityRefused("The identity token answers another login than this one.")
        return claims

    def _key(self, kid: Any, algorithm: str) -> Any:
        key = self._find(kid, algorithm)
        if self._keys_age() > (LOOK_AGAIN_SECONDS if key is None else KEEP_SECONDS):
            with self._turn():
                if self._keys_age() > LOOK_AGAIN_SECONDS:  # else somebody has just looked
                    self._load_keys()
            key = self._find(kid, algorithm)
        if key is None:
            raise IdentityRefused(
                "The identity token is signed with a key that is not its issuer's.", "UNKNOWN_KEY"
            )
        return key.key

    def _find(self, kid: Any, algorithm: str) -> "_Key | None":
        key = next((key for key in self._keys if key.kid == kid), None)
        if kid is None and len(self._keys) == 1:
            key = self._keys[0]
        return key if key is not None and key.fits(algorithm) else None

    def _keys_age(self) -> float:
        return time.monotonic() - self._keys_at

    def _load_keys(self) -> None:
        found = self._fetch(self.endpoint("jwks_uri")).get("keys")
        keys = []
        for data in found[:MOST_KEYS] if isinstance(found, list) else []:
            try:
                key = jwt.PyJWK(data)
            except (jwt.InvalidKeyError, jwt.PyJWKError, AttributeError, TypeError, ValueError):
                continue
            if data.get("use", "sig") == "sig" and data.get("kty") in _FAMILIES.values():
                keys.append(_Key(data.get("kid"), data["kty"], data.get("alg"), key.key))
        self._keys, self._keys_at = keys, time.monotonic()

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """One asks the issuer, the others wait for what it finds, but not for long. Raises ProviderUnavailable."""
        if not self._lock.acquire(timeout=WAIT_SECONDS):
            raise ProviderUnavailable(f"{self.url} is slow to answer; try again.")
        try:
            yield
        finally:
            self._lock.release()

    def _fetch(self, address: str) -> Any:
        """What is there. Raises ProviderUnavailable; for a while after a failure at once."""
        if time.monotonic() - self._failed_at < REST_SECONDS:
            raise ProviderUnavailable(self._failure)
        try:
            return fetch_json(address)
        except ProviderUnavailable as error:
            self._failed_at, self._failure = time.monotonic(), str(error)
            raise


def claimed_issuer(token: str) -> str:
    """Whom a token says to be from; nothing of it is proven yet. Raises IdentityRefused."""
    if len(token) > LONGEST_TOKEN:
        raise IdentityRefused("The identity token is too long.")
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except _UNREADABLE:
        raise IdentityRefused("This is not a JSON Web Token that can be read.") from None
    found = claims.get("iss")
    if not isinstance(found, str):
        raise IdentityRefused("The identity token has no `iss`.", "MISSING_CLAIM")
    return found


@dataclass(frozen=True)
class _Key:
    """One public key of an issuer; without ``alg`` it is good for all algorithms of its type."""

    kid: Any
    kty: str
    alg: Any
    key: Any

    def fits(self, algorithm: str) -> bool:
        return self.alg in (None, algorithm) and self.kty == _FAMILIES[algorithm[:2]]
