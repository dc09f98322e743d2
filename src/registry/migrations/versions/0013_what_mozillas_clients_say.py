"""Reviews of one version; reports without an account, and what a program says beside one

Revision 0013, after 0012.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    with op.batch_alter_table("review") as review:
        review.add_column(sa.Column("version_id", BigId, nullable=True))
        review.create_foreign_key("fk_review_version_id_version", "version", ["version_id"], ["id"])
    with op.batch_alter_table("report") as report:
        report.alter_column("reporter_id", existing_type=BigId, nullable=True)
        report.add_column(sa.Column("context", Json, nullable=True))


def downgrade() -> None:
    op.execute(
        "DELETE FROM report_evidence WHERE report_id IN (SELECT id FROM report WHERE reporter_id IS NULL)"
    )
    op.execute("DELETE FROM report WHERE reporter_id IS NULL")
    with op.batch_alter_table("report") as report:
        report.drop_column("context")
        report.alter_column("reporter_id", existing_type=BigId, nullable=False)
    with op.batch_alter_table("review") as review:
        review.drop_constraint("fk_review_version_id_version", type_="foreignkey")
        review.drop_column("version_id")
