"""Reports of abuse: enough of them hide an extension at once, and a person decides.

A reporter has one open report of an extension; what they say later is evidence added to it. Whoever has reported it
before and was found wrong hides nothing by themselves any more: their report waits for a person like the others. The
owners are told what happens to the extension, and never who reported it.
"""

from typing import Any, NamedTuple

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from registry import urls
from registry.domain import decisions, events, locks, mail, standing, states
from registry.domain.errors import Conflict, Forbidden, Invalid
from registry.domain.notifications import notify
from registry.models import (
    Appeal,
    AppealState,
    Event,
    Extension,
    ExtensionState,
    Report,
    ReportEvidence,
    ReportState,
    User,
    Version,
    now,
)

# Rendered into the API's description; each is the code of a decision, too.
REASONS = ("malware", "data_theft", "deception", "harm", "copyright", "other")
COMMENT_LENGTH, ANSWER_LENGTH = 10_000, decisions.LONGEST
MOST_EVIDENCE = 20
HIDDEN_BECAUSE = "Reported; the team is looking into it."
# Codes of decisions.
_HIDDEN, CLEARED = "reported", "cleared"
_OFFERED = (ExtensionState.ACTIVE, ExtensionState.UNLISTED)


class Team(NamedTuple):
    """Where the registry's team gets its mail, and the registry's own address for links in it."""

    address: str
    base: str


class Filed(NamedTuple):
    """``created`` is False where evidence was added to what there was."""

    id: int
    created: bool


def file_report(
    session: Session,
    extension_id: int,
    reporter_id: int | None,
    reason: str,
    comment: str | None = None,
    *,
    version_id: int | None = None,
    context: dict[str, Any] | None = None,
    threshold: int = 1,
    team: Team | None = None,
) -> Filed:
    """Store a report. At ``threshold`` reporters an offered extension becomes ``pending_disable`` with it.

    A further report by the same user adds to what there is; a report never weakens ``disabled``. Raises Invalid,
    Forbidden for one's own extension, Conflict when there is too much evidence. ``team`` is told of a new one by mail.
    Without a reporter it hides nothing, and every one is new. ``context`` is what their program says beside it.
    """
    if reason not in REASONS:
        raise Invalid(f"The reason is one of {', '.join(REASONS)}.", "BAD_REASON", "reason")
    if comment and len(comment) > COMMENT_LENGTH:
        raise Invalid(f"At most {COMMENT_LENGTH} characters.", "TOO_LONG", "comment")
    extension = locks.extension(session, extension_id)
    said = {"reason": reason, "comment": comment, "version_id": version_id}
    before = None if reporter_id is None else _of_user(session, extension_id, reporter_id)
    if before is not None:
        _add_evidence(session, before.id, said)
        kind, report = "report.extended", before
    else:
        report = Report(extension_id=extension_id, reporter_id=reporter_id, context=context, **said)
        kind = "report.filed"
        session.add(report)
        session.flush()
        counts = reporter_id is not None and extension.state in _OFFERED
        if counts and len(_reporters(session, extension_id)) >= threshold:
            states.set_state(
                session,
                extension,
                ExtensionState.PENDING_DISABLE,
                reason=HIDDEN_BECAUSE,
                code=_HIDDEN,
                actor_id=None,
            )
        if team is not None:
            _mail(session, team, report, extension)
    about: dict[str, Any] = {"report": report.id, "reason": reason}
    events.record(session, kind, actor_id=reporter_id, extension_id=extension_id, **about)
    return Filed(report.id, before is None)


def file_elsewhere(session: Session, guid: str, reason: str, comment: str) -> None:
    """Somebody reports an add-on that is not here: it is written down for the team, and nothing follows from it."""
    events.record(session, "report.elsewhere", guid=guid, reason=reason, comment=comment)


def claim(session: Session, report_id: int, actor_id: int) -> None:
    """Look into a report, so that no other admin does. Raises Conflict, Forbidden."""
    report = _held(session, report_id, actor_id)
    if report.claimed_by != actor_id:
        report.claimed_by, report.claimed = actor_id, now()
        _record(session, "report.claimed", report, actor_id)


def release(session: Session, report_id: int, actor_id: int) -> bool:
    """Leave it to others, whoever has claimed it; False when nobody has."""
    report = _held(session, report_id, actor_id, of_others=True)
    if report.claimed_by is None:
        return False
    report.claimed_by, report.claimed = None, None
    _record(session, "report.released", report, actor_id)
    return True


def decide(
    session: Session, report_id: int, actor_id: int, *, uphold: bool, reason: str, together: bool = False
) -> None:
    """Decide a report, or ``together`` with it all that are open; see `resolve`."""
    report = _held(session, report_id, actor_id)
    if together:
        others = _open_reports(report.extension_id).where(Report.id != report_id).order_by(Report.id)
        for other in session.scalars(others).all():
            _settle(session, other, uphold=uphold, actor_id=actor_id, reason=reason)
    resolve(session, report, uphold=uphold, actor_id=actor_id, reason=reason)


def resolve(session: Session, report: Report, *, uphold: bool, actor_id: int, reason: str) -> None:
    """Decide a report: upheld disables the extension; dismissed brings back the state from before.

    Other open reports keep the extension hidden until they are decided too. Raises Conflict when this
    one has been decided before.
    """
    extension = locks.extension(session, report.extension_id)
    session.refresh(report)
    if report.state != ReportState.OPEN:
        raise Conflict(f"This report has been {report.state} already.", "REPORT_DECIDED")
    _settle(session, report, uphold=uphold, actor_id=actor_id, reason=reason)
    target = ExtensionState.DISABLED if uphold else _state_to_restore(session, extension)
    if target is not None and extension.state != target:
        code = report.reason if uphold else CLEARED
        states.set_state(session, extension, target, reason=reason, code=code, actor_id=actor_id)


def last_states(session: Session, extension_id: int, most: int) -> list[Event]:
    """The changes of an extension's state, the newest first."""
    return list(
        session.scalars(
            select(Event)
            .where(Event.extension_id == extension_id, Event.kind == states.CHANGED)
            .order_by(Event.seq.desc())
            .limit(most)
        )
    )


def _mail(session: Session, team: Team, report: Report, extension: Extension) -> None:
    reporter = select(User.username).where(User.id == report.reporter_id)
    version = select(Version.version).where(Version.id == report.version_id)
    data = {
        "extension": extension.name,
        "state": str(extension.state),
        "reporter": session.scalar(reporter),
        "reason": report.reason,
        "version": session.scalar(version),
        "comment": report.comment,
        "link": urls.report(team.base, extension.name, report.id),
    }
    mail.queue_mail(session, to=team.address, kind="report-filed", data=data)


def _of_user(session: Session, extension_id: int, reporter_id: int) -> Report | None:
    """Their open report. Raises Forbidden for one's own extension."""
    standing.require(session, reporter_id, standing.oneself(reporter_id, reporter_id))
    # Publishers may: owners make them without being asked, and could silence by it who has something to say.
    if session.scalar(select(standing.owns(extension_id, reporter_id))):
        raise Forbidden("Owners may not report their own extension.", "OWN_EXTENSION")
    return session.scalars(_open_reports(extension_id).where(Report.reporter_id == reporter_id)).one_or_none()


def _open_reports(extension_id: int) -> Any:
    return select(Report).where(Report.extension_id == extension_id, Report.state == ReportState.OPEN)


def _add_evidence(session: Session, report_id: int, said: dict[str, Any]) -> None:
    count = select(func.count()).where(ReportEvidence.report_id == report_id)
    if (session.scalar(count) or 0) >= MOST_EVIDENCE:
        raise Conflict("You have added a lot to this report already; the team will read it.", "TOO_MANY")
    session.add(ReportEvidence(report_id=report_id, **said))
    session.flush()


def _held(session: Session, report_id: int, actor_id: int, *, of_others: bool = False) -> Report:
    """An open report that nobody else has claimed, with its extension held. Raises Conflict, Forbidden."""
    report = session.get_one(Report, report_id)
    locks.extension(session, report.extension_id)
    standing.require(session, actor_id, standing.administers(actor_id))
    session.refresh(report)
    if report.state != ReportState.OPEN:
        raise Conflict(f"This report has been {report.state} already.", "REPORT_DECIDED")
    if not of_others and report.claimed_by not in (None, actor_id):
        name = session.scalar(select(User.username).where(User.id == report.claimed_by))
        raise Conflict(f"{name} looks into this report; it can be released.", "CLAIMED", claimed_by=name)
    return report


def _settle(session: Session, report: Report, *, uphold: bool, actor_id: int, reason: str) -> None:
    report.state = ReportState.UPHELD if uphold else ReportState.DISMISSED
    report.decided, report.decided_by, report.answer = now(), actor_id, reason
    session.flush()
    said = {"decision": str(report.state), "reason": reason}
    notify(
        session,
        [] if report.reporter_id is None else [report.reporter_id],
        "report.decided",
        extension=report.extension_id,
        report=report.id,
        **said,
    )
    _record(session, "report.decided", report, actor_id, **said)


def _record(session: Session, kind: str, report: Report, actor_id: int, **data: Any) -> None:
    session.flush()
    about: dict[str, Any] = {"actor_id": actor_id, "extension_id": report.extension_id}
    events.record(session, kind, **about, report=report.id, **data)


def _state_to_restore(session: Session, extension: Extension) -> ExtensionState | None:
    """What the extension was before its reports hid it; None while there is nothing to restore."""
    if extension.state != ExtensionState.PENDING_DISABLE or _reporters(session, extension.id):
        return None
    for last in last_states(session, extension.id, 1):
        if last.actor_id is None and last.data.get("code") == _HIDDEN:
            return ExtensionState(last.data["before"])
    return None


def _reporters(session: Session, extension_id: int) -> set[int | None]:
    """Who has an open report that counts: nobody whose report of it was dismissed, or upheld and then appealed."""
    of_users = (Report.extension_id == extension_id, Report.reporter_id.is_not(None))
    reports = select(Report.reporter_id).where(*of_users).distinct()
    said = set(session.scalars(reports.where(Report.state == ReportState.OPEN)))
    overturned = exists().where(
        Appeal.extension_id == extension_id,
        Appeal.state == AppealState.GRANTED,
        Appeal.decided > Report.decided,
    )
    wrong = (Report.state == ReportState.DISMISSED) | ((Report.state == ReportState.UPHELD) & overturned)
    return said - set(session.scalars(reports.where(Report.reporter_id.in_(said), wrong)))
