"""The index on SQLite: an FTS5 table of tokens alone, in the order of quality.

A row's number is its extension's with the level in front, upside down, so FTS5 walks through what it finds
from the best to the worst and a common word costs no more than the hits that are wanted. FTS5's own
``bm25`` reads every hit before the first answer, which is why it is not used.
"""

import zlib
from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, delete, select, text

from registry.models import SearchDocument, table
from registry.search.quality import IDS, packed
from registry.search.questions import Tier

_DOCUMENTS = table(SearchDocument)

CREATE = (
    "CREATE VIRTUAL TABLE search_index USING fts5("
    "terms, content='', columnsize=0, detail=none, tokenize='ascii')"
)
MERGE = "INSERT INTO search_index (search_index, rank) VALUES ('merge', -2000)"  # pages
_ADD = "INSERT INTO search_index (rowid, terms) VALUES (?, ?)"
_NEW = "INSERT INTO search_document (extension_id, level, digest, filters, terms) VALUES (?, ?, ?, ?, ?)"
_REMOVE = "INSERT INTO search_index (search_index, rowid, terms) VALUES ('delete', ?, ?)"
_FIND = "SELECT * FROM (SELECT {} AS tier, rowid FROM search_index WHERE search_index MATCH ? ORDER BY rowid LIMIT {})"
_HAVING = "SELECT rowid FROM search_index WHERE search_index MATCH ? LIMIT ?"
_TERMS = select(_DOCUMENTS.c.level, _DOCUMENTS.c.terms).where(_DOCUMENTS.c.extension_id == bindparam("which"))
_GONE = delete(_DOCUMENTS).where(_DOCUMENTS.c.extension_id == bindparam("which"))
_LEVEL = text("UPDATE search_document SET level = :level WHERE extension_id = :which")


def add(
    connection: Connection, extension_id: int, level: int, digest: bytes, terms: list[str], filters: str
) -> None:
    """Put in what was not there."""
    words = " ".join(terms)
    connection.exec_driver_sql(_ADD, (packed(extension_id, level), words))
    known = zlib.compress(words.encode(), 1)
    connection.exec_driver_sql(_NEW, (extension_id, level, digest, filters, known))


def remove(connection: Connection, extension_id: int) -> None:
    known = connection.execute(_TERMS, {"which": extension_id}).one_or_none()
    if known is not None:
        words = zlib.decompress(known.terms).decode()
        connection.exec_driver_sql(_REMOVE, (packed(extension_id, known.level), words))
        connection.execute(_GONE, {"which": extension_id})


def move(connection: Connection, extension_id: int, level: int) -> None:
    """Let it have another level."""
    known = connection.execute(_TERMS, {"which": extension_id}).one()
    words = zlib.decompress(known.terms).decode()
    connection.exec_driver_sql(_REMOVE, (packed(extension_id, known.level), words))
    connection.exec_driver_sql(_ADD, (packed(extension_id, level), words))
    connection.execute(_LEVEL, {"which": extension_id, "level": level})


def find(connection: Connection, tiers: Sequence[Tier]) -> Sequence[tuple[int, int]]:
    """The best of each tier, one tier after the other: (its place among ``tiers``, packed number)."""
    statement = " UNION ALL ".join(_FIND.format(place, tier.most) for place, tier in enumerate(tiers))
    result = connection.exec_driver_sql(statement, tuple(map(_expression, tiers)))
    rows = result.cursor.fetchall()
    result.close()
    return rows


def having(connection: Connection, tokens: Sequence[str], most: int) -> list[int]:
    """Extensions that have all of these tokens, at most so many."""
    rows = connection.exec_driver_sql(
        _HAVING, (_expression(Tier(1, most, [[token] for token in tokens])), most)
    )
    return [rowid & IDS for (rowid,) in rows]


def _expression(tier: Tier) -> str:
    # Tokens are letters and digits only, so there is nothing in them that could end the quotes.
    groups = (" OR ".join(f'"{token}"' for token in any_of) for any_of in tier.needs)
    return " AND ".join(f"({group})" for group in groups)
