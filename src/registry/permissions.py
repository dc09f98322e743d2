"""What can be permitted, and to whom.

A permission is named ``scope:what``. The scope is the one a personal token must have for it; the
scope ``public`` needs none, and the scope ``login`` can be given to no token: it takes a login or an
API key. Nodes of the tree grant permissions to roles; who is in a role there is said by principals:
``user:7``, ``team:3`` (a member of publisher team 3), ``team:3:admin``, ``run:9`` (the token of test run 9) and
``role:admin`` (the registry's own team). docs/permissions.md is written from these grants.
"""

from enum import StrEnum

ADMIN = "role:admin"


class Permission(StrEnum):
    ACCOUNT = "manage:account"
    ADMINS = "manage:admins"
    APPEAL = "manage:appeal"
    AUDIT = "read:audit"
    CANCEL_RUN = "test-results:cancel"
    EDIT = "publish:edit"
    LOG_IN = "public:login"
    MANAGE = "manage:state"
    MODERATE = "manage:moderate"
    NEW_TEAM = "manage:new-team"
    OWNERS = "manage:owners"
    OWN_REVIEW = "review:own"
    PUBLISH_NEW = "publish:new"
    PUBLISH_VERSION = "publish:version"
    READ = "public:read"
    READ_ACCOUNT = "read:account"
    READ_APPEAL = "read:appeal"
    READ_EVENTS = "read:events"
    READ_OUTPUT = "read:test-output"
    READ_PRIVATE = "read:private"
    READ_REPORT = "read:report"
    READ_TEAM = "read:team"
    RELEASE = "publish:release"
    REPLY = "review:reply"
    REPORT = "report:write"
    REPORT_ABUSE = "public:report"
    REPORT_RUN = "test-results:report"
    REVIEW = "review:write"
    RUN_TESTS = "test-results:run"
    SECURITY = "login:security"
    STEP_DOWN = "manage:step-down"
    TEAM = "manage:team"
    WEBHOOKS = "manage:webhooks"

    @property
    def scope(self) -> str | None:
        """The token scope it takes; None when it takes none."""
        scope = self.partition(":")[0]
        return None if scope == "public" else scope


# What only the registry's own team is ever granted.
OF_ADMINS = frozenset({Permission.ADMINS, Permission.AUDIT, Permission.MANAGE, Permission.MODERATE})


class Role(StrEnum):
    """What one can be to a node. The first two and the last are the same at every node."""

    ANYONE = "anyone"
    USER = "logged in"
    SELF = "oneself"
    RUNNER = "token of the test run"
    PUBLISHER = "co-publisher"
    OWNER = "owner"
    TEAM_MEMBER = "member of the publisher team"
    TEAM_ADMIN = "admin of the publisher team"
    ADMIN = "site admin"


def covers(scopes: frozenset[str], scope: str) -> bool:
    """Whether a token with these scopes has that one; who may change something may see what became of it."""
    return scope in scopes or (scope == "read" and not scopes.isdisjoint({"publish", "manage"}))


def user(user_id: int) -> str:
    return f"user:{user_id}"


def run(run_id: int) -> str:
    """Whoever holds the token of that test run."""
    return f"run:{run_id}"


def team(team_id: int, *, admin: bool = False) -> str:
    return f"team:{team_id}:admin" if admin else f"team:{team_id}"
