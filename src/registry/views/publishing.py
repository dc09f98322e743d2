"""Publish: a package comes in, a version that waits for its signature comes out.

`curl -T x.zip …/extensions/` is a PUT to `…/extensions/x.zip`, because curl appends the file's name;
so the collections take that too. Names that end in `.zip` or `.xpi` are reserved for it.
"""

from typing import Any

from pyramid.request import Request

from registry import representations, urls
from registry.domain import leaks, publishing, validation
from registry.domain.errors import Conflict
from registry.models import Channel
from registry.packages import Finding, Package, PackageRefused
from registry.permissions import Permission
from registry.receiving import Received, receive, uploads_to
from registry.resources import Extensions, Versions
from registry.rest import ResourceService
from registry.schemas import answers
from registry.views.catalogue import extensions
from registry.views.versions import retry_after, versions

FILE = r"{file:[^/]+\.(?:zip|xpi|ZIP|XPI)}"

extensions_file = ResourceService(
    "extensions_file",
    f"/api/v4/extensions/{FILE}",
    Extensions,
    traverse="/api/v4/extensions",
    request_method=("PUT", "POST"),
)
versions_file = ResourceService(
    "versions_file",
    f"/api/v4/extensions/{{name}}/versions/{FILE}",
    Versions,
    traverse="/api/v4/extensions/{name}/versions",
    request_method=("PUT", "POST"),
)


@uploads_to(extensions, extensions_file, permission=Permission.PUBLISH_NEW, answer=answers.VERSION)
def publish_extension(request: Request) -> dict[str, Any]:
    """Publish a new extension, or a new version of one of one's own; the package names it."""
    return answer(request, submit(request))


@uploads_to(versions, versions_file, permission=Permission.PUBLISH_VERSION, answer=answers.VERSION)
def publish_version(request: Request) -> dict[str, Any]:
    """Publish a new version of this extension."""
    return answer(request, submit(request, request.context.__parent__.row.id))


def submit(request: Request, extension_id: int | None = None) -> publishing.Published:
    """Take the package of a request in and publish it; validation or the signature is on its way when this returns."""
    with receive(request) as received:
        try:
            return take(request, received, extension_id)
        except Conflict as conflict:
            if "version" in conflict.existing:
                conflict.existing["url"] = urls.version(
                    request.public_url, str(conflict.existing["name"]), str(conflict.existing["version"])
                )
            raise


def take(
    request: Request, received: Received, extension_id: int | None, channel: Channel = Channel.LISTED
) -> publishing.Published:
    """Publish what was received; validation or the signature is on its way when this returns."""
    draft = received.draft
    if found := leaks_in(request, received.package):
        raise PackageRefused(found)
    request.storage.keep(draft.path, draft.sha256)
    tools = validation.tools(request.registry["settings"], received.package.format, channel)
    submission = publishing.Submission(
        received.package, draft.sha256, draft.size, request.identity.id, channel, tools
    )
    published: publishing.Published = request.database.write(publishing.publish, submission, extension_id)
    if published.created and published.job_id is not None:
        request.registry["alarm"].hint(published.job_id)
    return published


def leaks_in(request: Request, package: Package) -> list[Finding]:
    """The live tokens of ours that a package holds; their owners are told."""
    live = leaks.live_tokens(request.read, package.tokens) if package.tokens else {}
    if live:
        request.database.write(leaks.tell, list(live.values()), request.identity.id)
    return [
        Finding(
            "LIVE_TOKEN",
            f"{package.tokens[text]} holds a token of this registry that is still good. "
            "Revoke it, take it out, and pack again; its owner has been told.",
        )
        for text in live
    ]


def answer(request: Request, published: publishing.Published) -> dict[str, Any]:
    """202 and where to look, or 200 when these bytes had been published before."""
    extension = request.root["api"]["v4"]["extensions"][published.name]
    node = extension["versions"][published.version]
    request.response.status_int = 202 if published.created else 200
    request.response.location = urls.version(request.public_url, published.name, published.version)
    if published.created:
        request.response.headers["Retry-After"] = str(retry_after(node.row))
    return representations.version(request, extension.row, node.row)
