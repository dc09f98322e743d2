"""Uploads, and what Mozilla's add-on clients say of add-ons and versions

Revision 0011, after 0010.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
Time = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "upload",
        sa.Column("id", BigId, nullable=False),
        sa.Column("uuid", sa.String(32), nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("channel", sa.String(10), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", BigId, nullable=False),
        sa.Column("tools", Json, nullable=False),
        sa.Column("guid", sa.String(255), nullable=True),
        sa.Column("version", sa.String(100), nullable=True),
        sa.Column("version_id", BigId, nullable=True),
        sa.Column("created", Time, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_upload_user_id_user"),
        sa.ForeignKeyConstraint(["sha256"], ["blob.sha256"], name="fk_upload_sha256_blob"),
        sa.ForeignKeyConstraint(["version_id"], ["version.id"], name="fk_upload_version_id_version"),
        sa.PrimaryKeyConstraint("id", name="pk_upload"),
        sa.UniqueConstraint("uuid", name="uq_upload_uuid"),
    )
    op.create_index("ix_upload_user", "upload", ["user_id", "id"])
    op.create_index("ix_upload_created", "upload", ["created"])
    op.create_index("ix_upload_sha256", "upload", ["sha256"])
    op.create_index("ix_upload_version_id", "upload", ["version_id"])
    op.create_table(
        "addon_detail",
        sa.Column("extension_id", BigId, autoincrement=False, nullable=False),
        sa.Column("support_email", Json, nullable=False),
        sa.Column("developer_comments", Json, nullable=False),
        sa.Column("contributions_url", sa.String(2000), nullable=True),
        sa.Column("is_experimental", sa.Boolean(), nullable=False),
        sa.Column("requires_payment", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["extension_id"], ["extension.id"], name="fk_addon_detail_extension_id_extension"
        ),
        sa.PrimaryKeyConstraint("extension_id", name="pk_addon_detail"),
    )
    op.create_table(
        "version_detail",
        sa.Column("version_id", BigId, autoincrement=False, nullable=False),
        sa.Column("license", sa.String(50), nullable=True),
        sa.Column("license_name", Json, nullable=False),
        sa.Column("license_text", Json, nullable=False),
        sa.Column("release_notes", Json, nullable=False),
        sa.Column("approval_notes", sa.Text(), nullable=True),
        sa.Column("compatibility", Json, nullable=False),
        sa.ForeignKeyConstraint(["version_id"], ["version.id"], name="fk_version_detail_version_id_version"),
        sa.PrimaryKeyConstraint("version_id", name="pk_version_detail"),
    )
    op.create_index("ix_version_newest", "version", ["extension_id", "id"])


def downgrade() -> None:
    op.drop_index("ix_version_newest", "version")
    op.drop_table("version_detail")
    op.drop_table("addon_detail")
    op.drop_table("upload")
