"""Logging in with a browser.

`/login/{provider}` sends the browser to the provider, with what has to come back (state, nonce, verifier)
sealed in a cookie that lives ten minutes; `/login/{provider}/callback` takes the answer, opens a session
and goes on to `next`. The state counts once. Whoever is logged in already, and still is when they come back, adds the
login to their account.
Failures are JSON like everywhere; only what goes well is a page.
"""

import datetime
import hmac
import secrets
from typing import Any
from urllib.parse import urlencode, urlsplit

import orjson
from pyramid.request import Request
from pyramid.response import Response
from sqlalchemy.orm import Session

from registry import models
from registry.authentication import Identity
from registry.domain import logins, once, sessions
from registry.edge import is_loopback
from registry.errors import ApiError, bad_field
from registry.models import LoginSession
from registry.oidc import Login, LoginRefused
from registry.oidc.providers import DEVELOPER
from registry.pages import page, redirect
from registry.permissions import Permission
from registry.resources import login as nodes
from registry.rest import PAGE, ResourceService

login = ResourceService("login", "/login/", nodes.Login, media_type=PAGE)
provider = ResourceService("login_provider", "/login/{provider}/", nodes.LoginProvider, media_type=PAGE)
callback = ResourceService(
    "login_callback", "/login/{provider}/", nodes.LoginProvider, view="callback", media_type=PAGE
)
logout = ResourceService("logout", "/logout", nodes.Logout, media_type=PAGE)

MINUTES = 10
COOKIE = "registry-login"
FORM_BYTES = 10_000


@login.get(permission=Permission.LOG_IN)
def list_providers(request: Request) -> Response:
    """The ways to log in: a page for browsers, JSON for others."""
    after = _next(request)
    query = f"?{urlencode({'next': after})}" if after else ""
    names = {name: way.title for name, way in request.registry["providers"].items()}
    if request.settings.developer_login:
        names[DEVELOPER] = "the developer login"
    ways = [
        {"name": name, "title": title, "url": f"{_base(request)}/login/{name}{query}"}
        for name, title in names.items()
    ]
    if "text/html" not in request.headers.get("Accept", ""):
        response = Response(orjson.dumps({"providers": ways}), headers={"Cache-Control": "no-store"})
        response.headers["Content-Type"] = "application/json"
        return response
    identity = request.identity
    return page(
        "login.html",
        ways=ways,
        username=identity and identity.username,
        logout=f"{_base(request)}/logout",
        csrf_token=request.sessions.csrf_token(request),
    )


@provider.get(permission=Permission.LOG_IN)
def start(request: Request) -> Response:
    """Send the browser to the provider, or show the developer login."""
    way = request.context.row
    identity = request.identity
    attempt = {
        "provider": request.context.__name__,
        "state": secrets.token_urlsafe(32),
        "nonce": secrets.token_urlsafe(32),
        "verifier": secrets.token_urlsafe(48),
        "next": _next(request),
        "link": _session(identity),
        "until": models.now().timestamp() + MINUTES * 60,
    }
    if way is None:
        _only_here(request)
        csrf_token = request.sessions.csrf_token(request)
        response = page("developer.html", state=attempt["state"], csrf_token=csrf_token)
    else:
        response = redirect(way.start(attempt["state"], attempt["nonce"], attempt["verifier"]), 302)
    _set_cookie(request, response, request.sealer.seal(orjson.dumps(attempt)).decode(), MINUTES * 60)
    return response


@callback.get(permission=Permission.LOG_IN)
def finish(request: Request) -> Response:
    """The provider sent the browser back: log its user in."""
    way = request.context.row
    if way is None:
        raise ApiError(404, "There is nothing at this address.", "ERROR_NOT_FOUND")
    answer = {name: request.GET.get(name, "") for name in request.GET if len(request.GET[name]) <= 4000}
    attempt = _attempt(request, answer.get("state", ""))
    if way.issuer_is_wrong(answer):
        raise bad_field(
            "iss", "This answer is from another provider than the login began with.", "WRONG_ISSUER"
        )
    if "error" in answer or not answer.get("code"):
        said = answer.get("error", "no code")[:100]
        raise bad_field("code", f"{way.title} did not log you in: {said}", "LOGIN_REFUSED")
    if attempt["link"] not in (None, _session(request.identity)):
        raise bad_field(
            "state", "You have logged out, or logged in anew, meanwhile. Begin anew.", "LOGGED_OUT"
        )
    request.database.write(_spend, attempt)
    try:
        who = way.finish(answer, attempt["nonce"], attempt["verifier"])
    except LoginRefused as error:
        raise bad_field("code", str(error), "LOGIN_REFUSED") from error
    link = None if attempt["link"] is None else request.identity
    return _logged_in(request, attempt, request.database.write(_log_in, way.name, who, link))


@provider.post(permission=Permission.LOG_IN)
def developer(request: Request) -> Response:
    """Log in as anybody, where the ini file allows that (`login.developer`)."""
    if request.context.row is not None:
        raise ApiError(
            405, "Log in with GET here.", "ERROR_METHOD_NOT_ALLOWED", [("Allow", "GET, HEAD, OPTIONS")]
        )
    _only_here(request)
    form = small_form(request)
    attempt = _attempt(request, form.get("state", ""))

    def work(session: Session) -> tuple[int, str]:
        _spend(session, attempt)
        user = logins.log_in_by_name(session, DEVELOPER, form.get("username", ""))
        return sessions.open_session(session, user.id, DEVELOPER)

    return _logged_in(request, attempt, request.database.write(work))


@logout.post(permission=Permission.LOG_IN)
def log_out(request: Request) -> Response:
    """End the session of this browser; at once, for every copy of its cookie."""
    identity = request.identity
    if identity is not None and identity.session_id is not None:
        request.database.write(
            lambda session: sessions.end(session, session.get_one(LoginSession, identity.session_id))
        )
    response = Response(status=204)
    if "text/html" in request.headers.get("Accept", ""):
        response = redirect(f"{_base(request)}/login/")
    request.sessions.forget(response)
    return response


def small_form(request: Request) -> Any:
    """The fields of a form that a page of ours sends. Raises ApiError 413 and 415."""
    if request.content_type.lower() != "application/x-www-form-urlencoded":
        raise ApiError(
            415, "Send the form as application/x-www-form-urlencoded.", "ERROR_UNSUPPORTED_MEDIA_TYPE"
        )
    if request.content_length is None or request.content_length > FORM_BYTES:
        raise ApiError(413, f"The form may have at most {FORM_BYTES} bytes.", "ERROR_TOO_LARGE")
    return request.POST


def is_local(text: str) -> bool:
    """Whether it is an address on this site, and nothing that a browser could take for another one."""
    plain = text.isprintable() and text.isascii() and "\\" not in text and len(text) <= 2000
    return plain and text.startswith("/") and not text.startswith("//") and not urlsplit(text).netloc


def _session(identity: Identity | None) -> int | None:
    """The number of the browser's session; None without one."""
    return identity.session_id if identity is not None and identity.kind == "browser" else None


def _log_in(session: Session, name: str, who: Login, link: Identity | None) -> tuple[int, str]:
    if link is not None:
        logins.link(session, link.id, name, who.subject, who.label, session_id=link.session_id)
        return sessions.open_session(session, link.id, name)
    user = logins.log_in(session, name, who.subject, who.label)
    return sessions.open_session(session, user.id, name)


def _spend(session: Session, attempt: dict[str, Any]) -> None:
    until = datetime.datetime.fromtimestamp(attempt["until"], datetime.UTC)
    once.spend(session, f"login {attempt['state']}", until)


def _attempt(request: Request, state: str) -> dict[str, Any]:
    """What the login began with. Raises BadRequest unless it was this browser's, and with that state."""
    sealed = request.cookies.get(COOKIE, "")
    try:
        attempt: dict[str, Any] = orjson.loads(request.sealer.open(sealed.encode("ascii", "replace")))
    except ValueError:
        raise bad_field(
            "state", "This browser has not begun to log in, or has finished already. Begin anew.", "NO_LOGIN"
        ) from None
    same = hmac.compare_digest(state.encode("utf-8", "replace"), attempt["state"].encode())
    if not same or attempt["provider"] != request.context.__name__:
        raise bad_field("state", "This answer belongs to another login. Begin anew.", "WRONG_STATE")
    if attempt["until"] < models.now().timestamp():
        raise bad_field(
            "state", f"The login took longer than {MINUTES} minutes. Begin anew.", "LOGIN_TOO_OLD"
        )
    return attempt


def _logged_in(request: Request, attempt: dict[str, Any], opened: tuple[int, str]) -> Response:
    response = redirect(f"{_base(request)}{attempt['next'] or '/login/'}")
    _set_cookie(request, response, None, 0)  # it is spent: None takes it away, with a date that has passed
    request.sessions.remember(response, opened[1], sessions.DAYS * 24 * 3600)
    return response


def _next(request: Request) -> str:
    """Where to go afterwards, empty for nowhere in particular. Raises BadRequest for another site."""
    text: str = request.GET.get("next", "")
    if text and not is_local(text):
        raise bad_field("next", "This must be an address on this site, such as /device.", "FOREIGN_ADDRESS")
    return text


def _set_cookie(request: Request, response: Response, text: str | None, seconds: int) -> None:
    secure = request.sessions.secure
    response.set_cookie(
        COOKIE, text, max_age=seconds, path="/login", secure=secure, httponly=True, samesite="Lax"
    )


def _only_here(request: Request) -> None:
    # By the name too: a proxy on this machine speaks for others, and so does a page whose name now leads here.
    try:
        name = urlsplit(f"//{request.host}").hostname
    except ValueError:
        name = None
    if not is_loopback(request.remote_addr) or not (name == "localhost" or is_loopback(name)):
        raise ApiError(403, "The developer login is for this machine only.", "ERROR_PERMISSION_DENIED")


def _base(request: Request) -> str:
    url: str = request.public_url
    return url
