"""The few pages that people see in a browser: plain HTML without scripts, that nobody can frame or inject into."""

import base64
import hashlib
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader
from pyramid.response import Response

_STYLE = (files("registry") / "templates" / "style.css").read_text()
_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_pages = Environment(loader=PackageLoader("registry"), autoescape=True)
_pages.globals["style"] = _STYLE


def page(name: str, **values: Any) -> Response:
    """The page of that template."""
    response = Response(_pages.get_template(name).render(**values), content_type="text/html", charset="UTF-8")
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["X-Frame-Options"] = "DENY"
    return response


def redirect(address: str, status: int = 303) -> Response:
    """Send the browser to that address; nobody may remember that."""
    response = Response(status=status)
    response.location = address
    response.headers["Cache-Control"] = "no-store"
    return response
