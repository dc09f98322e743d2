"""Reports of abuse: enough of them hide an extension at once, and a person decides."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry.domain import events, locks, states
from registry.domain.errors import Conflict, Invalid
from registry.models import Extension, ExtensionState, Report, ReportState, now

REASONS = ("malware", "data_theft", "deception", "harm", "copyright", "other")
COMMENT_LENGTH = 10_000


def file_report(
    session: Session,
    extension_id: int,
    reporter_id: int,
    reason: str,
    comment: str | None = None,
    *,
    threshold: int = 1,
) -> Report:
    """Store a report. At ``threshold`` reporters an offered extension becomes ``pending_disable`` with it.

    A further report by the same user adds to what there is; a report never weakens ``disabled``.
    """
    if reason not in REASONS:
        raise Invalid(f"The reason is one of {', '.join(REASONS)}.", "BAD_REASON", "reason")
    if comment and len(comment) > COMMENT_LENGTH:
        raise Invalid(f"At most {COMMENT_LENGTH} characters.", "TOO_LONG", "comment")
    extension = locks.extension(session, extension_id)
    report = Report(extension_id=extension_id, reporter_id=reporter_id, reason=reason, comment=comment)
    session.add(report)
    session.flush()
    offered = extension.state in (ExtensionState.ACTIVE, ExtensionState.UNLISTED)
    if offered and len(_reporters(session, extension_id)) >= threshold:
        report.state_before = extension.state
        states.set_state(
            session,
            extension,
            ExtensionState.PENDING_DISABLE,
            reason="Reported; the team is looking into it.",
            actor_id=None,
        )
    events.record(session, "report.filed", actor_id=reporter_id, extension_id=extension_id, report=report.id)
    return report


def resolve(session: Session, report: Report, *, uphold: bool, actor_id: int, reason: str) -> None:
    """Decide a report: upheld disables the extension; dismissed brings back the state from before.

    Other open reports keep the extension hidden until they are decided too. Raises Conflict when this
    one has been decided before.
    """
    extension = locks.extension(session, report.extension_id)
    if report.state != ReportState.OPEN:
        raise Conflict(f"This report has been {report.state} already.", "REPORT_DECIDED")
    report.state = ReportState.UPHELD if uphold else ReportState.DISMISSED
    report.decided, report.decided_by = now(), actor_id
    session.flush()
    target = ExtensionState.DISABLED if uphold else _state_to_restore(session, extension)
    if target is not None and extension.state != target:
        states.set_state(session, extension, target, reason=reason, actor_id=actor_id)
    events.record(
        session,
        "report.decided",
        actor_id=actor_id,
        extension_id=extension.id,
        report=report.id,
        decision=report.state,
        reason=reason,
    )


def _state_to_restore(session: Session, extension: Extension) -> ExtensionState | None:
    """What the extension was before its reports hid it; None while there is nothing to restore."""
    if extension.state != ExtensionState.PENDING_DISABLE or _reporters(session, extension.id):
        return None
    before = session.scalar(
        select(Report.state_before)
        .where(Report.extension_id == extension.id, Report.state_before.is_not(None))
        .order_by(Report.id.desc())
        .limit(1)
    )
    return ExtensionState(before) if before else None


def _reporters(session: Session, extension_id: int) -> set[int]:
    """Who has an open report."""
    return set(
        session.scalars(
            select(Report.reporter_id)
            .where(Report.extension_id == extension_id, Report.state == ReportState.OPEN)
            .distinct()
        )
    )
