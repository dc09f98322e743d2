"""A package with a live token in it is refused, and the token's owner is told; the token itself is never repeated."""

import pytest

from registry.domain import credentials
from support.samples import brackets
from support.wire import assert_failure

EXTENSIONS, ME = "/api/v4/extensions/", "/api/v4/users/me/"
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


def test_many_of_them(app, accounts):
    tokens = [accounts.token("bob") for _ in range(3)]
    package = brackets(files={f"{number}.txt": token for number, token in enumerate(tokens)})
    answer = app.post(EXTENSIONS, package, headers=accounts.bearer("ann"), expect_errors=True)
    assert len(assert_failure(answer, 400)["file"]) == 3
