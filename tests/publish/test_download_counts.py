"""Downloads are counted in the background: whole files, once for each client and day."""

import datetime

import pytest
import time_machine
from sqlalchemy import select

from registry.domain import downloads
from registry.models import DownloadDay, DownloadSeen, Extension, Version
from support import shelf

FILE = f"/api/v4/extensions/{shelf.PUBLIC}/versions/{shelf.SIGNED}/download"
LATEST = f"/api/v4/extensions/{shelf.PUBLIC}/versions/latest/download"


@pytest.fixture
def stocked(app, accounts, work):
    shelf.stock(app, accounts, work)
    return app


@pytest.fixture
def counts(config):
    """(total, recent) of the extension, after all that was noted has been written."""

    def look():
        config.registry["downloads"].flush()
        with config.registry["database"].read() as connection:
            wanted = select(Extension.downloads_total, Extension.downloads_recent)
            return tuple(connection.execute(wanted.where(Extension.name == shelf.PUBLIC)).one())

    return look


def fetch(app, address="192.0.2.1", agent="Brackets", path=FILE, **options):
    return app.get(
        path,
        headers={"User-Agent": agent, **options.pop("headers", {})},
        extra_environ={"REMOTE_ADDR": address},
        **options,
    )


def test_once_for_each_client(stocked, counts):
    for _ in range(1000):
        fetch(stocked)
    assert counts() == (1, 1)
    fetch(stocked, "192.0.2.200")  # the same network and program
    assert counts() == (1, 1)
    fetch(stocked, "198.51.100.1")
    fetch(stocked, agent="curl")
    fetch(stocked, "2001:db8:1::1")
    fetch(stocked, "2001:db8:1:2::1")
    fetch(stocked, "2001:db8:2::1", path=LATEST)
    assert counts() == (5, 5)


def test_heads_parts_errors_and_known_files_count_nothing(stocked, counts):
    stocked.head(FILE)
    fetch(stocked, headers={"Range": "bytes=0-9"}, status=206)
    fetch(stocked, headers={"Range": "bytes=10-"}, status=206)
    fetch(stocked, headers={"Range": "bytes=99999999-"}, status=416)
    fetch(stocked, path=f"/api/v4/extensions/{shelf.PUBLIC}/versions/{shelf.UNSIGNED}/download", status=404)
    assert counts() == (0, 0)
    etag = fetch(stocked).headers["ETag"]
    assert counts() == (1, 1)
    fetch(stocked, "198.51.100.1", headers={"If-None-Match": etag}, status=304)
    assert counts() == (1, 1)


def test_with_a_credential_it_counts_as_well(stocked, accounts, counts):
    fetch(stocked, "127.0.0.1", headers=accounts.bearer("bob"))
    assert counts() == (1, 1)


def test_a_day_later_it_counts_again(stocked, counts, config):
    with time_machine.travel(
        datetime.datetime(2026, 3, 1, 23, 59, 58, tzinfo=datetime.UTC), tick=False
    ) as clock:
        fetch(stocked)
        clock.shift(10)
        fetch(stocked)
    assert counts() == (2, 2)
    with config.registry["database"].read() as connection:
        days = connection.execute(select(DownloadDay.day, DownloadDay.count).order_by(DownloadDay.day)).all()
    assert [(day.isoformat(), number) for day, number in days] == [("2026-03-01", 1), ("2026-03-02", 1)]


def test_recent_is_seven_days_and_nobody_is_remembered(stocked, counts, config):
    database, today = config.registry["database"], datetime.date(2026, 3, 10)
    with database.read() as connection:
        version_id = connection.scalar(select(Version.id).order_by(Version.id).limit(1))
    seen = [
        downloads.Seen(today - datetime.timedelta(days=age), version_id, bytes([age] * 16))
        for age in range(10)
    ]
    assert database.write(downloads.record, seen) == 10
    assert counts() == (10, 10)
    assert database.write(downloads.forget, today) == 1
    assert counts() == (10, 7)
    with database.read() as connection:
        assert sorted(connection.scalars(select(DownloadSeen.day))) == [
            today - datetime.timedelta(days=1),
            today,
        ]
    assert database.write(downloads.forget, today) == 0


def test_recording_twice_counts_once(stocked, counts, config):
    """Two processes that served the same client, or one that wrote again after a failure."""
    with config.registry["database"].read() as connection:
        version_id = connection.scalar(select(Version.id).order_by(Version.id).limit(1))
    seen = [downloads.Seen(datetime.date(2026, 3, 1), version_id, b"c" * 16)]
    for expected in (1, 0, 0):
        assert config.registry["database"].write(downloads.record, seen) == expected
    assert counts() == (1, 1)


def test_what_is_kept_of_a_client_tells_nothing():
    day, next_day = datetime.date(2026, 3, 1), datetime.date(2026, 3, 2)
    one = downloads.client(b"secret", day, "192.0.2.0/24", "Brackets")
    assert one == downloads.client(b"secret", day, "192.0.2.0/24", "Brackets")
    assert one != downloads.client(b"secret", next_day, "192.0.2.0/24", "Brackets")
    assert one != downloads.client(b"other", day, "192.0.2.0/24", "Brackets")
