"""Search and completion as v4 and v5 of Mozilla's API have them."""

import base64

import pytest

from support.samples import brackets, webextension

SEARCH = "/api/v5/addons/search/"
LIST = ["page_size", "page_count", "count", "next", "previous", "results"]


@pytest.fixture
def stocked(app, ann, bob, work):
    """Three add-ons on offer, one of them a theme and bob's; and what is no add-on on offer."""
    app.post(
        "/api/v4/extensions/",
        webextension("tabs@example.org", name="Tab Notes", description="Writes on tabs"),
        headers=ann,
    )
    app.post("/api/v4/extensions/", webextension("clock@example.org", name="Clock"), headers=ann)
    dusk = webextension("dusk@example.org", name="Tab Dusk", theme={"colors": {}})
    app.post("/api/v4/extensions/", dusk, headers=bob)
    app.post("/api/v4/extensions/", brackets("tab-tool"), headers=ann)
    work()
    edit = {"keywords": ["writing", 'odd"%_'], "categories": ["tabs"]}
    app.patch_json("/api/v4/extensions/tabs@example.org/", edit, headers=ann)
    app.post("/api/v4/extensions/", webextension("late@example.org", name="Tab Late"), headers=ann)
    return app


def found(app, query, api="v5"):
    return sorted(each["slug"] for each in app.get(f"/api/{api}/addons/search/?{query}").json["results"])


def test_a_page(stocked):
    listed = stocked.get(SEARCH).json
    assert list(listed) == LIST
    assert (listed["count"], len(listed["results"])) == (3, 3)
    detail = stocked.get("/api/v5/addons/addon/clock@example.org/").json
    (clock,) = (each for each in listed["results"] if each["slug"] == "clock")
    for author in detail["authors"]:
        del author["picture_url"]
    assert clock == detail
    first = stocked.get(f"{SEARCH}?page_size=2&sort=created").json
    assert [each["slug"] for each in first["results"]] == ["tab-dusk", "clock"]
    second = stocked.get(first["next"].removeprefix("http://127.0.0.1:6543")).json
    assert [each["slug"] for each in second["results"]] == ["tab-notes"]
    stocked.get(f"{SEARCH}?page=2", status=404)


@pytest.mark.parametrize("api", ["v4", "v5"])
@pytest.mark.parametrize(
    ("query", "slugs"),
    [
        ("q=tab", ["tab-dusk", "tab-notes"]),
        ("q=tab&sort=updated", ["tab-dusk", "tab-notes"]),
        ("q=nothing", []),
        ("type=statictheme", ["tab-dusk"]),
        ("type=extension,statictheme", ["clock", "tab-dusk", "tab-notes"]),
        ("type=dictionary", []),
        ("author=bob", ["tab-dusk"]),
        ("author=bob,ann&q=tab", ["tab-dusk", "tab-notes"]),
        ("guid=clock@example.org,none@example.org", ["clock"]),
        (f"guid=rta:{base64.urlsafe_b64encode(b'clock@example.org').decode().rstrip('=')}", ["clock"]),
        ("exclude_addons=clock,dusk@example.org", ["tab-notes"]),
        ("category=tabs", ["tab-notes"]),
        ("tag=writing", ["tab-notes"]),
        ("tag=write", []),
        ("promoted=recommended", []),
        ("created__gt=2020-01-01&updated__gte=2020-01-01T00:00:00Z", ["clock", "tab-dusk", "tab-notes"]),
        ("created__lt=2020-01-01", []),
        ("ratings__gte=1", []),
        ("users__lte=5&users__gte=0", ["clock", "tab-dusk", "tab-notes"]),
        ("app=firefox&appversion=128.0&lang=de&sort=random,ratings", ["clock", "tab-dusk", "tab-notes"]),
        ("unknown=1&sort=recommended", ["clock", "tab-dusk", "tab-notes"]),
    ],
)
def test_parameters(stocked, api, query, slugs):
    assert found(stocked, query, api) == slugs


@pytest.mark.parametrize(
    "query",
    [
        "sort=best",
        "q=" + "x" * 101,
        "app=opera",
        "appversion=x.y.z",
        "guid=rta:%3d%3d%3d",
        "guid=" + "a," * 200,
        "created__gt=yesterday",
        "users__gt=nan",
        "ratings=-1",
    ],
)
def test_bad_parameters(stocked, query):
    stocked.get(f"{SEARCH}?{query}", status=400)


def test_completion(stocked):
    for api in ("v4", "v5"):
        results = stocked.get(f"/api/{api}/addons/autocomplete/?q=tab").json["results"]
        assert sorted(each["guid"] for each in results) == ["dusk@example.org", "tabs@example.org"]
        assert {"id", "guid", "icon_url", "name", "promoted", "type", "url"} <= set(results[0])
    assert stocked.get("/api/v5/addons/autocomplete/").json == {"results": []}


def test_the_shapes_of_v4(stocked, ann):
    address = "/api/v4/addons/addon/tabs@example.org/"
    five, four = stocked.get(address.replace("v4", "v5")).json, stocked.get(address).json
    assert four["current_version"]["files"][0]["id"] == five["current_version"]["file"]["id"]
    assert "file" not in four["current_version"]
    assert four["name"] == {"en-US": "Tab Notes"}
    assert four["categories"] == {"firefox": ["tabs"]}
    flat = stocked.get(f"{address}?lang=de").json
    assert (flat["name"], flat["summary"], flat["description"]) == ("Tab Notes", "Writes on tabs", None)
    listed = stocked.get(f"{address}versions/?lang=en-US").json
    assert list(listed) == LIST
    (version,) = listed["results"]
    assert stocked.get(f"{address}versions/{version['id']}/?lang=en-US").json == version
    assert "files" in version
    (only,) = stocked.get("/api/v4/addons/search/?tag=writing&lang=en").json["results"]
    assert only["name"] == "Tab Notes"
