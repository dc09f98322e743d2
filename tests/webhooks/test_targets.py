"""Nothing is sent to where a stranger could not send it, whatever a name says, and when."""

import datetime
import ssl
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Semaphore

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from registry.models import now
from registry.webhooks import BadTarget, parse, resolve, sending
from registry.webhooks.targets import AT_ONCE, is_safe
from support import shelf

HOOKS = f"/api/v4/extensions/{shelf.PUBLIC}/webhooks/"
OUTSIDE = "93.184.215.14"
INSIDE = """
0.0.0.0 10.1.2.3 100.64.0.1 127.0.0.1 127.1.2.3 169.254.169.254 172.16.0.1 172.31.255.255 192.168.1.1 192.0.0.8
192.0.2.1 192.88.99.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.1.1.1 240.0.0.1 255.255.255.255
:: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:93.184.215.14 64:ff9b::7f00:1 64:ff9b::5db8:d70e
64:ff9b:1::1 100::1 2001::1 2001:db8::1 2002:7f00:1::1 3fff::1 5f00::1 fc00::1 fd00:ec2::254 fe80::1 fe80::1%lo fec0::1
ff02::1 ff0e::1 nonsense
""".split()


def test_numbers():
    assert [address for address in INSIDE if is_safe(address)] == []
    for address in (
        OUTSIDE,
        "8.8.8.8",
        "172.32.0.1",
        "2606:2800:21f:cb07:6820:80da:af6b:8b2c",
        "2a00:1450::1",
    ):
        assert is_safe(address)
    local = [address for address in INSIDE if is_safe(address, allow_local=True)]
    assert local == ["127.0.0.1", "127.1.2.3", "::1"]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://",
        "http://example.org/",
        "ftp://example.org/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "//example.org/",
        "https://example.org:8443/",
        "https://example.org:0/",
        "https://example.org:99999/",
        "https://user@example.org/",
        "https://user:secret@example.org/",
        "https://example.org/#x",
        "https://example.org\\@evil.org/",
        "https://exa mple.org/",
        "https://example.org/\r\nHost: evil.org",
        "https://example.org/\x00",
        "https://bücher.example/",
        "https://[::1/",
        "https://[fe80::1%25eth0]/",
        "https://-x/",
        f"https://example.org/{'x' * 2000}",
    ],
)
def test_addresses_that_are_none(url):
    with pytest.raises(BadTarget):
        parse(url)


def test_every_number_behind_a_name_counts():
    target = parse("https://example.org/x?y=1")
    assert (target.host, target.port, target.path) == ("example.org", 443, "/x?y=1")
    assert resolve(target, lambda *_: [OUTSIDE, OUTSIDE]) == [OUTSIDE]
    for found in ([], [OUTSIDE, "10.0.0.1"], ["::1"]):
        with pytest.raises(BadTarget):
            resolve(target, lambda *_, found=found: found)

    def unknown(*_):
        raise OSError

    with pytest.raises(BadTarget):
        resolve(target, unknown)


def test_names_that_are_not_answered_hold_few_threads(app, ann, config):
    """Those of everybody else who wants something of the server go on."""
    asked, over = Semaphore(0), Event()

    def silent(*_):
        asked.release()
        over.wait(30)
        return [OUTSIDE]

    def register():
        body = {"url": "https://hooks.example.org/", "events": ["version.signed"]}
        return app.post_json(HOOKS, body, headers=ann, expect_errors=True)

    config.registry["resolver"] = silent
    with ThreadPoolExecutor(AT_ONCE) as pool:
        waiting = [pool.submit(register) for _ in range(AT_ONCE)]
        for _ in waiting:
            assert asked.acquire(timeout=10)
        refused = register()
        over.set()
        assert {future.result().status_int for future in waiting} == {201}
    assert (refused.status_int, refused.json["code"]) == (503, "ERROR_BUSY")
    assert refused.headers["Retry-After"]
    assert register().status_int == 201


class TestWithoutLocal:
    """As in production."""

    @pytest.fixture
    def ini(self, ini):
        return ini | {"webhooks.allow_local": "false"}

    @pytest.mark.parametrize(
        "url",
        [
            "https://127.0.0.1/",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://localhost/",
            "https://169.254.169.254/latest/meta-data/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[64:ff9b::7f00:1]/",
            "https://[fec0::1]/",
        ],
    )
    def test_numbers_are_refused_when_they_are_named(self, app, ann, url):
        body = {"url": url, "events": ["version.signed"]}
        answer = app.post_json(HOOKS, body, headers=ann, status=400)
        assert answer.json["url"][0].startswith("BAD_TARGET: ")

    def test_a_name_that_says_something_else_later_gains_nothing(
        self, app, ann, config, context, receiver, work, later, local
    ):
        answers = [[OUTSIDE], ["127.0.0.1"], [OUTSIDE, "127.0.0.1"], ["::ffff:7f00:1"]]
        asked = []

        def resolver(host, port):
            asked.append((host, port))
            return answers.pop(0)

        config.registry["resolver"] = context.resolver = resolver
        body = {"url": "https://hooks.example.org/", "events": ["version.signed"]}
        made = app.post_json(HOOKS, body, headers=ann, status=201).json
        work()
        for minutes in (5, 20):
            with later(minutes=minutes):
                work()
        assert asked == [("hooks.example.org", 443)] * 4
        assert receiver.heard == []
        (row,) = app.get(local(made["deliveries_url"]), headers=ann).json["results"]
        assert (row["attempts"], row["status"]) == (3, None)
        assert row["error"] == "Its host is not one on the public internet."


def test_a_redirect_is_not_followed(app, ann, hook, receiver, work, local):
    receiver.answers = [307]
    made = hook()
    work()
    assert len(receiver.heard) == 1
    (row,) = app.get(local(made["deliveries_url"]), headers=ann).json["results"]
    assert (row["state"], row["status"]) == ("queued", 307)


def test_an_answer_without_end_ends(app, ann, hook, receiver, work, local):
    def endless(handler):
        handler.send_response(200)
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(b"x" * 65536)
        except OSError:
            pass

    receiver.answers = [endless]
    made = hook()
    work()
    (row,) = app.get(local(made["deliveries_url"]), headers=ann).json["results"]
    assert row["error"] == "The endpoint's answer does not hold the challenge."


def test_a_slow_answer_is_cut_off(app, ann, hook, receiver, work, local, monkeypatch):
    monkeypatch.setattr(sending, "TOTAL_SECONDS", 0.5)
    done = Event()

    def drip(handler):
        try:
            while not done.wait(0.05):
                handler.wfile.write(b"H")
                handler.wfile.flush()
        except OSError:
            pass

    receiver.answers = [drip]
    made = hook()
    work()
    done.set()
    (row,) = app.get(local(made["deliveries_url"]), headers=ann).json["results"]
    assert row["error"] == "It could not be reached, or did not answer: it took too long."


def test_the_name_is_kept_and_the_certificate_checked(
    app, ann, config, context, receiver, work, later, local, tmp_path, monkeypatch
):
    certificate = _certificate("hooks.example.org", tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    receiver.server.socket = tls.wrap_socket(receiver.server.socket, server_side=True)
    config.registry["resolver"] = context.resolver = lambda host, port: ["127.0.0.1"]
    url = f"https://hooks.example.org:{receiver.port}/x"
    made = app.post_json(HOOKS, {"url": url, "events": ["version.signed"]}, headers=ann, status=201).json
    work()
    (row,) = app.get(local(made["deliveries_url"]), headers=ann).json["results"]
    assert row["error"].startswith("Its certificate does not hold: ")
    assert receiver.heard == []
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with later(minutes=5):
        work()
    assert receiver.heard[0][1]["host"] == f"hooks.example.org:{receiver.port}"
    assert app.get(local(made["webhook_url"]), headers=ann).json["state"] == "active"


def _certificate(name, folder):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    day = datetime.timedelta(days=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now() - day)
        .not_valid_after(now() + day)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "receiver.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path
