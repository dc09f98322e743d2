"""The mail address of an account, and the pages that the links of messages lead to.

Mail scanners open every link, so GET changes nothing. A mail program's own button sends the POST of RFC 8058.
"""

from typing import Any

from pyramid.request import Request
from pyramid.response import Response
from sqlalchemy import bindparam, select

from registry.domain import addresses as rules
from registry.models import Digest, MailAddress, table
from registry.pages import page
from registry.permissions import Permission
from registry.resources.accounts import MyEmail
from registry.resources.base import row_number
from registry.resources.mail import Confirm, Unsubscribe
from registry.rest import PAGE, ResourceService, answering
from registry.schemas.answers import TEXT, mapping, one_of, or_null
from registry.schemas.mail import AddressSchema, CodeSchema
from registry.urls import API
from registry.validators import json_body

email = ResourceService("my_email", f"{API}/users/me/email/", MyEmail)
confirm = ResourceService("mail_confirm", "/mail/confirm", Confirm, media_type=PAGE)
unsubscribe = ResourceService("mail_unsubscribe", "/mail/unsubscribe", Unsubscribe, media_type=PAGE)

_ROW = select(MailAddress.__table__).where(table(MailAddress).c.user_id == bindparam("user_id"))
EMAIL = mapping(address=or_null(TEXT), pending=or_null(TEXT), digest=one_of(Digest))


@email.get(permission=Permission.READ_ACCOUNT)
@answering(EMAIL)
def show_email(request: Request) -> dict[str, Any]:
    """Where one's mail goes, and the address that waits to be confirmed; both null when there is none."""
    return _shown(request)


@email.put(permission=Permission.ACCOUNT, validators=[json_body(AddressSchema())])
@answering(EMAIL)
def set_email(request: Request) -> dict[str, Any]:
    """Say where one's mail is to go; a new address is `pending` until the code that is mailed there comes back."""
    wanted = request.validated
    request.database.write(rules.put, request.identity.id, wanted["address"], Digest(wanted["digest"]))
    return _shown(request)


@email.post(permission=Permission.ACCOUNT, validators=[json_body(CodeSchema())])
@answering(EMAIL)
def confirm_email(request: Request) -> dict[str, Any]:
    """Confirm the address that is pending, with the code that was mailed there; it counts once."""
    code, user_id = request.validated["code"], request.identity.id
    request.database.write(rules.confirm, request.sealer, code, user_id)
    return _shown(request)


@email.delete(permission=Permission.ACCOUNT)
def remove_email(request: Request) -> None:
    """Have no mail any more, and the address forgotten."""
    request.database.write(rules.remove, request.identity.id)
    request.response.status_int = 204


@confirm.get(permission=Permission.LOG_IN)
def ask_to_confirm(request: Request) -> Response:
    """Ask whether the address is to be the account's."""
    found = rules.find(request.read, request.sealer, _code(request))
    return _page(request, "confirm.html", username=found.username, address=found.pending)


@confirm.post(permission=Permission.LOG_IN)
def confirm_by_link(request: Request) -> Response:
    """It is."""
    address = request.database.write(rules.confirm, request.sealer, _code(request))
    return _page(request, "confirm.html", done=f"Mail for this account goes to {address} now.")


@unsubscribe.get(permission=Permission.LOG_IN)
def ask_to_unsubscribe(request: Request) -> Response:
    """Ask whether the digests are to end."""
    return _page(request, "unsubscribe.html")


@unsubscribe.post(permission=Permission.LOG_IN)
def unsubscribe_by_link(request: Request) -> Response:
    """They do, whatever the body says (RFC 8058)."""
    user_id = row_number(request.GET.get("user", "")) or 0
    signature = request.GET.get("signature", "")
    request.database.write(rules.unsubscribe, request.sealer, user_id, signature)
    return _page(request, "unsubscribe.html", done="Digests will not be sent to this address any more.")


def _code(request: Request) -> str:
    code: str = request.GET.get("code", "")
    return code[:200]


def _shown(request: Request) -> dict[str, Any]:
    row = request.read.execute(_ROW, {"user_id": request.identity.id}).one_or_none()
    if row is None:
        return {"address": None, "pending": None, "digest": str(Digest.OFF)}
    return {"address": row.address, "pending": row.pending, "digest": row.digest}


def _page(request: Request, name: str, **values: Any) -> Response:
    return page(name, csrf_token=request.sessions.csrf_token(request), **values)
