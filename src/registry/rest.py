"""Cornice services bound to nodes of the resource tree.

A service has one URL path, and that path is walked down the tree: what lies at its end must be a node
of the service's class, or the answer is 404. So `.` and `..` segments, which the walk skips but a
route does not, can never pair the view of one node with the rights of another.

``path`` is written as clients see it. Only the slash at the end is optional: it is taken off in front
of routing (``edge``), so both spellings are one address. ``view`` names a last segment that is a view
of the node, not a node; ``traverse`` names the node where a dialect's path spells it differently. Two
services may share an address, when one of them is for some verbs alone (``request_method``).
"""

import functools
import re
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from cornice.service import Service
from pyramid.httpexceptions import HTTPMethodNotAllowed, HTTPNotFound
from pyramid.request import Request
from pyramid.response import Response
from pyramid.security import NO_PERMISSION_REQUIRED

from registry.errors import ApiError
from registry.express import Shortcut
from registry.resources import Root

View = Callable[[Request], Any]
_VARIABLE = re.compile(r"{\w+([:}])")
JSON, PAGE = "application/json", "text/html"


def answering(schema: dict[str, Any], status: int = 200) -> Callable[[Any], Any]:
    """Say what a view answers, as JSON Schema, for the API's description; a view without this answers 204."""

    def mark(view: Any) -> Any:
        view.answer, view.status = schema, status
        return view

    return mark


def with_files(taken: Sequence[str] = (), given: Sequence[str] = ()) -> Callable[[Any], Any]:
    """Say that a view takes a file of one of these media types, or answers with one, for the API's description."""

    def mark(view: Any) -> Any:
        view.takes_files, view.gives_files = taken, given
        return view

    return mark


class ResourceService(Service):
    """The verbs of one kind of node. ``media_type`` is what GET answers: JSON, a PAGE for people, None for packages."""

    renderer = "json"
    # What a GET answers to strangers, found without the tree: see ``express``.
    shortcut: Shortcut | None = None
    # Cornice's own list belongs to the whole process, so tests' services would end up in the real app.
    all: ClassVar[list["ResourceService"]] = []

    def __init__(
        self,
        name: str,
        path: str,
        context: type,
        *,
        traverse: str | None = None,
        view: str = "",
        media_type: str | None = JSON,
        **options: Any,
    ):
        self.public_path = f"{path}{view}"
        self.tree_path = (traverse or path).rstrip("/") or "/"
        self.media_type = media_type
        self.default_validators = [_acceptable] if media_type == JSON else []
        super().__init__(
            name,
            path=self.public_path.rstrip("/") or "/",
            traverse=self.tree_path,
            factory=Root,
            context=context,
            depth=2,
            **options,
        )
        self.add_view("options", _options, permission=NO_PERMISSION_REQUIRED)
        self.all.append(self)

    def for_strangers(self, shortcut: Shortcut) -> Shortcut:
        """A decorator for the function that ``express`` asks before the tree."""
        self.shortcut = shortcut
        return shortcut

    def same_for_all(self, view: View) -> View:
        """A decorator for a GET that answers the same whoever asks, and looks at nothing of the tree."""
        [validators] = [given["validators"] for verb, _, given in self.definitions if verb == "GET"]

        def shortcut(request: Request, _: str) -> Any:
            for validate in validators:
                validate(request)
            return view(request)

        self.shortcut = shortcut
        return view


def _acceptable(request: Request, **_: Any) -> None:
    if request.headers.get("Accept") and not request.accept.acceptable_offers(["application/json"]):
        raise ApiError(406, "This address answers application/json only.", "ERROR_NOT_ACCEPTABLE")


def _options(request: Request) -> Response:
    return Response(status=204, headers={"Allow": ", ".join(sorted(verbs_at(request.matched_route.pattern)))})


def _no_such_verb(context: Any, request: Request) -> Response:
    service = request.registry.cornice_services[request.matched_route.pattern]
    if not isinstance(context, service.context):
        raise HTTPNotFound
    response = HTTPMethodNotAllowed()
    response.allow = verbs_at(request.matched_route.pattern)
    raise response


def shortcuts() -> dict[str, Shortcut]:
    """By their addresses, or what comes before the last segment where that is variable, as ``express`` wants them."""
    return {
        service.path if "{" not in service.path else service.path.rpartition("/")[0] + "/": service.shortcut
        for service in ResourceService.all
        if service.shortcut is not None
    }


def fixed_paths() -> set[str]:
    """The addresses without variables."""
    return {service.path for service in ResourceService.all if "{" not in service.path}


def verbs_at(path: str) -> set[str]:
    """The verbs of all services at an address, written as one of theirs."""
    here = _without_names(path)
    return {
        verb
        for service in ResourceService.all
        if _without_names(service.path) == here
        for verb in service.defined_methods
    }


def query_parameters() -> dict[str, set[str]]:
    """For each address without variables: the names of all query parameters that its GET has a schema for."""
    known: dict[str, set[str]] = {}
    for service in ResourceService.all:
        if "{" in service.path:
            continue
        for method, _, arguments in service.definitions:
            schemas = [getattr(each, "query_schema", None) for each in arguments.get("validators", ())]
            names = {node.name for schema in schemas if schema is not None for node in schema.children}
            if method == "GET" and names:
                known[service.path] = names
    return known


def register(config: Any) -> None:
    """Add all services."""
    config.include(_add_services)
    for service in ResourceService.all:
        # Goes before Cornice's own, which says 405 at addresses with no such node, too.
        config.add_view(_no_such_verb, route_name=service.name, permission=NO_PERMISSION_REQUIRED)


def _add_services(config: Any) -> None:
    # Those with a fixed segment come before those with a variable one in its place, and of two at the same address
    # the one that is for some verbs alone.
    def order(service: ResourceService) -> tuple[str, bool]:
        return _without_names(service.path), not hasattr(service, "request_method")

    for service in sorted(ResourceService.all, key=order):
        config.add_cornice_service(service)


@functools.cache
def _without_names(path: str) -> str:
    """A path that is the same for all ways to name its variable segments; those of a certain form sort first."""
    return _VARIABLE.sub(r"~\1", path)
