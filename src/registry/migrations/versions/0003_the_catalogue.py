"""The catalogue

Revision 0003, after 0002.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
Time = sa.DateTime(timezone=True)

PUBLIC = {"postgresql_where": sa.text("public"), "sqlite_where": sa.text("public = 1")}


def upgrade() -> None:
    op.create_table(
        "compatibility",
        sa.Column("id", BigId, nullable=False),
        sa.Column("host", sa.String(30), nullable=False),
        sa.Column("range", sa.String(4000), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_compatibility"),
        sa.UniqueConstraint("host", "range", name="uq_compatibility_host_range"),
    )
    op.create_table(
        "download_seen",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("version_id", BigId, autoincrement=False, nullable=False),
        sa.Column("client", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("day", "version_id", "client", name="pk_download_seen"),
    )
    op.create_table(
        "site_state",
        sa.Column("name", sa.String(300), nullable=False),
        sa.Column("value", Json, nullable=False),
        sa.Column("updated", Time, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_site_state"),
    )
    op.create_table(
        "catalogue_entry",
        sa.Column("extension_id", BigId, autoincrement=False, nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("changed", BigId, nullable=False),
        sa.Column("brackets", sa.LargeBinary(), nullable=True),
        sa.Column("popularity", sa.LargeBinary(), nullable=True),
        sa.Column("downloads_total", BigId, nullable=False),
        sa.Column("downloads_recent", BigId, nullable=False),
        sa.Column("listing", sa.LargeBinary(), nullable=True),
        sa.Column("list", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["extension_id"], ["extension.id"], name="fk_catalogue_entry_extension_id_extension"
        ),
        sa.PrimaryKeyConstraint("extension_id", name="pk_catalogue_entry"),
        sa.UniqueConstraint("name", name="uq_catalogue_entry_name"),
    )
    op.create_table(
        "detail",
        sa.Column("extension_id", BigId, autoincrement=False, nullable=False),
        sa.Column("description_html", Json, nullable=False),
        sa.Column("changes", Json, nullable=False),
        sa.Column("permissions", Json, nullable=False),
        sa.Column("dependencies", Json, nullable=False),
        sa.Column("peer_dependencies", Json, nullable=False),
        sa.ForeignKeyConstraint(["extension_id"], ["extension.id"], name="fk_detail_extension_id_extension"),
        sa.PrimaryKeyConstraint("extension_id", name="pk_detail"),
    )
    op.create_table(
        "document",
        sa.Column("name", sa.String(50), nullable=False),
        sa.Column("seq", BigId, nullable=False),
        sa.Column("serial", BigId, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", BigId, nullable=False),
        sa.Column("gzip_sha256", sa.String(64), nullable=False),
        sa.Column("gzip_size", BigId, nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=True),
        sa.Column("built", Time, nullable=False),
        sa.Column("expires", Time, nullable=True),
        sa.ForeignKeyConstraint(["gzip_sha256"], ["blob.sha256"], name="fk_document_gzip_sha256_blob"),
        sa.ForeignKeyConstraint(["sha256"], ["blob.sha256"], name="fk_document_sha256_blob"),
        sa.PrimaryKeyConstraint("name", name="pk_document"),
    )
    op.create_table(
        "download_day",
        sa.Column("version_id", BigId, autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("count", BigId, nullable=False),
        sa.ForeignKeyConstraint(["version_id"], ["version.id"], name="fk_download_day_version_id_version"),
        sa.PrimaryKeyConstraint("version_id", "day", name="pk_download_day"),
    )
    op.create_index("ix_download_day", "download_day", ["day"])

    op.create_table(
        "image",
        sa.Column("id", BigId, nullable=False),
        sa.Column("extension_id", BigId, nullable=False),
        sa.Column("role", sa.String(12), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("version_id", BigId, nullable=True),
        sa.Column("path", sa.String(300), nullable=True),
        sa.Column("source_sha256", sa.String(64), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("outputs", Json, nullable=False),
        sa.Column("caption", Json, nullable=False),
        sa.Column("created", Time, nullable=False),
        sa.ForeignKeyConstraint(["extension_id"], ["extension.id"], name="fk_image_extension_id_extension"),
        sa.ForeignKeyConstraint(["version_id"], ["version.id"], name="fk_image_version_id_version"),
        sa.PrimaryKeyConstraint("id", name="pk_image"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_image_extension", "image", ["extension_id", "role", "position"])
    op.create_index("ix_image_source_sha256", "image", ["source_sha256"])
    op.create_index("ix_image_version_id", "image", ["version_id"])
    op.create_table(
        "image_file",
        sa.Column("image_id", BigId, autoincrement=False, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("suffix", sa.String(5), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["image_id"], ["image.id"], name="fk_image_file_image_id_image"),
        sa.PrimaryKeyConstraint("image_id", "sha256", name="pk_image_file"),
    )
    op.create_index("ix_image_file_sha256", "image_file", ["sha256"])

    with op.batch_alter_table("extension") as batch_op:
        batch_op.add_column(sa.Column("theme", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column("license", sa.String(200), nullable=True))
        batch_op.add_column(sa.Column("owner_label", sa.String(200), nullable=True))
        batch_op.add_column(sa.Column("origin", sa.String(300), nullable=True))
        batch_op.add_column(sa.Column("rating_score", sa.Double(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("downloads_total", BigId, server_default="0", nullable=False))
        batch_op.add_column(sa.Column("downloads_recent", BigId, server_default="0", nullable=False))
        batch_op.add_column(sa.Column("changed", BigId, nullable=True))
        batch_op.add_column(sa.Column("ever_shown", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column("images", Json, server_default="{}", nullable=False))
        batch_op.create_index(
            "ix_extension_disabled",
            ["name"],
            unique=False,
            postgresql_where=sa.text("state = 'disabled'"),
            sqlite_where=sa.text("state = 'disabled'"),
        )
        batch_op.create_index("ix_extension_changed", ["changed"], unique=False)
        batch_op.create_index(
            "ix_extension_downloads",
            ["downloads_total", "id"],
            unique=False,
            postgresql_where=sa.text("listed"),
            sqlite_where=sa.text("listed = 1"),
        )
        batch_op.create_index(
            "ix_extension_rating",
            ["rating_score", "id"],
            unique=False,
            postgresql_where=sa.text("listed"),
            sqlite_where=sa.text("listed = 1"),
        )
        batch_op.create_index(
            "ix_extension_recent",
            ["downloads_recent", "id"],
            unique=False,
            postgresql_where=sa.text("listed"),
            sqlite_where=sa.text("listed = 1"),
        )
        batch_op.create_index(
            "ix_extension_updated",
            ["updated", "id"],
            unique=False,
            postgresql_where=sa.text("listed"),
            sqlite_where=sa.text("listed = 1"),
        )

    with op.batch_alter_table("version") as batch_op:
        batch_op.add_column(sa.Column("compatibility_id", BigId, nullable=True))
        batch_op.add_column(sa.Column("published", Time, nullable=True))
        batch_op.add_column(sa.Column("downloads", BigId, server_default="0", nullable=False))
        batch_op.create_index("ix_version_compatibility_id", ["compatibility_id"], unique=False)
        batch_op.create_foreign_key(
            "fk_version_compatibility_id_compatibility", "compatibility", ["compatibility_id"], ["id"]
        )

    with op.batch_alter_table("event") as batch_op:
        batch_op.add_column(sa.Column("public", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.create_index("ix_event_public", ["extension_id", "seq"], unique=False, **PUBLIC)

    op.create_index("ix_review_extension", "review", ["extension_id", "updated", "id"])


def downgrade() -> None:
    op.drop_index("ix_review_extension", "review")

    with op.batch_alter_table("event") as batch_op:
        batch_op.drop_index("ix_event_public", **PUBLIC)
        batch_op.drop_column("public")

    with op.batch_alter_table("version") as batch_op:
        batch_op.drop_constraint("fk_version_compatibility_id_compatibility", type_="foreignkey")
        batch_op.drop_index("ix_version_compatibility_id")
        batch_op.drop_column("downloads")
        batch_op.drop_column("published")
        batch_op.drop_column("compatibility_id")

    with op.batch_alter_table("extension") as batch_op:
        batch_op.drop_index(
            "ix_extension_updated", postgresql_where=sa.text("listed"), sqlite_where=sa.text("listed = 1")
        )
        batch_op.drop_index(
            "ix_extension_recent", postgresql_where=sa.text("listed"), sqlite_where=sa.text("listed = 1")
        )
        batch_op.drop_index(
            "ix_extension_rating", postgresql_where=sa.text("listed"), sqlite_where=sa.text("listed = 1")
        )
        batch_op.drop_index(
            "ix_extension_downloads", postgresql_where=sa.text("listed"), sqlite_where=sa.text("listed = 1")
        )
        batch_op.drop_index("ix_extension_changed")
        batch_op.drop_index(
            "ix_extension_disabled",
            postgresql_where=sa.text("state = 'disabled'"),
            sqlite_where=sa.text("state = 'disabled'"),
        )
        batch_op.drop_column("images")
        batch_op.drop_column("ever_shown")
        batch_op.drop_column("changed")
        batch_op.drop_column("downloads_recent")
        batch_op.drop_column("downloads_total")
        batch_op.drop_column("rating_score")
        batch_op.drop_column("origin")
        batch_op.drop_column("owner_label")
        batch_op.drop_column("license")
        batch_op.drop_column("theme")

    op.drop_table("image_file")
    op.drop_table("image")

    op.drop_table("download_day")
    op.drop_table("document")
    op.drop_table("detail")
    op.drop_table("catalogue_entry")
    op.drop_table("site_state")
    op.drop_table("download_seen")
    op.drop_table("compatibility")
