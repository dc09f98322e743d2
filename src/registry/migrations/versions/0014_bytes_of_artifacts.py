"""Whether signed bytes are wanted is found by an index, before bytes are forgotten

Revision 0014, after 0013.
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_artifact_sha256", "artifact", ["sha256"])


def downgrade() -> None:
    op.drop_index("ix_artifact_sha256", "artifact")
