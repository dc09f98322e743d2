"""The registry's own team: its members make others members; there is always one."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry.domain import events, standing
from registry.domain.errors import Conflict
from registry.domain.notifications import notify
from registry.models import User


def set_admin(session: Session, user_id: int, admin: bool, actor_id: int | None) -> bool:
    """Take somebody into the team, or out of it; False when nothing changes.

    Raises Conflict for the last one, and Forbidden. ``actor_id`` None is the command line.
    """
    others = held(session, user_id, actor_id) - {user_id}
    standing.require(session, actor_id, standing.administers(actor_id))
    user = session.get_one(User, user_id, populate_existing=True)
    if user.admin == admin:
        return False
    if not admin and not others:
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


def held(session: Session, *user_ids: int | None) -> set[int]:
    """Hold the whole team, and these accounts, in one order: two who remove each other cannot both be gone.

    The numbers of the team's members.
    """
    wanted = (User.admin & User.disabled.is_(None)) | User.id.in_(
        [one for one in user_ids if one is not None]
    )
    rows = session.execute(
        select(User.id, User.admin, User.disabled).where(wanted).order_by(User.id).with_for_update()
    ).all()
    return {row.id for row in rows if row.admin and row.disabled is None}
