"""The index on PostgreSQL: the tokens as a ``tsvector`` with a GIN index."""

from collections.abc import Sequence

from sqlalchemy import ARRAY, Connection, Text, bindparam, delete, func, insert, text

from registry.models import SearchDocument, table
from registry.search.questions import Tier

_DOCUMENTS = table(SearchDocument)
_NEW = insert(_DOCUMENTS).values(terms=func.array_to_tsvector(bindparam("words", type_=ARRAY(Text))))
_GONE = delete(_DOCUMENTS).where(_DOCUMENTS.c.extension_id == bindparam("which"))
_LEVEL = text("UPDATE search_document SET level = :level WHERE extension_id = :which")
_FIND = (
    "(SELECT {}, ((63 - level)::bigint << 40) | extension_id FROM search_document"
    " WHERE terms @@ CAST(%s AS tsquery) ORDER BY level DESC, extension_id LIMIT {})"
)

_HAVING = "SELECT extension_id FROM search_document WHERE terms @@ CAST(%s AS tsquery) LIMIT %s"


def add(
    connection: Connection, extension_id: int, level: int, digest: bytes, terms: list[str], filters: str
) -> None:
    """Put in what was not there."""
    connection.execute(
        _NEW,
        {"extension_id": extension_id, "level": level, "digest": digest, "filters": filters, "words": terms},
    )


def remove(connection: Connection, extension_id: int) -> None:
    connection.execute(_GONE, {"which": extension_id})


def move(connection: Connection, extension_id: int, level: int) -> None:
    """Let it have another level."""
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
    wanted = _expression(Tier(1, most, [[token] for token in tokens]))
    return [which for (which,) in connection.exec_driver_sql(_HAVING, (wanted, most))]


def _expression(tier: Tier) -> str:
    # Tokens are letters and digits only, so there is nothing in them that could end the quotes.
    groups = (" | ".join(f"'{token}'" for token in any_of) for any_of in tier.needs)
    return " & ".join(f"({group})" for group in groups)
