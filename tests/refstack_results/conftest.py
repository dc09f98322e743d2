"""An application with the extensions of `support.shelf`, and keys as refstack-client has them."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from support import shelf

RESULTS = "/v1/results/"
KEYS = "/api/v4/users/me/public-keys/"


class RsaKey:
    def __init__(self):
        self.private = rsa.generate_private_key(65537, 2048)
        public = self.private.public_key()
        self.line = public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()

    def sign(self, data: bytes) -> str:
        return self.private.sign(data, padding.PKCS1v15(), SHA256()).hex()

    def headers(self, body: bytes) -> dict[str, str]:
        """What its client sends with a signed body."""
        return {"X-Signature": self.sign(body), "X-Public-Key": self.line}


@pytest.fixture(scope="session")
def rsa_key():
    return RsaKey()


@pytest.fixture(scope="session")
def other_key():
    return RsaKey()


@pytest.fixture
def stocked(app, accounts, work):
    shelf.stock(app, accounts, work)
    return app


@pytest.fixture
def upload(stocked):
    """Upload as refstack-client does: the answer. The body is its dump of a file, on one line."""

    def upload(names=("t.one", "t.two"), *, key=None, path=RESULTS, body=None, **headers):
        if body is None:
            body = dump(names)
        if key is not None:
            headers |= key.headers(body)
        return stocked.post(
            path, body, headers={"Content-Type": "application/json", **headers}, expect_errors=True
        )

    return upload


@pytest.fixture
def registered(stocked, accounts, rsa_key):
    """The headers of an account that has made its key known."""
    headers = accounts.jwt("ann")
    proof = {"raw_key": f"{rsa_key.line} ann@laptop", "self_signature": rsa_key.sign(b"signature")}
    stocked.post_json(KEYS, proof, headers=headers, status=201)
    return headers


def dump(names, **more) -> bytes:
    results = [{"name": name, "uuid": "b1d4c5a8-0000-4000-8000-000000000001"} for name in names]
    return json.dumps({"cpid": "cloud-1", "duration_seconds": 12, "results": results, **more}).encode()
