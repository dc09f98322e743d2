"""Reviews: one per user and extension, a second one replaces the first; the counts are always exact.

They are written while everybody can have the extension: not while it is under review or disabled. What was hidden
stays hidden whatever its author writes, until an admin restores it. Of what is replaced or deleted a copy is kept for
moderators.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry.domain import events, locks, standing
from registry.domain.errors import Conflict, Forbidden, Invalid
from registry.domain.notifications import notify, owners
from registry.domain.ownership import may_publish
from registry.models import Extension, ExtensionState, FormerReview, Review, ReviewFlag, now

STARS = range(1, 6)
TITLE_LENGTH, BODY_LENGTH, REASON_LENGTH = 200, 10_000, 2000
# What counts and what everybody reads.
SHOWN = (Review.deleted.is_(None), Review.hidden.is_(None))
# An extension starts as if so many people had given it so many stars.
_PRIOR_REVIEWS, _PRIOR_STARS = 5, 3.5
_CLOSED = (ExtensionState.PENDING_DISABLE, ExtensionState.DISABLED)


class Written(NamedTuple):
    """``created`` is False where there was one before."""

    review_id: int
    created: bool


def score(counts: Sequence[int]) -> float:
    """The mean of so many reviews at each number of stars, drawn towards the usual one while they are few."""
    total = sum(counts)
    if not total:
        return 0.0
    stars = sum(number * count for number, count in enumerate(counts, 1))
    return (stars + _PRIOR_REVIEWS * _PRIOR_STARS) / (total + _PRIOR_REVIEWS)


def write_review(
    session: Session,
    extension_id: int,
    user_id: int,
    rating: int,
    title: str | None = None,
    body: str | None = None,
    version_id: int | None = None,
) -> Written:
    """Write or replace this user's review, maybe of one version. Raises Invalid, Forbidden for one's own extension."""
    _check(rating, title, body)
    extension = _open(session, extension_id, user_id)
    if may_publish(session.connection(), user_id, extension_id):
        raise Forbidden("Owners and publishers may not review their own extension.", "OWN_EXTENSION")
    review = _find(session, extension_id, user_id)
    if review is None:
        review = Review(extension_id=extension_id, user_id=user_id, rating=rating, deleted=now())
        session.add(review)
    created = review.deleted is not None
    said = (review.rating, review.title, review.body, review.version_id)
    if not created and said == (rating, title, body, version_id):
        return Written(review.id, created)
    before = None if created else review.rating
    if not created:
        _keep(session, review)
    review.rating, review.title, review.body, review.updated = rating, title, body, now()
    review.version_id = version_id
    if created:
        review.created, review.deleted = review.updated, None
    if review.hidden is None:
        _count(extension, remove=before, add=rating)
    session.flush()
    if created and review.hidden is None:
        told = owners(session, extension_id)
        notify(session, told, "review.written", extension=extension_id, user=user_id, rating=rating)
    _record(session, "review.written", review, user_id, rating=rating, before=before)
    return Written(review.id, created)


def edit_review(session: Session, review_id: int, user_id: int, changes: Mapping[str, Any]) -> bool:
    """Change ``rating``, ``title`` or ``body``; False when it is not there any more."""
    review = session.get_one(Review, review_id)
    _open(session, review.extension_id, user_id)
    session.refresh(review)
    if review.deleted is not None:
        return False
    wanted = {"rating": review.rating, "title": review.title, "body": review.body, **changes}
    write_review(session, review.extension_id, user_id, **wanted, version_id=review.version_id)
    return True


def delete_review(session: Session, extension_id: int, user_id: int, *, actor_id: int) -> bool:
    """Take a user's review away; False when there is none."""
    extension = locks.extension(session, extension_id)
    standing.require(session, actor_id, standing.oneself(user_id, actor_id))
    review = _find(session, extension_id, user_id)
    if review is None or review.deleted is not None:
        return False
    _keep(session, review)
    if review.hidden is None:
        _count(extension, remove=review.rating)
    review.deleted, review.title, review.body = now(), None, None
    review.reply, review.replied, review.replied_by = None, None, None
    session.flush()
    _record(session, "review.deleted", review, actor_id, user=user_id)
    return True


def reply(session: Session, review_id: int, actor_id: int, text: str | None) -> bool:
    """What an owner answers to a review, in place of what they answered before; None takes it back.

    False when the review is not there any more, or there is no answer to take back. Raises Forbidden.
    """
    review = session.get_one(Review, review_id)
    extension_id = review.extension_id
    locks.extension(session, extension_id)
    standing.require(session, actor_id, standing.owns(extension_id, actor_id))
    session.refresh(review)
    if review.deleted is not None or review.hidden is not None or text == review.reply is None:
        return False
    review.reply = text
    review.replied, review.replied_by = (None, None) if text is None else (now(), actor_id)
    session.flush()
    if text is not None:
        notify(session, [review.user_id], "review.replied", extension=extension_id)
    _record(
        session, "review.replied" if text else "review.reply-deleted", review, actor_id, user=review.user_id
    )
    return True


def hide(session: Session, review_id: int, actor_id: int, reason: str) -> None:
    """Hide a review, for a reason that its author reads; its flags are settled. Raises Conflict, Forbidden."""
    review, extension = _moderated(session, review_id, actor_id)
    if review.hidden is not None:
        raise Conflict("This review is hidden already.", "SAME_STATE")
    review.hidden, review.hidden_reason = now(), reason
    _count(extension, remove=review.rating)
    settle_flags(session, review_id)
    notify(session, [review.user_id], "review.hidden", extension=extension.id, reason=reason)
    _record(session, "review.hidden", review, actor_id, user=review.user_id, reason=reason)


def restore(session: Session, review_id: int, actor_id: int) -> None:
    """Show a hidden review again. Raises Conflict, Forbidden."""
    review, extension = _moderated(session, review_id, actor_id)
    if review.hidden is None:
        raise Conflict("This review is not hidden.", "SAME_STATE")
    review.hidden, review.hidden_reason = None, None
    _count(extension, add=review.rating)
    session.flush()
    notify(session, [review.user_id], "review.restored", extension=extension.id)
    _record(session, "review.restored", review, actor_id, user=review.user_id)


def settle_flags(session: Session, review_id: int) -> int:
    """A moderator has looked at them; how many there were."""
    open_flags = session.scalars(
        select(ReviewFlag).where(ReviewFlag.review_id == review_id, ReviewFlag.settled.is_(None))
    ).all()
    for flag in open_flags:
        flag.settled = now()
    session.flush()
    return len(open_flags)


def _open(session: Session, extension_id: int, user_id: int) -> Extension:
    """The extension, held, while it takes reviews. Raises Forbidden."""
    extension = locks.extension(session, extension_id)
    standing.require(session, user_id, standing.oneself(user_id, user_id))
    if extension.state in _CLOSED:
        raise Forbidden(
            f"The extension {extension.name} is {extension.state}; it takes no reviews now.",
            "EXTENSION_DISABLED" if extension.state == ExtensionState.DISABLED else "STATE_PENDING",
        )
    return extension


def _moderated(session: Session, review_id: int, actor_id: int) -> tuple[Review, Extension]:
    review = session.get_one(Review, review_id)
    extension = locks.extension(session, review.extension_id)
    standing.require(session, actor_id, standing.administers(actor_id))
    session.refresh(review)
    if review.deleted is not None:
        raise Conflict("Its author has deleted this review.", "NO_REVIEW")
    return review, extension


def _find(session: Session, extension_id: int, user_id: int) -> Review | None:
    """The user's review, a deleted one too."""
    return session.scalars(
        select(Review)
        .where(Review.extension_id == extension_id, Review.user_id == user_id)
        .execution_options(populate_existing=True)
    ).one_or_none()


def _keep(session: Session, review: Review) -> None:
    former = FormerReview(
        review_id=review.id,
        rating=review.rating,
        title=review.title,
        body=review.body,
        written=review.updated,
    )
    session.add(former)


def _record(session: Session, kind: str, review: Review, actor_id: int, **data: Any) -> None:
    """What becomes of a hidden review is nothing that everybody sees."""
    seen = review.hidden is None or kind == "review.hidden"
    events.record(
        session,
        kind,
        actor_id=actor_id,
        extension_id=review.extension_id,
        public=seen,
        review=review.id,
        **data,
    )


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
    extension.rating_counts, extension.rating_score = counts, score(counts)
