"""The absolute addresses that answers carry; all begin with ``registry.public_url``."""

from urllib.parse import quote

from pyramid.request import Request

API = "/api/v4"


def _segment(text: str) -> str:
    return quote(text, safe="@+~")


def extension(request: Request, name: str) -> str:
    return f"{request.settings.public_url}{API}/extensions/{_segment(name)}/"


def version(request: Request, name: str, number: str) -> str:
    return f"{extension(request, name)}versions/{_segment(number)}/"


def download(request: Request, name: str, number: str) -> str:
    return f"{version(request, name, number)}download"


def mine(request: Request, kind: str, row_id: int) -> str:
    """One of one's own things: ``kind`` is the collection below ``users/me/``."""
    return f"{request.settings.public_url}{API}/users/me/{kind}/{row_id}/"


def signed_xpi(request: Request, name: str, number: str) -> str:
    """Where seed 000's curl lines fetch the signed file."""
    return f"{request.settings.public_url}/addon/{_segment(name)}/versions/{_segment(number)}-signed.xpi"
