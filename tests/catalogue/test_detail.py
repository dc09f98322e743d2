"""An extension in detail: what its README, changelog, users and owners say of it, fit to be shown."""

import re

import pytest

from registry.models import ExtensionState
from registry.prose import changelog, markdown
from support.samples import brackets
from support.statements import heard

EXTENSIONS = "/api/v4/extensions/"
DETAIL = f"{EXTENSIONS}word-tally/"
README = """# Word Tally

Counts *words*. See [the site](https://example.org/?a=1&b="2"), [more](docs/more.md), [x](javascript:alert(1)).

![A picture](screenshot.png) <script>alert(1)</script> <img src=x onerror=alert(1)>

```html
<a href="https://example.org/in-code">
```
"""
CHANGELOG = """# Changelog

## [Unreleased]
- not yet

## [1.1.0] - 2026-01-31
### Added
- pages

## 1.0.0
First.

[1.1.0]: https://example.org/1.1.0
"""


@pytest.fixture
def published(app, publish):
    publish(
        files={"README.md": README, "CHANGELOG.md": CHANGELOG},
        homepage="https://example.org/",
        bugs={"url": "https://example.org/bugs"},
        license="MIT",
        author={"name": "Ann", "url": "https://ann.example.org/"},
        engines={"brackets": ">=0.40.0 <2"},
        dependencies={"lodash": "^4.0.0"},
        peerDependencies={"other": ">=1"},
        keywords=["words"],
    )
    return app


def test_everything_is_there(published, review):
    review("bob", 4, "Fine", "It <b>counts</b>.")
    review("eve", 1)
    detail = published.get(DETAIL).json
    assert detail["title"] == {"en": "Word-Tally"}
    assert detail["description"] == {"en": README}
    assert detail["recent_changes"] == [
        {"version": "1.1.0", "date": "2026-01-31", "description": "### Added\n- pages"},
        {"version": "1.0.0", "date": None, "description": "First."},
    ]
    assert detail["owners"] == ["ann"]
    assert detail["license"] == "MIT"
    assert (detail["api_range"], detail["api_min"], detail["api_max"]) == (">=0.40.0 <2", "0.40.0", "<2")
    assert (detail["dependencies"], detail["peer_dependencies"]) == ({"lodash": "^4.0.0"}, {"other": ">=1"})
    assert (detail["rating"], detail["rating_count"]) == (2.5, 2)
    assert detail["rating_breakdown"] == [1, 0, 0, 1, 0]
    assert [(one["user"], one["rating"], one["body"]) for one in detail["reviews"]] == [
        ("eve", 1, None),
        ("bob", 4, "It <b>counts</b>."),
    ]
    assert detail["homepage"] == {"en": "https://example.org/"}
    assert detail["support_url"] == {"en": "https://example.org/bugs"}
    assert (detail["screenshots"], detail["icons"], detail["thumbnail_url"]) == ([], {}, None)
    assert published.get(detail["reviews_url"]).json["count"] == 2


def test_the_html_is_harmless(published):
    html = published.get(DETAIL).json["description_html"]["en"]
    assert "<em>words</em>" in html
    assert "A picture" in html
    assert not re.search(r"<(script|img)|onerror|javascript:", html)
    links = re.findall(r"<a [^>]*>", html)
    assert len(links) == 3
    assert [link for link in links if "href" in link] == links[:1]
    assert all('rel="nofollow noopener"' in link for link in links)
    assert links[0].startswith('<a href="http://127.0.0.1:6543/outgoing/')
    # What only looks like a link is text.
    assert '&lt;a href="https://example.org/in-code"&gt;' in html
    assert published.get(f"{DETAIL}?lang=de").json["description_html"] == html


@pytest.mark.parametrize(
    "text",
    [
        "<a href='javascript:alert(1)'>x</a>",
        "[x](data:text/html,y)",
        "[x](//example.org)",
        "[x](\x01javascript:alert(1))",
        "[x](vbscript:y 'title')",
        "<svg onload=alert(1)>",
        "<https://example.org/\"onclick='x'>",
        '![x" onerror="y](z)',
        "`<iframe>`",
        "a\u202eb\x07c",
    ],
)
def test_nothing_gets_through(text):
    html = markdown.to_html(text)
    assert not re.search(
        r"<(?!/?(a|p|code)\b)|href=\"(?!https?://)|\son\w+=[^&<]*>|title=|[\x07\u202e]", html
    )


def test_long_texts_are_cut_at_a_paragraph():
    html = markdown.to_html("Words in a *paragraph*.\n\n" * 1000)
    assert len(html) < 25_000
    assert html.endswith("<p>Words in a <em>paragraph</em>.</p>\n<p>…</p>")
    assert markdown.to_html("é" * 20_000).endswith("<p>…</p>")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("## v1.2 (2026/03/04)\nx", [("1.2", "2026-03-04", "x")]),
        ("# Version 1.2.3-beta.1, 2026-13-01\nx", [("1.2.3-beta.1", None, "x")]),
        (
            "1.0.0 / 2026-01-02\n=====\nx\n\n0.9.0\n-----\ny",
            [("1.0.0", "2026-01-02", "x"), ("0.9.0", None, "y")],
        ),
        ("## 1.0.0\n```\n## 0.5.0\n```", [("1.0.0", None, "```\n## 0.5.0\n```")]),
        (
            "## 2.0.0\n### 1.x users\nread this\n## Credits\nall",
            [("2.0.0", None, "### 1.x users\nread this")],
        ),
        ("no headings, 1.0.0 only", []),
        ("", []),
        (None, []),
    ],
)
def test_changelogs_as_people_write_them(text, found):
    entries = changelog.entries(text)
    assert [(one["version"], one["date"], one["description"]) for one in entries] == found


def test_changelogs_are_bounded():
    many = "\n".join(f"## 1.0.{number}\n{'x ' * 5000}" for number in range(100))
    entries = changelog.entries(many)
    assert len(entries) == changelog.MOST_ENTRIES
    assert all(len(one["description"]) < changelog.MOST_BYTES + 10 for one in entries)


def test_a_new_version_shows_its_own_texts(published, publish):
    publish(version="1.2.0", files={"README.md": "New."})
    detail = published.get(DETAIL).json
    assert detail["description_html"] == {"en": "<p>New.</p>"}
    assert (detail["recent_changes"], detail["dependencies"]) == ([], {})


def test_who_sees_what(published, set_state, accounts):
    owner, admin = accounts.bearer("ann"), accounts.bearer("root", admin=True)
    set_state("word-tally", ExtensionState.PENDING_DISABLE)
    for path in ("", "reviews/"):
        published.get(f"{DETAIL}{path}", status=404)
        published.get(f"{DETAIL}{path}", headers=accounts.bearer("eve"), status=404)
    for headers in (owner, admin):
        assert published.get(DETAIL, headers=headers).json["state"] == "pending_disable"
    set_state("word-tally", ExtensionState.DISABLED)
    detail = published.get(DETAIL).json
    assert (detail["state"], detail["disabled"]) == ("disabled", True)
    assert detail["state_reason"] == {"code": "other", "text": "because"}
    assert detail["download_url"] is None
    assert (detail["homepage"], detail["support_url"], detail["description_html"]) == ({}, {}, {})
    assert detail["author"] == {"name": "Ann"}
    set_state("word-tally", ExtensionState.UNLISTED)
    assert published.get(DETAIL).json["homepage"] == {"en": "https://example.org/"}
    assert published.get(EXTENSIONS).json["count"] == 0


def test_an_extension_without_a_signature_is_its_owners(app, accounts):
    app.post(EXTENSIONS, brackets("draft"), headers=accounts.bearer("ann"))
    app.get(f"{EXTENSIONS}draft/", status=404)
    detail = app.get(f"{EXTENSIONS}draft/", headers=accounts.bearer("ann")).json
    assert (detail["version"], detail["description_html"], detail["permissions"]) == (None, {}, [])


def test_few_statements(published, review):
    def statements():
        with heard() as sent:
            published.get(DETAIL + f"?x={len(counts)}")
        # What everybody looks for is whether anything has changed.
        return len(
            [sql for sql, _ in sent if "extension.name" in sql or "FROM review" in sql or "detail." in sql]
        )

    counts = []
    counts.append(statements())
    review("bob", 5)
    counts.append(statements())
    assert counts == [2, 3]  # one to find it, one for all that is shown, one for its reviews
