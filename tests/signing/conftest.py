from pathlib import Path

import pytest

from support.signatures import Issuer, make_issuer, signed_package


@pytest.fixture(scope="session")
def issuer() -> Issuer:
    return make_issuer()


@pytest.fixture(scope="session")
def signed(issuer: Issuer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A signed package of ``support.signatures.FILES``; tests change copies of it, never the file."""
    return signed_package(tmp_path_factory.mktemp("signed"), issuer)
