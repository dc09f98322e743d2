"""What can be permitted, and to whom.

A permission is named ``scope:what``. The scope is the one a personal token must have for it; the
scope ``public`` needs none. ACLs grant permissions to principals: ``user:7``, ``team:3`` (a member of
publisher team 3), ``team:3:admin`` and ``role:admin`` (the registry's own team).
"""

from enum import StrEnum

ADMIN = "role:admin"


class Permission(StrEnum):
    EDIT = "publish:edit"
    MANAGE = "manage:state"
    PUBLISH_NEW = "publish:new"
    PUBLISH_VERSION = "publish:version"
    READ = "public:read"
    READ_PRIVATE = "read:private"
    REPORT = "report:write"
    REVIEW = "review:write"

    @property
    def scope(self) -> str | None:
        """The token scope it takes; None when it takes none."""
        scope = self.partition(":")[0]
        return None if scope == "public" else scope


def covers(scopes: frozenset[str], scope: str) -> bool:
    """Whether a token with these scopes has that one; who may change something may see what became of it."""
    return scope in scopes or (scope == "read" and not scopes.isdisjoint({"publish", "manage"}))


def user(user_id: int) -> str:
    return f"user:{user_id}"


def team(team_id: int, *, admin: bool = False) -> str:
    return f"team:{team_id}:admin" if admin else f"team:{team_id}"
