"""Test runs: below the version that was tested, and those of anonymous results that name none.

Who made a run, and who holds its token, report to it; to one without a token anybody does.
"""

import re
from collections.abc import Iterable
from typing import Any, ClassVar

from sqlalchemy import bindparam, select

from registry import permissions
from registry.models import (
    Extension,
    Prepared,
    RefStackResult,
    TestAttachment,
    TestDetail,
    TestEvent,
    TestName,
    TestResult,
    User,
    Version,
    table,
)
from registry.models import TestRun as RunRow
from registry.permissions import Permission, Role
from registry.resources.base import Node, row_number

_CREATOR = (User.id == RunRow.created_by) & User.deleted.is_(None)
RUNS = select(table(RunRow), User.username.label("creator")).outerjoin(User, _CREATOR)
# What a list does not show of them, and would have to read.
_LONG = ("tests", "extra", "token", "network")
LISTED = RUNS.with_only_columns(
    *(column for column in table(RunRow).c if column.name not in _LONG), User.username.label("creator")
)
RESULTS = select(table(TestResult), TestName.name, TestName.digest).join(
    TestName, TestName.id == TestResult.name_id
)
_ONE = RUNS.where(RunRow.id == bindparam("run_id"))
_RUN = Prepared(_ONE)
_OF_VERSION = Prepared(_ONE.where(RunRow.version_id == bindparam("version_id")))
_OF_NONE = (
    _ONE.add_columns(RefStackResult.public)
    .outerjoin(RefStackResult, RefStackResult.run_id == RunRow.id)
    .where(RunRow.version_id.is_(None))
)
UPLOADED = (
    RUNS.join(RefStackResult, RefStackResult.run_id == RunRow.id)
    .add_columns(RefStackResult.cpid, RefStackResult.duration.label("took"))
    .add_columns(
        RefStackResult.signature, RefStackResult.public_key, RefStackResult.public, RefStackResult.meta
    )
)
_PLACE = Prepared(
    select(Extension.name, Version.version)
    .select_from(RunRow)
    .outerjoin(Version, Version.id == RunRow.version_id)
    .outerjoin(Extension, Extension.id == RunRow.extension_id)
    .where(RunRow.id == bindparam("run_id"))
)
_UPLOAD = UPLOADED.where(RunRow.uuid == bindparam("uuid"))
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
_EVENT = select(table(TestEvent)).where(
    TestEvent.run_id == bindparam("run_id"), TestEvent.id == bindparam("id")
)
_RESULT = (
    RESULTS.add_columns(TestDetail.detail, TestDetail.cut)
    .outerjoin(
        TestDetail, (TestDetail.run_id == TestResult.run_id) & (TestDetail.name_id == TestResult.name_id)
    )
    .where(TestResult.run_id == bindparam("run_id"), TestResult.name_id == bindparam("id"))
)
_ATTACHMENT = select(
    TestAttachment.name, TestAttachment.size, TestAttachment.sha256, TestAttachment.content
).where(
    TestAttachment.run_id == bindparam("run_id"),
    TestAttachment.name_id == bindparam("name_id"),
    TestAttachment.sha256 == bindparam("sha256"),
)


class _Rows(Node):
    """What belongs to a run, by its number."""

    statement: ClassVar[Any]
    __parent__: Any

    def find(self, name: str) -> Node | None:
        number = row_number(name)
        if number is None:
            return None
        wanted = {"run_id": self.__parent__.row.id, "id": number}
        row = self.request.read.execute(self.statement, wanted).one_or_none()
        return None if row is None else self.child(self, name, row)


class TestRunEvent(Node):
    pass


class TestRunEvents(_Rows):
    child, statement = TestRunEvent, _EVENT


class TestRunAttachment(Node):
    """A file that a test left and that was kept, by its SHA-256."""


class TestRunAttachments(Node):
    __parent__: Any
    child = TestRunAttachment

    def find(self, name: str) -> Node | None:
        result = self.__parent__.row
        wanted = {"run_id": result.run_id, "name_id": result.name_id, "sha256": name}
        row = self.request.read.execute(_ATTACHMENT, wanted).first()
        return None if row is None else self.child(self, name, row)


class TestRunResult(Node):
    children = {"attachments": TestRunAttachments}


class TestRunResults(_Rows):
    child, statement = TestRunResult, _RESULT


class AnyRun(Node):
    """``row`` is the run, and ``creator`` the name of who made it."""

    rights = {
        Role.SELF: (Permission.REPORT_RUN, Permission.CANCEL_RUN, Permission.READ_OUTPUT),
        Role.RUNNER: (Permission.REPORT_RUN,),
    }

    def __init__(self, parent: Node | None, name: str, row: Any = None):
        super().__init__(parent, name, row)
        self.creator: str | None = row.creator

    def holders(self) -> Iterable[tuple[Role, str]]:
        yield Role.RUNNER, permissions.run(self.row.id)
        if self.row.created_by is not None:
            yield Role.SELF, permissions.user(self.row.created_by)

    def reload(self) -> None:
        self.row = _RUN.one(self.request.read, run_id=self.row.id)


class TestRun(AnyRun):
    children = {"events": TestRunEvents, "results": TestRunResults}


class OpenTestRun(TestRun):
    """One without a token."""

    rights = {**AnyRun.rights, Role.ANYONE: (Permission.REPORT_RUN,)}


class TestRuns(Node):
    __parent__: Any
    child = TestRun

    def find(self, name: str) -> Node | None:
        number = row_number(name)
        if number is None:
            return None
        row = _OF_VERSION.one_or_none(self.request.read, run_id=number, version_id=self.__parent__.row.id)
        if row is None:
            return None
        return (OpenTestRun if row.tokenless else TestRun)(self, name, row)


# Classes of their own, so that no way round by dots leads from one kind of run to the other.
class LooseResult(Node):
    pass


class LooseResults(_Rows):
    child, statement = LooseResult, _RESULT


class LooseRun(AnyRun):
    children = {"results": LooseResults}


class LooseRuns(Node):
    """Those of anonymous results that name no version."""

    child = LooseRun

    def find(self, name: str) -> Node | None:
        number = row_number(name)
        row = number and self.request.read.execute(_OF_NONE, {"run_id": number}).one_or_none()
        return LooseRun(self, name, row) if row and shows(self.request, row) else None


class UploadMeta(Node):
    """What is said of an upload, by keys."""


class Upload(AnyRun):
    """A run whose results came by RefStack's clients, by its UUID."""

    children = {"meta": UploadMeta}


class Uploads(Node):
    child = Upload

    def find(self, name: str) -> Node | None:
        if not _UUID.fullmatch(name):
            return None
        row = self.request.read.execute(_UPLOAD, {"uuid": name}).one_or_none()
        return None if row is None else Upload(self, name, row)


class RefStack(Node):
    """The API that RefStack's runners have spoken since 2014: runs by their number alone, uploads by their UUID."""

    children = {"results": Uploads}


def shows(request: Any, row: Any) -> bool:
    """Whether who asks may see a run of no version: signed uploads are for who sent them until they are shared."""
    return row.public is not False or (request.identity is not None and request.identity.id == row.created_by)


def find_run(root: Node, number: int) -> AnyRun | None:
    """The run of that number, wherever it is in the tree; None where it is not there for who asks."""
    place = _PLACE.one_or_none(root.request.read, run_id=number)
    if place is None:
        return None
    api: Any = root["api"]["v4"]
    try:
        if place.version is None:
            found: AnyRun = api["test-runs"][str(number)]
        else:
            found = api["extensions"][place.name]["versions"][place.version]["test-runs"][str(number)]
    except KeyError:
        return None
    return found
