"""What the source's signed blocklist has is disabled, or yanked, here too, whatever else the source says."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice

from sqlalchemy import Connection, select, update
from sqlalchemy.orm import Session

from registry.catalogue.blocklist import ALL_VERSIONS
from registry.domain import events, visibility
from registry.domain.decisions import Reason
from registry.domain.yanking import REGISTRY
from registry.mirroring.source import Detail, RemoteVersion
from registry.models import Extension, ExtensionState, Version, now, table

_EXTENSION, _VERSION = table(Extension), table(Version)
_NAMES_AT_ONCE = 500

# Why, by the number of the version; ALL_VERSIONS for the extension itself.
Reasons = Mapping[str, Reason]


def offending(connection: Connection, origin: str, blocked: Mapping[str, Reasons]) -> list[str]:
    """The extensions from ``origin`` of which something is offered here that is blocked."""
    found: set[str] = set()
    names = iter(blocked)
    while some := list(islice(names, _NAMES_AT_ONCE)):
        here = (
            Extension.name.in_(some)
            & (Extension.origin == origin)
            & (Extension.state != ExtensionState.DISABLED)
        )
        found |= {
            name for name in connection.scalars(select(Extension.name).where(here)) if _all(blocked[name])
        }
        versions = (
            select(Extension.name, Version.version)
            .join(Version, Version.extension_id == Extension.id)
            .where(here, Version.blocked.is_(None), Version.deleted.is_(None))
        )
        found |= {name for name, version in connection.execute(versions) if version in blocked[name]}
    return sorted(found)


def write(session: Session, origin: str, name: str, reasons: Reasons) -> bool:
    """Disable the extension, or yank its versions; whether anything was different."""
    connection = session.connection()
    row = connection.execute(
        select(_EXTENSION).where(Extension.name == name, Extension.origin == origin).with_for_update()
    ).one_or_none()
    if row is None:
        return False
    changed = 0
    for number, reason in reasons.items():
        if number != ALL_VERSIONS:
            which = (
                _VERSION.c.extension_id == row.id,
                _VERSION.c.version == number,
                _VERSION.c.blocked.is_(None),
            )
            why = {"blocked": now(), "blocked_code": reason.code, "blocked_reason": reason.text}
            changed += connection.execute(update(_VERSION).where(*which).values(why)).rowcount
        elif row.state != ExtensionState.DISABLED:
            why = {"state": ExtensionState.DISABLED, "state_code": reason.code, "state_reason": reason.text}
            changed += connection.execute(
                update(_EXTENSION).where(_EXTENSION.c.id == row.id).values(why)
            ).rowcount
    if changed:
        visibility.refresh(session, row.id)
        events.record(session, "extension.mirrored", extension_id=row.id, public=True, source=origin, files=0)
    return changed > 0


def hold(
    detail: Detail, versions: Sequence[RemoteVersion], reasons: Reasons
) -> tuple[Detail, list[RemoteVersion]]:
    """What the source says of an extension, but for what the blocklist knows better."""
    if _all(reasons) and detail.state != ExtensionState.DISABLED:
        detail = replace(detail, state=ExtensionState.DISABLED, state_reason=reasons[ALL_VERSIONS])
    return detail, [
        replace(one, yanked_by=REGISTRY, yanked_reason=reasons[one.version])
        if one.version in reasons and one.yanked_by != REGISTRY
        else one
        for one in versions
    ]


def _all(reasons: Reasons) -> bool:
    return ALL_VERSIONS in reasons
