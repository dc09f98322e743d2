"""Lists in pages: by number as far as they reach, by cursor from there on, every row exactly once."""

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import webtest
from sqlalchemy import select

from registry.models import Extension
from support import rows
from support.application import configure
from support.wire import assert_failure, send

EXTENSIONS = "/api/v4/extensions/"
NAMES = sorted(f"{letter}-tool{number}" for letter in "abcde" for number in range(5))
BUILDS = ["1.0.0", "1.0.0+a", "1.0.0+b", "1.0.0+c", "1.0.1-beta", "1.0.1", "2.0.0", "10.0.0", "10.0.0+x"]


@pytest.fixture
def ini(ini):
    """Page numbers reach six rows deep."""
    return {**ini, "registry.page_depth": "6", "registry.public_url": "https://registry.example/base"}


@pytest.fixture
def full(app, accounts, database):
    """The application with the extensions NAMES; the last has the versions BUILDS, published in that order."""

    owner = accounts.user("ann")

    def add(session):
        for name in NAMES:
            rows.extension(session, name, owner, *(BUILDS if name == NAMES[-1] else ["1.0.0"]))

    database.write(add)
    return app


def walk(app, address):
    """The pages from ``address`` on to the end."""
    pages = []
    while address is not None:
        assert len(pages) < 100
        pages.append(app.get(address.removeprefix("https://registry.example/base")).json)
        address = pages[-1]["next"]
    return pages


@pytest.mark.parametrize("size", [1, 2, 3, 6, 7, 24, 25, 26, 50])
def test_next_leads_to_every_row_once(full, size):
    pages = walk(full, f"{EXTENSIONS}?page_size={size}")
    assert [row["name"] for page in pages for row in page["results"]] == NAMES
    assert len(pages) == -(-len(NAMES) // size)
    for page in pages:
        assert list(page) == ["page_size", "page_count", "count", "next", "previous", "results"]
        assert (page["page_size"], page["page_count"], page["count"]) == (size, len(pages), len(NAMES))


def test_all_that_a_search_finds_has_a_number(full):
    pages = walk(full, f"{EXTENSIONS}?q=tool&page_size=2")
    assert sorted(row["name"] for page in pages for row in page["results"]) == NAMES
    assert pages[0]["page_count"] == len(pages)
    full.get(f"{EXTENSIONS}?q=tool&page_size=2&page={len(pages) + 1}", status=400)


def test_the_default_size(full):
    page = full.get(EXTENSIONS).json
    assert (page["page_size"], len(page["results"]), page["next"]) == (25, 25, None)


def test_pages_by_number(full):
    first, second, third = (full.get(f"{EXTENSIONS}?page_size=2&page={n}").json for n in (1, 2, 3))
    assert first["previous"] is None
    assert second["previous"] == first["next"].replace("page=2", "page=1")
    assert third["previous"] == first["next"]
    assert second["next"].endswith("?page_size=2&page=3")
    assert "cursor=" in third["next"]
    assert [row["name"] for row in third["results"]] == NAMES[4:6]


def test_a_page_too_deep_names_the_cursor_that_goes_on(full):
    for page in (4, 12, 10**9):
        answer = assert_failure(send(full, "GET", f"{EXTENSIONS}?page_size=2&page={page}"), 400)
        (message,) = answer["page"]
        assert "Pages of 2 end at 3" in message
        cursor = message.partition("cursor=")[2]
        results = full.get(f"{EXTENSIONS}?page_size=2&{urlencode({'cursor': cursor})}").json["results"]
        assert [row["name"] for row in results] == NAMES[6:8]


def test_a_page_where_nothing_is(app):
    assert_failure(send(app, "GET", f"{EXTENSIONS}?page_size=2&page=4"), 400)
    page = app.get(f"{EXTENSIONS}?page=1").json
    assert (page["count"], page["page_count"], page["results"], page["next"]) == (0, 0, [], None)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        *(
            (f"page_size={size}", "page_size")
            for size in (0, -1, 51, 10**30, "x", "1.5", "1e1", "%D9%A3x", "1" * 5000)
        ),
        *((f"page={page}", "page") for page in (0, -1, 10**9 + 1, 10**30, "x", "1.5", "None", "1" * 5000)),
        *(
            (f"cursor={cursor}", "cursor")
            for cursor in ("x", "%00", "gAAAAA==", "x" * 900, "x" * 1001, "%F0%9F%98%80")
        ),
    ],
)
def test_values_that_cannot_be(app, query, field):
    assert set(assert_failure(send(app, "GET", f"{EXTENSIONS}?{query}"), 400)) == {field}


def test_all_faults_in_one_answer(app):
    answer = assert_failure(send(app, "GET", f"{EXTENSIONS}?page=x&page_size=0&cursor={'x' * 1001}"), 400)
    assert set(answer) == {"page", "page_size", "cursor"}


def test_a_page_or_a_cursor(full):
    address = walk(full, f"{EXTENSIONS}?page_size=6")[0]["next"].removeprefix("https://registry.example/base")
    assert "cursor=" in address
    full.get(address, status=200)
    assert set(assert_failure(send(full, "GET", f"{address}&page=1"), 400)) == {"cursor"}


def test_a_cursor_cannot_be_altered(full):
    address = full.get(f"{EXTENSIONS}?page_size=6").json["next"].removeprefix("https://registry.example/base")
    cursor = parse_qs(urlsplit(address).query)["cursor"][0]
    for place in (0, 20, len(cursor) // 2, len(cursor) - 8):
        other = "A" if cursor[place] != "A" else "B"
        forged = urlencode({"cursor": cursor[:place] + other + cursor[place + 1 :]})
        assert_failure(send(full, "GET", f"{EXTENSIONS}?{forged}"), 400)


def test_a_cursor_of_another_list(full):
    versions = f"{EXTENSIONS}{NAMES[-1]}/versions/"
    of_names = full.get(f"{EXTENSIONS}?page_size=6").json["next"].rpartition("?")[2]
    of_versions = full.get(f"{versions}?page_size=6").json["next"].rpartition("?")[2]
    assert_failure(send(full, "GET", f"{versions}?{of_names}"), 400)
    assert_failure(send(full, "GET", f"{EXTENSIONS}?{of_versions}"), 400)
    # Of another extension's versions: a place between those of this one, no more.
    assert full.get(f"{EXTENSIONS}{NAMES[0]}/versions/?{of_versions}").json["next"] is None


def test_addresses_keep_the_rest_of_the_query(full):
    query = urlencode(
        [("lang", "pt-BR"), ("owner", "b"), ("format", "brackets"), ("owner", "ann"), ("page_size", "3")]
    )
    for page in walk(full, f"{EXTENSIONS}?{query}")[:-1]:
        assert page["next"].startswith(f"https://registry.example/base{EXTENSIONS}?")
        kept = parse_qs(urlsplit(page["next"]).query)
        assert (kept["lang"], kept["owner"], kept["page_size"]) == (["pt-BR"], ["b", "ann"], ["3"])
        assert len(kept.get("page", []) + kept.get("cursor", [])) == 1


def test_addresses_under_a_prefix(full):
    """The server knows the prefix as SCRIPT_NAME, and public_url has it already."""
    answer = send(full, "GET", f"{EXTENSIONS}?page_size=1", SCRIPT_NAME="/base")
    assert answer.json["next"] == f"https://registry.example/base{EXTENSIONS}?page_size=1&page=2"


def test_versions_newest_first(full):
    """Builds of one version have equal rank; the later published comes first."""
    newest_first = [
        "10.0.0+x",
        "10.0.0",
        "2.0.0",
        "1.0.1",
        "1.0.1-beta",
        "1.0.0+c",
        "1.0.0+b",
        "1.0.0+a",
        "1.0.0",
    ]
    for size in (1, 2, 4, 50):
        pages = walk(full, f"{EXTENSIONS}{NAMES[-1]}/versions/?page_size={size}")
        assert [row["version"] for page in pages for row in page["results"]] == newest_first


def test_a_list_that_grows_while_it_is_walked(full, database, accounts):
    """By cursor nothing is shown twice and nothing that was there is missed."""
    head = full.get(f"{EXTENSIONS}?page_size=6").json

    owner = accounts.user("bob")

    def add(session):
        rows.extension(session, "a-newcomer", owner, "1.0.0")
        rows.extension(session, "e-newcomer", owner, "1.0.0")
        session.scalars(select(Extension).where(Extension.name == NAMES[0])).one().listed = False

    database.write(add)
    seen = [row["name"] for page in [head, *walk(full, head["next"])] for row in page["results"]]
    assert seen == sorted([*NAMES, "e-newcomer"])


def test_cursors_hold_for_another_process_with_the_same_secret(full, ini):
    address = full.get(f"{EXTENSIONS}?page_size=6").json["next"].removeprefix("https://registry.example/base")
    config = configure({**ini})
    other = webtest.TestApp(config.make_wsgi_app())
    assert other.get(address).json["results"] == full.get(address).json["results"]
    config.registry["database"].dispose()
