"""Webhooks and what they were told

Revision 0010, after 0009.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
Time = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "webhook",
        sa.Column("id", BigId, nullable=False),
        sa.Column("extension_id", BigId, nullable=True),
        sa.Column("team_id", BigId, nullable=True),
        sa.Column("url", sa.String(2000), nullable=False),
        sa.Column("events", Json, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("former", sa.LargeBinary(), nullable=True),
        sa.Column("former_until", Time, nullable=True),
        sa.Column("created_by", BigId, nullable=False),
        sa.Column("created", Time, nullable=False),
        sa.Column("failing_since", Time, nullable=True),
        sa.ForeignKeyConstraint(["extension_id"], ["extension.id"], name="fk_webhook_extension_id_extension"),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name="fk_webhook_team_id_team"),
        sa.ForeignKeyConstraint(["created_by"], ["user.id"], name="fk_webhook_created_by_user"),
        sa.PrimaryKeyConstraint("id", name="pk_webhook"),
    )
    op.create_index("ix_webhook_extension", "webhook", ["extension_id", "team_id"])
    op.create_index("ix_webhook_team", "webhook", ["team_id", "id"])
    op.create_index("ix_webhook_created_by", "webhook", ["created_by"])
    op.create_table(
        "delivery",
        sa.Column("id", BigId, nullable=False),
        sa.Column("webhook_id", BigId, nullable=False),
        sa.Column("message", sa.String(50), nullable=False),
        sa.Column("type", sa.String(50), nullable=False),
        sa.Column("event_seq", BigId, nullable=True),
        sa.Column("created", Time, nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("delivered", Time, nullable=True),
        sa.ForeignKeyConstraint(["webhook_id"], ["webhook.id"], name="fk_delivery_webhook_id_webhook"),
        sa.ForeignKeyConstraint(["event_seq"], ["event.seq"], name="fk_delivery_event_seq_event"),
        sa.PrimaryKeyConstraint("id", name="pk_delivery"),
    )
    op.create_index("ix_delivery_webhook", "delivery", ["webhook_id", "id"])
    op.create_index("ix_delivery_created", "delivery", ["created"])


def downgrade() -> None:
    op.drop_table("delivery")
    op.drop_table("webhook")
