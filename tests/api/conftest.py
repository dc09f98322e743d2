import pytest

from support import shelf


@pytest.fixture
def stocked(app, accounts, work):
    """The application with the extensions of `support.shelf`."""
    shelf.stock(app, accounts, work)
    return app
