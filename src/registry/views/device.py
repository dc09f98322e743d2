"""The page where a person lets a program in that began a login elsewhere (RFC 8628, 3.3).

Only for a browser that is logged in; others are sent to log in first and come back.
"""

from typing import Any
from urllib.parse import urlencode

from pyramid.request import Request
from pyramid.response import Response
from sqlalchemy import bindparam, select

from registry.domain import devices
from registry.errors import CHALLENGE, ApiError, bad_field
from registry.models import DeviceLogin, DeviceState, now
from registry.pages import page, redirect
from registry.permissions import Permission
from registry.resources import login as nodes
from registry.rest import PAGE, ResourceService
from registry.views.login import small_form

device = ResourceService("device", "/device", nodes.Device, media_type=PAGE)

DECISIONS = ("approve", "deny")
_WAITING = select(DeviceLogin.user_code, DeviceLogin.client, DeviceLogin.scopes).where(
    DeviceLogin.user_code == bindparam("code"),
    DeviceLogin.state == DeviceState.PENDING,
    DeviceLogin.expires > bindparam("moment"),
)


@device.get(permission=Permission.LOG_IN)
def show(request: Request) -> Response:
    """Ask for the code, or show which program waits for it."""
    code = request.GET.get("user_code", "")
    if request.identity is None or request.identity.kind != "browser":
        back = f"/device?{urlencode({'user_code': devices.waiting(code)})}" if code else "/device"
        query = urlencode({"next": back})
        return redirect(f"{request.public_url}/login/?{query}")
    return _page(request, login=_waiting(request, code) if code else None)


@device.post(permission=Permission.LOG_IN)
def decide(request: Request) -> Response:
    """Let the program in, or refuse it."""
    identity = request.identity
    if identity is None or identity.kind != "browser":
        raise ApiError(401, "Log in with a browser first.", "ERROR_NOT_AUTHENTICATED", CHALLENGE)
    form = small_form(request)
    decision = form.get("decision", "")
    if decision not in DECISIONS:
        raise bad_field("decision", f"This must be one of {', '.join(DECISIONS)}.")
    code = form.get("user_code", "")
    approve = decision == "approve"
    request.database.write(
        lambda session: devices.decide(session, code, identity.id, identity.credential_id, approve=approve)
    )
    return _page(request, decision=decision)


def _waiting(request: Request, code: str) -> Any:
    wanted = {"code": devices.waiting(code), "moment": now()}
    found = request.read.execute(_WAITING, wanted).one_or_none()
    if found is None:
        raise bad_field("user_code", "No program waits for this code; it may have expired.", "UNKNOWN_CODE")
    return found


def _page(request: Request, **values: Any) -> Response:
    return page(
        "device.html",
        username=request.identity.username,
        csrf_token=request.sessions.csrf_token(request),
        **values,
    )
