"""Reviews: one per user and extension, a second one replaces the first; the counts are always exact."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry.domain import events, locks
from registry.domain.errors import Forbidden, Invalid
from registry.domain.ownership import may_publish
from registry.models import Extension, Review, now

STARS = range(1, 6)
TITLE_LENGTH, BODY_LENGTH = 200, 10_000


def write_review(
    session: Session,
    extension_id: int,
    user_id: int,
    rating: int,
    title: str | None = None,
    body: str | None = None,
) -> Review:
    """Write or replace this user's review. Raises Invalid, and Forbidden for one's own extension."""
    _check(rating, title, body)
    extension = locks.extension(session, extension_id)
    if may_publish(session.connection(), user_id, extension_id):
        raise Forbidden("Owners and publishers may not review their own extension.", "OWN_EXTENSION")
    review = _find(session, extension_id, user_id)
    before = review.rating if review else None
    if review is None:
        review = Review(extension_id=extension_id, user_id=user_id)
        session.add(review)
    review.rating, review.title, review.body, review.updated = rating, title, body, now()
    _count(extension, remove=before, add=rating)
    session.flush()
    events.record(
        session,
        "review.written",
        actor_id=user_id,
        extension_id=extension_id,
        public=True,
        rating=rating,
        before=before,
    )
    return review


def delete_review(session: Session, extension_id: int, user_id: int, *, actor_id: int) -> bool:
    """Take a user's review away; False when there is none."""
    extension = locks.extension(session, extension_id)
    review = _find(session, extension_id, user_id)
    if review is None:
        return False
    _count(extension, remove=review.rating)
    session.delete(review)
    events.record(
        session, "review.deleted", actor_id=actor_id, extension_id=extension_id, public=True, user=user_id
    )
    return True


def _find(session: Session, extension_id: int, user_id: int) -> Review | None:
    return session.scalars(
        select(Review).where(Review.extension_id == extension_id, Review.user_id == user_id)
    ).one_or_none()


def _check(rating: int, title: str | None, body: str | None) -> None:
    if type(rating) is not int or rating not in STARS:
        raise Invalid("A rating is a whole number from 1 to 5.", "BAD_RATING", "rating")
    if body and not title:
        raise Invalid("A review with a text needs a title.", "TITLE_REQUIRED", "title")
    for field, text, length in (("title", title, TITLE_LENGTH), ("body", body, BODY_LENGTH)):
        if text and len(text) > length:
            raise Invalid(f"At most {length} characters.", "TOO_LONG", field)


def _count(extension: Extension, *, remove: int | None = None, add: int | None = None) -> None:
    counts = list(extension.rating_counts)
    if remove is not None:
        counts[remove - 1] -= 1
    if add is not None:
        counts[add - 1] += 1
    extension.rating_counts = counts
