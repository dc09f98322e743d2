"""The policy of an extension: what must have passed before a version becomes `latest`."""

from typing import Any

from pyramid.request import Request
from sqlalchemy import select

from registry import representations, urls
from registry.domain import test_gate, test_policies
from registry.domain.test_gate import Policy
from registry.errors import bad_field
from registry.models import TestPolicy, table
from registry.permissions import Permission
from registry.representations import time
from registry.resources import Extension, Version
from registry.rest import ResourceService, answering
from registry.schemas import answers
from registry.schemas.test_policies import POLICY, PolicySchema, ReleaseSchema
from registry.urls import API
from registry.validators import json_body
from registry.views.visibility import require_open

policy = ResourceService("test_policy", f"{API}/extensions/{{name}}/", Extension, view="test-policy/")
release = ResourceService(
    "release_version", f"{API}/extensions/{{name}}/versions/{{version}}/", Version, view="release/"
)


@policy.get(permission=Permission.READ)
@answering(POLICY)
def show_policy(request: Request) -> dict[str, Any]:
    """What must have passed before a version is `latest`, and which versions wait for that."""
    node = request.context
    require_open(node)
    row = request.read.execute(
        select(table(TestPolicy)).where(TestPolicy.extension_id == node.row.id)
    ).one_or_none()
    return {
        "passing": row.passing if row else 0,
        "hosts": row.hosts if row else [],
        "os": row.os if row else [],
        "no_regression": bool(row and row.no_regression),
        "changed": time(row.changed) if row else None,
        "held": [
            {
                "version": each.version,
                "reason": each.held_reason,
                "url": urls.version(request.public_url, node.row.name, each.version),
            }
            for each in test_gate.held(request.read, node.row.id)
        ],
    }


@policy.put(permission=Permission.EDIT, validators=[json_body(PolicySchema())])
@answering(POLICY)
def set_policy(request: Request) -> dict[str, Any]:
    """Hold new versions back until their tests have passed; those that are held are judged anew."""
    wanted = request.validated
    asked = Policy(wanted["passing"], wanted["hosts"], wanted["os"], wanted["no_regression"])
    request.database.write(test_policies.put, request.context.row.id, request.identity.id, asked)
    return show_policy(request)


@policy.delete(permission=Permission.EDIT)
def end_policy(request: Request) -> None:
    """Hold no version back any more."""
    request.database.write(test_policies.remove, request.context.row.id, request.identity.id)
    request.response.status_int = 204


@release.post(permission=Permission.RELEASE, validators=[json_body(ReleaseSchema())])
@answering(answers.VERSION)
def release_version(request: Request) -> dict[str, Any]:
    """Let a version through that waits for its tests, for a reason that the other owners are told."""
    node = request.context
    if node.__name__ == "latest":
        raise bad_field("version", "Name the version; `latest` is not held.", "VERSION_NEEDED")
    arguments = (node.row.extension_id, node.row.id, request.identity.id, request.validated["reason"])
    request.database.write(test_policies.release, *arguments)
    node.reload()
    return representations.version(request, node.__parent__.__parent__.row, node.row)
