"""Who may publish: the owners and co-publishers of an extension, and the teams among them."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, exists, or_, select

from registry.models import Membership, Ownership


def publishes(extension_id: Any) -> ColumnElement[bool]:
    """SQL: the user of the parameter ``user_id`` may publish that extension, by themselves or through a team."""
    user_id: ColumnElement[int] = bindparam("user_id")
    through_team = exists().where(Membership.team_id == Ownership.team_id, Membership.user_id == user_id)
    return exists().where(
        and_(Ownership.extension_id == extension_id, or_(Ownership.user_id == user_id, through_team))
    )


_MAY_PUBLISH = select(publishes(bindparam("extension_id")))


def may_publish(connection: Connection, user_id: int, extension_id: int) -> bool:
    return bool(connection.scalar(_MAY_PUBLISH, {"user_id": user_id, "extension_id": extension_id}))
