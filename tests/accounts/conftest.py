"""Accounts that have done a bit of everything."""

import pytest
from sqlalchemy import select

from registry.domain import ownership, review_flags, reviews, teams, transfers
from registry.models import Extension, OwnershipRole, TeamRole, User
from support import rows, shelf


class World:
    """Ann owns `word-tally` and `draft`, shares `shared` with bob, and reviewed `other`, which is bob's.

    Bob has offered her `other`. She is a member of bob's team `makers` and alone in `solo`, which owns `by-team`.
    """

    def __init__(self, database, accounts):
        self.database = database
        self.ids = {name: accounts.user(name) for name in (shelf.OWNER, "bob", "carl")}
        self.ann, self.bob = self.ids[shelf.OWNER], self.ids["bob"]
        database.write(self._fill)

    def _fill(self, session):
        ann, bob = self.ann, self.bob
        shared = rows.extension(session, "shared", ann, "1.0.0")
        ownership.grant(session, shared.id, OwnershipRole.OWNER, ann, user_id=bob)
        other = rows.extension(session, "other", bob, "1.0.0")
        reviews.write_review(session, other.id, ann, 2, "So so", "I use it at times.")
        reviews.write_review(session, other.id, ann, 4, "Fine", "I use it every day.")
        about_shared = reviews.write_review(session, shared.id, self.ids["carl"], 1).review_id
        reviews.reply(session, about_shared, ann, "Why?")
        review_flags.flag(session, about_shared, ann, "other", "No reason given")
        makers = teams.create(session, "makers", "", bob)
        teams.answer(
            session, teams.invite(session, makers.id, shelf.OWNER, TeamRole.MEMBER, bob), ann, accept=True
        )
        solo = teams.create(session, "solo", "", ann)
        by_team = rows.extension(session, "by-team", ann, "1.0.0")
        ownership.grant(session, by_team.id, OwnershipRole.OWNER, ann, team_id=solo.id)
        ownership.revoke(session, by_team.id, ann, user_id=ann)
        transfers.offer(session, other.id, bob, shelf.OWNER, None)
        transfers.offer(session, shared.id, ann, "carl", None)
        stay = teams.create(session, "stay", "", bob)
        teams.invite(session, stay.id, shelf.OWNER, TeamRole.ADMIN, bob)

    def extension(self, name):
        with self.database.read() as connection:
            return connection.execute(select(Extension.__table__).where(Extension.name == name)).one()

    def user(self, user_id):
        with self.database.read() as connection:
            return connection.execute(select(User.__table__).where(User.id == user_id)).one()


@pytest.fixture
def stocked(app, accounts, work):
    shelf.stock(app, accounts, work)
    return app


@pytest.fixture
def world(stocked, database, accounts):
    return World(database, accounts)
