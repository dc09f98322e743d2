"""The first tables

Revision 0001, after nothing.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
Time = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "blob",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", BigId, nullable=False),
        sa.Column("created", Time, nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_blob"),
    )
    op.create_table(
        "extension",
        sa.Column("id", BigId, nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("guid", sa.String(255), nullable=False),
        sa.Column("skeleton", sa.String(100), nullable=False),
        sa.Column("format", sa.String(30), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("state_reason", sa.Text(), nullable=True),
        sa.Column("hidden_by_owner", sa.Boolean(), nullable=False),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.Column("latest_id", BigId, nullable=True),
        sa.Column("default_locale", sa.String(35), nullable=False),
        sa.Column("title", Json, nullable=False),
        sa.Column("summary", Json, nullable=False),
        sa.Column("description", Json, nullable=False),
        sa.Column("homepage", Json, nullable=False),
        sa.Column("support_url", Json, nullable=False),
        sa.Column("categories", Json, nullable=False),
        sa.Column("keywords", Json, nullable=False),
        sa.Column("author", Json, nullable=True),
        sa.Column("languages", Json, nullable=False),
        sa.Column("edited", Json, nullable=False),
        sa.Column("api_limit", sa.String(100), nullable=True),
        sa.Column("rating_counts", Json, nullable=False),
        sa.Column("created", Time, nullable=False),
        sa.Column("updated", Time, nullable=False),
        sa.ForeignKeyConstraint(
            ["latest_id"], ["version.id"], name="fk_extension_latest_id_version", use_alter=True
        ),
        sa.PrimaryKeyConstraint("id", name="pk_extension"),
        sa.UniqueConstraint("guid", name="uq_extension_guid"),
        sa.UniqueConstraint("name", name="uq_extension_name"),
    )
    op.create_index(
        "ix_extension_browse",
        "extension",
        ["name"],
        postgresql_where=sa.text("listed"),
        sqlite_where=sa.text("listed = 1"),
    )
    op.create_index("ix_extension_skeleton", "extension", ["skeleton"])

    op.create_table(
        "job",
        sa.Column("id", BigId, nullable=False),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("subject_id", BigId, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(100), nullable=True),
        sa.Column("next_at", Time, nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("created", Time, nullable=False),
        sa.Column("updated", Time, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_job"),
        sa.UniqueConstraint("kind", "subject_id", name="uq_job_kind_subject_id"),
    )
    op.create_index("ix_job_due", "job", ["state", "next_at"])

    op.create_table(
        "team",
        sa.Column("id", BigId, nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("created", Time, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_team"),
        sa.UniqueConstraint("name", name="uq_team_name"),
    )
    op.create_table(
        "user",
        sa.Column("id", BigId, nullable=False),
        sa.Column("username", sa.String(100), nullable=False),
        sa.Column("admin", sa.Boolean(), nullable=False),
        sa.Column("created", Time, nullable=False),
        sa.Column("disabled", Time, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_user"),
        sa.UniqueConstraint("username", name="uq_user_username"),
    )
    op.create_table(
        "api_key",
        sa.Column("id", BigId, nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("key", sa.String(100), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("created", Time, nullable=False),
        sa.Column("revoked", Time, nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_api_key_user_id_user"),
        sa.PrimaryKeyConstraint("id", name="pk_api_key"),
        sa.UniqueConstraint("key", name="uq_api_key_key"),
    )
    op.create_index("ix_api_key_user_id", "api_key", ["user_id"])

    op.create_table(
        "event",
        sa.Column("seq", BigId, autoincrement=False, nullable=False),
        sa.Column("at", Time, nullable=False),
        sa.Column("kind", sa.String(50), nullable=False),
        sa.Column("actor_id", BigId, nullable=True),
        sa.Column("extension_id", BigId, nullable=True),
        sa.Column("data", Json, nullable=False),
        sa.Column("previous", sa.LargeBinary(32), nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["user.id"], name="fk_event_actor_id_user"),
        sa.ForeignKeyConstraint(["extension_id"], ["extension.id"], name="fk_event_extension_id_extension"),
        sa.PrimaryKeyConstraint("seq", name="pk_event"),
    )
    op.create_index("ix_event_actor_id", "event", ["actor_id"])
    op.create_index("ix_event_extension", "event", ["extension_id", "seq"])

    op.create_table(
        "identity",
        sa.Column("id", BigId, nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("provider", sa.String(100), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_identity_user_id_user"),
        sa.PrimaryKeyConstraint("id", name="pk_identity"),
        sa.UniqueConstraint("provider", "subject", name="uq_identity_provider_subject"),
    )
    op.create_index("ix_identity_user_id", "identity", ["user_id"])

    op.create_table(
        "membership",
        sa.Column("team_id", BigId, nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("role", sa.String(10), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name="fk_membership_team_id_team"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_membership_user_id_user"),
        sa.PrimaryKeyConstraint("team_id", "user_id", name="pk_membership"),
    )
    op.create_index("ix_membership_user_id", "membership", ["user_id"])

    op.create_table(
        "ownership",
        sa.Column("id", BigId, nullable=False),
        sa.Column("extension_id", BigId, nullable=False),
        sa.Column("user_id", BigId, nullable=True),
        sa.Column("team_id", BigId, nullable=True),
        sa.Column("role", sa.String(10), nullable=False),
        sa.CheckConstraint("(user_id IS NULL) <> (team_id IS NULL)", name=op.f("ck_ownership_one_holder")),
        sa.ForeignKeyConstraint(
            ["extension_id"], ["extension.id"], name="fk_ownership_extension_id_extension"
        ),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name="fk_ownership_team_id_team"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_ownership_user_id_user"),
        sa.PrimaryKeyConstraint("id", name="pk_ownership"),
        sa.UniqueConstraint("extension_id", "team_id", name="uq_ownership_extension_id_team_id"),
        sa.UniqueConstraint("extension_id", "user_id", name="uq_ownership_extension_id_user_id"),
    )
    op.create_index("ix_ownership_team_id", "ownership", ["team_id"])
    op.create_index("ix_ownership_user_id", "ownership", ["user_id"])

    op.create_table(
        "report",
        sa.Column("id", BigId, nullable=False),
        sa.Column("extension_id", BigId, nullable=False),
        sa.Column("reporter_id", BigId, nullable=False),
        sa.Column("reason", sa.String(30), nullable=False),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("state_before", sa.String(20), nullable=True),
        sa.Column("created", Time, nullable=False),
        sa.Column("decided", Time, nullable=True),
        sa.Column("decided_by", BigId, nullable=True),
        sa.ForeignKeyConstraint(["decided_by"], ["user.id"], name="fk_report_decided_by_user"),
        sa.ForeignKeyConstraint(["extension_id"], ["extension.id"], name="fk_report_extension_id_extension"),
        sa.ForeignKeyConstraint(["reporter_id"], ["user.id"], name="fk_report_reporter_id_user"),
        sa.PrimaryKeyConstraint("id", name="pk_report"),
    )
    op.create_index("ix_report_extension", "report", ["extension_id", "state"])
    op.create_index("ix_report_queue", "report", ["state", "id"])
    op.create_index("ix_report_reporter_id", "report", ["reporter_id"])

    op.create_table(
        "review",
        sa.Column("id", BigId, nullable=False),
        sa.Column("extension_id", BigId, nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("rating", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(200), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("created", Time, nullable=False),
        sa.Column("updated", Time, nullable=False),
        sa.ForeignKeyConstraint(["extension_id"], ["extension.id"], name="fk_review_extension_id_extension"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_review_user_id_user"),
        sa.PrimaryKeyConstraint("id", name="pk_review"),
        sa.UniqueConstraint("extension_id", "user_id", name="uq_review_extension_id_user_id"),
    )
    op.create_index("ix_review_user_id", "review", ["user_id"])

    op.create_table(
        "tally",
        sa.Column("name", sa.String(30), nullable=False),
        sa.Column("value", BigId, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_tally"),
    )

    op.create_table(
        "token",
        sa.Column("id", BigId, nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("sha256", sa.LargeBinary(32), nullable=False),
        sa.Column("scopes", Json, nullable=False),
        sa.Column("extensions", Json, nullable=True),
        sa.Column("created", Time, nullable=False),
        sa.Column("expires", Time, nullable=True),
        sa.Column("revoked", Time, nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_token_user_id_user"),
        sa.PrimaryKeyConstraint("id", name="pk_token"),
        sa.UniqueConstraint("sha256", name="uq_token_sha256"),
    )
    op.create_index("ix_token_user_id", "token", ["user_id"])

    op.create_table(
        "validation",
        sa.Column("id", BigId, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("tool", sa.String(50), nullable=False),
        sa.Column("verdict", sa.String(10), nullable=False),
        sa.Column("findings", Json, nullable=False),
        sa.Column("created", Time, nullable=False),
        sa.ForeignKeyConstraint(["sha256"], ["blob.sha256"], name="fk_validation_sha256_blob"),
        sa.PrimaryKeyConstraint("id", name="pk_validation"),
        sa.UniqueConstraint("sha256", "tool", name="uq_validation_sha256_tool"),
    )
    op.create_table(
        "version",
        sa.Column("id", BigId, nullable=False),
        sa.Column("extension_id", BigId, nullable=False),
        sa.Column("version", sa.String(100), nullable=False),
        sa.Column("order_key", sa.LargeBinary(400), nullable=False),
        sa.Column("flat_name", sa.String(201), nullable=False),
        sa.Column("channel", sa.String(10), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("errors", Json, nullable=False),
        sa.Column("upload_sha256", sa.String(64), nullable=True),
        sa.Column("prerelease", sa.Boolean(), nullable=False),
        sa.Column("api_range", sa.String(500), nullable=True),
        sa.Column("api_min", sa.String(100), nullable=True),
        sa.Column("api_max", sa.String(100), nullable=True),
        sa.Column("requires_restart", sa.Boolean(), nullable=False),
        sa.Column("facts", Json, nullable=False),
        sa.Column("submitted_by", BigId, nullable=True),
        sa.Column("created", Time, nullable=False),
        sa.Column("updated", Time, nullable=False),
        sa.Column("yanked", Time, nullable=True),
        sa.Column("held", Time, nullable=True),
        sa.Column("deleted", Time, nullable=True),
        sa.ForeignKeyConstraint(["extension_id"], ["extension.id"], name="fk_version_extension_id_extension"),
        sa.ForeignKeyConstraint(["submitted_by"], ["user.id"], name="fk_version_submitted_by_user"),
        sa.ForeignKeyConstraint(["upload_sha256"], ["blob.sha256"], name="fk_version_upload_sha256_blob"),
        sa.PrimaryKeyConstraint("id", name="pk_version"),
        sa.UniqueConstraint("extension_id", "version", name="uq_version_extension_id_version"),
        sa.UniqueConstraint("flat_name", name="uq_version_flat_name"),
    )
    op.create_index("ix_version_order", "version", ["extension_id", "order_key"])
    op.create_index("ix_version_upload_sha256", "version", ["upload_sha256"])

    op.create_table(
        "artifact",
        sa.Column("version_id", BigId, autoincrement=False, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", BigId, nullable=False),
        sa.Column("key_id", sa.String(64), nullable=False),
        sa.Column("serial", sa.String(64), nullable=False),
        sa.Column("content_digest", sa.String(64), nullable=False),
        sa.Column("created", Time, nullable=False),
        sa.ForeignKeyConstraint(["sha256"], ["blob.sha256"], name="fk_artifact_sha256_blob"),
        sa.ForeignKeyConstraint(["version_id"], ["version.id"], name="fk_artifact_version_id_version"),
        sa.PrimaryKeyConstraint("version_id", name="pk_artifact"),
        sa.UniqueConstraint("serial", name="uq_artifact_serial"),
    )
    op.create_index("ix_artifact_key_id", "artifact", ["key_id"])
    # The two tables point at each other. SQLite takes the constraint before its target exists, and only then.
    if op.get_bind().dialect.name != "sqlite":
        op.create_foreign_key("fk_extension_latest_id_version", "extension", "version", ["latest_id"], ["id"])


def downgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint("fk_extension_latest_id_version", "extension")
    op.drop_table("artifact")
    op.drop_table("version")
    op.drop_table("validation")
    op.drop_table("token")
    op.drop_table("tally")
    op.drop_table("review")
    op.drop_table("report")
    op.drop_table("ownership")
    op.drop_table("membership")
    op.drop_table("identity")
    op.drop_table("event")
    op.drop_table("api_key")
    op.drop_table("user")
    op.drop_table("team")
    op.drop_table("job")
    op.drop_table("extension")
    op.drop_table("blob")
