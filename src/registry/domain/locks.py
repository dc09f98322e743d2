"""Row locks, so that what is counted or derived from an extension is done by one at a time."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry.models import Extension


def extension(session: Session, extension_id: int) -> Extension:
    """The extension, held until the commit."""
    return session.scalars(select(Extension).where(Extension.id == extension_id).with_for_update()).one()
