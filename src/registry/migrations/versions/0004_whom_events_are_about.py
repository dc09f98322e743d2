"""Whom events are about, how long a device waits, and what an account's data is found by

Revision 0004, after 0003.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
INDEXES = (
    ("ix_version_submitted", "version", ["submitted_by", "id"]),
    ("ix_transfer_offered_by", "transfer", ["offered_by"]),
    ("ix_invitation_invited_by", "invitation", ["invited_by"]),
    ("ix_event_actor", "event", ["actor_id", "seq"]),
)
PEOPLE = ("user", "from_user_id", "to_user_id")


def upgrade() -> None:
    op.create_table(
        "event_subject",
        sa.Column("user_id", BigId, autoincrement=False, nullable=False),
        sa.Column("seq", BigId, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["seq"], ["event.seq"], name="fk_event_subject_seq_event"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_event_subject_user_id_user"),
        sa.PrimaryKeyConstraint("user_id", "seq", name="pk_event_subject"),
    )
    op.create_index("ix_event_subject_seq", "event_subject", ["seq"])
    _fill()
    for name, table, columns in INDEXES:
        op.create_index(name, table, columns)
    op.drop_index("ix_event_actor_id", "event")
    with op.batch_alter_table("device_login") as batch_op:
        batch_op.add_column(sa.Column("interval", sa.Integer(), server_default="5", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("device_login") as batch_op:
        batch_op.drop_column("interval")
    op.create_index("ix_event_actor_id", "event", ["actor_id"])
    for name, table, _ in INDEXES:
        op.drop_index(name, table)
    op.drop_index("ix_event_subject_seq", "event_subject")
    op.drop_table("event_subject")


def _fill() -> None:
    """From the events there are."""
    event = sa.table("event", sa.column("seq", BigId), sa.column("actor_id", BigId), sa.column("data", Json))
    user = sa.table("user", sa.column("id", BigId))
    subject = sa.table("event_subject", sa.column("user_id", BigId), sa.column("seq", BigId))
    about = sa.union(
        *(
            sa.select(user.c.id, event.c.seq)
            .join(event, event.c.data[key].as_integer() == user.c.id)
            .where(user.c.id != sa.func.coalesce(event.c.actor_id, 0))
            for key in PEOPLE
        )
    )
    op.execute(subject.insert().from_select(["user_id", "seq"], about))
