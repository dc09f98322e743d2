"""What reports did is in the events

Revision 0009, after 0008.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("report") as report:
        report.drop_column("state_before")


def downgrade() -> None:
    with op.batch_alter_table("report") as report:
        report.add_column(sa.Column("state_before", sa.String(20), nullable=True))
