"""What the full-text index knows of extensions. ``registry.search`` keeps it, see there."""

from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, SmallInteger, Text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from registry.models.base import Base


class SearchDocument(Base):
    """A listed extension in the full-text index.

    On PostgreSQL ``terms`` is what is searched, by an index that the migration makes. On SQLite that is the
    virtual table ``search_index``, and ``terms`` is what was put into it, compressed, because it must be named
    again to take it out.
    """

    __tablename__ = "search_document"
    extension_id: Mapped[int] = mapped_column(
        ForeignKey("extension.id"), primary_key=True, autoincrement=False
    )
    # How good it is whatever is looked for, 0 to 63.
    level: Mapped[int] = mapped_column(SmallInteger)
    # Of the texts that the terms were made of.
    digest: Mapped[bytes] = mapped_column(LargeBinary(8))
    # The tokens of its filters, each between spaces.
    filters: Mapped[str] = mapped_column(Text)
    terms: Mapped[Any] = mapped_column(LargeBinary().with_variant(TSVECTOR(), "postgresql"))
