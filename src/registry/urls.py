"""The absolute addresses that answers and documents carry; ``base`` is ``registry.public_url``."""

from collections.abc import Collection
from functools import lru_cache
from operator import itemgetter
from urllib.parse import quote, unquote_plus

API = "/api/v4"


@lru_cache(4096)
def segment(text: str) -> str:
    """A name, an id or a number as a segment of a path."""
    return quote(text, safe="@+~")


def extension(base: str, name: str) -> str:
    return f"{base}{API}/extensions/{segment(name)}/"


def version(base: str, name: str, number: str) -> str:
    return f"{extension(base, name)}versions/{segment(number)}/"


def download(base: str, name: str, number: str) -> str:
    return f"{version(base, name, number)}download"


def test_runs(base: str, name: str | None, number: str | None) -> str:
    """Where the test runs of a version are; ``name`` and ``number`` are None for those that are of none."""
    above = f"{base}{API}/" if name is None or number is None else version(base, name, number)
    return f"{above}test-runs/"


def reviews(base: str, name: str) -> str:
    return f"{extension(base, name)}reviews/"


def report(base: str, name: str, row_id: int) -> str:
    """A report, for its reporter and for admins."""
    return f"{extension(base, name)}reports/{row_id}/"


def appeal(base: str, name: str, row_id: int) -> str:
    """An appeal, for the owners and for admins."""
    return f"{extension(base, name)}appeals/{row_id}/"


def picture(base: str, name: str, row_id: int) -> str:
    """A picture as its owners see it."""
    return f"{extension(base, name)}images/{row_id}/"


def seed_download(base: str, name: str, number: str) -> str:
    """As seed 002 spells it."""
    return f"{base}/extension/{segment(name)}/{segment(number)}/download"


def image(base: str, file: str) -> str:
    """A picture that the registry has made: ``file`` is its SHA-256 and its suffix."""
    return f"{base}/images/{file}"


def mine(base: str, kind: str, row_id: int) -> str:
    """One of one's own things: ``kind`` is the collection below ``users/me/``."""
    return f"{base}{API}/users/me/{kind}/{row_id}/"


def signed_xpi(base: str, name: str, number: str) -> str:
    """Where seed 000's curl lines fetch the signed file."""
    return f"{base}/addon/{segment(name)}/versions/{segment(number)}-signed.xpi"


def canonical_query(query: str, known: Collection[str] | None) -> str:
    """The parameters in one order, of two with one name the later behind, without those that are not known.

    None knows all but ``_``. What is not UTF-8 stays as it is, to be refused by who reads it.
    """
    try:
        parts = query.encode("ascii").decode().split("&")
        named = [(unquote_plus(part.partition("=")[0], errors="strict"), part) for part in parts if part]
    except UnicodeError:
        return query
    named.sort(key=itemgetter(0))
    return "&".join(part for name, part in named if (name in known if known is not None else name != "_"))
