"""Why an extension is in its state, and why a version was yanked

Revision 0008, after 0007.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

Time = sa.DateTime(timezone=True)
VERSION: dict[str, sa.types.TypeEngine[Any]] = {
    "yanked_code": sa.String(30),
    "yanked_reason": sa.Text(),
    "blocked": Time,
    "blocked_code": sa.String(30),
    "blocked_reason": sa.Text(),
}


def upgrade() -> None:
    op.add_column("extension", sa.Column("state_code", sa.String(30), nullable=True))
    op.execute("UPDATE extension SET state_code = 'other' WHERE state_reason IS NOT NULL")
    for name, kind in VERSION.items():
        op.add_column("version", sa.Column(name, kind, nullable=True))
    _index("ix_extension_managed", "extension", ["state", "name"], "state <> 'active'")
    _index("ix_version_blocked", "version", ["extension_id"], "blocked IS NOT NULL")


def downgrade() -> None:
    op.drop_index("ix_version_blocked", "version")
    op.drop_index("ix_extension_managed", "extension")
    for name in reversed(VERSION):
        op.drop_column("version", name)
    op.drop_column("extension", "state_code")


def _index(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, postgresql_where=sa.text(where), sqlite_where=sa.text(where))
