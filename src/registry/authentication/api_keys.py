"""``Authorization: JWT`` by an API key: HS256 with the key's own secret, as Mozilla's signing clients send it.

pyramid_jwt serves as the codec only: its own policy accepts tokens without `exp` and takes bad ones for nobody.
"""

import datetime
import secrets
from typing import Any

import jwt
from pyramid.request import Request
from pyramid_jwt.policy import JWTAuthenticationPolicy
from sqlalchemy import bindparam, select

from registry.authentication.base import PERSON, CredentialError, Identity, identity
from registry.models import ApiKey, Membership, User, now
from registry.sealing import Sealer

LIFETIME = 310  # seconds; real clients read the clock twice and mint 301
LEEWAY = 60

_BY_KEY = (
    select(*PERSON, ApiKey.secret, ApiKey.id.label("credential_id"), ApiKey.used)
    .select_from(ApiKey)
    .join(User, User.id == ApiKey.user_id)
    .outerjoin(Membership, Membership.user_id == User.id)
    .where(ApiKey.key == bindparam("key"), ApiKey.revoked.is_(None), User.disabled.is_(None))
)


class ApiKeys:
    """Looks keys up and holds JWTs against them."""

    def __init__(self, sealer: Sealer):
        self._sealer = sealer
        self._codec = ApiKeyCodec()
        self._nobodys_secret = sealer.seal(secrets.token_hex(32).encode())

    def identify(self, request: Request, token: str, key: str) -> Identity:
        """Whose JWT this is, which names ``key``. Raises CredentialError."""
        rows = request.read.execute(_BY_KEY, {"key": key}).all()
        # An unknown key takes the same path as a wrong secret, and the same time.
        sealed = rows[0].secret if rows else self._nobodys_secret
        try:
            secret = self._sealer.open(sealed).decode()
        except ValueError:
            raise CredentialError(
                "This API key was made under another `registry.secret` and is lost; make a new one.",
                "ERROR_DECODING_SIGNATURE",
            ) from None
        self._codec.claims(token, secret)
        if not rows:
            raise undecodable()
        return identity(rows, "key", rows[0].credential_id)


def issuer(token: str) -> str:
    """Who a JWT claims to be signed by; nothing of it is proven yet."""
    try:
        claims = jwt.decode(
            token, options={"verify_signature": False, "verify_exp": False, "verify_iat": False}
        )
    except jwt.InvalidTokenError:
        raise undecodable() from None
    found = claims.get("iss")
    # What is not printable is no key, and neither are lone surrogates and NUL, which databases choke on.
    if not isinstance(found, str) or not 0 < len(found) <= 100 or not found.isprintable():
        raise CredentialError("The JWT names no API key in `iss`.", "ERROR_DECODING_SIGNATURE")
    return found


class ApiKeyCodec(JWTAuthenticationPolicy):
    """pyramid_jwt's codec with one secret for each API key, and with the reasons for a refusal."""

    def __init__(self) -> None:
        super().__init__(private_key="", algorithm="HS256", leeway=LEEWAY)

    def claims(self, token: str, secret: str) -> dict[str, Any]:
        options: Any = {
            "require": ["iss", "iat", "exp"],
            "verify_aud": False,
            "verify_sub": False,
            "verify_jti": False,
        }
        try:
            claims: dict[str, Any] = jwt.decode(
                token, secret, algorithms=[self.algorithm], leeway=self.leeway, options=options
            )
            numbers = all(type(claims[name]) in (int, float) for name in ("iat", "exp"))
            lifetime = float(claims["exp"]) - float(claims["iat"])
        except jwt.ExpiredSignatureError:
            raise CredentialError(
                f"The JWT has expired. {clocks(token)}", "ERROR_SIGNATURE_EXPIRED"
            ) from None
        except jwt.ImmatureSignatureError:
            raise CredentialError(
                f"The JWT is from the future. {clocks(token)}", "ERROR_CLOCK_SKEW"
            ) from None
        except jwt.MissingRequiredClaimError as error:
            raise CredentialError(f"The JWT has no `{error.claim}`.", "ERROR_DECODING_SIGNATURE") from None
        except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError):
            raise undecodable() from None
        if not numbers:
            raise CredentialError(
                "`iat` and `exp` of the JWT must be numbers: seconds since 1970.", "ERROR_DECODING_SIGNATURE"
            )
        if not 0 <= lifetime <= LIFETIME:
            raise CredentialError(
                f"The JWT lives {lifetime:.0f} seconds; at most {LIFETIME} are allowed.",
                "ERROR_TOKEN_LIFETIME",
            )
        return claims


def undecodable() -> CredentialError:
    return CredentialError(
        "The JWT cannot be decoded with the key it names: wrong key, wrong secret, or damaged on the way.",
        "ERROR_DECODING_SIGNATURE",
    )


def clocks(token: str) -> str:
    claims = jwt.decode(token, options={"verify_signature": False, "verify_exp": False, "verify_iat": False})
    times = [f"{name} {_time(claims[name])}" for name in ("iat", "exp") if name in claims]
    return f"Its {' and '.join(times)}; our clock says {_time(now().timestamp())}."


def _time(seconds: Any) -> str:
    try:
        return f"{datetime.datetime.fromtimestamp(float(seconds), datetime.UTC):%Y-%m-%dT%H:%M:%SZ}"
    except (ValueError, OverflowError, OSError, TypeError):
        return "(no time)"
