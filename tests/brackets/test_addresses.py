"""What Brackets and Phoenix Code fetch, and the addresses of the first proposal, in every state."""

import hashlib
from xml.etree import ElementTree

import pytest
from sqlalchemy import select

from registry.domain import reviews, states
from registry.models import Extension, ExtensionState, Version, table
from support.samples import brackets, webextension

ATOM = "{http://www.w3.org/2005/Atom}"
SHAPES = ("/{0}/{0}-{1}.zip", "/{0}-{1}.zip", "/extensions/{0}-{1}.zip", "/extension/{0}/{1}/download")
DOCUMENTS = ("/registry.json", "/popularity.json", "/list", "/api/v4/listing/")


@pytest.fixture
def published(app, accounts, work):
    """Names with dashes in them, one a beginning of the other."""
    ann = accounts.bearer("ann")
    for name, version in (
        ("a", "1.0.0-b-1.0.0"),
        ("a", "1.0.0"),
        ("a-1.0.0-b", "1.2.0-rc-1"),
        ("a-1.0.0-b", "1.1.0"),
    ):
        app.post(
            "/api/v4/extensions/",
            brackets(name, version, homepage=f"https://example.org/{name}"),
            headers=ann,
        )
    app.post("/api/v4/extensions/", webextension(), headers=ann)
    work()
    return app


def move(config, name, state):
    def work(session):
        row = session.query(Extension).filter_by(name=name).one()
        states.set_state(session, row, state, reason="a reason", actor_id=None)

    config.registry["database"].write(work)


def counted(config):
    config.registry["downloads"].flush()
    with config.registry["database"].read() as connection:
        version, extension = table(Version), table(Extension)
        rows = connection.execute(
            select(version.c.flat_name, version.c.downloads).join(
                extension, extension.c.id == version.c.extension_id
            )
        )
        return {row.flat_name: row.downloads for row in rows if row.downloads}


@pytest.mark.parametrize("shape", SHAPES)
def test_packages_in_every_shape(published, config, shape):
    for name, version in (("a", "1.0.0"), ("a", "1.0.0-b-1.0.0"), ("a-1.0.0-b", "1.2.0-rc-1")):
        canonical = published.get(f"/api/v4/extensions/{name}/versions/{version}/download")
        answer = published.get(shape.format(name, version), status=200)
        assert answer.body == canonical.body
        assert answer.headers["ETag"] == f'"{hashlib.sha256(answer.body).hexdigest()}"'
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
    for name, version in (("a", "9.9.9"), ("nothing", "1.0.0"), ("tab-notes", "1.0")):
        if not (shape.endswith("download") and name == "tab-notes"):
            published.get(shape.format(name, version), status=404)
    published.get("/a/a-1.0.0-b-1.1.0.zip", status=404)  # another's
    published.post(shape.format("a", "1.0.0"), status=405)


@pytest.mark.parametrize(
    ("state", "status"),
    [(ExtensionState.UNLISTED, 200), (ExtensionState.PENDING_DISABLE, 403), (ExtensionState.DISABLED, 410)],
)
def test_packages_in_every_state(published, config, state, status):
    for shape in SHAPES:
        published.get(shape.format("a", "1.0.0"), status=200)
    move(config, "a", state)
    for shape in SHAPES:
        published.get(shape.format("a", "1.0.0"), status=status)
    names = {path: published.get(path).json for path in DOCUMENTS}
    assert "a" not in names["/registry.json"]
    assert "a" not in names["/popularity.json"]
    flagged = state is ExtensionState.DISABLED
    for found in (names["/list"], names["/api/v4/listing/"]["extensions"]):
        mine = [entry for entry in found if entry["name"] == "a"]
        assert [entry["disabled"] for entry in mine] == ([True] if flagged else [])
        assert all(not entry.get("download") and not entry.get("download_url") for entry in mine)
    assert published.get("/extension_takedown.json").json == (["a"] if flagged else [])
    blocked = published.get("/api/v4/blocklist/").json["entries"]
    assert [entry["name"] for entry in blocked] == (["a"] if flagged else [])
    move(config, "a", ExtensionState.ACTIVE)
    assert "a" in published.get("/registry.json").json
    assert published.get("/extension_takedown.json").json == []


def test_registry_json_is_for_brackets_only(published):
    registry = published.get("/registry.json?_=1700000000000").json
    assert registry.keys() == {"a", "a-1.0.0-b"}
    assert all(entry["metadata"]["name"] == name for name, entry in registry.items())
    assert [one["version"] for one in registry["a-1.0.0-b"]["versions"]] == ["1.1.0"]
    assert registry["a"]["owner"] == "user:ann"
    assert published.get("/popularity.json").json["a"] == {"totalDownloads": 0, "gihubStars": 0}
    assert {entry["name"] for entry in published.get("/list").json} == {"a", "a-1.0.0-b", "tab-notes"}


def test_an_install_is_counted_once(published, config):
    report = "/countDownload?extensionName=a&extensionVersion=1.0.0"
    assert published.get(report).json == {"message": "The download is counted."}
    assert published.get(report).headers["Cache-Control"] == "no-store"
    for shape in SHAPES:
        published.get(shape.format("a", "1.0.0"))
    assert counted(config) == {"a-1.0.0": 1}
    other = {"User-Agent": "another"}
    published.head(report, headers=other)
    published.get(SHAPES[0].format("a", "1.0.0"), headers={**other, "Range": "bytes=0-3"}, status=206)
    published.head(SHAPES[1].format("a", "1.0.0"), headers=other)
    assert counted(config) == {"a-1.0.0": 1}
    published.get(SHAPES[1].format("a", "1.0.0"), headers=other)
    assert counted(config) == {"a-1.0.0": 2}


@pytest.mark.parametrize(
    "query",
    [
        "",
        "extensionName=a",
        "extensionName=a&extensionVersion=9.9.9",
        "extensionName=nothing&extensionVersion=1.0.0",
        "extensionName=tab-notes&extensionVersion=1.0",
        f"extensionName={'a' * 10_000}&extensionVersion=1",
        "extensionName=%00&extensionVersion=1.0.0",
    ],
)
def test_what_cannot_be_counted(published, query):
    published.get(f"/countDownload?{query}", status=400)


def test_what_is_not_on_offer_is_not_counted(published, config):
    move(config, "a", ExtensionState.DISABLED)
    published.get("/countDownload?extensionName=a&extensionVersion=1.0.0", status=400)


def test_more_info(app, accounts, work, config):
    manifest = {
        "description": "Shows a preview",
        "homepage": "https://example.org/",
        "bugs": {"url": "https://example.org/issues"},
    }
    files = {
        "README.md": b"Long, *markdownable*",
        "CHANGELOG.md": b"# Changes\n\n## 1.0.0 - 2026-01-01\nLess soup.\n",
    }
    app.post(
        "/api/v4/extensions/",
        brackets("hover", title="Hover", files=files, **manifest),
        headers=accounts.bearer("ann"),
    )
    work()
    bob = accounts.user("bob")
    config.registry["database"].write(reviews.write_review, 1, bob, 4, "Finally!", "25 years")
    info = app.get("/extension/hover/moreinfo").json
    assert info.pop("recentChanges") == [{"version": "1.0.0", "description": "Less soup."}]
    assert info == {
        "name": "hover",
        "title": "Hover",
        "description": "Shows a preview",
        "longDescription": "Long, *markdownable*",
        "version": "1.0.0",
        "screenshot": None,
        "moreScreenshots": [],
        "rating": 4.0,
        "ratingDetail": [0, 0, 0, 1, 0],
        "downloadsAll": 0,
        "downloadsRecent": 0,
        "reviews": [{"rating": 4, "title": "Finally!", "review": "25 years"}],
        "homepage": "https://example.org/",
        "support": "https://example.org/issues",
        "disabled": False,
    }
    assert app.get("/extension/hover/latest/download").body[:2] == b"PK"
    (listed,) = app.get("/list").json
    assert listed["versions"] == [
        {
            "version": "1.0.0",
            "apiRange": ">=0.40.0",
            "apiMin": "0.40.0",
            "apiMax": None,
            "peerDependencies": {},
        }
    ]
    assert listed["download"].endswith("/extension/hover/latest/download")
    move(config, "hover", ExtensionState.PENDING_DISABLE)
    app.get("/extension/hover/moreinfo", status=404)
    move(config, "hover", ExtensionState.DISABLED)
    info = app.get("/extension/hover/moreinfo").json
    assert (info["disabled"], info["homepage"], info["support"]) == (True, None, None)


def test_templates_expand(published):
    listing = published.get("/api/v4/listing/").json
    entry = next(entry for entry in listing["extensions"] if entry["name"] == "a")
    url = listing["download_url"].replace("{name}", "a").replace("{version}", entry["version"])
    assert url == entry["download_url"]
    assert published.get(url.removeprefix("http://127.0.0.1:6543")).body[:2] == b"PK"
    assert listing["detail_url"].replace("{name}", "a") == entry["url"]
    (version,) = [one for one in entry["versions"] if one["version"] == "1.0.0"]
    assert (version["api_min"], version["size"] > 100) == ("0.40.0", True)


def test_feeds(app, accounts, work):
    for path in ("/rss", "/atom"):
        ElementTree.fromstring(app.get(path).body)
    odd = brackets(
        "odd",
        title="<b>&amp;\u0301",
        description="Fish & <chips>\n\tand more",
        homepage="https://example.org/?a=1&b=2",
    )
    app.post("/api/v4/extensions/", odd, headers=accounts.bearer("ann"))
    app.post("/api/v4/extensions/", brackets("plain"), headers=accounts.bearer("ann"))
    work()
    answer = app.get("/rss")
    assert answer.headers["Content-Type"] == "application/rss+xml; charset=utf-8"
    items = ElementTree.fromstring(answer.body).findall("channel/item")
    assert {item.findtext("title") for item in items} == {"<b>&amp;\u0301 1.0.0", "Plain 1.0.0"}
    (odd_item,) = [item for item in items if "b=2" in item.findtext("link")]
    assert odd_item.findtext("description").startswith("Fish & <chips>")
    assert odd_item.findtext("pubDate").endswith("GMT")
    answer = app.get("/atom")
    feed = ElementTree.fromstring(answer.body)
    assert answer.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    assert [entry.findtext(f"{ATOM}updated")[-1] for entry in feed.findall(f"{ATOM}entry")] == ["Z", "Z"]
    assert feed.findtext(f"{ATOM}updated") == max(
        entry.findtext(f"{ATOM}updated") for entry in feed.findall(f"{ATOM}entry")
    )
    app.get("/atom", headers={"If-None-Match": answer.headers["ETag"]}, status=304)
