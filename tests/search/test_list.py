"""The list of extensions: searched, filtered, in every order, with facets; and names while they are typed."""

import datetime
from urllib.parse import urlencode

import pytest

from registry.catalogue import selection
from registry.domain import compatibility, teams, visibility
from registry.models import Extension, Ownership, Team, User
from registry.schemas.search import SORTS
from support import rows
from support.wire import assert_failure, send

EXTENSIONS = "/api/v4/extensions/"
NOW = datetime.datetime(2026, 11, 1, tzinfo=datetime.UTC)
SHELF = {
    "alpha": {
        "title": {"en": "Alpha Theme", "de": "Alpha-Thema"},
        "theme": True,
        "categories": ["appearance"],
        "languages": ["en", "de-AT"],
        "license": "MIT",
        "downloads_total": 10,
        "downloads_recent": 9,
        "rating_score": 4.5,
    },
    "beta": {
        "title": {"en": "Beta Git"},
        "summary": {"en": "For any theme"},
        "categories": ["git", "appearance"],
        "languages": ["en"],
        "license": "MIT",
        "downloads_total": 5000,
        "downloads_recent": 5,
        "rating_score": 3.0,
        "owner_label": "old.owner",
    },
    "gamma": {
        "title": {"en": "Gamma"},
        "categories": ["git"],
        "license": "ISC",
        "downloads_total": 700,
        "downloads_recent": 7,
        "rating_score": 4.9,
    },
    "hidden": {"title": {"en": "Hidden Theme"}, "hidden_by_owner": True},
}


@pytest.fixture
def shelf(app, accounts, database):
    ann, bob = accounts.user("ann"), accounts.user("bob")

    def add(session):
        for age, (name, columns) in enumerate(SHELF.items()):
            row = rows.extension(session, name, bob if name == "gamma" else ann, "1.0.0", "2.0.0")
            for column, value in (columns | {"updated": NOW - datetime.timedelta(days=age)}).items():
                setattr(row, column, value)
            visibility.refresh(session, row.id)

    database.write(add)
    return app


def names(app, **query):
    return [row["name"] for row in app.get(f"{EXTENSIONS}?{urlencode(query)}").json["results"]]


WANTED = [
    ({}, ["alpha", "beta", "gamma"]),
    ({"q": "  "}, ["alpha", "beta", "gamma"]),
    ({"q": "theme"}, ["alpha", "beta"]),
    ({"q": "alpha-thema"}, ["alpha"]),
    ({"q": "the"}, ["alpha", "beta"]),
    ({"q": "gmma"}, ["gamma"]),
    ({"q": "!!"}, []),
    ({"q": "nothing"}, []),
    ({"q": "theme", "sort": "downloads"}, ["beta", "alpha"]),
    ({"q": "theme", "sort": "name"}, ["alpha", "beta"]),
    ({"q": "theme", "owner": "bob"}, []),
    ({"q": "theme", "license": "mit", "category": "git"}, ["beta"]),
    ({"sort": "downloads"}, ["beta", "gamma", "alpha"]),
    ({"sort": "recent_downloads"}, ["alpha", "gamma", "beta"]),
    ({"sort": "rating"}, ["gamma", "alpha", "beta"]),
    ({"sort": "updated"}, ["alpha", "beta", "gamma"]),
    ({"kind": "theme"}, ["alpha"]),
    ({"kind": "extension", "sort": "rating"}, ["gamma", "beta"]),
    ({"category": "Git"}, ["beta", "gamma"]),
    ({"language": "de"}, ["alpha"]),
    ({"language": "de_AT"}, ["alpha"]),
    ({"license": "ISC"}, ["gamma"]),
    ({"format": "webextension"}, []),
    ({"owner": "bob"}, ["gamma"]),
    ({"owner": "old.owner"}, ["beta"]),
    ({"owner": "nobody"}, []),
    ({"owner": "team:nobody"}, []),
    ({"min_rating": "4.5"}, ["alpha", "gamma"]),
    ({"updated_since": "2026-10-31T00:00:00Z"}, ["alpha", "beta"]),
    ({"category": "git", "min_rating": "4"}, ["gamma"]),
]


def test_what_is_found_in_which_order(shelf):
    for query, expected in WANTED:
        answer = shelf.get(f"{EXTENSIONS}?{urlencode(query)}").json
        assert [row["name"] for row in answer["results"]] == expected, query
        assert answer["count"] == len(expected), query


def test_the_same_when_there_are_too_many_to_name(shelf, monkeypatch):
    monkeypatch.setattr(selection, "FEW", 0)
    for counted in (0, 100):
        monkeypatch.setattr(selection, "COUNTED", counted)
        for query, expected in WANTED:
            answer = shelf.get(f"{EXTENSIONS}?{urlencode(query | {'page_size': 50 - counted // 50})}").json
            assert [row["name"] for row in answer["results"]] == expected, query


def test_every_order_goes_on_by_cursor(shelf, config):
    queries = ({}, {"q": "a"}, {"license": "MIT", "kind": "extension"}, {"min_rating": "1"})
    asked = [{"sort": sort, **query} for sort in SORTS if sort != "relevance" for query in queries]
    whole = [names(shelf, **query) for query in asked]
    config.registry["settings"].__dict__["page_depth"] = 1  # from there on by cursor
    for query, expected in zip(asked, whole, strict=True):
        address, walked = f"{EXTENSIONS}?{urlencode({'page_size': 1, **query})}", []
        while address:
            answer = shelf.get(address.replace("http://127.0.0.1:6543", "")).json
            walked += [row["name"] for row in answer["results"]]
            address = answer["next"]
        assert walked == expected, query


def test_relevance_goes_on_by_page(shelf):
    first = shelf.get(f"{EXTENSIONS}?q=theme&page_size=1").json
    assert (first["count"], first["page_count"], first["previous"]) == (2, 2, None)
    second = shelf.get(first["next"].replace("http://127.0.0.1:6543", "")).json
    assert [row["name"] for row in second["results"]] == ["beta"]
    assert second["next"] is None
    assert second["previous"].endswith("page=1")
    assert shelf.get(f"{EXTENSIONS}?q=theme&page=3").json["results"] == []
    assert_failure(send(shelf, "GET", f"{EXTENSIONS}?q=theme&page=100000"), 400)
    assert set(assert_failure(send(shelf, "GET", f"{EXTENSIONS}?q=theme&cursor=x"), 400)) == {"cursor"}


def test_owned_by_a_team(shelf, database, accounts):
    ann = accounts.user("ann")

    def share(session):
        team = teams.create(session, "makers", "Makers", session.get_one(User, ann).id)
        which = session.query(Extension).filter_by(name="gamma").one().id
        session.add(Ownership(extension_id=which, team_id=session.get_one(Team, team.id).id))

    database.write(share)
    assert names(shelf, owner="team:makers") == ["gamma"]


def test_facets(shelf):
    assert "facets" not in shelf.get(EXTENSIONS).json
    everything = shelf.get(f"{EXTENSIONS}?facets=1").json["facets"]
    assert everything == {
        "counted": 3,
        "kind": {"extension": 2, "theme": 1},
        "category": {"appearance": 2, "git": 2},
        "language": {"en": 2, "de-AT": 1},
        "license": {"MIT": 2, "ISC": 1},
    }
    found = shelf.get(f"{EXTENSIONS}?q=theme&facets=true&page_size=1").json["facets"]
    assert (found["counted"], found["kind"]) == (2, {"extension": 1, "theme": 1})
    assert shelf.get(f"{EXTENSIONS}?owner=bob&facets=1").json["facets"]["license"] == {"ISC": 1}


def test_only_what_runs_on_a_host(shelf, database):
    def limit(session):
        for row in session.query(Extension).all():
            for version in session.query(rows.Version).filter_by(extension_id=row.id):
                old = version.version == "1.0.0"
                version.api_range = "<=1.5.0" if old else ">=1.10.0" if row.name == "alpha" else ">=2.0.0"
            compatibility.assign(session, row.id)

    database.write(limit)

    def found(version, **more):
        query = urlencode({"host": "brackets", "host_version": version, **more})
        results = shelf.get(f"{EXTENSIONS}?{query}").json["results"]
        return {
            row["name"]: (row["version"], row["download_url"].rpartition("versions/")[2]) for row in results
        }

    assert found("1.3.0") == dict.fromkeys(("alpha", "beta", "gamma"), ("1.0.0", "1.0.0/download"))
    assert found("1.14.0") == {"alpha": ("2.0.0", "2.0.0/download")}
    assert found("1.14.0", q="theme") == {"alpha": ("2.0.0", "2.0.0/download")}
    assert found("1.7.0") == {}


def test_one_language(shelf):
    (row,) = shelf.get(f"{EXTENSIONS}?q=alpha&lang=de").json["results"]
    assert row["title"] == "Alpha-Thema"


WRONG = [
    ("sort=best", "sort", "recent_downloads"),
    ("sort=relevance", "sort", "downloads"),
    (f"q={'x' * 201}", "q", "200"),
    (f"q={'x' * 10_000}", "q", "200"),
    ("q=a%00b", "q", "one line"),
    ("q=a%0Ab", "q", "one line"),
    ("kind=app", "kind", "theme"),
    ("format=zip", "format", "webextension"),
    ("category=" + "x" * 101, "category", "100"),
    ("license=%00", "license", "one line"),
    ("owner=%7F", "owner", "one line"),
    ("language=%25", "language", "language tag"),
    ("lang=%25", "lang", "language tag"),
    *((f"min_rating={value}", "min_rating", "") for value in ("nan", "inf", "-1", "5.1", "x", "1e999")),
    *(
        (f"updated_since={value}", "updated_since", "")
        for value in ("x", "0001-01-01T00:00:00%2B14:00", "9" * 50)
    ),
    ("facets=yes", "facets", ""),
    ("host=brackets", "host_version", "together"),
    ("host_version=1.0.0", "host", "together"),
    ("host=vim&host_version=1", "host", "brackets"),
    ("host=brackets&host_version=x.y", "host_version", "BAD_HOST_VERSION"),
]


def test_values_that_cannot_be(app):
    for query, field, says in WRONG:
        answer = assert_failure(send(app, "GET", f"{EXTENSIONS}?{query}"), 400)
        assert set(answer) == {field}, query
        assert says in answer[field][0], query


def test_lone_surrogates_are_not_text(app):
    assert_failure(send(app, "GET", f"{EXTENSIONS}?q=%ED%A0%80"), 400)


def test_all_faults_in_one_answer(app):
    answer = assert_failure(
        send(app, "GET", f"{EXTENSIONS}?sort=x&kind=x&min_rating=x&page=0&q={'x' * 300}"), 400
    )
    assert set(answer) == {"sort", "kind", "min_rating", "page", "q"}


def test_names_are_completed(shelf):
    def completed(text, **more):
        return shelf.get(f"{EXTENSIONS}autocomplete/?{urlencode({'q': text, **more})}").json["results"]

    assert [row["name"] for row in completed("a")] == ["alpha"]
    (alpha,) = completed("alpha the", lang="de")
    assert alpha == {
        "name": "alpha",
        "title": "Alpha-Thema",
        "url": f"http://127.0.0.1:6543{EXTENSIONS}alpha/",
        "icon": None,
    }
    assert completed("for") == []  # in a summary only
    assert [row["name"] for row in completed("gmma")] == ["gamma"]
    assert completed("") == completed("hidden") == []
    assert_failure(send(shelf, "GET", f"{EXTENSIONS}autocomplete/?q={'x' * 201}"), 400)


def test_no_more_than_ten_and_the_popular_first(app, accounts, database):
    ann = accounts.user("ann")

    def add(session):
        for number in range(12):
            row = rows.extension(session, f"tool-{number}", ann, "1.0.0")
            row.downloads_total = 10**number
            visibility.refresh(session, row.id)

    database.write(add)
    results = app.get(f"{EXTENSIONS}autocomplete?q=too").json["results"]
    assert len(results) == 10
    assert {row["name"] for row in results[:2]} <= {f"tool-{number}" for number in range(7, 12)}


def test_answers_are_kept_whatever_else_the_address_says(shelf):
    kept = shelf.app._kept
    for query in (
        "q=theme&sort=name",
        "sort=name&q=theme",
        "utm=1&q=theme&sort=name&&x",
        "%71=theme&sort=name",
    ):
        answer = shelf.get(f"{EXTENSIONS}?{query}").json
        assert [row["name"] for row in answer["results"]] == ["alpha", "beta"]
    assert len([key for key in kept if key[1] == EXTENSIONS[:-1]]) <= 2
    # What is not known here is not repeated to anybody either.
    assert "evil" not in shelf.get(f"{EXTENSIONS}?page_size=1&evil=1").json["next"]
    assert shelf.get(f"{EXTENSIONS}?q=gamma&q=alpha").json["results"][0]["name"] == "alpha"
