"""Files that tests left

Revision 0019, after 0018.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "test_attachment",
        sa.Column("run_id", BigId, autoincrement=False, nullable=False),
        sa.Column("name_id", BigId, autoincrement=False, nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("media_type", sa.String(255), nullable=False),
        sa.Column("size", BigId, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=True),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["test_run.id"], name="fk_test_attachment_run_id_test_run"),
        sa.ForeignKeyConstraint(["name_id"], ["test_name.id"], name="fk_test_attachment_name_id_test_name"),
        sa.PrimaryKeyConstraint("run_id", "name_id", "name", name="pk_test_attachment"),
    )
    op.create_index("ix_test_attachment_sha256", "test_attachment", ["sha256"])


def downgrade() -> None:
    op.drop_table("test_attachment")
