"""An earlier version once more, under a new number: what was wrong with those in between is undone for everybody."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from registry.domain import describing, locks, publishing, removal
from registry.domain.errors import Forbidden
from registry.domain.publishing import Published, Submission
from registry.domain.submissions import LICENSE
from registry.models import Version, VersionDetail


def roll_back(
    session: Session, submission: Submission, extension_id: int, version_id: int, notes: Mapping[str, str]
) -> Published:
    """Publish ``submission``, which is that version packed anew; its licence and ranges are those of that version.

    Raises what ``publishing.publish`` does, and Forbidden for a version that the registry's team has yanked.
    """
    locks.extension(session, extension_id)
    version = session.get_one(Version, version_id, populate_existing=True)
    removal.require_present(version)
    if version.blocked is not None:
        raise Forbidden(
            f"Version {version.version} was yanked by the registry's team; nothing goes back to it.",
            "YANKED_BY_REGISTRY",
        )
    published = publishing.publish(session, submission, extension_id)
    if published.created:
        said = session.get(VersionDetail, version_id)
        values = {name: getattr(said, name) for name in (*LICENSE, "compatibility")} if said else {}
        describing.describe(
            session, VersionDetail, published.version_id, {**values, "release_notes": dict(notes)}
        )
    return published
