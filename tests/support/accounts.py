"""Accounts for tests, and the headers that speak for them."""

import time

import jwt

from registry.domain import credentials
from registry.models import Database, User
from registry.sealing import Sealer


class Accounts:
    """Makes users on demand; `bearer` and `jwt` give the headers of a request by one."""

    def __init__(self, database: Database, secret: str):
        self._database = database
        self._sealer = Sealer(secret)
        self._users: dict[str, int] = {}

    def user(self, name: str, *, admin: bool = False) -> int:
        if name not in self._users:
            self._users[name] = self._database.write(
                lambda session: credentials.create_user(session, name, admin=admin).id
            )
        return self._users[name]

    def bearer(self, name: str, *, admin: bool = False, **limits) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(name, admin=admin, **limits)}"}

    def token(self, name: str, *, admin: bool = False, **limits) -> str:
        user_id = self.user(name, admin=admin)
        return self._database.write(
            lambda session: credentials.create_token(
                session, session.get_one(User, user_id), "test", **limits
            )
        )

    def key(self, name: str) -> tuple[str, str]:
        user_id = self.user(name)
        return self._database.write(
            lambda session: credentials.create_key(session, session.get_one(User, user_id), self._sealer)
        )

    def jwt(self, name: str, **claims) -> dict[str, str]:
        return {"Authorization": f"JWT {mint(*self.key(name), **claims)}"}


def mint(key: str, secret: str, algorithm: str = "HS256", **claims) -> str:
    """A JWT as Mozilla's clients make it; a claim given as None is left out."""
    now = int(time.time())
    claims = {"iss": key, "iat": now, "exp": now + 300, **claims}
    return jwt.encode({name: value for name, value in claims.items() if value is not None}, secret, algorithm)
