"""The index on PostgreSQL: the tokens as a ``tsvector`` with GIN indexes, one for each band of quality.

GIN has no order: a common word would cost all its hits. So the bands are asked one after the other, from the best
on, and no more of them than it takes to have the hits that are wanted (an Append under a LIMIT). The statement is
always the same for as many tiers, so the driver has it prepared.
"""

from collections.abc import Sequence
from functools import lru_cache

from sqlalchemy import ARRAY, Connection, Text, bindparam, delete, func, insert, text

from registry.models import SearchDocument, table
from registry.search.quality import LEVELS
from registry.search.questions import Tier

_DOCUMENTS = table(SearchDocument)
_NEW = insert(_DOCUMENTS).values(terms=func.array_to_tsvector(bindparam("words", type_=ARRAY(Text))))
_GONE = delete(_DOCUMENTS).where(_DOCUMENTS.c.extension_id == bindparam("which"))
_LEVEL = text("UPDATE search_document SET level = :level WHERE extension_id = :which")
# The lowest level of each band.
BANDS = (28, 24, 20, 16, 13, 10, 0)
_WITHIN = [
    f"level BETWEEN {low} AND {high - 1}" for low, high in zip(BANDS, (LEVELS, *BANDS[:-1]), strict=True)
]
CREATE = [
    f"CREATE INDEX ix_search_document_terms_{low} ON search_document USING gin (terms)"
    # Searching reads what has not been sorted in yet from end to end, so let that be little.
    f" WITH (gin_pending_list_limit = 128) WHERE {within}"
    for low, within in zip(BANDS, _WITHIN, strict=True)
]
_BAND = (
    "(SELECT ((63 - level)::bigint << 40) | extension_id AS number FROM search_document"
    " WHERE terms @@ CAST(%s AS tsquery) AND {} ORDER BY level DESC, extension_id LIMIT {})"
)
_FIND = "SELECT {}, number FROM ({} LIMIT {}) AS found_{}"
_SOME = "(SELECT extension_id FROM search_document WHERE terms @@ CAST(%s AS tsquery) AND {})"
_HAVING = " UNION ALL ".join(map(_SOME.format, _WITHIN))


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
    statement = " UNION ALL ".join(_tier(place, tier.most) for place, tier in enumerate(tiers))
    asked = tuple(expression for tier in tiers for expression in [_expression(tier)] * len(BANDS))
    result = connection.exec_driver_sql(statement, asked)
    rows = result.cursor.fetchall()
    result.close()
    return rows


def having(connection: Connection, tokens: Sequence[str], most: int) -> list[int]:
    """Extensions that have all of these tokens, at most so many."""
    wanted = _expression(Tier(1, most, [[token] for token in tokens]))
    return [
        which
        for (which,) in connection.exec_driver_sql(f"{_HAVING} LIMIT %s", (*[wanted] * len(BANDS), most))
    ]


@lru_cache
def _tier(place: int, most: int) -> str:
    bands = " UNION ALL ".join(_BAND.format(within, most) for within in _WITHIN)
    return _FIND.format(place, bands, most, place)


def _expression(tier: Tier) -> str:
    # Tokens are letters and digits only, so there is nothing in them that could end the quotes.
    groups = (" | ".join(f"'{token}'" for token in any_of) for any_of in tier.needs)
    return " & ".join(f"({group})" for group in groups)
