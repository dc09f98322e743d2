"""Work of the kind "sign": the package of a version becomes the signed file that is served."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from registry.domain import signing as rules
from registry.domain import validation
from registry.domain.errors import RuleError
from registry.jobs.base import Permanent, Transient, WorkerContext
from registry.packages import FORMATS, PackageRefused, canonical
from registry.packages.findings import Finding
from registry.queue import Claim
from registry.signing import CannotSign, SignatureInvalid, Signed, sign, verify


@dataclass(frozen=True, slots=True)
class Unjudged:
    """The package may not be signed yet: nobody has asked these validators about it."""

    tools: Sequence[str]


def started(session: Session, claim: Claim) -> None:
    rules.began(session, claim.subject_id, claim.attempt)


def work(context: WorkerContext, claim: Claim) -> Signed | Unjudged:
    """Sign the very bytes that passed validation, check the result as a client would, and keep it."""
    try:
        with context.database.read() as connection:
            order = rules.order(connection, claim.subject_id)
            tools = validation.tools(context.settings, order.format, order.channel)
            if tools and not validation.asked(connection, order.sha256, tools):
                return Unjudged(tools)
        return _sign(context, order)
    except RuleError as error:
        raise _permanent(error) from error
    except PackageRefused as error:
        raise Permanent(error.findings) from error
    except CannotSign as error:
        raise Permanent([Finding("CANNOT_SIGN", str(error))]) from error
    except rules.Damaged as error:
        raise Transient(str(error)) from error
    except SignatureInvalid as error:
        raise Transient(f"The new signature does not hold: {error}") from error


def _sign(context: WorkerContext, order: rules.Order) -> Signed:
    upload = context.storage.path(order.sha256)
    rules.check_bytes(upload, order.sha256)
    with canonical(upload, context.limits, order.format) as archive:
        package, _ = FORMATS[order.format].read(archive, context.options)
        rules.check_identity(order, package)
        with context.storage.draft() as draft:
            signed = sign(archive, order.guid, context.issuer, draft.file)
            draft.file.flush()
            verify(draft.path, context.roots, order.guid, limits=context.limits)
            context.storage.keep(draft.path, signed.sha256)
    return signed


def finished(session: Session, claim: Claim, result: Signed | Unjudged) -> None:
    if isinstance(result, Unjudged):
        validation.hold(session, claim.subject_id, result.tools)
        return
    try:
        rules.signed(session, claim.subject_id, result)
    except RuleError as error:
        raise _permanent(error) from error


def postponed(session: Session, claim: Claim, error: Exception) -> None:
    rules.waits(session, claim.subject_id)


def gave_up(session: Session, claim: Claim, findings: Sequence[Finding], dead: bool) -> None:
    rules.given_up(session, claim.subject_id, findings, dead=dead)


def _permanent(error: RuleError) -> Permanent:
    return Permanent([Finding(error.code, str(error), getattr(error, "field", "non_field_errors"))])
