"""A source that lies, goes back or goes away: nothing wrong comes in, and it goes on from there."""

import functools
import json

import pytest
from sqlalchemy import select

from registry.domain import events
from registry.models import Extension, SiteState, Version
from registry.signing import create_development_chain
from support.samples import brackets
from support.site import Answer


@pytest.fixture
def two(publish):
    publish(brackets("kite", "1.0.0"))
    publish(brackets("night", "1.0.0"))


def changed(where, **values):
    """A lie: these keys of the JSON answers at paths that hold ``where``."""

    def lie(path, answer):
        if where not in path or path.endswith("download") or answer.status != 200:
            return answer
        found = json.loads(answer.body)
        for key, value in values.items():
            place = found
            *above, last = key.split("__")
            for step in above:
                place = place[int(step) if step.isdecimal() else step]
            place[last] = value
        return answer._replace(body=json.dumps(found).encode())

    return lie


def shown(app):
    return [each["name"] for each in app.get("/api/v4/extensions/").json["results"]]


def download(answer):
    return lambda path, given: answer(given) if path.endswith("kite/versions/1.0.0/download") else given


LIES = {
    "another name": changed("extensions/kite/", name="night"),
    "another guid": changed("extensions/kite/", guid="night"),
    "no guid": changed("extensions/kite/", guid=5),
    "no such format": changed("extensions/kite/", format="exe"),
    "another format": changed("extensions/kite/", format="webextension"),
    "no such state": changed("extensions/kite/", state="fine"),
    "no count": changed("extensions/kite/", downloads_total=-1),
    "no version": changed("kite/versions/", results__0__version="../1"),
    "another version": changed("kite/versions/", results__0__version="3.0.0"),
    "no list": changed("kite/versions/", results="many"),
    "no hash": changed("kite/versions/", results__0__package__sha256="../../x"),
    "another hash": changed("kite/versions/", results__0__package__sha256="0" * 64),
    "another size": changed("kite/versions/", results__0__package__size=10),
    "too large": changed("kite/versions/", results__0__package__size=2**50),
    "another serial": changed("kite/versions/", results__0__package__serial="77"),
    "no JSON": lambda path, given: given._replace(body=b"{") if "extensions/kite/" in path else given,
    "a redirect": download(lambda given: Answer(b"", 302, {"Location": "/api/v4/extensions/"})),
    "no file": download(lambda given: Answer(b"", 404)),
    "other bytes": download(lambda given: given._replace(body=given.body[:-1] + b"x")),
    "more bytes": download(lambda given: given._replace(body=given.body + b"x")),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_one_lie_spoils_one_extension_and_is_not_for_ever(two, mirror, source, copy_app, copy_database, lie):
    source.lie = lie
    answer = mirror()

    assert (answer.exit_code, answer.output.count("kite: ")) == (1, 1)
    assert "night" in shown(copy_app)
    with copy_database.read() as connection:
        assert (
            connection.scalars(
                select(Version.version)
                .join(Extension, Extension.id == Version.extension_id)
                .where(Extension.name == "kite")
            ).all()
            == []
        )

    source.lie = lambda path, given: given
    assert mirror().exit_code == 0
    assert shown(copy_app) == ["kite", "night"]
    assert mirror().output.startswith("0 extensions changed")


def test_files_whose_signatures_lead_elsewhere(two, mirror, source, copy_app, tmp_path):
    other = create_development_chain(tmp_path / "other")
    source.lie = lambda path, given: given._replace(headers={})  # no signed index either

    answer = mirror("--unsigned-index", root=other.root)

    assert (answer.exit_code, answer.output.count("CHAIN_UNTRUSTED")) == (1, 2)
    assert shown(copy_app) == []


def test_other_bytes_than_before_are_never_taken(two, mirror, source, config, copy_app):
    mirror()
    path = "/api/v4/extensions/kite/versions/1.0.0/"
    before = copy_app.get(f"{path}download").body
    other = source.app.get("/api/v4/extensions/night/versions/1.0.0/").json["package"]
    source.lie = changed("kite/versions/", results__0__package=other)
    edited = functools.partial(events.record, extension_id=1, public=True)
    config.registry["database"].write(edited, "extension.edited")

    answer = mirror()

    assert (answer.exit_code, "1.0.0: It has other bytes than before" in answer.output) == (1, True)
    assert copy_app.get(f"{path}download").body == before


FEEDS = {
    "gone back": {"seq": 1},
    "a name": {"changes": [{"name": "../x", "seq": 99, "changes": []}]},
    "not asked for": {"changes": [{"name": "other", "seq": 99, "changes": []}]},
    "no order": {
        "changes": [{"name": "kite", "seq": 99, "changes": []}, {"name": "kite", "seq": 98, "changes": []}]
    },
    "no list": {"changes": {}},
    "too many": {"changes": [{"name": "kite", "seq": n, "changes": []} for n in range(99, 199)]},
    "no end": {"changes": [], "next": "x"},
}


@pytest.mark.parametrize("feed", FEEDS.values(), ids=FEEDS)
def test_a_feed_that_cannot_be(two, mirror, source, copy_database, feed):
    names = ("--only", "kite", "--only", "night")
    mirror(*names)
    with copy_database.read() as connection:
        before = connection.scalar(select(SiteState.value))
    source.lie = changed("/changes/?", **feed)

    answer = mirror(*names)

    assert (answer.exit_code, answer.output.count("\n")) == (2, 1)
    with copy_database.read() as connection:
        assert connection.scalar(select(SiteState.value)) == before


def test_a_source_that_goes_away_in_between(two, mirror, source, copy_app):
    source.lie = lambda path, given: Answer(b"", 503, {"Retry-After": "1"}) if "night" in path else given
    assert mirror().exit_code == 2
    assert shown(copy_app) == ["kite"]
    source.lie, source.asked = (lambda path, given: given), []

    assert mirror().output.startswith("1 extensions changed, 1 files taken")

    assert shown(copy_app) == ["kite", "night"]
    assert not any("kite" in path for path, _ in source.asked)
