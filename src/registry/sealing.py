"""Sealing small secrets and cursors with the site's secret (`registry.secret`).

Sealed bytes can be neither read nor altered without it (Fernet: AES-128-CBC and HMAC-SHA256). A signature
(HMAC-SHA256, 128 bits of it) says of a text that anybody may read that it came from here.
"""

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken


class Sealer:
    def __init__(self, secret: str):
        self._fernet = Fernet(base64.urlsafe_b64encode(hashlib.sha256(secret.encode()).digest()))
        self._key = hashlib.sha256(b"signatures:" + secret.encode()).digest()

    def sign(self, text: str) -> str:
        """A signature of 32 hexadecimal digits."""
        return hmac.digest(self._key, text.encode("utf-8", "surrogatepass"), "sha256")[:16].hex()

    def has_signed(self, signature: str, text: str) -> bool:
        return hmac.compare_digest(signature.encode("utf-8", "surrogatepass"), self.sign(text).encode())

    def seal(self, data: bytes) -> bytes:
        return self._fernet.encrypt(data)

    def open(self, sealed: bytes) -> bytes:
        """What was sealed; raises ValueError when it was sealed with another secret or altered."""
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken:
            raise ValueError("not sealed with this site's secret") from None
