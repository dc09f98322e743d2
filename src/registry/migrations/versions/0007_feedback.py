"""What becomes of reviews and reports: replies, flags, what was hidden or replaced, evidence, appeals

Revision 0007, after 0006.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Time = sa.DateTime(timezone=True)
TABLES = ("appeal", "report_evidence", "review_flag", "former_review")


def upgrade() -> None:
    with op.batch_alter_table("review") as review:
        for name in ("deleted", "hidden", "replied"):
            review.add_column(sa.Column(name, Time, nullable=True))
        for name in ("hidden_reason", "reply"):
            review.add_column(sa.Column(name, sa.Text(), nullable=True))
        review.add_column(sa.Column("replied_by", BigId, nullable=True))
        review.create_foreign_key("fk_review_replied_by_user", "user", ["replied_by"], ["id"])
        review.create_index("ix_review_replied_by", ["replied_by"])
    with op.batch_alter_table("report") as report:
        report.add_column(sa.Column("version_id", BigId, nullable=True))
        report.add_column(sa.Column("claimed_by", BigId, nullable=True))
        report.add_column(sa.Column("claimed", Time, nullable=True))
        report.add_column(sa.Column("answer", sa.Text(), nullable=True))
        report.create_foreign_key("fk_report_version_id_version", "version", ["version_id"], ["id"])
        report.create_foreign_key("fk_report_claimed_by_user", "user", ["claimed_by"], ["id"])
    _one_open_report_each()
    _partial("uq_report_open", "report", ["extension_id", "reporter_id"], "state = 'open'", unique=True)
    _partial("ix_event_state", "event", ["extension_id", "seq"], "kind = 'extension.state'")
    _former_review()
    _review_flag()
    _report_evidence()
    _appeal()


def downgrade() -> None:
    for name in TABLES:
        op.drop_table(name)
    op.drop_index("ix_event_state", "event")
    op.drop_index("uq_report_open", "report")
    with op.batch_alter_table("report") as report:
        report.drop_constraint("fk_report_version_id_version", type_="foreignkey")
        report.drop_constraint("fk_report_claimed_by_user", type_="foreignkey")
        for name in ("version_id", "claimed_by", "claimed", "answer"):
            report.drop_column(name)
    with op.batch_alter_table("review") as review:
        review.drop_index("ix_review_replied_by")
        review.drop_constraint("fk_review_replied_by_user", type_="foreignkey")
        for name in ("deleted", "hidden", "replied", "hidden_reason", "reply", "replied_by"):
            review.drop_column(name)


def _partial(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, unique=unique, postgresql_where=condition, sqlite_where=condition)


def _one_open_report_each() -> None:
    """Of several open reports by one user the first stays open."""
    op.execute(
        "UPDATE report SET state = 'dismissed' WHERE state = 'open' AND EXISTS (SELECT 1 FROM report AS other"
        " WHERE other.extension_id = report.extension_id AND other.reporter_id = report.reporter_id"
        " AND other.state = 'open' AND other.id < report.id)"
    )


def _former_review() -> None:
    op.create_table(
        "former_review",
        sa.Column("id", BigId, nullable=False),
        sa.Column("review_id", BigId, nullable=False),
        sa.Column("rating", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(200), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("written", Time, nullable=False),
        sa.Column("ended", Time, nullable=False),
        sa.ForeignKeyConstraint(["review_id"], ["review.id"], name="fk_former_review_review_id_review"),
        sa.PrimaryKeyConstraint("id", name="pk_former_review"),
    )
    op.create_index("ix_former_review", "former_review", ["review_id", "id"])


def _review_flag() -> None:
    op.create_table(
        "review_flag",
        sa.Column("id", BigId, nullable=False),
        sa.Column("review_id", BigId, nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("reason", sa.String(20), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("created", Time, nullable=False),
        sa.Column("settled", Time, nullable=True),
        sa.ForeignKeyConstraint(["review_id"], ["review.id"], name="fk_review_flag_review_id_review"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_review_flag_user_id_user"),
        sa.PrimaryKeyConstraint("id", name="pk_review_flag"),
        sa.UniqueConstraint("review_id", "user_id", name="uq_review_flag_review_id_user_id"),
    )
    op.create_index("ix_review_flag_user_id", "review_flag", ["user_id"])
    _partial("ix_review_flag_open", "review_flag", ["id"], "settled IS NULL")


def _report_evidence() -> None:
    op.create_table(
        "report_evidence",
        sa.Column("id", BigId, nullable=False),
        sa.Column("report_id", BigId, nullable=False),
        sa.Column("reason", sa.String(30), nullable=False),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("version_id", BigId, nullable=True),
        sa.Column("created", Time, nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["report.id"], name="fk_report_evidence_report_id_report"),
        sa.ForeignKeyConstraint(["version_id"], ["version.id"], name="fk_report_evidence_version_id_version"),
        sa.PrimaryKeyConstraint("id", name="pk_report_evidence"),
    )
    op.create_index("ix_report_evidence", "report_evidence", ["report_id", "id"])


def _appeal() -> None:
    op.create_table(
        "appeal",
        sa.Column("id", BigId, nullable=False),
        sa.Column("extension_id", BigId, nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("decision", BigId, nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("created", Time, nullable=False),
        sa.Column("decided", Time, nullable=True),
        sa.Column("decided_by", BigId, nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["extension_id"], ["extension.id"], name="fk_appeal_extension_id_extension"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_appeal_user_id_user"),
        sa.ForeignKeyConstraint(["decided_by"], ["user.id"], name="fk_appeal_decided_by_user"),
        sa.ForeignKeyConstraint(["decision"], ["event.seq"], name="fk_appeal_decision_event"),
        sa.PrimaryKeyConstraint("id", name="pk_appeal"),
        sa.UniqueConstraint("extension_id", "decision", name="uq_appeal_extension_id_decision"),
    )
    op.create_index("ix_appeal_user_id", "appeal", ["user_id"])
    op.create_index("ix_appeal_queue", "appeal", ["state", "id"])
