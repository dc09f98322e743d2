"""What the tests of Mozilla's APIs share."""

import pytest

from support import shelf
from support.amo import GUID, submission


@pytest.fixture
def ann(accounts):
    """The headers of an add-on's author, as Mozilla's clients send them."""
    return accounts.jwt(shelf.OWNER)


@pytest.fixture
def bob(accounts):
    return accounts.jwt("bob")


@pytest.fixture
def sign(app, ann):
    """Send a package to be signed, as sign-addon does; the answer."""

    def sign(package, version="1.0", guid=GUID, *, api="v4", headers=None, status=None, **fields):
        return app.put(
            submission(version, guid, api),
            fields,
            upload_files=[("upload", "tab_notes.xpi", package)],
            headers=ann if headers is None else headers,
            status=status,
        )

    return sign


@pytest.fixture
def upload(app, ann):
    """Send a package to be validated, as web-ext does; the answer's JSON."""

    def upload(package, channel="unlisted", headers=None):
        answer = app.post(
            "/api/v5/addons/upload/",
            {"channel": channel},
            upload_files=[("upload", "tab_notes-1.0.zip", package)],
            headers=ann if headers is None else headers,
            status=201,
        )
        return answer.json

    return upload


@pytest.fixture
def submit(app, ann, upload):
    """Upload a package and submit it by PUT, or by POST without a guid; the answer."""

    def submit(package, guid=GUID, *, channel="unlisted", headers=None, status=None, version=None, **addon):
        key = upload(package, channel, headers)["uuid"]
        body = {**addon, "version": {**(version or {}), "upload": key}}
        where = f"/api/v5/addons/addon/{guid}/" if guid else "/api/v5/addons/addon/"
        send = app.put_json if guid else app.post_json
        return send(where, body, headers=ann if headers is None else headers, status=status)

    return submit
