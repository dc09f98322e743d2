"""Standard Webhooks: ``webhook-id``, ``webhook-timestamp`` and ``webhook-signature`` (standardwebhooks.com, v1)."""

import base64
import hmac
import secrets
from collections.abc import Iterable

PREFIX = "whsec_"
SECRET_BYTES = 32


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def headers(known: Iterable[str], message: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers of that message at that time (seconds since 1970), with a signature by each of the secrets."""
    signed = f"{message}.{timestamp}.".encode() + body
    return {
        "webhook-id": message,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(_signature(secret, signed) for secret in known),
    }


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
