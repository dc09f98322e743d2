"""The entries that whole documents are put together of, kept in step with the rows they are made of.

Each entry says which change of its extension it shows. So what is missing is found by a comparison once, when
a clerk begins, and by the numbers of new changes from then on. Entries of another public address, or of an
older form, are all made again.
"""

import logging
from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import bindparam, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from registry.catalogue import entries
from registry.catalogue.documents import WHOLE
from registry.jobs.base import WorkerContext
from registry.models import CatalogueEntry, Extension, SiteState, now, table

log = logging.getLogger(__name__)

# To be raised when entries of the same rows would be others than before.
FORM = 3
NAME = "entries"

_ENTRY, _STATE = table(CatalogueEntry), table(SiteState)
_INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_SHOWN = select(func.max(_ENTRY.c.changed))
_NEWEST = select(func.max(Extension.changed))
_ALL = select(Extension.id)
_CHANGED = _ALL.where(Extension.changed > bindparam("seq"))
_COMPARED = _ALL.outerjoin(_ENTRY, _ENTRY.c.extension_id == Extension.id)
_STALE = _COMPARED.where(
    or_(_ENTRY.c.changed.is_(None), _ENTRY.c.changed < func.coalesce(Extension.changed, 0))
)
_RECOUNTED = _COMPARED.where(
    or_(
        _ENTRY.c.downloads_total != Extension.downloads_total,
        _ENTRY.c.downloads_recent != Extension.downloads_recent,
    )
)
_BEFORE = select(_ENTRY).where(_ENTRY.c.extension_id.in_(bindparam("ids", expanding=True)))
_MADE_OF = select(_STATE.c.value).where(_STATE.c.name == NAME)
_NUMBERS = ("changed", "downloads_total", "downloads_recent")
_RENUMBER = (
    update(_ENTRY)
    .where(_ENTRY.c.extension_id == bindparam("which"))
    .values({name: bindparam(f"new_{name}") for name in _NUMBERS})
)

Write = Callable[[Callable[[Session], Any]], Any]


class Entries:
    """``seq`` is the last change that they show, once they are not ``behind`` any more."""

    def __init__(self, context: WorkerContext):
        self._database, self._base = context.database, context.settings.public_url
        self._form = {"base": self._base, "form": FORM}
        self._behind: dict[int, None] = {}
        self._looked: int | None = None
        with self._database.read() as connection:
            self.seq = connection.scalar(_SHOWN) or 0
            self._anew = connection.scalar(_MADE_OF) != self._form

    @property
    def behind(self) -> bool:
        return bool(self._behind)

    def look(self) -> None:
        """Find what has changed since the last look."""
        with self._database.read() as connection:
            newest = connection.scalar(_NEWEST) or 0
            if self._looked is None:
                self._add(connection.scalars(_ALL if self._anew else _STALE))
            elif newest > self._looked:
                self._add(connection.scalars(_CHANGED, {"seq": self._looked}))
        self._looked = self.seq = newest

    def look_for_counts(self) -> None:
        """Find what has been downloaded since its entry was made."""
        with self._database.read() as connection:
            self._add(connection.scalars(_RECOUNTED))

    def bring_up(self, write: Write) -> dict[str, bool]:
        """Make the next batch; the documents it is part of, each with whether more than counts has changed."""
        ids = list(self._behind)[: entries.BATCH]
        with self._database.read() as connection:
            made = entries.make(connection, self._base, ids)
            before = {row.extension_id: row for row in connection.execute(_BEFORE, {"ids": ids})}
        touched: dict[str, bool] = {}
        changed, renumbered = [], []
        for entry in made:
            old = before.get(entry.extension_id)
            parts = {part for part in entries.PARTS if entry.parts[part] != getattr(old, part, None)}
            if entry.fault is not None:
                log.warning("%s is left out of registry.json: %s", entry.name, entry.fault)
            if parts or old is None:
                changed.append(_row(entry))
            elif any(getattr(old, name) != getattr(entry, name) for name in _NUMBERS):
                numbers = {f"new_{name}": getattr(entry, name) for name in _NUMBERS}
                renumbered.append({"which": entry.extension_id, **numbers})
            for name, part in WHOLE.items():
                if part in parts:
                    content = self._anew or old is None or old.changed != entry.changed
                    touched[name] = touched.get(name, False) or content
        last = len(ids) == len(self._behind)
        write(lambda session: self._write(session, changed, renumbered, last))
        for extension_id in ids:
            del self._behind[extension_id]
        self._anew = self._anew and not last
        return touched

    def _add(self, ids: Iterable[int]) -> None:
        self._behind |= dict.fromkeys(ids)

    def _write(
        self, session: Session, changed: list[dict[str, Any]], renumbered: list[dict[str, Any]], last: bool
    ) -> None:
        connection = session.connection()
        insert = _INSERT[connection.dialect.name]
        if changed:
            connection.execute(_instead(insert(_ENTRY)), changed)
        if renumbered:
            connection.execute(_RENUMBER, renumbered)
        if last and self._anew:
            values = {"value": self._form, "updated": now()}
            statement = insert(_STATE).values(name=NAME, **values)
            connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))


def _row(entry: entries.Entry) -> dict[str, Any]:
    numbers = {name: getattr(entry, name) for name in _NUMBERS}
    return {"extension_id": entry.extension_id, "name": entry.name, **numbers, **entry.parts}


def _instead(insert: Any) -> Any:
    """Insert rows, in the place of those with the same id."""
    values = {name: insert.excluded[name] for name in ("name", *_NUMBERS, *entries.PARTS)}
    return insert.on_conflict_do_update(index_elements=["extension_id"], set_=values)
