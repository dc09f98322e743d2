"""Trusted publishing: the CI jobs that may publish an extension, and the exchange of their identity tokens.

The exchange is anonymous: the identity token in the body is what counts. It is looked at before anything
is said of the extension, and whoever comes with what does not hold is slowed like one who guesses passwords.
"""

from typing import Any

from pyramid.request import Request
from sqlalchemy import bindparam, select

from registry import urls
from registry.domain import trusted_publishers as rules
from registry.errors import ApiError, bad_field
from registry.models import TrustedPublisher, User
from registry.permissions import Permission
from registry.representations import time
from registry.resources import ownership as nodes
from registry.resources.login import PublishTokens
from registry.rest import ResourceService, answering
from registry.schemas.answers import NUMBER, TEXT, TEXTS, TIME, URL, mapping, or_null
from registry.schemas.trusted_publishers import ExchangeSchema, TrustedPublisherSchema
from registry.urls import API
from registry.validators import json_body

_COLLECTION = f"{API}/extensions/{{name}}/trusted-publishers/"
publishers = ResourceService("trusted_publishers", _COLLECTION, nodes.TrustedPublishers)
publisher = ResourceService("trusted_publisher", f"{_COLLECTION}{{id}}/", nodes.TrustedPublisher)
publish_tokens = ResourceService("publish_tokens", f"{API}/publish-tokens/", PublishTokens)

_ROWS = (
    select(TrustedPublisher.__table__, User.username)
    .join(User, User.id == TrustedPublisher.added_by)
    .where(TrustedPublisher.extension_id == bindparam("extension_id"), TrustedPublisher.removed.is_(None))
    .order_by(TrustedPublisher.id)
)
_ROW = _ROWS.where(TrustedPublisher.id == bindparam("id"))
TRUSTED = mapping(
    id=NUMBER,
    issuer=TEXT,
    repository=TEXT,
    workflow=TEXT,
    environment=or_null(TEXT),
    repository_id=or_null(TEXT),
    repository_owner_id=or_null(TEXT),
    added_by=TEXT,
    created=TIME,
    used=or_null(TIME),
    url=URL,
)
PUBLISH_TOKEN = mapping(
    token=TEXT, expires=TIME, extension=TEXT, scopes=TEXTS, trusted_publisher=NUMBER, versions_url=URL
)


@publishers.get(permission=Permission.OWNERS)
@answering({"type": "array", "items": TRUSTED})
def list_trusted_publishers(request: Request) -> list[dict[str, Any]]:
    """The CI workflows that may publish the extension, and what is known of their repositories."""
    extension = request.context.__parent__.row
    rows = request.read.execute(_ROWS, {"extension_id": extension.id})
    return [_trusted(request, extension.name, row) for row in rows]


@publishers.post(permission=Permission.OWNERS, validators=[json_body(TrustedPublisherSchema())])
@answering(TRUSTED, 201)
def add_trusted_publisher(request: Request) -> dict[str, Any]:
    """Trust a workflow of a repository: its jobs publish as oneself; the other owners are told."""
    extension, wanted = request.context.__parent__.row, dict(request.validated)
    wanted["issuer"] = _issuer(request, wanted["issuer"])
    number = request.database.write(
        lambda session: rules.add(session, extension.id, request.identity.id, **wanted)
    )
    answer = _trusted(request, extension.name, _one(request, extension.id, number))
    request.response.status_int, request.response.location = 201, answer["url"]
    return answer


@publisher.get(permission=Permission.OWNERS)
@answering(TRUSTED)
def show_trusted_publisher(request: Request) -> dict[str, Any]:
    """One of them; the numbers of repository and owner are learnt when it is used first."""
    extension = request.context.__parent__.__parent__.row
    return _trusted(request, extension.name, _one(request, extension.id, request.context.row.id))


@publisher.delete(permission=Permission.OWNERS)
def remove_trusted_publisher(request: Request) -> None:
    """Trust it no more; the tokens it has got end at once."""
    if not request.database.write(rules.remove, request.context.row.id, request.identity.id):
        raise _gone()
    request.response.status_int = 204


@publish_tokens.post(permission=Permission.LOG_IN, validators=[json_body(ExchangeSchema())])
@answering(PUBLISH_TOKEN, 201)
def exchange(request: Request) -> dict[str, Any]:
    """Exchange a CI job's identity token for one that publishes one extension for a quarter of an hour."""
    name = request.validated["extension"]
    pipeline = request.registry["pipelines"].verify(request.validated["token"], request.public_url)
    rules.match(request.read, name, pipeline)  # strangers' jobs get no further, and no lock
    made = request.database.write(rules.exchange, name, pipeline)
    request.response.status_int = 201
    request.response.location = urls.mine(request.public_url, "tokens", made.token_id)
    request.response.headers["Cache-Control"] = "no-store"
    return {
        "token": made.token,
        "expires": time(made.expires),
        "extension": made.extension,
        "scopes": list(rules.SCOPES),
        "trusted_publisher": made.trusted_publisher_id,
        "versions_url": f"{urls.extension(request.public_url, made.extension)}versions/",
    }


def _issuer(request: Request, wanted: str | None) -> str:
    known: list[str] = request.registry["pipelines"].urls
    if wanted is None and known:
        return known[0]
    if wanted not in known:
        said = f"must be one of {' '.join(known)}" if known else "cannot be any: this registry knows none"
        raise bad_field("issuer", f"This {said}.", "UNKNOWN_ISSUER")
    return str(wanted)


def _one(request: Request, extension_id: int, number: int) -> Any:
    row = request.read.execute(_ROW, {"extension_id": extension_id, "id": number}).one_or_none()
    if row is None:
        raise _gone()
    return row


def _gone() -> ApiError:
    return ApiError(404, "This trusted publisher has been removed.", "ERROR_NOT_FOUND")


def _trusted(request: Request, name: str, row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "issuer": row.issuer,
        "repository": row.repository,
        "workflow": row.workflow,
        "environment": row.environment,
        "repository_id": row.repository_id,
        "repository_owner_id": row.repository_owner_id,
        "added_by": row.username,
        "created": time(row.created),
        "used": time(row.used),
        "url": f"{urls.extension(request.public_url, name)}trusted-publishers/{row.id}/",
    }
