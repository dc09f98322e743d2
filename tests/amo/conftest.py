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
