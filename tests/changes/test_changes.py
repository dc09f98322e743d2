"""The change feed: a client that sets what items carry has the same list as one that fetches everything."""

import random
import re

import pytest
from sqlalchemy import delete, select

from registry.catalogue import blocklist, changes
from registry.catalogue.changes import ADDRESSES
from registry.domain import compatibility, events, reviews, states, visibility
from registry.models import Extension, ExtensionState, FormerReview, Review, Version, now
from support.plans import plan
from support.publishing_rows import Publisher
from support.statements import heard

FEED = "/api/v4/changes/"
STEPS = 40
WHY = {"code": "other", "text": "it bites"}


class Client:
    """Keeps a list by what the feed says."""

    def __init__(self, app):
        self._app, self.seq, self.list = app, 0, {}

    def sync(self, limit=1000):
        address, got = f"{FEED}?since={self.seq}&limit={limit}", []
        while address:
            answer = self._app.get(address).json
            assert len(answer["changes"]) <= limit
            assert [item["seq"] for item in answer["changes"]] == sorted(
                item["seq"] for item in answer["changes"]
            )
            for item in answer["changes"]:
                self._take(item)
            got += answer["changes"]
            assert answer["seq"] == self.seq if answer["next"] else answer["seq"] >= self.seq
            self.seq = answer["seq"]
            address = answer["next"] and answer["next"].partition(":6543")[2]
        return got

    def _take(self, item):
        name = item["name"]
        fields = {key: value for key, value in item.items() if key not in ("name", "seq", "changes")}
        if "removed" in item["changes"]:
            assert fields == {}
            self.list.pop(name, None)
        elif fields.get("disabled"):
            assert fields.keys() == {"disabled", "reason"}
            self.list[name] = fields
        else:
            before = self.list.get(name, {})
            # A part is sent only to those who have the rest.
            assert "title" in before or "title" in fields, item
            self.list[name] = {key: value for key, value in before.items() if key != "reason"} | fields


class World:
    """Things that happen to a few extensions, through the rules that make them happen."""

    def __init__(self, config, accounts, work, seed):
        self.random = random.Random(seed)
        self.database, self._work = config.registry["database"], work
        self._publisher = Publisher(self.database, config.registry["storage"])
        self._users = [accounts.user(name) for name in ("bob", "carl", "dora")]
        self._numbers = {f"kit-{letter}": 0 for letter in "abcdef"}

    def step(self):
        what = self.random.choice(
            [self.publish] * 3 + [self.state, self.review, self.limit, self.edit, self.withdraw, self.forget]
        )
        if what == self.publish or not any(self._numbers.values()):
            return self.publish()
        name = self.random.choice([name for name, number in self._numbers.items() if number])
        return self.database.write(
            lambda session: what(
                session, session.scalars(select(Extension).where(Extension.name == name)).one()
            )
        )

    def publish(self):
        name = self.random.choice(list(self._numbers))
        with self.database.read() as connection:
            state = connection.scalar(select(Extension.state).where(Extension.name == name))
        if state == ExtensionState.DISABLED:
            return
        self._numbers[name] += 1
        number = (
            f"{self.random.choice((1, 1, 2))}.{self._numbers[name]}.0{self.random.choice(('', '', '-rc.1'))}"
        )
        self._publisher.publish(
            name,
            number,
            title=self.random.choice(("Kit", "Tool")),
            description=self.random.choice(("For this.", "For that.")),
            keywords=self.random.choice((["a"], ["a", "b"])),
            engines={"brackets": self.random.choice((">=1.0", ">=1.2"))},
        )
        self._work()

    def state(self, session, extension):
        to = self.random.choice([state for state in ExtensionState if state != extension.state])
        states.set_state(session, extension, to, reason=f"because {self.random.random()}", actor_id=None)

    def review(self, session, extension):
        user = self.random.choice(self._users)
        if self.random.random() < 0.3:
            reviews.delete_review(session, extension.id, user, actor_id=user)
        elif extension.state in (ExtensionState.ACTIVE, ExtensionState.UNLISTED):
            reviews.write_review(session, extension.id, user, self.random.randint(1, 5))

    def limit(self, session, extension):
        to = self.random.choice([limit for limit in ("1.5", "<1.9", None) if limit != extension.api_limit])
        compatibility.set_api_limit(session, extension, to, actor_id=None, reason="a test")

    def edit(self, session, extension):
        extension.summary = {"en": f"Edited {self.random.random()}"}
        extension.edited = ["summary"]
        session.flush()
        events.record(session, "extension.a-new-kind", extension_id=extension.id, public=True)

    def forget(self, session, extension):
        """Reviews go with an account; the event is about the account."""
        extension.rating_counts = [0, 0, 0, 0, self.random.randint(0, 3)]
        gone = select(Review.id).where(Review.extension_id == extension.id)
        session.execute(delete(FormerReview).where(FormerReview.review_id.in_(gone)))
        session.query(Review).filter_by(extension_id=extension.id).delete()
        session.flush()
        events.record(session, "user.deleted", changes=[extension.id])

    def withdraw(self, session, extension):
        versions = session.scalars(select(Version).where(Version.extension_id == extension.id)).all()
        version = self.random.choice(versions)
        version.yanked = None if version.yanked else now()
        visibility.refresh(session, extension.id)
        events.record(session, "version.yanked", extension_id=extension.id, public=True)


def whole_list(app):
    """What the list of extensions and the blocklist say, in the words of the feed."""
    found, page = {}, 1
    while page:
        answer = app.get(f"/api/v4/extensions/?page={page}&page_size=2").json
        for entry in answer["results"]:
            found[entry["name"]] = {key: value for key, value in entry.items() if key not in ADDRESSES}
        page = page + 1 if answer["next"] else None
    return found


@pytest.mark.parametrize("seed", [1, 2])
def test_a_client_by_deltas_has_what_a_new_one_gets(config, app, accounts, work, seed):
    world = World(config, accounts, work, seed)
    clients = [Client(app) for _ in range(2)]
    parts = 0
    for _ in range(STEPS):
        world.step()
        for client in clients:
            if world.random.random() < 0.3:
                got = client.sync(world.random.choice((1, 2, 1000)))
                parts += len(
                    [item for item in got if "removed" not in item["changes"] and "format" not in item]
                )
    assert parts
    fresh = Client(app)
    fresh.sync(limit=2)
    for client in clients:
        client.sync()
        assert client.list == fresh.list
    offered = {name: dict(entry) for name, entry in fresh.list.items() if not entry["disabled"]}
    for entry in offered.values():
        assert list(entry.pop("compatibility")) == ["brackets"]
    assert offered == whole_list(app)
    with world.database.read() as connection:
        blocked = blocklist.document(connection, "https://x.example")
    flagged = {name: entry["reason"] for name, entry in fresh.list.items() if entry["disabled"]}
    assert {entry["name"]: entry["reason"] for entry in blocked["entries"]} == flagged
    assert blocked["serial"] == fresh.seq


@pytest.fixture
def published(config, accounts, work):
    """Publishes versions of extensions and signs them."""
    publisher = Publisher(config.registry["database"], config.registry["storage"])

    def publish(*packages, **manifest):
        for name, version in packages:
            publisher.publish(name, version, **manifest)
        work()

    return publish


@pytest.fixture
def change(database):
    def work(session, name, what):
        return what(session, session.scalars(select(Extension).where(Extension.name == name)).one())

    return lambda name, what: database.write(work, name, what)


def state(to):
    return lambda session, extension: states.set_state(
        session, extension, to, reason="it bites", actor_id=None
    )


def test_only_what_may_be_different_travels(app, published, change, accounts):
    published(("kits", "1.0.0"))
    client = Client(app)
    whole = client.sync()[0]
    assert (whole["changes"], whole["version"], whole["title"]) == (["published"], "1.0.0", {"en": "Kits"})
    assert not ADDRESSES - {"name"} & whole.keys()
    assert client.sync() == []
    published(("kits", "1.1.0"))
    item = client.sync()[0]
    counters = {"downloads_total", "downloads_recent"}
    assert (
        item.keys()
        == {"name", "seq", "changes", "version", "requires_restart", "updated", "compatibility"} | counters
    )
    published(("kits", "1.2.0"), title="Better Kits")
    assert client.sync()[0]["title"] == {"en": "Better Kits"}
    bob = accounts.user("bob")
    change("kits", lambda session, row: reviews.write_review(session, row.id, bob, 4))
    item = client.sync()[0]
    assert item.keys() == {"name", "seq", "changes", "rating", "rating_count"} | counters
    assert (item["changes"], item["rating"], item["rating_count"]) == (["rating"], 4.0, 1)
    change(
        "kits",
        lambda session, row: compatibility.set_api_limit(session, row, "1.5", actor_id=None, reason="x"),
    )
    item = client.sync()[0]
    assert (item["changes"], item["compatibility"]) == (["compatibility"], {"brackets": "<=1.5 >=0.40.0"})
    published(("kits", "1.3.0"))
    change("kits", lambda session, row: reviews.write_review(session, row.id, bob, 5))
    assert client.sync()[0]["changes"] == ["published", "rating"]


def test_states_as_everybody_sees_them(app, published, change, database):
    published(("kits", "1.0.0"))
    client = Client(app)
    client.sync()
    for to, said in (
        (ExtensionState.PENDING_DISABLE, {"changes": ["removed"]}),
        (ExtensionState.UNLISTED, {"changes": ["removed"]}),
        (ExtensionState.DISABLED, {"changes": ["disabled"], "disabled": True, "reason": WHY}),
        (ExtensionState.PENDING_DISABLE, {"changes": ["removed"]}),
    ):
        change("kits", state(to))
        item = client.sync()[0]
        assert (item.pop("name"), item.pop("seq")) == ("kits", client.seq)
        assert item == said
    change("kits", state(ExtensionState.ACTIVE))
    assert (client.sync()[0]["changes"], client.list["kits"]["disabled"]) == (["state"], False)


def test_what_was_never_in_a_list_is_not_here(app, published, change, config, database):
    published(("kits", "1.0.0"))
    publisher = Publisher(database, config.registry["storage"])

    def self_distributed(session, extension):
        session.query(Version).filter_by(extension_id=extension.id).update({"channel": "unlisted"})

    publisher.publish("secret-own", "1.0.0")
    change("secret-own", self_distributed)
    published(("secret-beta", "1.0.0-beta.1"))
    publisher.publish("secret-draft", "1.0.0")  # and not signed
    change("secret-own", state(ExtensionState.UNLISTED))
    change("secret-beta", state(ExtensionState.PENDING_DISABLE))
    for since in (0, 1):
        assert [item["name"] for item in app.get(f"{FEED}?since={since}").json["changes"]] == ["kits"]
    with database.read() as connection:
        assert blocklist.document(connection, "https://x.example")["entries"] == []
    change("secret-own", state(ExtensionState.DISABLED))
    with database.read() as connection:
        blocked = blocklist.document(connection, "https://x.example")["entries"]
    since = blocked[0].pop("since")
    assert since.endswith("Z")
    assert blocked == [
        {
            "name": "secret-own",
            "guid": "secret-own",
            "versions": "*",
            "reason": WHY,
            "url": "https://x.example/api/v4/extensions/secret-own/",
        }
    ]
    last = app.get(FEED).json["changes"][-1]
    assert (last["name"], last["disabled"]) == ("secret-own", True)
    change("secret-own", state(ExtensionState.ACTIVE))
    assert app.get(f"{FEED}?since={last['seq']}").json["changes"][0]["changes"] == ["removed"]


def test_nothing_new_costs_nothing(app, published):
    published(("kits", "1.0.0"))
    seq = app.get(FEED).json["seq"]
    first = app.get(f"{FEED}?since={seq}")
    assert first.json == {"seq": seq, "changes": [], "next": None}
    assert len(first.body) < 70
    with heard() as sent:
        again = app.get(f"{FEED}?since={seq}")
        same = app.get(f"{FEED}?since={seq}", headers={"If-None-Match": first.headers["ETag"]}, status=304)
    assert (again.body, same.body) == (first.body, b"")
    # Only whether anything has changed is looked at, documents too, which tests do at every request.
    assert {sql.split("FROM")[1].split()[0] for sql, _ in sent} <= {"extension", "document"}
    assert not any("FROM extension" in sql and "max(" not in sql for sql, _ in sent)
    published(("kits", "1.1.0"))
    assert len(app.get(f"{FEED}?since={seq}").json["changes"]) == 1


def test_some_by_name(app, published):
    published(("kits", "1.0.0"), ("tools", "1.0.0"), ("words", "1.0.0"))
    found = app.get(f"{FEED}?names=words,kits,nothing").json
    assert {item["name"] for item in found["changes"]} == {"kits", "words"}
    assert found["seq"] == app.get(FEED).json["seq"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("since=-1", "since"),
        ("since=1e3", "since"),
        ("since=" + "9" * 40, "since"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("names=,", "names"),
        ("names=" + "a," * 101, "names"),
        ("names=" + "a" * 101, "names"),
        ("names=a%00", "names"),
    ],
)
def test_bad_questions(app, query, field):
    assert list(app.get(f"{FEED}?{query}", status=400).json) == [field]


def test_the_future_is_not_known(app, published):
    published(("kits", "1.0.0"))
    newest = app.get("/api/v4/changes/").json["seq"]
    told = app.get(f"{FEED}?since={newest + 1000}", status=400).json["since"][0]
    assert told.startswith("SINCE_IN_THE_FUTURE: ")
    assert f"the newest is {newest}" in told


def test_a_page_is_read_along_its_index(database, published):
    published(("kits", "1.0.0"))
    for statement, asked, index, entered in (
        (changes._ROWS, {"since": 0, "most": 10}, "ix_extension_changed", "(changed > 0"),
        (changes._EVENTS, {"since": 0, "extension_ids": [1, 2]}, "ix_event_public", "(extension_id = "),
        (changes._CHANGED, {}, "ix_extension_changed", "(changed IS NOT NULL"),
        (changes._SWEEPING, {"since": 0}, "ix_event_public", "(extension_id IS NULL"),
        # It has no others in it.
        (blocklist._DISABLED, {}, "ix_extension_disabled", None),
    ):
        steps = plan(database, statement, asked, index)
        assert index in steps, steps
        if entered and not database.sqlite:
            assert re.search(rf"{index}\b.*\n\s*Index Cond: \(+{re.escape(entered[1:])}", steps), steps
