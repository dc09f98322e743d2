"""Work of the kind "validation": a program of somebody else's says whether a package may be signed.

It takes seconds and much memory, so threads of its own do it (``validators``), and nobody who signs waits for it.
"""

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy.orm import Session

from registry.domain import validation as rules
from registry.domain.errors import RuleError
from registry.domain.signing import Damaged, check_bytes
from registry.jobs.base import Permanent, Transient, WorkerContext
from registry.linting import NoVerdict
from registry.linting.process import Linter, lint
from registry.linting.report import Report
from registry.linting.slots import slot
from registry.models import Verdict
from registry.packages import PackageRefused, WebExtension, canonical
from registry.packages.archive import Archive
from registry.packages.findings import Finding
from registry.queue import Claim
from registry.signing.rewrite import Rewriter

# Seconds until it is tried again, after each time that there was no verdict: it may be somebody's mistake, which takes
# hours to be seen, and mended.
RETRIES = (5, 30, 120, 600, 1800, 3600, 7200, 14400, 28800)


def started(session: Session, claim: Claim) -> None:
    pass


def work(context: WorkerContext, claim: Claim) -> Report:
    """Have the very bytes judged, in the form in which they would be served."""
    try:
        with context.database.read() as connection:
            order = rules.order(connection, claim.subject_id)
        return _judge(context, order)
    except RuleError as error:
        raise Permanent([Finding(error.code, str(error))]) from error
    except (Damaged, NoVerdict) as error:
        raise Transient(str(error)) from error


def finished(session: Session, claim: Claim, result: Report) -> None:
    rules.judged(session, claim.subject_id, result)


def postponed(session: Session, claim: Claim, error: Exception) -> None:
    said = str(error) if isinstance(error, Transient) else "The validator could not be asked."
    rules.unknown(session, claim.subject_id, said)


def gave_up(session: Session, claim: Claim, findings: Sequence[Finding], dead: bool) -> None:
    rules.given_up(session, claim.subject_id, findings)


def _judge(context: WorkerContext, order: rules.Order) -> Report:
    settings = context.settings
    if not settings.addons_linter:
        raise NoVerdict("The registry has no validator any more.")
    linter = Linter(settings.addons_linter, settings.validators_seconds, settings.validators_memory)
    upload = context.storage.path(order.sha256)
    check_bytes(upload, order.sha256)
    patience = 2 * settings.validators_seconds
    with slot(Path(settings.validators_folder), settings.validators_at_once, patience) as scratch:
        package = scratch / "package.xpi"
        try:
            with canonical(upload, context.limits, WebExtension.name) as archive:
                _write(archive, package)
        except PackageRefused as refused:
            return Report(Verdict.FAILED, refused.findings)
        return lint(linter, package, order.tool, scratch)


def _write(archive: Archive, path: Path) -> None:
    """The canonical zip file, as it is signed, without a signature."""
    with path.open("wb") as file:
        rewriter = Rewriter(file.write)
        for entry in archive.entries:
            rewriter.copy(archive, entry)
        rewriter.finish()
