"""Work of the kind "image": a picture that was sent, or came in a package, becomes the files that are served.

Those that came in packages are left to the sweep, within some seconds, so that listeners go on signing; what an owner
sends is hinted, because somebody waits for it.
"""

import hashlib
from collections.abc import Sequence

from sqlalchemy.orm import Session

from registry.domain import pictures as rules
from registry.domain.errors import RuleError
from registry.jobs.base import Permanent, Transient, WorkerContext
from registry.packages import PackageRefused, canonical
from registry.packages.findings import Finding
from registry.pictures import PictureRefused
from registry.pictures.process import Made, PictureBroken, make
from registry.queue import Claim


def started(session: Session, claim: Claim) -> None:
    if claim.attempt == 1:
        rules.again(session, claim.subject_id)


def work(context: WorkerContext, claim: Claim) -> list[rules.File]:
    """Have the files made, and keep them."""
    settings = context.settings
    try:
        with context.database.read() as connection:
            order = rules.order(connection, claim.subject_id)
        data = _read(context, order)
        files = make(data, order.role, pixels=settings.image_pixels, seconds=settings.image_seconds)
    except RuleError as error:
        raise Permanent([Finding(error.code, str(error))]) from error
    except PictureRefused as error:
        raise Permanent([Finding(error.code, str(error))]) from error
    except PictureBroken as error:
        raise Transient(str(error)) from error
    return [_keep(context, file) for file in files]


def finished(session: Session, claim: Claim, result: list[rules.File]) -> None:
    try:
        rules.made(session, claim.subject_id, result)
    except RuleError as error:
        raise Permanent([Finding(error.code, str(error))]) from error


def postponed(session: Session, claim: Claim, error: Exception) -> None:
    pass


def gave_up(session: Session, claim: Claim, findings: Sequence[Finding], dead: bool) -> None:
    rules.given_up(session, claim.subject_id, findings)


def _read(context: WorkerContext, order: rules.Order) -> bytes:
    """The picture as it was sent, which is what it was when it was taken in."""
    try:
        if order.path is None:
            data = context.storage.path(order.sha256).read_bytes()
        elif order.package_sha256 is None:
            raise PictureRefused("PICTURE_GONE", "The registry does not hold the package that it was in.")
        else:
            package = context.storage.path(order.package_sha256)
            with canonical(package, context.limits, order.format) as archive:
                data = archive.read(order.path, context.limits.picture_bytes)
    except (FileNotFoundError, KeyError, PackageRefused) as error:
        raise Transient(f"The picture is missing in the store: {type(error).__name__}") from error
    if hashlib.sha256(data).hexdigest() != order.sha256:
        raise Transient("The picture has changed in the store: its SHA-256 is another one.")
    return data


def _keep(context: WorkerContext, made: Made) -> rules.File:
    with context.storage.draft() as draft:
        draft.write(made.data)
        draft.file.flush()
        context.storage.keep(draft.path, draft.sha256)
    return rules.File(made.name, draft.sha256, made.suffix, made.width, made.height, draft.size)
