"""Flags on reviews: users say that one should not stand here, and a moderator looks at it."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry.domain import events, locks, reviews, standing
from registry.domain.errors import Forbidden, Invalid
from registry.models import Review, ReviewFlag, now

# As addons.mozilla.org has them, without its prefix.
REASONS = ("spam", "language", "bug_support", "other")
NOTE_LENGTH = 1000


def flag(session: Session, review_id: int, user_id: int, reason: str, note: str | None = None) -> bool | None:
    """Flag a review, or say anew why; False for the latter, None when it is not there any more.

    Raises Invalid, and Forbidden for one's own.
    """
    if reason not in REASONS:
        raise Invalid(f"The reason is one of {', '.join(REASONS)}.", "BAD_REASON", "reason")
    if reason == "other" and not note:
        raise Invalid('The reason "other" needs a note that says what it is.', "NOTE_REQUIRED", "note")
    review = session.get_one(Review, review_id)
    locks.extension(session, review.extension_id)
    standing.require(session, user_id, standing.oneself(user_id, user_id))
    session.refresh(review)
    if review.deleted is not None or review.hidden is not None:
        return None
    if review.user_id == user_id:
        raise Forbidden("This is your own review; you can delete it.", "OWN_REVIEW")
    found = session.scalars(
        select(ReviewFlag).where(ReviewFlag.review_id == review_id, ReviewFlag.user_id == user_id)
    ).one_or_none()
    if found is not None and found.settled is not None and found.settled > review.updated:
        return False  # a moderator has looked at this very text
    row = found or ReviewFlag(review_id=review_id, user_id=user_id)
    row.reason, row.note, row.created, row.settled = reason, note, now(), None
    session.add(row)
    session.flush()
    events.record(
        session,
        "flag.raised",
        actor_id=user_id,
        extension_id=review.extension_id,
        review=review_id,
        reason=reason,
    )
    return found is None


def settle(session: Session, review_id: int, actor_id: int) -> None:
    """Leave the review as it is: its flags have been looked at. Raises Forbidden."""
    review = session.get_one(Review, review_id)
    locks.extension(session, review.extension_id)
    standing.require(session, actor_id, standing.administers(actor_id))
    if settled := reviews.settle_flags(session, review_id):
        events.record(
            session,
            "flag.settled",
            actor_id=actor_id,
            extension_id=review.extension_id,
            review=review_id,
            flags=settled,
        )
