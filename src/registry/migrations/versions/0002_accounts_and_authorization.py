"""Accounts and authorization

Revision 0002, after 0001.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
Time = sa.DateTime(timezone=True)
# For rows that are older than the column.
THEN = "2026-11-22 00:00:00"


def upgrade() -> None:
    op.create_table(
        "spent",
        sa.Column("sha256", sa.LargeBinary(32), nullable=False),
        sa.Column("expires", Time, nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_spent"),
    )
    op.create_index("ix_spent_expires", "spent", ["expires"])

    op.create_table(
        "device_login",
        sa.Column("id", BigId, nullable=False),
        sa.Column("sha256", sa.LargeBinary(32), nullable=False),
        sa.Column("user_code", sa.String(20), nullable=False),
        sa.Column("client", sa.String(100), nullable=False),
        sa.Column("scopes", Json, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("user_id", BigId, nullable=True),
        sa.Column("created", Time, nullable=False),
        sa.Column("expires", Time, nullable=False),
        sa.Column("polled", Time, nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_device_login_user_id_user"),
        sa.PrimaryKeyConstraint("id", name="pk_device_login"),
        sa.UniqueConstraint("sha256", name="uq_device_login_sha256"),
        sa.UniqueConstraint("user_code", name="uq_device_login_user_code"),
    )
    op.create_index("ix_device_login_expires", "device_login", ["expires"])
    op.create_index("ix_device_login_user_id", "device_login", ["user_id"])

    op.create_table(
        "invitation",
        sa.Column("id", BigId, nullable=False),
        sa.Column("team_id", BigId, nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("role", sa.String(10), nullable=False),
        sa.Column("invited_by", BigId, nullable=False),
        sa.Column("created", Time, nullable=False),
        sa.ForeignKeyConstraint(["invited_by"], ["user.id"], name="fk_invitation_invited_by_user"),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name="fk_invitation_team_id_team"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_invitation_user_id_user"),
        sa.PrimaryKeyConstraint("id", name="pk_invitation"),
        sa.UniqueConstraint("team_id", "user_id", name="uq_invitation_team_id_user_id"),
    )
    op.create_index("ix_invitation_user_id", "invitation", ["user_id"])

    op.create_table(
        "login_session",
        sa.Column("id", BigId, nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("origin", sa.String(100), nullable=False),
        sa.Column("client", sa.String(100), nullable=False),
        sa.Column("sha256", sa.LargeBinary(32), nullable=False),
        sa.Column("previous", sa.LargeBinary(32), nullable=True),
        sa.Column("scopes", Json, nullable=True),
        sa.Column("created", Time, nullable=False),
        sa.Column("expires", Time, nullable=False),
        sa.Column("used", Time, nullable=True),
        sa.Column("revoked", Time, nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_login_session_user_id_user"),
        sa.PrimaryKeyConstraint("id", name="pk_login_session"),
        sa.UniqueConstraint("previous", name="uq_login_session_previous"),
        sa.UniqueConstraint("sha256", name="uq_login_session_sha256"),
    )
    op.create_index("ix_login_session_expires", "login_session", ["expires"])
    op.create_index("ix_login_session_user_id", "login_session", ["user_id"])

    op.create_table(
        "notification",
        sa.Column("id", BigId, nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("kind", sa.String(50), nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.Column("created", Time, nullable=False),
        sa.Column("read", Time, nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_notification_user_id_user"),
        sa.PrimaryKeyConstraint("id", name="pk_notification"),
    )
    op.create_index("ix_notification_user", "notification", ["user_id", "id"])

    op.create_table(
        "transfer",
        sa.Column("id", BigId, nullable=False),
        sa.Column("extension_id", BigId, nullable=False),
        sa.Column("from_user_id", BigId, nullable=True),
        sa.Column("from_team_id", BigId, nullable=True),
        sa.Column("to_user_id", BigId, nullable=True),
        sa.Column("to_team_id", BigId, nullable=True),
        sa.Column("offered_by", BigId, nullable=False),
        sa.Column("created", Time, nullable=False),
        sa.CheckConstraint(
            "(from_user_id IS NULL) <> (from_team_id IS NULL)", name=op.f("ck_transfer_one_giver")
        ),
        sa.CheckConstraint(
            "(to_user_id IS NULL) <> (to_team_id IS NULL)", name=op.f("ck_transfer_one_receiver")
        ),
        sa.ForeignKeyConstraint(
            ["extension_id"], ["extension.id"], name="fk_transfer_extension_id_extension"
        ),
        sa.ForeignKeyConstraint(["from_team_id"], ["team.id"], name="fk_transfer_from_team_id_team"),
        sa.ForeignKeyConstraint(["from_user_id"], ["user.id"], name="fk_transfer_from_user_id_user"),
        sa.ForeignKeyConstraint(["offered_by"], ["user.id"], name="fk_transfer_offered_by_user"),
        sa.ForeignKeyConstraint(["to_team_id"], ["team.id"], name="fk_transfer_to_team_id_team"),
        sa.ForeignKeyConstraint(["to_user_id"], ["user.id"], name="fk_transfer_to_user_id_user"),
        sa.PrimaryKeyConstraint("id", name="pk_transfer"),
        sa.UniqueConstraint("extension_id", name="uq_transfer_extension_id"),
    )
    op.create_index("ix_transfer_from_team_id", "transfer", ["from_team_id"])
    op.create_index("ix_transfer_from_user_id", "transfer", ["from_user_id"])
    op.create_index("ix_transfer_to_team_id", "transfer", ["to_team_id"])
    op.create_index("ix_transfer_to_user_id", "transfer", ["to_user_id"])

    op.create_table(
        "trusted_publisher",
        sa.Column("id", BigId, nullable=False),
        sa.Column("extension_id", BigId, nullable=False),
        sa.Column("added_by", BigId, nullable=False),
        sa.Column("issuer", sa.String(255), nullable=False),
        sa.Column("repository", sa.String(255), nullable=False),
        sa.Column("workflow", sa.String(255), nullable=False),
        sa.Column("environment", sa.String(255), nullable=True),
        sa.Column("repository_id", sa.String(50), nullable=True),
        sa.Column("repository_owner_id", sa.String(50), nullable=True),
        sa.Column("created", Time, nullable=False),
        sa.Column("used", Time, nullable=True),
        sa.Column("removed", Time, nullable=True),
        sa.ForeignKeyConstraint(["added_by"], ["user.id"], name="fk_trusted_publisher_added_by_user"),
        sa.ForeignKeyConstraint(
            ["extension_id"], ["extension.id"], name="fk_trusted_publisher_extension_id_extension"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_trusted_publisher"),
    )
    op.create_index("ix_trusted_publisher_added_by", "trusted_publisher", ["added_by"])
    op.create_index("ix_trusted_publisher_extension_id", "trusted_publisher", ["extension_id"])

    with op.batch_alter_table("api_key") as batch_op:
        batch_op.add_column(sa.Column("name", sa.String(100), server_default="", nullable=False))
        batch_op.add_column(sa.Column("used", Time, nullable=True))

    with op.batch_alter_table("identity") as batch_op:
        batch_op.add_column(sa.Column("label", sa.String(255), nullable=True))
        batch_op.add_column(sa.Column("created", Time, server_default=THEN, nullable=False))
        batch_op.add_column(sa.Column("used", Time, nullable=True))

    with op.batch_alter_table("membership") as batch_op:
        batch_op.add_column(sa.Column("created", Time, server_default=THEN, nullable=False))

    with op.batch_alter_table("ownership") as batch_op:
        batch_op.add_column(sa.Column("created", Time, server_default=THEN, nullable=False))

    with op.batch_alter_table("team") as batch_op:
        batch_op.add_column(sa.Column("title", sa.String(200), server_default="", nullable=False))
        batch_op.add_column(sa.Column("dissolved", Time, nullable=True))

    with op.batch_alter_table("token") as batch_op:
        batch_op.add_column(sa.Column("used", Time, nullable=True))
        batch_op.add_column(sa.Column("parent_id", BigId, nullable=True))
        batch_op.add_column(sa.Column("trusted_publisher_id", BigId, nullable=True))
        batch_op.create_index("ix_token_parent_id", ["parent_id"], unique=False)
        batch_op.create_index("ix_token_trusted_publisher_id", ["trusted_publisher_id"], unique=False)
        batch_op.create_foreign_key(
            "fk_token_trusted_publisher_id_trusted_publisher",
            "trusted_publisher",
            ["trusted_publisher_id"],
            ["id"],
        )
        batch_op.create_foreign_key("fk_token_parent_id_token", "token", ["parent_id"], ["id"])

    with op.batch_alter_table("user") as batch_op:
        batch_op.add_column(sa.Column("deleted", Time, nullable=True))
        batch_op.add_column(sa.Column("former", sa.LargeBinary(32), nullable=True))
        batch_op.create_unique_constraint("uq_user_former", ["former"])


def downgrade() -> None:
    with op.batch_alter_table("user") as batch_op:
        batch_op.drop_constraint("uq_user_former", type_="unique")
        batch_op.drop_column("former")
        batch_op.drop_column("deleted")

    with op.batch_alter_table("token") as batch_op:
        batch_op.drop_constraint("fk_token_parent_id_token", type_="foreignkey")
        batch_op.drop_constraint("fk_token_trusted_publisher_id_trusted_publisher", type_="foreignkey")
        batch_op.drop_index("ix_token_trusted_publisher_id")
        batch_op.drop_index("ix_token_parent_id")
        batch_op.drop_column("trusted_publisher_id")
        batch_op.drop_column("parent_id")
        batch_op.drop_column("used")

    with op.batch_alter_table("team") as batch_op:
        batch_op.drop_column("dissolved")
        batch_op.drop_column("title")

    with op.batch_alter_table("ownership") as batch_op:
        batch_op.drop_column("created")

    with op.batch_alter_table("membership") as batch_op:
        batch_op.drop_column("created")

    with op.batch_alter_table("identity") as batch_op:
        batch_op.drop_column("used")
        batch_op.drop_column("created")
        batch_op.drop_column("label")

    with op.batch_alter_table("api_key") as batch_op:
        batch_op.drop_column("used")
        batch_op.drop_column("name")

    op.drop_table("trusted_publisher")

    op.drop_table("transfer")

    op.drop_table("notification")

    op.drop_table("login_session")

    op.drop_table("invitation")

    op.drop_table("device_login")

    op.drop_table("spent")
