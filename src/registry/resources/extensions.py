"""Extensions and their versions.

An extension nobody has signed a version of yet, and a version that is not signed, are private: there
for those who may publish it and for admins, 404 for everybody else.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import bindparam, or_, select

from registry import permissions
from registry.domain.visibility import SHOWN
from registry.models import (
    Artifact,
    Ownership,
    OwnershipRole,
    Prepared,
    VersionState,
)
from registry.models import (
    Extension as ExtensionRow,
)
from registry.models import (
    Version as VersionRow,
)
from registry.permissions import Permission, Role
from registry.resources.base import Node
from registry.resources.feedback import Reviews
from registry.resources.ownership import ExtensionEvents, Owners, TransferOffer, TrustedPublishers
from registry.resources.pictures import Pictures
from registry.resources.reports import Appeals, Reports
from registry.resources.test_names import NamedTests
from registry.resources.test_runs import TestRuns
from registry.resources.webhooks import ExtensionWebhooks

PUBLISHERS = (
    Permission.READ_PRIVATE,
    Permission.PUBLISH_VERSION,
    Permission.READ_OUTPUT,
    Permission.CANCEL_RUN,
)
OWNERS = (
    *PUBLISHERS,
    Permission.APPEAL,
    Permission.EDIT,
    Permission.OWNERS,
    Permission.READ_APPEAL,
    Permission.READ_EVENTS,
    Permission.RELEASE,
    Permission.REPLY,
    Permission.STEP_DOWN,
    Permission.WEBHOOKS,
)

EXTENSION = select(ExtensionRow.__table__, SHOWN.label("shown"))
OF_NAME = EXTENSION.where(or_(ExtensionRow.name == bindparam("name"), ExtensionRow.guid == bindparam("name")))
_BY_NAME = Prepared(OF_NAME)
_HOLDERS = select(Ownership.user_id, Ownership.team_id, Ownership.role).where(
    Ownership.extension_id == bindparam("extension_id")
)
_VERSION = (
    select(
        VersionRow.__table__,
        Artifact.sha256.label("sha256"),
        Artifact.size.label("size"),
        Artifact.key_id,
        Artifact.serial,
        Artifact.created.label("signed_at"),
    )
    .outerjoin(Artifact, Artifact.version_id == VersionRow.id)
    .where(VersionRow.extension_id == bindparam("extension_id"))
)
_BY_NUMBER = Prepared(_VERSION.where(VersionRow.version == bindparam("version")))
_BY_ID = Prepared(_VERSION.where(VersionRow.id == bindparam("id")))


class Version(Node):
    """``row`` is the version with its artifact's columns, None where there is no signed file yet."""

    children = {"test-runs": TestRuns}

    def reload(self) -> None:
        self.become(self.row.id)

    def become(self, version_id: int) -> None:
        """Wrap another version of the same extension, which is what `latest` is to this asker."""
        self.row = _BY_ID.one(self.request.read, extension_id=self.row.extension_id, id=version_id)


class Versions(Node):
    __parent__: "Extension"
    child = Version

    def find(self, name: str) -> Version | None:
        if name == "latest":
            return self.by_id(name, self.__parent__.row.latest_id)
        return self._found(name, _BY_NUMBER, version=name)

    def by_id(self, name: str, version_id: int | None) -> Version | None:
        return self._found(name, _BY_ID, id=version_id)

    @property
    def shows_deleted(self) -> bool:
        """The registry's team still decides about what somebody may have installed."""
        return self.permits(Permission.MANAGE)

    def is_private(self, row: Any) -> bool:
        """Whether the version is nobody's business but its publishers'."""
        return bool(row.state != VersionState.SIGNED)

    def _found(self, name: str, statement: Prepared, **which: Any) -> Version | None:
        row = statement.one_or_none(self.request.read, extension_id=self.__parent__.row.id, **which)
        if row is None or (self.is_private(row) and not self.permits(Permission.READ_PRIVATE)):
            return None
        if row.deleted is not None and not self.shows_deleted:
            return None
        return Version(self, name, row)


class Extension(Node):
    children = {
        "appeals": Appeals,
        "events": ExtensionEvents,
        "images": Pictures,
        "owners": Owners,
        "reports": Reports,
        "reviews": Reviews,
        "transfer": TransferOffer,
        "tests": NamedTests,
        "trusted-publishers": TrustedPublishers,
        "versions": Versions,
        "webhooks": ExtensionWebhooks,
    }
    rights = {
        Role.OWNER: OWNERS,
        Role.PUBLISHER: PUBLISHERS,
        Role.TEAM_ADMIN: OWNERS,
        Role.TEAM_MEMBER: PUBLISHERS,
    }

    @property
    def extension_name(self) -> str:
        """What a token's list of extensions is compared with."""
        name: str = self.row.name
        return name

    def holders(self) -> Iterable[tuple[Role, str]]:
        """By their ownerships. The members of an owning team publish; its admins have an owner's rights."""
        if self.request.identity is None:
            return
        for holder in self.request.read.execute(_HOLDERS, {"extension_id": self.row.id}):
            owns = holder.role == OwnershipRole.OWNER
            if holder.user_id is not None:
                yield Role.OWNER if owns else Role.PUBLISHER, permissions.user(holder.user_id)
            else:
                yield Role.TEAM_MEMBER, permissions.team(holder.team_id)
                if owns:
                    yield Role.TEAM_ADMIN, permissions.team(holder.team_id, admin=True)


class Extensions(Node):
    child = Extension

    def find(self, name: str) -> Extension | None:
        return self._found(_BY_NAME, name=name)

    def _found(self, statement: Prepared, **which: Any) -> Extension | None:
        row = statement.one_or_none(self.request.read, **which)
        if row is None:
            return None
        extension: Extension = self.child(self, row.name, row)
        if row.deleted is not None:  # the registry's team still decides about reports of it
            return extension if extension.permits(Permission.MANAGE) else None
        return extension if row.shown or extension.permits(Permission.READ_PRIVATE) else None
