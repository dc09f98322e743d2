"""Reports and appeals: below their extension, each for whom it concerns; and the queues of the registry's team."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import bindparam, select

from registry import permissions
from registry.models import Appeal as AppealRow
from registry.models import Extension, User, Version
from registry.models import Report as ReportRow
from registry.permissions import Permission, Role
from registry.resources.base import Node, row_number

_NAME = Extension.name.label("extension")


def _name_of(column: Any, label: str) -> Any:
    """The name of the account with that number; a deleted one has none."""
    return (
        select(User.username)
        .where(User.id == column, User.deleted.is_(None))
        .correlate_except(User)
        .scalar_subquery()
        .label(label)
    )


REPORTS = (
    select(
        ReportRow.__table__,
        _NAME,
        Extension.state.label("extension_state"),
        Version.version,
        _name_of(ReportRow.reporter_id, "reporter"),
        _name_of(ReportRow.claimed_by, "claimant"),
        _name_of(ReportRow.decided_by, "judge"),
    )
    .join(Extension, Extension.id == ReportRow.extension_id)
    .outerjoin(Version, Version.id == ReportRow.version_id)
)
APPEALS = select(
    AppealRow.__table__,
    _NAME,
    Extension.state.label("extension_state"),
    _name_of(AppealRow.user_id, "username"),
    _name_of(AppealRow.decided_by, "judge"),
).join(Extension, Extension.id == AppealRow.extension_id)
_REPORT = REPORTS.where(ReportRow.extension_id == bindparam("extension_id"), ReportRow.id == bindparam("id"))
_APPEAL = APPEALS.where(AppealRow.extension_id == bindparam("extension_id"), AppealRow.id == bindparam("id"))


class ReportQueue(Node):
    """All reports."""


class AppealQueue(Node):
    """All appeals."""


class Claim(Node):
    """Which admin looks into it."""

    __parent__: Any


class Decision(Node):
    """What the team decides on a report."""

    __parent__: Any


class AppealDecision(Node):
    """What the team decides on an appeal."""

    __parent__: Any


class Report(Node):
    """There for its reporter and for admins; the owners of the extension do not know that there is one."""

    __parent__: Any
    children = {"claim": Claim, "decision": Decision}
    rights = {Role.SELF: (Permission.READ_REPORT,)}

    def holders(self) -> Iterable[tuple[Role, str]]:
        if self.row.reporter_id is not None:
            yield Role.SELF, permissions.user(self.row.reporter_id)

    def reload(self) -> None:
        self.row = self.request.read.execute(_REPORT, _which(self)).one()


class Reports(Node):
    __parent__: Any
    child = Report

    def find(self, name: str) -> Node | None:
        found = _found(self, _REPORT, Report, name)
        return found if found is not None and found.permits(Permission.READ_REPORT) else None


class Appeal(Node):
    __parent__: Any
    children = {"decision": AppealDecision}

    def reload(self) -> None:
        self.row = self.request.read.execute(_APPEAL, _which(self)).one()


class Appeals(Node):
    """For the owners of the extension, and for admins."""

    __parent__: Any
    child = Appeal

    def find(self, name: str) -> Node | None:
        found = _found(self, _APPEAL, Appeal, name)
        return found if found is not None and found.permits(Permission.READ_APPEAL) else None


def _found(node: Reports | Appeals, statement: Any, kind: Any, name: str) -> Any:
    number = row_number(name)
    if number is None:
        return None
    wanted = {"extension_id": node.__parent__.row.id, "id": number}
    row = node.request.read.execute(statement, wanted).one_or_none()
    return None if row is None else kind(node, name, row)


def _which(node: Report | Appeal) -> dict[str, int]:
    return {"extension_id": node.row.extension_id, "id": node.row.id}
