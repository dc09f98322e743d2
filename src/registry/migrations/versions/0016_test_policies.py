"""Versions that are held until their tests have passed

Revision 0016, after 0015.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
HELD = sa.text("held_reason IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "test_policy",
        sa.Column("extension_id", BigId, autoincrement=False, nullable=False),
        sa.Column("passing", sa.Integer(), nullable=False),
        sa.Column("hosts", Json, nullable=False),
        sa.Column("os", Json, nullable=False),
        sa.Column("no_regression", sa.Boolean(), nullable=False),
        sa.Column("changed", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["extension_id"], ["extension.id"], name="fk_test_policy_extension_id_extension"
        ),
        sa.PrimaryKeyConstraint("extension_id", name="pk_test_policy"),
    )
    op.add_column("version", sa.Column("held_reason", sa.Text(), nullable=True))
    op.create_index("ix_version_held", "version", ["extension_id"], postgresql_where=HELD, sqlite_where=HELD)


def downgrade() -> None:
    op.drop_index("ix_version_held", "version")
    with op.batch_alter_table("version") as batch:
        batch.drop_column("held_reason")
    op.drop_table("test_policy")
