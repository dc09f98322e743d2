"""Sealing small secrets and cursors with the site's secret (`registry.secret`).

Sealed bytes can be neither read nor altered without it (Fernet: AES-128-CBC and HMAC-SHA256).
"""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken


class Sealer:
    def __init__(self, secret: str):
        self._fernet = Fernet(base64.urlsafe_b64encode(hashlib.sha256(secret.encode()).digest()))

    def seal(self, data: bytes) -> bytes:
        return self._fernet.encrypt(data)

    def open(self, sealed: bytes) -> bytes:
        """What was sealed; raises ValueError when it was sealed with another secret or altered."""
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken:
            raise ValueError("not sealed with this site's secret") from None
