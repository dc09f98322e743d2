"""The source's signed index: nothing is believed against it, nor without it unless that was asked for."""

import base64
import json
import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from registry.domain import states
from registry.jobs.clerk import Clerk
from registry.models import Extension, ExtensionState, SiteState, now
from registry.signing import create_development_chain, open_issuer, sign_index
from support.samples import brackets
from support.site import Answer

HEAD, BLOCKLIST = "/api/v4/changes/head/", "/api/v4/blocklist/"
SIGNATURE = "Registry-Signature"


class Pauses(threading.Event):
    """Waits for nothing: each pause is noted, and what is ``then`` to happen in it does. The last one ends all."""

    def __init__(self, *then):
        super().__init__()
        self.asked, self.then = [], list(then)

    def wait(self, timeout=None):
        self.asked.append(timeout)
        if self.then:
            self.then.pop(0)()
        return not self.then


def nothing():
    pass


@pytest.fixture
def kite(publish):
    publish(brackets("kite", "1.0.0"))


@pytest.fixture
def state(copy_database):
    """The state of an extension at the mirror, with its reason; and what the mirror remembers."""

    def read(name=None):
        with copy_database.read() as connection:
            if name is None:
                return connection.scalar(select(SiteState.value))
            query = select(Extension.state, Extension.state_reason).where(Extension.name == name)
            found = connection.execute(query).one_or_none()
            return found and tuple(found)

    return read


@pytest.fixture
def decide(config):
    def run(name, state, reason="Found harmful."):
        def change(session):
            row = session.scalars(select(Extension).where(Extension.name == name)).one()
            states.set_state(session, row, ExtensionState(state), reason=reason, actor_id=None)

        config.registry["database"].write(change)

    return run


def instead(**answers):
    """A lie: these functions make what is answered at these paths, and the last one at all others."""
    by_path = {
        "head": HEAD,
        "blocklist": BLOCKLIST,
        "feed": "/api/v4/changes/?",
        "detail": "/extensions/kite/",
    }

    def lie(path, given):
        for name, answer in answers.items():
            if path.startswith(by_path[name]) or path.endswith(by_path[name]):
                return answer(given)
        return given

    return lie


def with_values(**values):
    return lambda given: given._replace(body=json.dumps(json.loads(given.body) | values).encode())


def signed_anew(kind, chain, **values):
    """With other values, and a signature on them by that chain."""

    def answer(given):
        data = with_values(**values)(given).body
        signature = sign_index(data, kind, open_issuer(chain.url))
        return given._replace(body=data, headers={SIGNATURE: base64.b64encode(signature).decode()})

    return answer


def unsigned(given):
    return given._replace(headers={})


ANY = {"reason": None, "versions": "*"}
FORGED = {
    "a number": ("head", lambda chain, other: with_values(seq=999), "PKCS7_WRONG"),
    "another's": ("head", lambda chain, other: signed_anew("head", other), "CHAIN_UNTRUSTED"),
    "a blocklist for a head": (
        "head",
        lambda chain, other: signed_anew("blocklist", chain),
        "IDENTITY_WRONG",
    ),
    "no end": ("head", lambda chain, other: signed_anew("head", chain, expires=None), "INDEX_MALFORMED"),
    "no base64": (
        "head",
        lambda chain, other: lambda given: given._replace(headers={SIGNATURE: "%"}),
        "base64",
    ),
    "an endless one": (
        "head",
        lambda chain, other: lambda given: given._replace(headers={SIGNATURE: "A" * 60_000}),
        "PKCS7_MALFORMED",
    ),
    "an entry gone": ("blocklist", lambda chain, other: with_values(entries=[], x=1), "PKCS7_WRONG"),
    "no signature": ("blocklist", lambda chain, other: unsigned, "has no signature, though"),
    "no list": (
        "blocklist",
        lambda chain, other: signed_anew("blocklist", chain, entries=5),
        "list of objects",
    ),
    "of some versions": (
        "blocklist",
        lambda chain, other: signed_anew("blocklist", chain, entries=[ANY | {"name": "kite", "versions": 2}]),
        "without a name or a version",
    ),
    "no name": (
        "blocklist",
        lambda chain, other: signed_anew("blocklist", chain, entries=[ANY]),
        "without a name or a version",
    ),
}


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    return create_development_chain(tmp_path_factory.mktemp("other") / "signing")


@pytest.mark.parametrize(("what", "forge", "said"), FORGED.values(), ids=FORGED)
def test_a_forged_index(kite, mirror, source, state, chain, other, what, forge, said):
    source.lie = instead(**{what: forge(chain, other)})

    answer = mirror("--unsigned-index")

    assert (answer.exit_code, answer.output.count("\n"), said in answer.output) == (2, 1, True), answer.output
    assert state("kite") is None
    assert not any("extensions" in path or "?" in path for path, _ in source.asked)


def test_an_index_that_has_expired(kite, mirror, context, state):
    """Its worker's clock stood eight days ago: it has been away since."""
    Clerk(context, calendar=lambda: now() - timedelta(days=8)).turn()

    answer = mirror(signed=False)

    assert (answer.exit_code, "INDEX_EXPIRED: It was good until" in answer.output) == (2, True)
    assert state("kite") is None


@pytest.mark.parametrize("what", ["head", "blocklist"])
def test_an_index_that_has_gone_back(kite, mirror, source, state, publish, decide, what):
    old = {}
    source.lie = instead(**{what: lambda given: old.setdefault("answer", given)})
    mirror()
    source.lie = lambda path, given: given
    publish(brackets("night", "1.0.0"))
    decide("night", "disabled")
    mirror()
    before = state()
    source.lie = instead(**{what: lambda given: old["answer"]})

    answer = mirror()

    assert (answer.exit_code, f"The {what} of" in answer.output, "has gone back" in answer.output) == (
        2,
        True,
        True,
    )
    assert state()["signed"][what] == before["signed"][what]
    assert state("night") == ("disabled", "Found harmful.")
    source.lie = lambda path, given: given
    assert mirror().exit_code == 0


def test_the_blocklist_holds_against_the_feed_and_the_detail(kite, mirror, source, state, decide, copy_app):
    mirror()
    decide("kite", "disabled")
    source.lie = instead(feed=with_values(changes=[], seq=state()["since"], next=None))

    assert mirror().output.startswith("1 extensions changed")
    assert state("kite") == ("disabled", "Found harmful.")
    copy_app.get("/api/v4/extensions/kite/versions/1.0.0/download", status=410)

    source.lie = instead(detail=with_values(state="active", state_reason=None))
    answer = mirror()
    assert (answer.exit_code, "kite: What the signed blocklist has stays disabled" in answer.output) == (
        1,
        True,
    )
    assert state("kite") == ("disabled", "Found harmful.")

    source.lie = lambda path, given: Answer(b"", 404) if path.endswith("/extensions/kite/") else given
    assert mirror().exit_code == 0
    assert state("kite") == ("disabled", "Found harmful.")

    source.lie = lambda path, given: given
    decide("kite", "active", "A mistake.")
    assert mirror().exit_code == 0
    assert state("kite")[0] == "active"


def test_a_blocked_version_is_yanked(publish, mirror, source, chain, copy_app):
    publish(brackets("kite", "1.0.0"))
    publish(brackets("kite", "1.1.0"))
    mirror()
    bad = {"name": "kite", "versions": "1.1.0", "reason": {"code": "malware", "text": "It phones home."}}
    source.lie = instead(blocklist=signed_anew("blocklist", chain, entries=[bad, bad | {"name": "other"}]))

    def here():
        version = copy_app.get("/api/v4/extensions/kite/versions/1.1.0/").json
        shown = copy_app.get("/api/v4/extensions/kite/").json["version"]
        return shown, version["yanked_by"], version["yanked_reason"]

    assert mirror().output.startswith("1 extensions changed")
    assert here() == ("1.0.0", "registry", bad["reason"])
    publish(brackets("kite", "1.0.1"))
    answer = mirror()
    assert (answer.exit_code, "kite: What the signed blocklist has stays" in answer.output) == (1, True)
    assert here() == ("1.0.1", "registry", bad["reason"])

    source.lie = lambda path, given: given
    assert mirror().exit_code == 0
    assert here() == ("1.1.0", None, None)


def test_what_is_enabled_before_the_blocklist_says_so(kite, mirror, source, state, decide):
    """A blocklist that is still the old one holds for a round, and not for ever."""
    decide("kite", "disabled")
    old = {}
    source.lie = instead(blocklist=lambda given: old.setdefault("answer", given))
    mirror()
    decide("kite", "active", "A mistake.")
    assert (mirror().exit_code, state("kite")[0]) == (1, "disabled")

    source.lie = lambda path, given: given
    assert (mirror().exit_code, state("kite")[0]) == (0, "active")


def test_a_feed_ahead_of_the_head_is_believed_when_the_head_has_caught_up(
    kite, mirror, sign, source, state, publish
):
    mirror()
    before = state()
    publish(brackets("night", "1.0.0"))
    stopped = Pauses(*[nothing] * 9)

    answer = mirror(signed=False, pauses=stopped)

    assert (answer.exit_code, "still at event" in answer.output, len(stopped.asked)) == (2, True, 5)
    assert (state("night"), state()) == (None, before)
    source.lie = instead(feed=with_values(changes=[], seq=2**50, next=None))
    assert mirror(pauses=Pauses()).exit_code == 2  # nobody is led past what is yet to come
    assert state()["since"] == before["since"]
    source.lie = lambda path, given: given
    publish(brackets("word-tally", "1.0.0"))
    assert mirror(signed=False, pauses=Pauses(nothing, sign, nothing)).exit_code == 0
    assert (state("night"), state("word-tally")) == (("active", None), ("active", None))


@pytest.mark.parametrize("older", [False, True])
def test_a_source_that_signs_no_index(kite, mirror, source, state, older):
    if older:
        source.lie = instead(head=lambda given: Answer(b"", 404), blocklist=lambda given: Answer(b"", 404))

    refused = mirror(signed=False)

    assert (refused.exit_code, "--unsigned-index" in refused.output, state("kite")) == (2, True, None)
    assert mirror("--unsigned-index", signed=False).exit_code == 0
    assert state("kite") == ("active", None)
    source.lie = lambda path, given: given
    assert mirror("--unsigned-index").exit_code == 0
    source.lie = instead(head=unsigned)
    answer = mirror("--unsigned-index")
    assert (answer.exit_code, "though its index was signed before" in answer.output) == (2, True)


def test_the_authority_of_the_first_index_is_pinned(kite, mirror, source, state, chain, other):
    assert mirror("--trust-first-use", root=None).exit_code == 0
    source.lie = instead(head=signed_anew("head", other, serial=2**40))
    answer = mirror("--trust-first-use", root=None)
    assert (answer.exit_code, "CHAIN_UNTRUSTED" in answer.output) == (2, True)


def test_every_so_often_and_more_rarely_while_it_fails(kite, mirror, source, state, publish):
    """Failures of each sort are said and end nothing; the pause doubles up to an hour, and is what it was after."""

    def answers(lie):
        return lambda: setattr(source, "lie", lie)

    pauses = Pauses(
        answers(instead(head=lambda given: Answer(b"", 503))),
        answers(instead(head=unsigned)),
        answers(instead(head=with_values(seq=999))),
        answers(instead(feed=lambda given: given._replace(body=b"{"))),
        *[nothing] * 3,
        answers(lambda path, given: given),
        lambda: publish(brackets("kite", "1.1.0")),
        nothing,
    )

    answer = mirror("--every", "100", pauses=pauses)

    assert answer.exit_code == 0
    assert pauses.asked[:9] == [100, 200, 400, 800, 1600, 3200, 3600, 3600, 100]
    said = answer.output.splitlines()
    assert said[0] == "1 extensions changed, 1 files taken, 0 extensions refused."
    for word, line in zip(("503", "no signature", "PKCS7_WRONG", "JSON"), said[1:5], strict=True):
        assert word in line
    assert said[8] == "0 extensions changed, 0 files taken, 0 extensions refused."
