"""Test runs, what they said, and their results

Revision 0012, after 0011.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
Time = sa.DateTime(timezone=True)


def _where(condition: str) -> dict[str, Any]:
    return {"postgresql_where": sa.text(condition), "sqlite_where": sa.text(condition)}


def upgrade() -> None:
    op.create_table(
        "test_run",
        sa.Column("id", BigId, nullable=False),
        sa.Column("uuid", sa.String(36), nullable=False),
        sa.Column("extension_id", BigId, nullable=True),
        sa.Column("version_id", BigId, nullable=True),
        sa.Column("package_sha256", sa.String(64), nullable=True),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("outcome", sa.String(10), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("host_app", sa.String(64), nullable=False),
        sa.Column("host_version", sa.String(64), nullable=False),
        sa.Column("os", sa.String(64), nullable=False),
        sa.Column("os_version", sa.String(64), nullable=False),
        sa.Column("arch", sa.String(64), nullable=False),
        sa.Column("locale", sa.String(64), nullable=False),
        sa.Column("runtime", sa.String(64), nullable=False),
        sa.Column("source", sa.String(10), nullable=False),
        sa.Column("tokenless", sa.Boolean(), nullable=False),
        sa.Column("created_by", BigId, nullable=True),
        sa.Column("network", sa.String(50), nullable=True),
        sa.Column("runner_label", sa.String(100), nullable=True),
        sa.Column("token", sa.LargeBinary(32), nullable=True),
        sa.Column("created", Time, nullable=False),
        sa.Column("started", Time, nullable=True),
        sa.Column("last_seen", Time, nullable=True),
        sa.Column("deadline", Time, nullable=False),
        sa.Column("finished", Time, nullable=True),
        sa.Column("silence", sa.Integer(), nullable=False),
        sa.Column("most", sa.Integer(), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("uploads", sa.Integer(), nullable=False),
        sa.Column("passed", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("error", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.Column("xfailed", sa.Integer(), nullable=False),
        sa.Column("xpassed", sa.Integer(), nullable=False),
        sa.Column("not_run", sa.Integer(), nullable=False),
        sa.Column("incomplete", sa.Integer(), nullable=False),
        sa.Column("duration", sa.Double(), nullable=True),
        sa.Column("truncated", sa.Boolean(), nullable=False),
        sa.Column("pass_only", sa.Boolean(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("withdrawn", Time, nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("retry_of", BigId, nullable=True),
        sa.Column("tests", Json, nullable=False),
        sa.Column("extra", Json, nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["user.id"], name="fk_test_run_created_by_user"),
        sa.ForeignKeyConstraint(
            ["extension_id"], ["extension.id"], name="fk_test_run_extension_id_extension"
        ),
        sa.ForeignKeyConstraint(["retry_of"], ["test_run.id"], name="fk_test_run_retry_of_test_run"),
        sa.ForeignKeyConstraint(["version_id"], ["version.id"], name="fk_test_run_version_id_version"),
        sa.PrimaryKeyConstraint("id", name="pk_test_run"),
        sa.UniqueConstraint("uuid", name="uq_test_run_uuid"),
        sa.UniqueConstraint("token", name="uq_test_run_token"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_test_run_account", "test_run", ["created_by", "id"])
    op.create_index("ix_test_run_anonymous", "test_run", ["created"], **_where("source = 'anonymous'"))
    op.create_index("ix_test_run_deadline", "test_run", ["deadline"], **_where("finished IS NULL"))
    op.create_index(
        "ix_test_run_network", "test_run", ["network", "created"], **_where("source = 'anonymous'")
    )
    op.create_index("ix_test_run_open", "test_run", ["version_id", "deadline"], **_where("finished IS NULL"))
    op.create_index("ix_test_run_retry_of", "test_run", ["retry_of"])
    op.create_index("ix_test_run_version", "test_run", ["version_id", "id"])
    op.create_table(
        "test_event",
        sa.Column("id", BigId, nullable=False),
        sa.Column("run_id", BigId, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("finished", sa.Boolean(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("exit_code", BigId, nullable=True),
        sa.Column("done", BigId, nullable=True),
        sa.Column("total", BigId, nullable=True),
        sa.Column("created", Time, nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["test_run.id"], name="fk_test_event_run_id_test_run"),
        sa.PrimaryKeyConstraint("id", name="pk_test_event"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_test_event_run", "test_event", ["run_id", "id"])
    op.create_table(
        "test_upload",
        sa.Column("id", BigId, nullable=False),
        sa.Column("run_id", BigId, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", BigId, nullable=False),
        sa.Column("format", sa.String(20), nullable=False),
        sa.Column("producer", sa.String(100), nullable=True),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("final", sa.Boolean(), nullable=False),
        sa.Column("created", Time, nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["test_run.id"], name="fk_test_upload_run_id_test_run"),
        sa.PrimaryKeyConstraint("id", name="pk_test_upload"),
        sa.UniqueConstraint("run_id", "sha256", name="uq_test_upload_run_id_sha256"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_test_upload_sha256", "test_upload", ["sha256"])
    op.create_table(
        "test_name",
        sa.Column("id", BigId, nullable=False),
        sa.Column("extension_id", BigId, nullable=True),
        sa.Column("digest", sa.String(32), nullable=False),
        sa.Column("name", sa.String(1024), nullable=False),
        sa.ForeignKeyConstraint(
            ["extension_id"], ["extension.id"], name="fk_test_name_extension_id_extension"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_test_name"),
        sa.UniqueConstraint("extension_id", "digest", name="uq_test_name_extension_id_digest"),
    )
    op.create_table(
        "test_result",
        sa.Column("run_id", BigId, autoincrement=False, nullable=False),
        sa.Column("name_id", BigId, autoincrement=False, nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("started", sa.Double(), nullable=True),
        sa.Column("duration", sa.Double(), nullable=True),
        sa.Column("message", sa.String(1024), nullable=True),
        sa.Column("tags", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["name_id"], ["test_name.id"], name="fk_test_result_name_id_test_name"),
        sa.ForeignKeyConstraint(["run_id"], ["test_run.id"], name="fk_test_result_run_id_test_run"),
        sa.PrimaryKeyConstraint("run_id", "name_id", name="pk_test_result"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_test_result_trouble",
        "test_result",
        ["run_id", "status", "name_id"],
        **_where("status <> 'passed'"),
    )
    op.create_table(
        "test_detail",
        sa.Column("run_id", BigId, autoincrement=False, nullable=False),
        sa.Column("name_id", BigId, autoincrement=False, nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("cut", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["name_id"], ["test_name.id"], name="fk_test_detail_name_id_test_name"),
        sa.ForeignKeyConstraint(["run_id"], ["test_run.id"], name="fk_test_detail_run_id_test_run"),
        sa.PrimaryKeyConstraint("run_id", "name_id", name="pk_test_detail"),
    )
    op.create_table(
        "test_cell",
        sa.Column("version_id", BigId, autoincrement=False, nullable=False),
        sa.Column("provenance", sa.String(10), nullable=False),
        sa.Column("package_sha256", sa.String(64), nullable=False),
        sa.Column("host_app", sa.String(64), nullable=False),
        sa.Column("host_version", sa.String(64), nullable=False),
        sa.Column("os", sa.String(64), nullable=False),
        sa.Column("arch", sa.String(64), nullable=False),
        sa.Column("locale", sa.String(64), nullable=False),
        sa.Column("passed", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("incomplete", sa.Integer(), nullable=False),
        sa.Column("pass_only", sa.Integer(), nullable=False),
        sa.Column("newest_run_id", BigId, nullable=False),
        sa.Column("newest_outcome", sa.String(10), nullable=False),
        sa.Column("newest", Time, nullable=False),
        sa.ForeignKeyConstraint(
            ["newest_run_id"], ["test_run.id"], name="fk_test_cell_newest_run_id_test_run"
        ),
        sa.ForeignKeyConstraint(["version_id"], ["version.id"], name="fk_test_cell_version_id_version"),
        sa.PrimaryKeyConstraint(
            "version_id",
            "provenance",
            "package_sha256",
            "host_app",
            "host_version",
            "os",
            "arch",
            "locale",
            name="pk_test_cell",
        ),
    )
    op.create_index("ix_test_cell_newest_run_id", "test_cell", ["newest_run_id"])
    passed = _where("newest_outcome = 'passed' AND provenance IN ('owner', 'runner')")
    op.create_index(
        "ix_test_cell_tested", "test_cell", ["host_app", "host_version", "os", "version_id"], **passed
    )
    op.create_index("ix_test_cell_os", "test_cell", ["os", "version_id"], **passed)


def downgrade() -> None:
    for name in (
        "test_cell",
        "test_detail",
        "test_result",
        "test_name",
        "test_upload",
        "test_event",
        "test_run",
    ):
        op.drop_table(name)
