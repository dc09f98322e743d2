"""A right, a team or an account that goes away between the question whether one may and the write does not count."""

from functools import partial

import pytest
from sqlalchemy import select

from registry.domain import ownership, standing, teams, transfers
from registry.domain.errors import Conflict, Forbidden
from registry.models import (
    Extension,
    Membership,
    Ownership,
    OwnershipRole,
    Team,
    TeamRole,
    Transfer,
    User,
    now,
)
from support import rows

OWNER = OwnershipRole.OWNER


@pytest.fixture
def people(database, accounts):
    """The numbers of an extension's owner, of a team's admin and of somebody else."""
    return [accounts.user(name) for name in ("ann", "bob", "carl")]


@pytest.fixture
def extension_id(database, people):
    return database.write(lambda session: rows.extension(session, "word-tally", people[0], "1.0.0").id)


def found(database, name, bob):
    return database.write(lambda session: teams.create(session, name, "", bob).id)


def outcome(database, rule, *arguments, **options):
    try:
        database.write(lambda session: rule(session, *arguments, **options) and None)
    except (Conflict, Forbidden) as refused:
        return refused.code
    return "done"


@pytest.mark.parametrize("way", ["grant", "offer", "accept"])
def test_a_team_that_is_dissolved_at_the_same_moment_owns_nothing(
    database, people, extension_id, at_once, way
):
    ann, bob, _ = people
    for number in range(8):
        name = f"team-{number}"
        team_id = found(database, name, bob)
        if way == "grant":
            give = partial(outcome, database, ownership.grant, extension_id, OWNER, ann, team_id=team_id)
        else:
            give = partial(outcome, database, transfers.offer, extension_id, ann, f"team:{name}", None)
        if way == "accept":
            give()
            with database.reading_session() as session:
                offered = session.scalars(select(Transfer.id)).one()
            give = partial(outcome, database, transfers.accept, offered, bob)
        at_once([give, partial(outcome, database, teams.dissolve, team_id, bob)])
        with database.reading_session() as session:
            dissolved = session.get_one(Team, team_id).dissolved is not None
            held = session.scalars(select(Ownership).where(Ownership.team_id == team_id)).all()
            offers = session.scalars(select(Transfer)).all()
        assert not (dissolved and held)
        assert not (dissolved and offers)
        database.write(back, extension_id, ann)


def back(session, extension_id, ann):
    """Ann owns it, and nobody is offered it."""
    session.query(Transfer).delete()
    session.query(Ownership).delete()
    session.add(Ownership(extension_id=extension_id, user_id=ann))


def test_nothing_is_given_to_an_account_that_is_not_in_use(database, people, extension_id):
    ann, bob, carl = people
    team_id = found(database, "makers", bob)
    invited = database.write(lambda s: teams.invite(s, team_id, "carl", TeamRole.MEMBER, bob))
    offered = database.write(lambda s: transfers.offer(s, extension_id, ann, "carl", None).id)
    database.write(lambda session: setattr(session.get_one(User, carl), "disabled", now()))
    assert outcome(database, ownership.grant, extension_id, OWNER, ann, user_id=carl) == "NO_ACCOUNT"
    assert outcome(database, transfers.accept, offered, carl) == "NO_ACCOUNT"
    assert outcome(database, teams.answer, invited, carl, accept=True) == "NO_ACCOUNT"


def test_a_right_that_is_gone_does_not_count(database, people, extension_id):
    """The rules, called by somebody whom the tree has let in a moment ago."""
    ann, bob, carl = people
    team_id = found(database, "makers", bob)
    invited = database.write(lambda s: teams.invite(s, team_id, "ann", TeamRole.MEMBER, bob))
    offered = database.write(lambda s: transfers.offer(s, extension_id, ann, "team:makers", None).id)
    for rule, *arguments in (
        (teams.edit, team_id, "Mine", carl),
        (teams.dissolve, team_id, carl),
        (teams.invite, team_id, "carl", TeamRole.ADMIN, carl),
        (teams.withdraw, team_id, invited, carl),
        (teams.set_role, team_id, carl, TeamRole.ADMIN, carl),
        (teams.leave, team_id, bob, carl),
        (transfers.accept, offered, carl),
        (transfers.decline, offered, carl),
        (transfers.withdraw, extension_id, carl),
        (transfers.offer, extension_id, carl, "bob", None),
    ):
        assert outcome(database, rule, *arguments) == "ERROR_PERMISSION_DENIED", rule
    for name, arguments in (("grant", [extension_id, OWNER, carl]), ("revoke", [extension_id, carl])):
        rule = getattr(ownership, name)
        assert outcome(database, rule, *arguments, user_id=ann) == "ERROR_PERMISSION_DENIED"
    # An admin of the team who has become a member.
    database.write(lambda s: s.add(Membership(team_id=team_id, user_id=carl, role=TeamRole.ADMIN)))
    database.write(lambda s: teams.set_role(s, team_id, bob, TeamRole.MEMBER, carl))
    assert outcome(database, transfers.accept, offered, bob) == "ERROR_PERMISSION_DENIED"
    assert outcome(database, transfers.accept, offered, carl) == "done"
    with database.reading_session() as session:
        assert session.scalar(select(standing.owns(extension_id, carl)))
        assert not session.scalar(select(standing.owns(extension_id, bob)))
        assert session.scalars(select(Extension.id)).all() == [extension_id]
