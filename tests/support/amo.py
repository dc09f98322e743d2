"""Addresses of Mozilla's APIs."""

from urllib.parse import quote

GUID = "tab-notes@example.org"
BASE = "http://127.0.0.1:6543"


def submission(version: str = "1.0", guid: str = GUID, api: str = "v4") -> str:
    """Where a version is sent to be signed; encoded as sign-addon does."""
    return f"/api/{api}/addons/{quote(guid, safe='')}/versions/{quote(version, safe='')}/"


def local(url: str) -> str:
    """An absolute address in an answer, for WebTest."""
    assert url.startswith(BASE)
    return url.removeprefix(BASE)
