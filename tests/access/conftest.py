import pytest

from registry import downloads
from support import shelf


@pytest.fixture
def stocked(app, accounts, work, monkeypatch):
    """The application with the extensions of `support.shelf`; a walk's own downloads change nothing amid it."""
    monkeypatch.setattr(downloads, "EVERY", 3600)
    shelf.stock(app, accounts, work)
    return app
