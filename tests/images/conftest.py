"""An extension of ann's to give pictures to, and the addresses of what becomes of them."""

import pytest

from support.pictures import EXTENSIONS, OF, picture
from support.samples import brackets


@pytest.fixture
def ann(accounts):
    return accounts.bearer("ann")


@pytest.fixture
def publish(app, ann, work):
    """Publish a version whose package has these files, and names them in its manifest; then do all that is to do."""

    def publish(version="1.0.0", files=None, *, and_work=True, **manifest):
        app.post(EXTENSIONS, brackets(version=version, files=files, **manifest), headers=ann, status=202)
        if and_work:
            while work():
                pass

    return publish


@pytest.fixture
def send(app, ann):
    """Send a picture as an owner does; the answer."""

    def send(data=None, role="screenshot", headers=None, status=202, of=OF):
        data = picture() if data is None else data
        headers = ann if headers is None else headers
        return app.post(
            f"{of}?role={role}", data, headers={"Content-Type": "image/png"} | headers, status=status
        )

    return send


@pytest.fixture
def shown(app):
    """What everybody sees: the icons by size, and the screenshots."""

    def shown():
        detail = app.get(f"{EXTENSIONS}word-tally/").json
        return detail["icons"], detail["screenshots"]

    return shown


@pytest.fixture
def fetch(app):
    """A file at an absolute address of this registry."""

    def fetch(address, **options):
        return app.get(address.removeprefix("http://127.0.0.1:6543"), **options)

    return fetch
