"""Work of the kind "test-results": a file of results that is too large to be read while its sender waits.

Reading has no effect outside this process, so it is done in `work`; storing is the transaction of `finished`.
"""

from collections.abc import Sequence

from sqlalchemy import event, select
from sqlalchemy.orm import Session

from registry.domain import test_attachments
from registry.domain import test_uploads as rules
from registry.domain.errors import Invalid
from registry.jobs.base import Permanent, Transient, WorkerContext
from registry.models import TestUpload
from registry.packages.findings import Finding
from registry.queue import Claim
from registry.results import Fault, Results, read_results


def started(session: Session, claim: Claim) -> None:
    pass


def work(context: WorkerContext, claim: Claim) -> tuple[rules.File, Results]:
    """Read it."""
    with context.database.read() as connection:
        row = connection.execute(
            select(TestUpload.sha256, TestUpload.size).where(TestUpload.id == claim.subject_id)
        ).one()
    try:
        with context.storage.path(row.sha256).open("rb") as file:
            results = read_results(file)
        test_attachments.keep(context.storage, results)
    except Fault as fault:
        raise Permanent([Finding(fault.code, str(fault))]) from fault
    except FileNotFoundError as error:
        raise Transient("The results are missing in the store.") from error
    summary = results.summary
    kept = rules.File(sha256=row.sha256, size=row.size, format=summary.format, producer=summary.producer)
    return kept, results


def finished(session: Session, claim: Claim, result: tuple[rules.File, Results]) -> None:
    try:
        rules.read(session, claim.subject_id, *result)
    except Invalid as error:  # which trying again would not mend
        raise Permanent([Finding(error.code, str(error))]) from error
    event.listen(session, "after_commit", lambda _: result[1].close(), once=True)


def postponed(session: Session, claim: Claim, error: Exception) -> None:
    pass


def gave_up(session: Session, claim: Claim, findings: Sequence[Finding], dead: bool) -> None:
    rules.unreadable(session, claim.subject_id, "; ".join(finding.message for finding in findings))
