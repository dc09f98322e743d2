"""An address counts once whoever reads its mail has confirmed it, and can be ended by whoever does."""

import re

import pytest
from sqlalchemy import select

from registry.domain import addresses
from registry.models import Mail, MailAddress, Spent

EMAIL = "/api/v4/users/me/email/"
BASE = "http://127.0.0.1:6543"


def link(message, page):
    found = re.search(rf"{re.escape(BASE)}(/mail/{page}\?\S+)", message.get_content())
    return found[1]


def test_an_address_is_confirmed_by_code_and_replaced_by_link(app, accounts, work, mailbox, database):
    ann, bob = accounts.bearer("ann"), accounts.bearer("bob")
    assert app.get(EMAIL, headers=ann).json == {"address": None, "pending": None, "digest": "off"}
    asked = app.put_json(EMAIL, {"address": "ann@example.org"}, headers=ann).json
    assert asked == {"address": None, "pending": "ann@example.org", "digest": "daily"}
    assert mailbox() == []
    work()
    (message,) = mailbox()
    assert (message["To"], message["Subject"]) == ("ann@example.org", "Confirm your mail address")
    assert message.get_content_type() == "text/plain"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["List-Unsubscribe"] is None
    code = re.search(r"^\d+\.\d+\.[0-9a-f]{32}$", message.get_content(), re.MULTILINE)[0]
    with database.read() as connection:
        assert code.rpartition(".")[2] not in str(connection.execute(select(Mail)).all())
    wrong = app.post_json(EMAIL, {"code": code[:-1] + "x"}, headers=ann, status=400).json
    assert wrong["code"][0].startswith("BAD_CODE: ")
    app.post_json(EMAIL, {"code": code}, headers=bob, status=400)  # it is somebody else's
    assert app.post_json(EMAIL, {"code": code}, headers=ann).json["address"] == "ann@example.org"
    app.post_json(EMAIL, {"code": code}, headers=ann, status=400)  # it counts once

    app.put_json(EMAIL, {"address": "new@example.org", "digest": "hourly"}, headers=ann)
    assert app.get(EMAIL, headers=ann).json == {
        "address": "ann@example.org",
        "pending": "new@example.org",
        "digest": "hourly",
    }
    work()
    page = link(mailbox()[1], "confirm")
    assert "new@example.org" in app.get(page).text  # as every scanner of links does
    assert app.get(EMAIL, headers=ann).json["address"] == "ann@example.org"
    app.post(page, {"csrf_token": ""})
    assert app.get(EMAIL, headers=ann).json["address"] == "new@example.org"
    app.post(page, status=400)

    app.delete(EMAIL, headers=ann, status=204)
    assert app.get(EMAIL, headers=ann).json["address"] is None
    with database.read() as connection:
        assert connection.execute(select(MailAddress)).all() == []
        assert len(connection.execute(select(Spent)).all()) == 2


@pytest.mark.parametrize(
    "address",
    [
        "ann",
        "ann@",
        "@example.org",
        "a b@example.org",
        "ann@exa mple.org",
        "Ann <ann@example.org>",
        "ann@example.org, bob@example.org",
        "ann@example.org\r\nBcc: bob@example.org",
        "ann@example.org\n",
        '"a\r\nb"@example.org',
        "ann@[127.0.0.1]",
        "ann..b@example.org",
        "ann@-example.org",
        "änn@example.org",
        f"{'a' * 65}@example.org",
        f"a@{'b' * 63}.{'b' * 63}.{'b' * 63}.{'b' * 63}.org",
        7,
        None,
    ],
)
def test_what_is_no_address_is_refused(app, accounts, work, mailbox, address):
    answer = app.put_json(EMAIL, {"address": address}, headers=accounts.bearer("ann"), status=400)
    assert list(answer.json) == ["address"]
    work()
    assert mailbox() == []


def test_nobody_is_flooded(app, accounts, work, mailbox):
    ann = accounts.bearer("ann")
    for number in range(5):
        app.put_json(EMAIL, {"address": f"a{number}@example.org"}, headers=ann)
    refused = app.put_json(EMAIL, {"address": "b@example.org"}, headers=ann, status=409)
    assert refused.json["code"] == "TOO_MANY"
    for name in ("bob", "carl", "dora", "ed", "fay"):
        app.put_json(EMAIL, {"address": "victim@example.org"}, headers=accounts.bearer(name))
    app.put_json(EMAIL, {"address": "victim@example.org"}, headers=accounts.bearer("gus"), status=409)
    work()
    assert len(mailbox()) == 10


def test_a_code_ends(app, accounts, work, mailbox, time_machine_of):
    ann = accounts.bearer("ann")
    app.put_json(EMAIL, {"address": "ann@example.org"}, headers=ann)
    work()
    page = link(mailbox()[0], "confirm")
    with time_machine_of(days=1, minutes=1):
        assert app.get(page, status=400).json["code"][0].startswith("CODE_EXPIRED")
        assert app.post(page, status=400).json["code"][0].startswith("CODE_EXPIRED")
    for code in ("", "x", "1.2", "1.2.3", "9" * 30 + ".1.x", "²." * 3, "1.2.3.4"):
        app.get(f"/mail/confirm?code={code}", status=400)


def test_digests_end_with_one_click(app, accounts, work, mailbox, confirmed, database, config):
    ann = accounts.bearer("ann")
    confirmed(ann)
    with database.read() as connection:
        user_id = connection.scalar(select(MailAddress.user_id))
    bad = f"/mail/unsubscribe?user={user_id}&signature={'0' * 32}"
    app.post(bad, {"List-Unsubscribe": "One-Click"}, status=400)
    assert app.get(EMAIL, headers=ann).json["digest"] == "hourly"
    signature = addresses.unsubscribe_signature(config.registry["sealer"], user_id, "ann@example.org")
    good = f"/mail/unsubscribe?user={user_id}&signature={signature}"
    assert "Unsubscribe" in app.get(good).text
    assert app.get(EMAIL, headers=ann).json["digest"] == "hourly"
    body = {"List-Unsubscribe": "One-Click"}
    for kind in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        app.post(good, body, headers={"Content-Type": kind})
        assert app.get(EMAIL, headers=ann).json["digest"] == "off"
