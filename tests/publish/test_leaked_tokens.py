"""A package with a live token in it is refused, and the token's owner is told; the token itself is never repeated."""

import datetime

import pytest
from sqlalchemy import update

from registry import models
from registry.domain import credentials
from support import shelf
from support.samples import brackets
from support.wire import assert_failure

EXTENSIONS, ME = "/api/v4/extensions/", "/api/v4/users/me/"
WIDE = {"utf-16-le", "utf-16-be", "utf-16", "utf-32-le", "utf-32-be"}
PLACES = {
    "main.js": "const token = '%s';\n",
    "data/settings.bin": "\0\0%s\0",
    "long.txt": "x" * (256 * 1024 - 20) + " %s",
}


@pytest.mark.parametrize("path", PLACES)
@pytest.mark.parametrize("door", [EXTENSIONS, "/api/v3/addon/", f"{EXTENSIONS}x.zip"])
def test_it_is_found_wherever_it_is(app, accounts, path, door):
    token = accounts.token("bob")
    package = brackets(files={path: PLACES[path] % token})
    answer = app.post(door, package, headers=accounts.bearer("ann"), expect_errors=True)
    (said,) = assert_failure(answer, 400)["file"]
    assert said.startswith(f"LIVE_TOKEN: {path} ")
    assert token not in answer.text
    told = app.get(f"{ME}notifications/", headers=accounts.bearer("bob")).json["results"]
    assert [(note["kind"], note["about"]["name"]) for note in told] == [("token.leaked", "test")]
    assert_failure(
        app.get(f"{EXTENSIONS}word-tally/", headers=accounts.bearer("ann"), expect_errors=True), 404
    )


def test_what_is_no_live_token_does_not_matter(app, accounts):
    ann = accounts.bearer("ann")
    revoked = app.post_json(f"{ME}tokens/", {"name": "x", "scopes": ["read"]}, headers=ann).json
    app.delete(f"{ME}tokens/{revoked['id']}/", headers=ann)
    others = [
        credentials.new_token(),
        "reg_" + "x" * 49,
        "reg_",
        f"{accounts.token('bob')}9",
        revoked["token"],
    ]
    package = brackets(files={"notes.txt": "\n".join(others)})
    app.post(EXTENSIONS, package, headers=ann, status=202)


@pytest.mark.parametrize("coding", ["ascii", "utf-16-le", "utf-32-be"])
def test_a_test_runs_token_is_one_too(app, accounts, work, database, coding):
    shelf.stock(app, accounts, work)
    bob = accounts.bearer("bob")
    where = f"{EXTENSIONS}{shelf.PUBLIC}/versions/{shelf.SIGNED}/test-runs/"
    run = app.post_json(where, {}, headers=bob, status=201).json
    package = brackets(version="5.0.0", files={"ci.yml": f"token: {run['token']}\n".encode(coding)})
    ann = accounts.bearer(shelf.OWNER)
    answer = app.post(EXTENSIONS, package, headers=ann, expect_errors=True)
    (said,) = assert_failure(answer, 400)["file"]
    assert said.startswith("LIVE_TOKEN: ci.yml ")
    (told,) = app.get(f"{ME}notifications/", headers=bob).json["results"]
    assert (told["kind"], told["about"]) == ("token.leaked", {"test_run": run["id"]})
    # After the run it is good for nothing.
    ended = {"finished": models.now() - datetime.timedelta(days=1)}
    database.write(lambda session: session.execute(update(models.TestRun).values(**ended)) and None)
    app.post(EXTENSIONS, package, headers=ann, status=202)


def test_many_of_them(app, accounts):
    tokens = [accounts.token("bob") for _ in range(3)]
    package = brackets(files={f"{number}.txt": token for number, token in enumerate(tokens)})
    answer = app.post(EXTENSIONS, package, headers=accounts.bearer("ann"), expect_errors=True)
    assert len(assert_failure(answer, 400)["file"]) == 3


@pytest.mark.parametrize("coding", sorted(WIDE))
def test_in_wide_letters(app, accounts, coding):
    token = accounts.token("bob")
    for before in ("", "x" * 131_000):
        text = f"{before}token = {token}\n".encode(coding)
        package = brackets(files={"settings.txt": text})
        answer = app.post(EXTENSIONS, package, headers=accounts.bearer("ann"), expect_errors=True)
        assert assert_failure(answer, 400)["file"][0].startswith("LIVE_TOKEN: settings.txt ")
    whole = f"{token}9".encode(coding)
    app.post(EXTENSIONS, brackets(files={"a": whole}), headers=accounts.bearer("ann"), status=202)


def test_it_does_not_hide_behind_others(app, accounts):
    token = accounts.token("bob")
    others = "\n".join(credentials.new_token() for _ in range(1200))
    package = brackets(files={"a.txt": others, "b.txt": token})
    answer = app.post(EXTENSIONS, package, headers=accounts.bearer("ann"), expect_errors=True)
    assert assert_failure(answer, 400)["file"][0].startswith("LIVE_TOKEN: b.txt ")
    many = "\n".join(f"reg_{number:049}" for number in range(10_001))
    answer = app.post(
        EXTENSIONS, brackets(files={"a.txt": many}), headers=accounts.bearer("ann"), expect_errors=True
    )
    assert assert_failure(answer, 400)["file"][0].startswith("TOO_MANY_TOKENS: ")
