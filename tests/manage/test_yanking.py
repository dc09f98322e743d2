"""A bad version is taken back: by its owners, by the registry's team."""

import pytest

from registry.catalogue import blocklist
from support.samples import brackets
from support.wire import assert_failure, send

from .conftest import DETAIL, EXTENSIONS, NAME, why

V4 = "/api/v4/"
NEWEST, OLDEST = f"{DETAIL}versions/1.1.0/", f"{DETAIL}versions/1.0.0/"


def told(get, version):
    asked = f"{V4}updates/?host=brackets&host_version=1.14.0&installed={NAME}@{version}"
    (found,) = get(asked)["results"]
    return found["status"], found["installed_state"], found["reason"]


def test_an_owner_yanks_the_newest_and_takes_it_back(site, yank, get, root, accounts):
    seq = get(f"{V4}changes/?since=0")["seq"]
    answer = yank("1.1.0", by="ann", code="broken", text="It loses words.").json
    reason = why("broken", "It loses words.")
    assert (answer["yanked"], answer["yanked_by"], answer["yanked_reason"]) == (True, "owner", reason)
    assert (get(DETAIL)["version"], get(f"{DETAIL}versions/latest/")["version"]) == ("1.0.0", "1.0.0")
    (change,) = get(f"{V4}changes/?since={seq}")["changes"]
    assert change["version"] == "1.0.0"
    assert told(get, "1.1.0") == ("up_to_date", "yanked", reason)
    assert told(get, "1.0.0") == ("up_to_date", "offered", None)
    assert [one["version"] for one in get("/registry.json")[NAME]["versions"]] == ["1.0.0"]
    assert [one["version"] for one in get(f"{V4}listing/")["extensions"][0]["versions"]] == ["1.0.0"]
    # Who names it still gets it.
    assert get(NEWEST)["package"] is not None
    assert send(site, "GET", f"{NEWEST}download").status_int == 200
    assert [one["yanked"] for one in get(f"{DETAIL}versions/")["results"]] == [True, False]
    assert_failure(yank("1.1.0", by="ann", status=409), 409, "ALREADY_YANKED")
    # The team knows nothing of it, and does not take it back.
    managed = site.get(f"{NEWEST}manage/", headers=root).json
    assert (managed["yanked"], managed["reason"], managed["yanked_by_owner"]) == (False, None, True)
    assert_failure(yank("1.1.0", yanked=False, status=409), 409, "YANKED_BY_OWNER")
    back = yank("1.1.0", by="ann", yanked=False).json
    assert (back["yanked"], back["yanked_by"], back["yanked_reason"]) == (False, None, None)
    assert get(DETAIL)["version"] == "1.1.0"
    assert_failure(yank("1.1.0", by="ann", yanked=False, status=409), 409, "NOT_YANKED")


@pytest.mark.parametrize(("code", "file"), [("malware", 410), ("vulnerable", 410), ("broken", 200)])
def test_the_team_yanks(site, yank, get, ann, root, code, file):
    reason = why(code, "It is not what it says.")
    answer = yank("1.1.0", code=code, text=reason["text"]).json
    assert (answer["yanked"], answer["reason"], answer["yanked_by_owner"]) == (True, reason, False)
    assert get(DETAIL)["version"] == "1.0.0"
    assert told(get, "1.1.0")[1:] == ("blocked", reason)
    for headers, status in (({}, file), (ann, 200), (root, 200)):
        found = send(site, "GET", f"{NEWEST}download", headers)
        assert found.status_int == status
        if status == 410:
            assert_failure(found, 410, "VERSION_BLOCKED")
            assert found.headers["Cache-Control"] == "no-store"
    shown = get(NEWEST)
    assert (shown["yanked_by"], shown["yanked_reason"]) == ("registry", reason)
    assert (shown["package"] is None) == (file == 410)
    assert_failure(yank("1.1.0", by="ann", yanked=False, status=403), 403, "YANKED_BY_REGISTRY")
    # Its owners may think so too; it is offered again when neither holds.
    yank("1.1.0", by="ann")
    yank("1.1.0", yanked=False)
    assert get(DETAIL)["version"] == "1.0.0"
    yank("1.1.0", by="ann", yanked=False)
    assert get(DETAIL)["version"] == "1.1.0"
    assert send(site, "GET", f"{NEWEST}download").status_int == 200
    kinds = [event["kind"] for event in site.get(f"{DETAIL}events/", headers=ann).json["results"]]
    assert kinds[:4] == ["version.restored", "version.restored", "version.yanked", "version.yanked"]
    notes = site.get(f"{V4}users/me/notifications/", headers=ann).json["results"]
    assert [note["kind"] for note in notes] == ["version.restored", "version.yanked"]
    assert notes[1]["about"] == {
        "extension": NAME,
        "version": "1.1.0",
        "whose": "registry",
        "before": False,
        "after": True,
        "code": code,
        "reason": reason["text"],
    }


def test_the_blocklist_has_what_the_team_decided(yank, manage, config):
    def entries():
        with config.registry["database"].read() as connection:
            found = blocklist.document(connection, "https://x")["entries"]
        return [
            (one["name"], one["versions"], one["reason"]["code"], one["since"] is not None) for one in found
        ]

    yank("1.0.0", by="ann")
    assert entries() == []
    yank("1.1.0", code="broken")
    yank("1.0.0", code="malware")
    assert entries() == [(NAME, "1.0.0", "malware", True), (NAME, "1.1.0", "broken", True)]
    manage(state="disabled", reason=why("deception"))
    assert entries() == [(NAME, "*", "deception", True)]
    manage(state="unlisted")
    yank("1.1.0", yanked=False)
    assert entries() == [(NAME, "1.0.0", "malware", True)]


def test_without_a_version_on_offer_it_is_in_no_list(site, yank, get):
    for version in ("1.0.0", "1.1.0"):
        yank(version, by="ann")
    assert get(EXTENSIONS)["results"] == []
    assert told(get, "1.0.0")[0] == "removed"
    assert send(site, "GET", f"{DETAIL}versions/latest/download").status_int == 404
    yank("1.0.0", by="ann", yanked=False)
    assert [entry["version"] for entry in get(EXTENSIONS)["results"]] == ["1.0.0"]


def test_bad_requests(site, yank, ann, root, accounts):
    body = {"yanked": True, "reason": why()}
    for headers, status in (({}, 401), (accounts.bearer("bob"), 403), (root, 403)):
        site.patch_json(NEWEST, body, headers=headers, status=status)
    for headers, status in (({}, 401), (ann, 403)):
        site.patch_json(f"{NEWEST}manage/", body, headers=headers, status=status)
    yank("9.9.9", by="ann", status=404)
    assert yank("latest", by="ann", status=400).json.keys() == {"version"}
    assert yank("latest", status=400).json.keys() == {"version"}
    bad = {"yanked": "true", "reason": {"code": "malware"}, "force": True}
    assert site.patch_json(NEWEST, bad, headers=ann, status=400).json.keys() == {"yanked", "reason", "force"}
    assert_failure(
        site.patch_json(f"{NEWEST}manage/", body, headers=root, status=428),
        428,
        "ERROR_PRECONDITION_REQUIRED",
    )
    seen = site.get(NEWEST, headers=ann).headers["ETag"]
    managed = site.get(f"{NEWEST}manage/", headers=root).headers["ETag"]
    yank("1.1.0", by="ann", match=seen)
    assert_failure(yank("1.1.0", by="ann", yanked=False, match=seen, status=412), 412, "ERROR_STALE")
    assert_failure(yank("1.1.0", match=managed, status=412), 412, "ERROR_STALE")


def test_what_is_yanked_while_it_is_signed_is_never_offered(site, yank, get, ann, work):
    site.post(EXTENSIONS, brackets(NAME, "1.2.0"), headers=ann)
    yank("1.2.0", by="ann")
    work()
    assert get(f"{DETAIL}versions/1.2.0/")["state"] == "signed"
    assert get(DETAIL)["version"] == "1.1.0"
    yank("1.2.0", by="ann", yanked=False)
    assert get(DETAIL)["version"] == "1.2.0"


def test_yanks_and_signing_at_once(site, ann, root, work, get, at_once):
    """Whoever is first, what is yanked is not offered, and what is signed is signed."""
    site.post(EXTENSIONS, brackets(NAME, "1.2.0"), headers=ann)
    body = {"yanked": True, "reason": why("malware")}

    def patch(path, headers):
        return lambda: site.patch_json(path, body, headers={**headers, "If-Match": "*"}, expect_errors=True)

    path = f"{DETAIL}versions/1.2.0/"
    answers = at_once([patch(path, ann), patch(path, ann), patch(f"{path}manage/", root), work])
    statuses = sorted(answer.status_int for answer in answers if not isinstance(answer, int))
    assert statuses == [200, 200, 409]
    work()
    assert (get(path)["state"], get(path)["yanked_by"]) == ("signed", "registry")
    assert get(DETAIL)["version"] == "1.1.0"
    assert send(site, "GET", f"{path}download").status_int == 410


def test_a_state_that_changes_while_one_publishes(site, manage, ann, work, get, at_once):
    """The version waits, is signed or fails; what is disabled offers nothing either way."""
    package = brackets(NAME, "1.2.0")
    publish = lambda: site.post(EXTENSIONS, package, headers=ann, expect_errors=True)  # noqa: E731
    answers = at_once([publish, lambda: manage(state="disabled"), work])
    assert {answer.status_int for answer in answers if not isinstance(answer, int)} <= {200, 202, 403}
    work()
    assert get(EXTENSIONS)["results"] == []
    assert (get(DETAIL)["state"], get(DETAIL)["download_url"]) == ("disabled", None)
    manage(state="active")
    assert get(DETAIL)["version"] in ("1.1.0", "1.2.0")
