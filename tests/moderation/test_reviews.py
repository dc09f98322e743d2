"""Reviews as rules: one each, exact counts, never one's own."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from registry.domain import reviews
from registry.domain.errors import Forbidden, Invalid
from registry.models import Extension, Review
from support import rows


@pytest.fixture
def extension_id(database, accounts):
    owner = accounts.user("ann")
    return database.write(lambda session: rows.extension(session, "hello", owner, "1.0.0").id)


def counts(database, extension_id):
    with database.read() as connection:
        return connection.scalar(select(Extension.rating_counts).where(Extension.id == extension_id))


def test_a_second_review_replaces_the_first(database, accounts, extension_id):
    bob, cat = accounts.user("bob"), accounts.user("cat")
    database.write(reviews.write_review, extension_id, bob, 2)
    database.write(reviews.write_review, extension_id, cat, 5, "Finally!", "Years of waiting.")
    database.write(reviews.write_review, extension_id, bob, 4, "Better now")
    assert counts(database, extension_id) == [0, 0, 0, 1, 1]
    with database.read() as connection:
        found = connection.execute(select(Review.rating, Review.title).where(Review.user_id == bob)).all()
    assert found == [(4, "Better now")]


def test_a_deleted_review_counts_no_more(database, accounts, extension_id):
    bob = accounts.user("bob")
    database.write(reviews.write_review, extension_id, bob, 3)
    assert database.write(lambda session: reviews.delete_review(session, extension_id, bob, actor_id=bob))
    assert counts(database, extension_id) == [0, 0, 0, 0, 0]
    assert not database.write(lambda session: reviews.delete_review(session, extension_id, bob, actor_id=bob))


@pytest.mark.parametrize("rating", [0, 6, -1, 4.5, "4", True, None])
def test_a_rating_is_a_whole_number_from_1_to_5(database, accounts, extension_id, rating):
    with pytest.raises(Invalid) as caught:
        database.write(reviews.write_review, extension_id, accounts.user("bob"), rating)
    assert caught.value.field == "rating"


def test_a_text_needs_a_title(database, accounts, extension_id):
    with pytest.raises(Invalid):
        database.write(reviews.write_review, extension_id, accounts.user("bob"), 4, None, "It ate my fish.")


def test_nobody_reviews_their_own(database, accounts, extension_id):
    with pytest.raises(Forbidden):
        database.write(reviews.write_review, extension_id, accounts.user("ann"), 5)


def test_twenty_at_once_are_counted_exactly(database, accounts, extension_id):
    users = [accounts.user(f"reader{number}") for number in range(20)]
    with ThreadPoolExecutor(20) as pool:
        list(
            pool.map(
                lambda user: database.write(reviews.write_review, extension_id, user, 1 + user % 5), users
            )
        )
    with database.read() as connection:
        stored = dict(connection.execute(select(Review.rating, func.count()).group_by(Review.rating)).all())
    assert counts(database, extension_id) == [stored.get(stars, 0) for stars in range(1, 6)]
    assert sum(stored.values()) == 20
