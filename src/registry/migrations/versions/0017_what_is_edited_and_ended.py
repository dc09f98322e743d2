"""What owners say by Mozilla's API after publishing: policies, sources; and extensions that they have ended

Revision 0017, after 0016.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
NO_TEXTS = sa.text("'{}'")


def upgrade() -> None:
    with op.batch_alter_table("addon_detail") as addon:
        for name in ("eula", "privacy_policy"):
            addon.add_column(sa.Column(name, Json, nullable=False, server_default=NO_TEXTS))
    with op.batch_alter_table("addon_detail") as addon:
        for name in ("eula", "privacy_policy"):
            addon.alter_column(name, existing_type=Json, server_default=None)
    with op.batch_alter_table("version_detail") as version:
        version.add_column(sa.Column("source_sha256", sa.String(64), nullable=True))
        version.add_column(sa.Column("source_suffix", sa.String(10), nullable=True))
    op.create_index(
        "ix_version_detail_source",
        "version_detail",
        ["source_sha256"],
        postgresql_where=sa.text("source_sha256 IS NOT NULL"),
        sqlite_where=sa.text("source_sha256 IS NOT NULL"),
    )
    op.add_column("extension", sa.Column("deleted", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("extension", "deleted")
    op.drop_index("ix_version_detail_source", "version_detail")
    with op.batch_alter_table("version_detail") as version:
        version.drop_column("source_suffix")
        version.drop_column("source_sha256")
    with op.batch_alter_table("addon_detail") as addon:
        addon.drop_column("privacy_policy")
        addon.drop_column("eula")
