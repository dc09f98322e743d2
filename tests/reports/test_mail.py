"""The registry's team is told of each new report by mail; nothing that was sent gets into a header."""

import email
import email.policy
from pathlib import Path

import pytest

from registry.settings import BadSetting, read

FORGED = "It mines.\n\nFrom: boss@example.org\nSubject: all is well"


@pytest.fixture
def ini(ini):
    return ini | {"reports.mail_to": "team@example.org"}


@pytest.fixture
def sent(ini, work):
    def sent():
        work()
        found = sorted(Path(ini["mail.folder"]).rglob("*.eml"))
        return [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in found]

    return sent


def test_one_mail_for_each_report(send, sent):
    filed = send("post", "bob", "reports/", {"reason": "malware", "comment": FORGED, "version": "1.0.0"}, 201)
    send("post", "bob", "reports/", {"reason": "harm", "comment": "More"}, 200)
    (message,) = sent()
    assert (message["To"], message["Subject"]) == ("team@example.org", "An extension has been reported")
    assert message.get_content_type() == "text/plain"
    text = message.get_content().replace("\r\n", "\n")
    assert text.startswith("bob has reported word-tally 1.0.0: malware. It is pending_disable now.")
    assert "\n  From: boss@example.org\n  Subject: all is well\n" in text
    assert text.endswith(f"{filed.location}\n")
    send("post", "cat", "reports/", {"reason": "deception"}, 201)
    assert len(sent()) == 2


def test_a_report_that_is_refused_is_not_told(send, sent):
    send("post", "ann", "reports/", {"reason": "malware"}, 403)
    assert sent() == []


BAD = ("team", "a@b\r\nBcc: c@d", "Team <a@b.example>", "a..b@c.example", "@", "a@-b", "a@b, c@d")


@pytest.mark.parametrize("address", BAD)
def test_the_team_has_a_plain_address(ini, address):
    with pytest.raises(BadSetting, match="mail_to"):
        read(ini | {"reports.mail_to": address})
