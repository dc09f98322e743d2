"""The tree: what exists, where it lives, and who may do what to it.

    /                                               Root
    /api                                            Api
    /api/v4                                         ApiVersion
    /api/v4/extensions                              Extensions
    /api/v4/extensions/{name}                       Extension     owners' and publishers' rights
    /api/v4/extensions/{name}/versions              Versions
    /api/v4/extensions/{name}/versions/{version}    Version

A node wraps what it needs of its rows and knows its rights; it has no verbs and no JSON. Rights
add up from a node to the root, which ends in DENY_ALL: what no line grants, nobody may. A node raises
KeyError, so the address is 404, only for what is private to others; everything else is found in every
state, and the view answers for the state.

`{name}` is an extension's name or its guid, `{version}` a version or `latest`. The paths of dialects
(``/api/v3/…``, ``/addon/…``) are walked down this same tree.
"""

from pyramid.authorization import DENY_ALL, Allow, Authenticated, Everyone

from registry.permissions import ADMIN, Permission
from registry.resources.base import Node
from registry.resources.extensions import Extension, Extensions, Version, Versions

__all__ = ["Api", "ApiVersion", "Extension", "Extensions", "Node", "Root", "Version", "Versions"]


class ApiVersion(Node):
    children = {"extensions": Extensions}


class Api(Node):
    children = {"v4": ApiVersion}


class Root(Node):
    __acl__ = [
        (Allow, Everyone, Permission.READ),
        (Allow, Authenticated, (Permission.PUBLISH_NEW, Permission.REVIEW, Permission.REPORT)),
        # Admins manage; they do not publish for others.
        (Allow, ADMIN, (Permission.READ_PRIVATE, Permission.MANAGE)),
        DENY_ALL,
    ]
    children = {"api": Api}

    def __init__(self, request):
        super().__init__(None, "")
        self.request = request
