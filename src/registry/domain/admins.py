"""The registry's own team: its members make others members; there is always one."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry.domain import events
from registry.domain.errors import Conflict
from registry.domain.notifications import notify
from registry.models import User


def set_admin(session: Session, user_id: int, admin: bool, actor_id: int | None) -> bool:
    """Take somebody into the team, or out of it; False when nothing changes. Raises Conflict for the last one."""
    # All of them are held, so two who remove each other cannot both be gone.
    team = session.scalars(
        select(User).where(User.admin, User.disabled.is_(None)).order_by(User.id).with_for_update()
    ).all()
    user = session.get_one(User, user_id)
    if user.admin == admin:
        return False
    if not admin and {member.id for member in team} <= {user_id}:
        raise Conflict(
            "The last admin of the registry cannot go; make somebody else one first.", "LAST_ADMIN"
        )
    if admin and user.disabled is not None:
        raise Conflict("This account is disabled.", "ACCOUNT_DISABLED")
    user.admin = admin
    session.flush()
    kind = "admin.granted" if admin else "admin.revoked"
    notify(session, {user_id} - {actor_id}, kind)
    events.record(session, kind, actor_id=actor_id, user=user_id)
    return True
