"""What Mozilla's clients say of an extension and a version beside the package: `AddonDetail`, `VersionDetail`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from registry.domain import decisions, editing, events, locks, removal, standing, yanking
from registry.domain.decisions import Reason
from registry.domain.errors import Forbidden
from registry.models import AddonDetail, Extension, ExtensionState, Version, VersionDetail

TRANSLATED = (
    "support_email",
    "developer_comments",
    "eula",
    "privacy_policy",
    "license_name",
    "license_text",
    "release_notes",
)
_NO_REASON = Reason(decisions.OTHER, "Its owners have switched it off.")


@dataclass(frozen=True)
class VersionEdit:
    """``values`` are by column of ``VersionDetail``; ``yanked`` is None to leave that as it is."""

    values: Mapping[str, Any]
    yanked: bool | None = None


def describe(session: Session, model: Any, row_id: int, values: Mapping[str, Any]) -> list[str]:
    """Write ``values`` by column into the row of that extension or version; the names of those that were others.

    Of a translated column they are the texts that change, where None takes one away, or all of them.
    """
    row = session.get(model, row_id)
    if row is None and values:
        (key,) = model.__table__.primary_key.columns
        row = model(**{key.name: row_id})
        session.add(row)
        session.flush()
    changed = []
    for name, value in values.items():
        before = getattr(row, name)
        if name in TRANSLATED:
            merged = {**before, **value} if value is not None else {}
            value = {tag: text for tag, text in merged.items() if text is not None}
        if value != before:
            setattr(row, name, value)
            changed.append(name)
    session.flush()
    return changed


def edit_addon(
    session: Session,
    extension_id: int,
    actor_id: int,
    edit: editing.Edit,
    html: Mapping[str, str],
    values: Mapping[str, Any],
) -> None:
    """Edit an extension, and what is said beside it: ``values`` are by column of ``AddonDetail``.

    Raises what ``editing.edit`` does.
    """
    _editable(session, extension_id, actor_id)
    if edit.changes:
        editing.edit(session, extension_id, actor_id, edit, html)
    if changed := describe(session, AddonDetail, extension_id, values):
        events.record(
            session,
            "extension.edited",
            actor_id=actor_id,
            extension_id=extension_id,
            public=True,
            fields=sorted(changed),
            restored=[],
        )


def edit_version(
    session: Session, extension_id: int, version_id: int, actor_id: int, edit: VersionEdit
) -> None:
    """Edit what is said of a version; asked for what is so already, it does nothing.

    Raises Forbidden, and Conflict for a version that is gone.
    """
    _editable(session, extension_id, actor_id)
    version = session.get_one(Version, version_id, populate_existing=True, with_for_update=True)
    removal.require_present(version)
    if edit.yanked is not None and edit.yanked != (version.yanked is not None):
        wanted = yanking.Yank(edit.yanked, _NO_REASON, yanking.OWNER)
        yanking.yank(session, extension_id, version_id, actor_id, wanted)
    if changed := describe(session, VersionDetail, version_id, edit.values):
        events.record(
            session,
            "version.edited",
            actor_id=actor_id,
            extension_id=extension_id,
            public=True,
            version=version.version,
            fields=sorted(changed),
        )


def _editable(session: Session, extension_id: int, actor_id: int) -> Extension:
    extension = locks.extension(session, extension_id)
    standing.require(session, actor_id, standing.owns(extension_id, actor_id))
    if extension.state == ExtensionState.DISABLED:
        raise Forbidden(
            f"The extension {extension.name} is disabled; it stays as it is.", "EXTENSION_DISABLED"
        )
    return extension
