import pytest

from support import shelf


@pytest.fixture
def ann(accounts):
    """The headers of an add-on's author, as Mozilla's clients send them."""
    return accounts.jwt(shelf.OWNER)


@pytest.fixture
def bob(accounts):
    return accounts.jwt("bob")
