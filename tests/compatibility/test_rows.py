"""Which versions run on which host, as rows: assigned when signed and when the limit changes, and asked for at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from registry.domain import compatibility
from registry.domain.errors import Conflict, Invalid
from registry.models import Compatibility, Event, Extension, User, Version, now
from support import rows
from support.plans import plan
from support.publishing_rows import Publisher
from support.samples import brackets, webextension


@pytest.fixture
def owner(database):
    def add(session):
        user = User(username="ann")
        session.add(user)
        session.flush()
        return user.id

    return database.write(add)


def make(database, owner, name, *versions):
    """An extension with these versions and ranges; its id."""

    def add(session):
        row = rows.extension(session, name, owner)
        for number, api_range, *more in versions:
            rows.version(session, row, number, api_range=api_range, **dict(*more))
        compatibility.assign(session, row.id)
        return row.id

    return database.write(add)


def ranges_of(database, name):
    with database.read() as connection:
        found = connection.execute(
            select(Version.version, Compatibility.host, Compatibility.range)
            .join(Compatibility, Compatibility.id == Version.compatibility_id)
            .join(Extension, Extension.id == Version.extension_id)
            .where(Extension.name == name)
            .order_by(Version.order_key)
        )
        return [tuple(row) for row in found]


def best(database, extension_ids, host, version):
    """The version of each extension that this host gets."""
    with database.read() as connection:
        fitting = compatibility.matching(connection, host, version)
        chosen = compatibility.best(connection, extension_ids, fitting)
        numbers = {row.id: row.version for row in connection.execute(select(Version.id, Version.version))}
    return [numbers.get(chosen[extension_id]) for extension_id in extension_ids]


def test_a_version_gets_its_row_when_it_is_signed(config, work):
    publisher = Publisher(config.registry["database"], config.registry["storage"])
    publisher.publish_bytes(brackets(engines={"brackets": ">=1.2"}))
    gecko = {"id": "a@b.c", "strict_min_version": "109.0"}
    both = {"gecko": gecko, "gecko_android": {"strict_min_version": "120.0"}}
    publisher.publish_bytes(webextension(guid=None, browser_specific_settings=both))
    plain = {"name": "Tabs", "browser_specific_settings": {"gecko": {"id": "d@e.f"}}}
    publisher.publish_bytes(webextension(guid=None, **plain))
    work()
    database = config.registry["database"]
    assert ranges_of(database, "word-tally") == [("1.0.0", "brackets", ">=1.2")]
    assert ranges_of(database, "tab-notes") == [("1.0", "firefox-android", ">=109.0 ; >=120.0")]
    assert ranges_of(database, "tabs") == [("1.0", "firefox", "*")]
    with database.read() as connection:
        count = {
            (host, version): len(compatibility.matching(connection, host, version))
            for host, version in (
                ("firefox", "115.0"),
                ("firefox", "100.0"),
                ("firefox-android", "115.0"),
                ("firefox-android", "120.0"),
                ("brackets", "1.2"),
                ("brackets", "1.1.9"),
            )
        }
    assert list(count.values()) == [2, 1, 0, 1, 1, 0]


def test_the_same_range_is_one_row_even_when_many_write_it_at_once(database, owner):
    names = [f"ext-{number}" for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: make(database, owner, name, ("1.0.0", ">=1.0"), ("2.0.0", None)), names))
    with database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(Compatibility)) == 2


def test_the_limit_holds_for_every_version_and_for_later_ones_until_it_is_lifted(database, owner):
    extension_id = make(database, owner, "kits", ("1.0.0", ">=0.40.0"), ("2.0.0", ">=1.9 || 0.44"))

    def limit(value):
        def work(session):
            extension = session.get_one(Extension, extension_id)
            compatibility.set_api_limit(session, extension, value, actor_id=owner, reason="crashes")
            return extension.api_limit

        return database.write(work)

    assert limit("1.5.0") == "1.5.0"
    assert [row[2] for row in ranges_of(database, "kits")] == [
        "<=1.5.0 >=0.40.0",
        "<=1.5.0 >=1.9 || <=1.5.0 0.44",
    ]
    assert best(database, [extension_id], "brackets", "1.5") == ["1.0.0"]
    assert best(database, [extension_id], "brackets", "0.44") == ["2.0.0"]
    assert best(database, [extension_id], "brackets", "1.9") == [None]

    def publish(session):
        rows.version(session, session.get_one(Extension, extension_id), "3.0.0", api_range=">=1.2")
        compatibility.assign(session, extension_id)

    database.write(publish)
    assert ranges_of(database, "kits")[-1][2] == "<=1.5.0 >=1.2"
    with pytest.raises(Conflict, match="already"):
        limit("1.5.0")
    with pytest.raises(Invalid, match="write it like"):
        limit(">1")
    assert limit(None) is None
    assert best(database, [extension_id], "brackets", "1.9") == ["3.0.0"]
    with database.read() as connection:
        last = connection.execute(select(Event.__table__).order_by(Event.seq.desc()).limit(1)).one()
        changed = connection.scalar(select(Extension.changed).where(Extension.id == extension_id))
    assert (last.kind, last.data["before"], last.data["after"]) == ("extension.api-limit", "1.5.0", None)
    assert changed == last.seq


def test_the_longest_range_fits_below_a_limit(database, owner):
    longest = "||".join(map(str, range(10, 74)))
    extension_id = make(database, owner, "longest", ("1.0.0", longest))

    def limit(session):
        extension = session.get_one(Extension, extension_id)
        compatibility.set_api_limit(
            session, extension, f"<{'9' * 9}.{'9' * 9}.999", actor_id=None, reason="x"
        )

    database.write(limit)
    assert len(ranges_of(database, "longest")[0][2]) > 1000
    assert best(database, [extension_id], "brackets", "42.1") == ["1.0.0"]


def test_only_what_is_on_offer_is_chosen(database, owner):
    when = now()
    chosen = make(
        database,
        owner,
        "chosen",
        ("1.0.0", ">=1.0"),
        ("1.1.0", ">=1.0", {"yanked": when}),
        ("1.2.0", ">=1.0", {"held": when}),
        ("1.3.0", ">=1.0", {"deleted": when}),
        ("1.4.0", ">=1.0", {"channel": "unlisted"}),
        ("1.5.0", ">=1.0", {"state": "queued"}),
        ("2.0.0-rc.1", ">=1.0"),
        ("3.0.0", ">=2.0"),
        ("0.9.0", None),
    )
    none = make(database, owner, "none", ("1.0.0", "garbage"))
    assert best(database, [chosen, none], "brackets", "1.14") == ["1.0.0", None]
    assert best(database, [chosen, none], "brackets", "2.0") == ["3.0.0", None]
    assert best(database, [chosen, none], "brackets", "0.9") == ["0.9.0", None]
    assert best(database, [], "brackets", "0.9") == []


def test_an_unknown_host_or_version_is_told_what_would_be_right(database):
    with database.read() as connection:
        with pytest.raises(Invalid, match="brackets, firefox") as unknown:
            compatibility.matching(connection, "emacs", "1.0")
        assert (unknown.value.field, unknown.value.code) == ("host", "UNKNOWN_HOST")
        with pytest.raises(Invalid, match="such as") as bad:
            compatibility.matching(connection, "brackets", "newest")
        assert (bad.value.field, bad.value.code) == ("host_version", "BAD_HOST_VERSION")


def test_many_are_chosen_by_an_index_and_not_by_sorting(database, owner):
    extension_id = make(database, owner, "one", ("1.0.0", ">=1.0"))
    asked = {"extension_ids": [extension_id], "fitting": [1, 2]}
    steps = plan(database, compatibility._NEWEST, asked, "ix_version_order")
    assert "ix_version_order" in steps, steps
    if not database.sqlite:
        assert "Index Cond: (extension_id = extension.id)" in steps, steps
    assert "SORT" not in steps.upper().replace("USE TEMP B-TREE FOR ORDER BY", "SORT"), steps
