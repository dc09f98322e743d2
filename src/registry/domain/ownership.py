"""Who may publish: the owners and co-publishers of an extension, and the teams among them."""

from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session

from registry.models import Membership, Ownership


def publishes(user_id: int, extension_id: Any) -> ColumnElement[bool]:
    """SQL: this user may publish versions of that extension, by themselves or through a team."""
    through_team = exists().where(Membership.team_id == Ownership.team_id, Membership.user_id == user_id)
    return exists().where(
        and_(Ownership.extension_id == extension_id, or_(Ownership.user_id == user_id, through_team))
    )


def may_publish(session: Session, user_id: int, extension_id: int) -> bool:
    return bool(session.scalar(select(publishes(user_id, extension_id))))
