"""What the registry's team decides about an extension, and who sees what of it then."""

import itertools

import pytest

from registry.domain import management
from registry.domain.decisions import CODES, Reason
from registry.domain.errors import Forbidden
from registry.models import ExtensionState, Ownership
from support.samples import brackets
from support.wire import assert_failure, send

from .conftest import DETAIL, EXTENSIONS, MANAGE, NAME, WHY, why

V4 = "/api/v4/"
STATES = [str(state) for state in ExtensionState]
FILE = f"{DETAIL}versions/1.0.0/download"
UPDATES = f"{V4}updates/?host=brackets&host_version=1.14.0&installed={NAME}@1.0.0"
OTHER_FILES = (
    f"/{NAME}/{NAME}-1.0.0.zip",
    f"/{NAME}-1.0.0.zip",
    f"/extensions/{NAME}-1.0.0.zip",
    f"/extension/{NAME}/1.0.0/download",
    f"{DETAIL}versions/latest/download",
)
# What strangers get: status, or what stands there. Owners and admins get 200 whatever the state.
SURFACES = {
    "active": {"list": True, "detail": 200, "file": 200, "updates": "update", "blocked": False},
    "unlisted": {"list": False, "detail": 200, "file": 200, "updates": "update", "blocked": False},
    "pending_disable": {"list": False, "detail": 404, "file": 403, "updates": "removed", "blocked": False},
    "disabled": {"list": False, "detail": 200, "file": 410, "updates": "disabled", "blocked": True},
}
CHANGES = {"active": "state", "unlisted": "removed", "pending_disable": "removed", "disabled": "disabled"}


def listed(app, headers=None):
    return [entry["name"] for entry in app.get(EXTENSIONS, headers=headers).json["results"]]


def test_every_surface_follows_at_once(site, manage, get, ann, root, accounts, config):
    """Through all states, each after each other, in one walk."""
    bob, paula = accounts.bearer("bob"), accounts.bearer("paula")
    publisher = Ownership(extension_id=1, user_id=accounts.user("paula"), role="publisher")
    config.registry["database"].write(lambda session: session.add(publisher))
    walk = ["active", "unlisted", "pending_disable", "disabled", "unlisted", "disabled", "pending_disable"]
    walk += ["unlisted", "active", "pending_disable", "active", "disabled", "active"]
    assert len(set(itertools.pairwise(walk))) == 12
    seq = get(f"{V4}changes/?since=0")["seq"]
    for state in walk[1:]:
        said = manage(state=state, reason=why("policy", f"It is {state}.")).json
        assert (said["state"], said["reason"]) == (state, why("policy", f"It is {state}."))
        wanted = SURFACES[state]
        for headers in ({}, bob):
            assert (listed(site, headers) == [NAME]) == wanted["list"], state
            for path in (DETAIL, f"{DETAIL}owners/", f"{DETAIL}owners/ann/"):
                assert send(site, "GET", path, headers).status_int == wanted["detail"], (state, path)
            assert (NAME in site.get(f"{EXTENSIONS}?q=tally", headers=headers).text) == wanted["list"]
            for file in (FILE, *OTHER_FILES):
                assert send(site, "GET", file, headers).status_int == wanted["file"], (state, file)
            assert send(site, "GET", f"/extension/{NAME}/moreinfo", headers).status_int == wanted["detail"]
        assert (NAME in get("/registry.json")) == wanted["list"]
        assert (NAME in get("/popularity.json")) == wanted["list"]
        assert get("/extension_takedown.json") == ([NAME] if wanted["blocked"] else [])
        blocked = [(one["versions"], one["reason"]) for one in get(f"{V4}blocklist/")["entries"]]
        assert blocked == ([("*", said["reason"])] if wanted["blocked"] else [])
        for entries in (get("/list"), get(f"{V4}listing/")["extensions"]):
            flags = [entry["disabled"] for entry in entries]
            assert flags == ([wanted["blocked"]] if wanted["list"] or wanted["blocked"] else [])
        for headers in (ann, paula, root):
            assert (listed(site, headers) == [NAME]) == wanted["list"], state
            detail = send(site, "GET", DETAIL, headers).json
            assert (detail["state"], detail["state_reason"]) == (state, said["reason"])
            assert send(site, "GET", FILE, headers).status_int == 200, state
        (found,) = get(UPDATES)["results"]
        assert found["status"] == wanted["updates"]
        assert found["reason"] == (said["reason"] if state == "disabled" else None)
        feed = get(f"{V4}changes/?since={seq}")
        (change,) = feed["changes"]
        assert change["changes"] == [CHANGES[state]]
        assert change.get("reason") == (said["reason"] if state == "disabled" else None)
        seq = feed["seq"]
        if wanted["detail"] == 200:
            strangers = get(DETAIL)
            assert strangers["disabled"] == (state == "disabled")
            assert strangers["state_reason"] == (said["reason"] if state == "disabled" else None)
            assert (strangers["download_url"] is None) == (state == "disabled")


def test_what_its_owners_have_deleted_is_still_switched_off(site, manage, get, ann):
    """Or an author could have it stay where it has been installed."""
    site.delete_json(DETAIL, {"confirm": NAME}, headers=ann, status=204)
    (found,) = get(UPDATES)["results"]
    assert (found["status"], found["installed_state"]) == ("removed", "deleted")
    manage(state="disabled", reason=why("malware", "It sends passwords away."))
    (found,) = get(UPDATES)["results"]
    assert (found["status"], found["reason"]["code"]) == ("disabled", "malware")
    assert get("/extension_takedown.json") == [NAME]
    (blocked,) = get(f"{V4}blocklist/")["entries"]
    assert (blocked["name"], blocked["versions"], blocked["reason"]["code"]) == (NAME, "*", "malware")
    for entries in (get("/list"), get(f"{V4}listing/")["extensions"]):
        assert [entry["disabled"] for entry in entries] == [True]
    (change,) = get(f"{V4}changes/?since=0")["changes"]
    assert change["changes"] == ["disabled"]


def test_what_its_owners_have_yanked_is_still_flagged(site, manage, yank, get):
    for version in ("1.0.0", "1.1.0"):
        yank(version, by="ann")
    assert get("/list") == []
    manage(state="disabled")
    for entries in (get("/list"), get(f"{V4}listing/")["extensions"]):
        assert [(entry["disabled"], entry["version"], entry["versions"]) for entry in entries] == [
            (True, None, [])
        ]


def test_a_version_that_was_deleted_can_be_switched_off(site, yank, get, ann, root):
    version = f"{DETAIL}versions/1.1.0/"
    site.delete(version, headers=ann, status=204)
    site.get(version, headers=ann, status=404)
    answer = yank("1.1.0", code="malware").json
    assert (answer["version"], answer["yanked"]) == ("1.1.0", True)
    (blocked,) = get(f"{V4}blocklist/")["entries"]
    assert (blocked["versions"], blocked["reason"]["code"]) == ("1.1.0", "malware")
    (found,) = get(UPDATES.replace("@1.0.0", "@1.1.0"))["results"]
    assert (found["installed_state"], found["reason"]["code"]) == ("blocked", "malware")
    site.get(version, status=404)
    shown = site.get(version, headers=root).json
    assert (shown["yanked_by"], shown["package"]) == ("registry", None)
    site.get(f"{version}download", headers=root, status=404)
    site.post_json(f"{version}test-runs/", {}, headers=root, status=409)
    yank("1.1.0", yanked=False, code="cleared")
    assert get(f"{V4}blocklist/")["entries"] == []


def test_a_version_that_was_deleted_can_be_reported(site, ann, accounts):
    site.delete(f"{DETAIL}versions/1.1.0/", headers=ann, status=204)
    said = {"reason": "malware", "version": "1.1.0"}
    answer = site.post_json(f"{DETAIL}reports/", said, headers=accounts.bearer("bob"), status=201)
    assert answer.json["version"] == "1.1.0"


def test_who_may(site, manage, accounts, ann, root):
    for headers, status in (({}, 401), (ann, 403), (accounts.bearer("bob"), 403)):
        manage(status=status, headers=headers, state="disabled")
        assert send(site, "GET", MANAGE, headers).status_int == status
        assert send(site, "GET", f"{V4}manage/", headers).status_int == status
        assert send(site, "GET", f"{DETAIL}versions/1.0.0/manage/", headers).status_int == status
    for limits, status in (
        ({"scopes": ["publish", "read"]}, 403),
        ({"extensions": ["other"]}, 403),
        ({"scopes": ["manage"], "extensions": [NAME]}, 200),
    ):
        manage(status=status, headers=accounts.bearer("root", **limits), state="disabled")
    site.get(f"{EXTENSIONS}nothing/manage/", headers=root, status=404)


def test_a_right_that_was_taken_away_meanwhile_does_not_count(site, accounts, config):
    with pytest.raises(Forbidden):
        config.registry["database"].write(
            management.manage,
            1,
            accounts.user("ann"),
            {"state": ExtensionState.DISABLED},
            Reason("other", "x"),
        )


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"reason"}),
        ({"reason": WHY}, {"non_field_errors"}),
        ({"state": "disabled"}, {"reason"}),
        ({"state": "gone", "api_max": "x", "reason": {"code": "no", "text": ""}, "more": 1},
         {"state", "api_max", "reason", "more"}),
        ({"state": None, "reason": WHY}, {"state"}),
        ({"state": ["disabled"], "reason": WHY}, {"state"}),
        ({"state": "Disabled", "reason": WHY}, {"state"}),
        ({"api_max": 1.5, "reason": WHY}, {"api_max"}),
        ({"api_max": "128.*", "reason": "malware"}, {"reason"}),
        ({"api_max": "", "reason": WHY}, {"api_max"}),
        ({"state": "disabled", "reason": {"code": "other", "text": "a\r\nBcc: all@example.org"}}, {"reason"}),
        ({"state": "disabled", "reason": {"code": "other", "text": "x" * 1001}}, {"reason"}),
        ({"state": "disabled", "reason": {"code": "other", "text": "x", "by": "me"}}, {"reason"}),
        ({"state": "disabled", "reason": {"code": ["other"], "text": 5}}, {"reason"}),
    ],
)  # fmt: skip
def test_all_faults_in_one_answer(site, root, body, fields):
    answer = site.patch_json(MANAGE, body, headers={**root, "If-Match": "*"}, status=400)
    assert answer.json.keys() == fields
    assert site.get(MANAGE, headers=root).json["state"] == "active"


def test_the_same_again_is_a_conflict_and_changes_nothing(site, manage, root):
    assert_failure(manage(status=409, state="active"), 409, "SAME_STATE")
    manage(api_max="1.14.0")
    assert_failure(manage(status=409, api_max="<=1.14.0", state="disabled"), 409, "SAME_LIMIT")
    assert_failure(manage(status=409, api_max="1.5", state="active"), 409, "SAME_STATE")
    found = site.get(MANAGE, headers=root).json
    assert (found["state"], found["api_max"]) == ("active", "1.14.0")


def test_a_decision_says_what_it_was_made_on(site, manage, root):
    assert_failure(manage(status=428, match=None, state="disabled"), 428, "ERROR_PRECONDITION_REQUIRED")
    seen = site.get(MANAGE, headers=root)
    assert not seen.headers["ETag"].startswith("W/")
    first = manage(match=seen.headers["ETag"], state="unlisted")
    assert_failure(manage(status=412, match=seen.headers["ETag"], state="disabled"), 412, "ERROR_STALE")
    # What others do to the rest of it is in nobody's way; the answer of a change is as good as a look.
    site.get(FILE)
    manage(match=f'"nonsense", {first.headers["ETag"]}', state="disabled")
    again = site.get(MANAGE, headers=root)
    site.get(MANAGE, headers={**root, "If-None-Match": again.headers["ETag"]}, status=304)
    manage(match=f'"{again.json["revision"]}"', state="active")


def test_of_two_at_once_one_decides(site, root, at_once):
    etag = site.get(MANAGE, headers=root).headers["ETag"]

    def to(state):
        body = {"state": state, "reason": WHY}
        headers = {**root, "If-Match": etag}
        return lambda: site.patch_json(MANAGE, body, headers=headers, expect_errors=True)

    answers = at_once([to("disabled"), to("unlisted"), to("pending_disable")])
    assert sorted(answer.status_int for answer in answers) == [200, 412, 412]
    (won,) = [answer.json["state"] for answer in answers if answer.status_int == 200]
    assert site.get(MANAGE, headers=root).json["state"] == won


def test_owners_are_told_and_the_record_has_it(site, manage, ann, root, accounts, cli):
    manage(state="disabled", api_max="1.14.0", reason=why("malware", "It sends passwords away."))
    told = site.get(f"{V4}users/me/notifications/", headers=ann).json["results"]
    assert {one["kind"] for one in told} == {"extension.state", "extension.api-limit"}
    about = {one["kind"]: one["about"] for one in told}["extension.state"]
    assert about == {
        "extension": NAME,
        "before": "active",
        "after": "disabled",
        "code": "malware",
        "reason": "It sends passwords away.",
    }
    events = site.get(f"{V4}events/?extension={NAME}", headers=root).json["results"]
    limit, state = sorted(events[:2], key=lambda event: event["kind"])
    assert (state["actor"], state["data"]) == ("root", {k: v for k, v in about.items() if k != "extension"})
    assert limit["data"] == state["data"] | {"before": None, "after": "1.14.0"}
    assert cli("audit", "verify").exit_code == 0


def test_the_limit(site, manage, work, ann, get):
    """It holds for all versions, those that come later too, until it is lifted."""

    def status(host_version):
        return get(UPDATES.replace("1.14.0", host_version, 1))["results"][0]["status"]

    assert status("1.14.0") == "update"
    manage(api_max="1.10")
    assert (status("1.14.0"), status("1.10.0")) == ("up_to_date", "update")
    site.post(EXTENSIONS, brackets(NAME, "2.0.0"), headers=ann)
    work()
    assert (status("1.14.0"), status("1.10.0")) == ("up_to_date", "update")
    assert manage(api_max=None, reason=why("cleared", "It works again.")).json["api_max"] is None
    assert status("1.14.0") == "update"


def test_the_list_of_all(site, manage, root, ann, work):
    for name in ("spam-one", "spam_two", "ham"):
        site.post(EXTENSIONS, brackets(name), headers=ann)
    work()
    manage(state="disabled")

    def names(query):
        found = site.get(f"{V4}manage/?{query}", headers=root).json
        assert found["count"] == len(found["results"])
        return [one["name"] for one in found["results"]]

    everything = ["ham", "spam-one", "spam_two", NAME]
    assert names("") == everything
    assert names("state=disabled") == [NAME]
    assert names("state=active&name_like=spam*") == ["spam-one", "spam_two"]
    assert names("name_like=spam_*") == ["spam_two"]
    assert names("owner=ann") == everything
    assert names("owner=root") == names("owner=team:ann") == names("format=webextension") == []
    assert names("format=brackets&updated_before=2100-01-01T00:00:00Z") == everything
    assert names("updated_before=2000-01-01T00:00:00Z") == []
    for query in ("state=gone", "format=x", "updated_before=soon", f"name_like={'x' * 101}"):
        assert_failure(send(site, "GET", f"{V4}manage/?{query}", root), 400)
    one = site.get(f"{V4}manage/?state=disabled", headers=root).json["results"][0]
    assert one == site.get(MANAGE, headers=root).json


def test_the_codes_are_in_the_documentation(request):
    page = (request.config.rootpath / "docs" / "api.md").read_text()
    for code, meaning in CODES.items():
        assert f"| `{code}` | {meaning} |" in page
