"""``?host=&host_version=`` at an extension's versions: only what runs there, and `latest` is the newest of it."""

import pytest

from support.samples import brackets

KITS = "/api/v4/extensions/kits/"
RANGES = {"1.0.0": ">=0.40 <1.5", "1.1.0": ">=1.0", "2.0.0": ">=1.10"}


@pytest.fixture
def kits(app, accounts, work):
    for version, api_range in RANGES.items():
        package = brackets("kits", version, engines={"brackets": api_range})
        app.post("/api/v4/extensions/", package, headers=accounts.bearer("ann"))
    work()
    return app


@pytest.mark.parametrize(
    ("host_version", "versions"),
    [("1.14", ["2.0.0", "1.1.0"]), ("1.3", ["1.1.0", "1.0.0"]), ("0.44", ["1.0.0"]), ("0.1", [])],
)
def test_only_what_runs_there(kits, host_version, versions):
    host = f"?host=brackets&host_version={host_version}"
    listed = kits.get(f"{KITS}versions/{host}").json
    assert [result["version"] for result in listed["results"]] == versions
    assert listed["count"] == len(versions)
    if versions:
        latest = kits.get(f"{KITS}versions/latest/{host}").json
        assert latest["version"] == versions[0]
        for _ in range(2):  # the second is a kept answer
            file = kits.get(f"{KITS}versions/latest/download{host}")
            assert file.headers["ETag"].strip('"') == latest["package"]["sha256"]
            assert file.headers["Cache-Control"] == "no-cache"
    else:
        for view in ("", "download"):
            missing = kits.get(f"{KITS}versions/latest/{view}{host}", status=404).json
            assert missing["code"] == "NO_COMPATIBLE_VERSION"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("host=brackets", "host_version"),
        ("host_version=1.14", "host"),
        ("host=emacs&host_version=1.14", "host"),
        ("host=brackets&host_version=x", "host_version"),
        ("host=brackets&host_version=" + "1" * 10_000, "host_version"),
        ("host=brackets&host_version=1%00", "host_version"),
    ],
)
def test_half_a_question_and_nonsense(kits, query, field):
    for path in ("versions/", "versions/latest/", "versions/latest/download"):
        assert list(kits.get(f"{KITS}{path}?{query}", status=400).json) == [field]


def test_a_host_does_not_choose_where_a_version_is_named(kits):
    for view in ("", "download"):
        answer = kits.get(f"{KITS}versions/1.0.0/{view}?host=brackets&host_version=1.14", status=400)
        assert answer.json["host"][0].startswith("VERSION_NAMED: ")
