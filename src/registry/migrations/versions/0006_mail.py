"""Mail: addresses of accounts, messages

Revision 0006, after 0005.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Time = sa.DateTime(timezone=True)
Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "mail_address",
        sa.Column("user_id", BigId, autoincrement=False, nullable=False),
        sa.Column("address", sa.String(254), nullable=True),
        sa.Column("pending", sa.String(254), nullable=True),
        sa.Column("digest", sa.String(10), nullable=False),
        sa.Column("digest_at", Time, nullable=True),
        sa.Column("digested_id", BigId, nullable=False),
        sa.Column("changed", Time, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_mail_address_user_id_user"),
        sa.PrimaryKeyConstraint("user_id", name="pk_mail_address"),
    )
    op.create_index("ix_mail_address_address", "mail_address", ["address"])
    op.create_index(
        "ix_mail_address_digest_at",
        "mail_address",
        ["digest_at"],
        postgresql_where=sa.text("digest_at IS NOT NULL"),
        sqlite_where=sa.text("digest_at IS NOT NULL"),
    )
    op.create_table(
        "mail",
        sa.Column("id", BigId, nullable=False),
        sa.Column("to", sa.String(254), nullable=False),
        sa.Column("user_id", BigId, nullable=True),
        sa.Column("kind", sa.String(50), nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.Column("created", Time, nullable=False),
        sa.Column("sent", Time, nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_mail_user_id_user"),
        sa.PrimaryKeyConstraint("id", name="pk_mail"),
    )
    op.create_index("ix_mail_to", "mail", ["to", "id"])
    op.create_index("ix_mail_created", "mail", ["created"])
    op.create_index("ix_mail_user_id", "mail", ["user_id"])


def downgrade() -> None:
    op.drop_table("mail")
    op.drop_table("mail_address")
