"""Providers of identities on loopback: an OpenID Connect issuer with keys of its own, and something like GitHub."""

import base64
import contextlib
import hashlib
import json
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import requests
from cryptography.hazmat.primitives.asymmetric import ec, rsa

PATIENCE = 30
# What a runner gives a job to ask for identity tokens with.
JOB_SECRET = "the-jobs-own-secret"


class Issuer:
    """Discovery and JWKS over real HTTP; ``sign`` makes identity tokens, good ones and others."""

    def __init__(self, url: str):
        self.url = url
        self.keys = {kid: (alg, _new_key(alg)) for kid, alg in (("rsa", "RS256"), ("ec", "ES256"))}
        self.asked: list[str] = []

    def sign(self, key: str = "rsa", headers: dict[str, Any] | None = None, **claims: Any) -> str:
        now = int(time.time())
        claims = {"iss": self.url, "sub": "7", "iat": now, "exp": now + 300, **claims}
        algorithm, private = self.keys[key]
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(claims, private, algorithm, headers={"kid": key, **(headers or {})})

    def sign_job(self, audience: str, repository: str = "acme/word-tally", **claims: Any) -> str:
        """An identity token as GitHub Actions has it for a job of ``release.yml``."""
        where = f"{repository}/.github/workflows/release.yml@refs/tags/v1"
        usual = {
            "aud": audience,
            "sub": f"repo:{repository}:ref:refs/tags/v1",
            "jti": uuid.uuid4().hex,
            "repository": repository,
            "repository_id": "74",
            "repository_owner": repository.partition("/")[0],
            "repository_owner_id": "65",
            "workflow_ref": where,
            "job_workflow_ref": where,
            "ref": "refs/tags/v1",
            "sha": "0" * 40,
            "run_id": "4711",
        }
        return self.sign(**(usual | claims))

    def rotate(self) -> None:
        """New keys under new names, as issuers have them from time to time."""
        self.keys = {f"{kid}+": (alg, _new_key(alg)) for kid, (alg, _) in self.keys.items()}

    def jwks(self) -> dict[str, Any]:
        found = []
        for kid, (algorithm, private) in self.keys.items():
            maker = jwt.algorithms.RSAAlgorithm if algorithm == "RS256" else jwt.algorithms.ECAlgorithm
            found.append({**json.loads(maker.to_jwk(private.public_key())), "kid": kid, "use": "sig"})
        return {"keys": found}

    def answer(self, path: str, form: Any = None, bearer: str = "") -> Any:
        self.asked.append(path)
        address, _, query = path.partition("?")
        if address == "/job-token" and bearer == f"bearer {JOB_SECRET}":
            return {"value": self.sign_job(parse_qs(query)["audience"][0])}
        if path == "/.well-known/openid-configuration":
            return {"issuer": self.url, "jwks_uri": f"{self.url}/jwks"}
        return self.jwks() if path == "/jwks" else None


def _new_key(algorithm: str) -> Any:
    if algorithm == "RS256":
        return rsa.generate_private_key(65537, 2048)
    return ec.generate_private_key(ec.SECP256R1())


class GitHub:
    """Three addresses that speak as GitHub's do. ``user`` is who approves; codes hold once, and for their verifier."""

    def __init__(self, url: str):
        self.url = url
        self.user = {"id": 1001, "login": "octo-ann"}
        self.codes: dict[str, str] = {}

    def authorize(self, address: str) -> str:
        """What the browser does at GitHub: where it is sent back to."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked["code_challenge"]
        return f"{asked['redirect_uri']}?code={code}&state={asked['state']}"

    def answer(self, path: str, form: dict[str, list[str]] | None = None, bearer: str = "") -> Any:
        if path == "/login/oauth/access_token" and form:
            challenge = self.codes.pop(form["code"][0], None)
            digest = hashlib.sha256(form["code_verifier"][0].encode()).digest()
            if challenge is None or base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != challenge:
                return {"error": "bad_verification_code", "error_description": "It is wrong or has expired."}
            return {"access_token": "gho_x", "token_type": "bearer", "scope": ""}
        return self.user if path == "/user" and bearer == "Bearer gho_x" else None


@contextlib.contextmanager
def serving(kind: type) -> Iterator[Any]:
    """An Issuer or a GitHub, at its address on loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(provider.answer(self.path, None, self.headers.get("Authorization", "")))

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self._answer(provider.answer(self.path, form))

        def _answer(self, body: Any) -> None:
            data = json.dumps(body).encode()
            self.send_response(200 if body is not None else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        provider = kind(f"http://127.0.0.1:{server.server_port}")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield provider
        server.shutdown()


@contextlib.contextmanager
def openid_provider() -> Iterator[str]:
    """`oidc-provider-mock`, a provider nobody here wrote, in a process of its own: its issuer."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}/.well-known/openid-configuration"
        end = time.monotonic() + PATIENCE
        while True:
            with contextlib.suppress(requests.ConnectionError):
                yield requests.get(url, timeout=5).json()["issuer"]
                break
            assert time.monotonic() < end
            assert process.poll() is None
            time.sleep(0.05)
    finally:
        process.terminate()
        process.wait(PATIENCE)
