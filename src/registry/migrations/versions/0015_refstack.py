"""Results that RefStack's clients upload, and the public keys they are signed with

Revision 0015, after 0014.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
Time = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "public_key",
        sa.Column("id", BigId, nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("created", Time, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_public_key_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_public_key")),
        sa.UniqueConstraint("fingerprint", name=op.f("uq_public_key_fingerprint")),
    )
    op.create_index(op.f("ix_public_key_user_id"), "public_key", ["user_id"])
    op.create_table(
        "refstack_result",
        sa.Column("run_id", BigId, nullable=False),
        sa.Column("cpid", sa.String(128), nullable=False),
        sa.Column("duration", BigId, nullable=False),
        sa.Column("signature", sa.Text(), nullable=True),
        sa.Column("public_key", sa.Text(), nullable=True),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("meta", Json, nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["test_run.id"], name=op.f("fk_refstack_result_run_id_test_run")),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_refstack_result")),
    )
    op.create_index("ix_refstack_result_public", "refstack_result", ["public", "run_id"])
    op.create_index("ix_refstack_result_cpid", "refstack_result", ["cpid", "run_id"])


def downgrade() -> None:
    op.drop_table("refstack_result")
    op.drop_table("public_key")
