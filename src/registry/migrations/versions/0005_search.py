"""Full text

Revision 0005, after 0004.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from registry import search
from registry.search import postgres, sqlite

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Terms = sa.LargeBinary().with_variant(postgresql.TSVECTOR(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "search_document",
        sa.Column("extension_id", BigId, autoincrement=False, nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(8), nullable=False),
        sa.Column("filters", sa.Text(), nullable=False),
        sa.Column("terms", Terms, nullable=False),
        sa.ForeignKeyConstraint(
            ["extension_id"], ["extension.id"], name="fk_search_document_extension_id_extension"
        ),
        sa.PrimaryKeyConstraint("extension_id", name="pk_search_document"),
    )
    op.create_index(
        "ix_extension_owner_label",
        "extension",
        ["owner_label"],
        postgresql_where=sa.text("owner_label IS NOT NULL"),
        sqlite_where=sa.text("owner_label IS NOT NULL"),
    )
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        op.execute(sqlite.CREATE)
    # An index is made faster than it is filled row by row, so what is there already goes in first.
    search.rebuild(connection)
    if connection.dialect.name == "postgresql":
        for statement in postgres.CREATE:
            op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE search_index")
    op.drop_table("search_document")
    op.drop_index("ix_extension_owner_label", "extension")
