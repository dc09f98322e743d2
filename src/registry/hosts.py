"""``?host=&host_version=``: what of an extension runs on the asker's host."""

from typing import Any

from pyramid.request import Request

from registry.domain import compatibility
from registry.errors import ApiError, bad_field


def fitting(request: Request) -> list[int] | None:
    """The ids of the `Compatibility` rows for the host that the query names; None when it names none.

    For views with ``schemas.hosts.HostSchema``. Raises BadRequest for half of the question.
    """
    host, version = request.validated["host"], request.validated["host_version"]
    if (host is None) != (version is None):
        missing = "host" if host is None else "host_version"
        raise bad_field(missing, "Send host and host_version together.", "HOST_INCOMPLETE")
    return None if host is None else compatibility.matching(request.read, host, version)


def choose_latest(request: Request, node: Any) -> None:
    """Make the node of `latest` that of the newest version for the host that the query names.

    Raises BadRequest at the address of a certain version, and ApiError (404) when none is for that host.
    """
    fits = fitting(request)
    if fits is None:
        return
    if node.__name__ != "latest":
        raise bad_field("host", "A host chooses at latest/; this address names a version.", "VERSION_NAMED")
    extension = node.__parent__.__parent__.row
    chosen = compatibility.best(request.read, [extension.id], fits)[extension.id]
    if chosen is None:
        asked = f"{request.validated['host']} {request.validated['host_version']}"
        raise ApiError(404, f"No version of {extension.name} runs on {asked}.", "NO_COMPATIBLE_VERSION")
    node.become(chosen)
