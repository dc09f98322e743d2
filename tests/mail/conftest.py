import contextlib
import datetime
import email
import email.policy
import re
import socket
from pathlib import Path

import pytest
import time_machine
from aiosmtpd.controller import Controller

from registry.models import now


class Server:
    """A mail server on loopback. ``messages`` are those it took; ``say`` is its next answers to DATA or RCPT."""

    def __init__(self):
        self.messages, self.peers = [], []
        self.at_rcpt, self.at_data = [], []
        self.hang_up = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.at_rcpt:
            return self.at_rcpt.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.hang_up:
            self.hang_up -= 1
            server.transport.abort()
            return "250 OK"
        if self.at_data:
            return self.at_data.pop(0)
        self.messages.append(parsed(envelope.original_content))
        return "250 OK"


@contextlib.contextmanager
def listening(server, port):
    controller = Controller(server, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield
    finally:
        controller.stop()


def parsed(data):
    return email.message_from_bytes(data.replace(b"\r\n", b"\n"), policy=email.policy.default)


@pytest.fixture
def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def server():
    return Server()


@pytest.fixture
def listen(server, port):
    """A context in which the server is there."""
    return lambda: listening(server, port)


@pytest.fixture
def mailbox(ini):
    """The messages in the folder, the oldest first."""
    folder = Path(ini["mail.folder"])
    return lambda: [parsed(path.read_bytes()) for path in sorted(folder.glob("*.eml"))]


@pytest.fixture
def confirmed(app, work, mailbox):
    """Give an account an address that has been confirmed."""

    def confirm(headers, address="ann@example.org", digest="hourly"):
        app.put_json("/api/v4/users/me/email/", {"address": address, "digest": digest}, headers=headers)
        work()
        code = re.search(r"^\d+\.\d+\.[0-9a-f]{32}$", mailbox()[-1].get_content(), re.MULTILINE)[0]
        app.post_json("/api/v4/users/me/email/", {"code": code}, headers=headers)

    return confirm


@pytest.fixture
def time_machine_of():
    """A context in which it is so much later than when the test began."""
    began = now()
    return lambda **later: time_machine.travel(began + datetime.timedelta(**later))
