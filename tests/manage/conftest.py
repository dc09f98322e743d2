"""`site` has two versions of ann's `word-tally`; `manage` and `yank` decide, as root of the registry's team."""

import pytest
from webtest import TestApp

from support.samples import brackets
from support.wire import send

EXTENSIONS = "/api/v4/extensions/"
NAME = "word-tally"
DETAIL = f"{EXTENSIONS}{NAME}/"
MANAGE = f"{DETAIL}manage/"
WHY = {"code": "other", "text": "Because of a test."}


def why(code="other", text="Because of a test."):
    return {"code": code, "text": text}


@pytest.fixture
def root(accounts):
    return accounts.bearer("root", admin=True)


@pytest.fixture
def ann(accounts):
    return accounts.bearer("ann")


@pytest.fixture
def site(app, ann, work) -> TestApp:
    for version in ("1.0.0", "1.1.0"):
        app.post(EXTENSIONS, brackets(NAME, version), headers=ann)
    work()
    return app


@pytest.fixture
def manage(site, root):
    """`manage(state="disabled")` answers what came back; `status` is what is expected, `headers` are root's."""

    def manage(status=200, headers=None, reason=WHY, match="*", **body):
        headers = dict(headers if headers is not None else root)
        if match is not None:
            headers["If-Match"] = match
        if reason is not None:
            body["reason"] = reason
        return site.patch_json(MANAGE, body, headers=headers, status=status)

    return manage


@pytest.fixture
def yank(site, root, ann):
    """`yank("1.1.0")` by the team, `by="ann"` by its owner; `yanked=False` takes it back."""

    def yank(
        version, *, by="root", yanked=True, code="other", text="Because of a test.", status=200, match="*"
    ):
        path = f"{DETAIL}versions/{version}/{'manage/' if by == 'root' else ''}"
        headers = {**(root if by == "root" else ann), "If-Match": match}
        body = {"yanked": yanked, "reason": why(code, text)}
        return site.patch_json(path, body, headers=headers, status=status)

    return yank


@pytest.fixture
def get(site):
    """The JSON at an address, for a stranger."""
    return lambda path, headers=None: send(site, "GET", path, headers or {}).json
