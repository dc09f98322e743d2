"""Deleting an account: what is personal goes, what others rely on stays, and nobody gets the name."""

from functools import partial

import pytest
from sqlalchemy import func, select

from registry.domain import credentials, events, logins, ownership, sessions, teams, transfers
from registry.domain.deletion import PERSONAL, delete_account
from registry.domain.errors import Conflict, Forbidden
from registry.models import (
    Event,
    FormerReview,
    Membership,
    Ownership,
    OwnershipRole,
    Review,
    Team,
    TeamRole,
    Transfer,
    User,
    table,
)
from support import rows, shelf
from support.browser import Browser
from support.samples import brackets
from support.wire import assert_failure

ME, EXTENSIONS = "/api/v4/users/me/", "/api/v4/extensions/"
OWNER = OwnershipRole.OWNER
POSSIBLE = {
    "done",
    "ACCOUNT_DISABLED",
    "CHANGED",
    "ERROR_DECODING_SIGNATURE",
    "ERROR_PERMISSION_DENIED",
    "NO_ACCOUNT",
    "NO_INVITATION",
    "NO_OFFER",
}


def gone(app, headers, body=None, status=204):
    return app.delete_json(
        ME, {"confirm": shelf.OWNER} if body is None else body, headers=headers, status=status
    )


def holders(app, name):
    return {one["holder"]: one["role"] for one in app.get(f"{EXTENSIONS}{name}/owners/").json}


def test_before_it_is_confirmed_it_says_what_would_happen(world, stocked, accounts):
    key = accounts.jwt(shelf.OWNER)
    said = assert_failure(gone(stocked, key, {}, 409), 409, "CONFIRM_DELETION")
    assert said["orphaned_extensions"] == ["by-team", "draft", "tab-notes", "word-tally"]
    assert said["dissolved_teams"] == ["solo"]
    for wrong in ("bob", "Ann"):
        assert "confirm" in assert_failure(gone(stocked, key, {"confirm": wrong}, 400), 400)
    for body in ({"confirm": 5}, {"confirm": shelf.OWNER, "x": 1}):
        assert_failure(gone(stocked, key, body, 400), 400)
    assert_failure(stocked.delete(ME, headers=key, expect_errors=True), 415)
    assert_failure(gone(stocked, {}, None, 401), 401)
    assert_failure(gone(stocked, accounts.bearer(shelf.OWNER), None, 403), 403, "ERROR_SCOPE")
    assert stocked.get(ME, headers=key).json["username"] == shelf.OWNER


def test_everything_personal_is_gone_at_once(world, stocked, accounts, database, config):
    browser_secret = database.write(lambda s: sessions.open_session(s, world.ann, "corp")[1])
    number, _ = database.write(lambda s: sessions.open_session(s, world.ann, "device"))
    database.write(lambda s: logins.link(s, world.ann, "corp", "subject-7", "Ann"))
    jwt = config.registry["sessions"].jwt(world.ann, number)
    credentials = [
        accounts.bearer(shelf.OWNER),
        accounts.jwt(shelf.OWNER),
        {"Authorization": f"Bearer {jwt}"},
    ]
    cookie = {"Cookie": f"{config.registry['sessions'].cookie}={browser_secret}"}
    for headers in (*credentials, cookie):
        stocked.get(ME, headers=headers, status=200)
    gone(stocked, credentials[1])
    for headers in (*credentials, cookie):
        assert_failure(stocked.get(ME, headers=headers, expect_errors=True), 401)
    with database.read() as connection:
        for model in (*PERSONAL, Membership):
            column = table(model).c.user_id
            assert connection.scalar(select(func.count()).where(column == world.ann)) == 0, model
        mine = select(Review.rating, Review.title, Review.body).where(Review.user_id == world.ann)
        review = connection.execute(mine).one()
        former = connection.execute(select(FormerReview.rating, FormerReview.title, FormerReview.body)).one()
        assert connection.scalars(select(Review.reply)).all() == [None, None]
        assert connection.scalar(select(func.count()).select_from(Transfer)) == 0
        dump = str(connection.execute(select(User.__table__)).all())
        assert events.verify(connection) > 0
        texts = str(connection.execute(select(Event.data, Event.kind)).all())
    assert (tuple(review), tuple(former)) == ((4, None, None), (2, None, None))
    assert world.extension("other").rating_counts == [0, 0, 0, 1, 0]
    assert "'ann'" not in dump
    assert "Ann" not in texts
    tombstone = world.user(world.ann)
    assert (tombstone.username, tombstone.admin) == (f"deleted~{world.ann}", False)
    assert tombstone.deleted is not None
    assert_failure(stocked.get("/api/v4/users/ann/", expect_errors=True), 404)
    assert_failure(stocked.get(f"/api/v4/users/deleted~{world.ann}/", expect_errors=True), 404)
    # The same login is somebody new, with another name; nobody gets the old one.
    assert database.write(lambda s: logins.log_in(s, "corp", "subject-7", "Ann").username) == "ann-2"


def test_what_others_rely_on_stays(world, stocked, accounts, database):
    key, bob = accounts.jwt(shelf.OWNER), accounts.bearer("bob")
    detail, reviews = f"{EXTENSIONS}{shelf.PUBLIC}/", f"{EXTENSIONS}other/reviews/"
    assert stocked.get(detail).json["owners"] == [shelf.OWNER]
    assert stocked.get(reviews).json["results"][0]["body"] == "I use it every day."
    gone(stocked, key)
    # What had been kept for everybody is made anew.
    assert stocked.get(detail).json["owners"] == []
    (review,) = stocked.get(reviews).json["results"]
    assert (review["user"], review["rating"], review["title"], review["body"]) == (None, 4, None, None)
    assert holders(stocked, "shared") == holders(stocked, "other") == {"bob": "owner"}
    tombstone = {f"deleted~{world.ann}": "owner"}
    assert holders(stocked, shelf.PUBLIC) == holders(stocked, "by-team") == tombstone
    with database.read() as connection:
        dissolved = connection.scalars(select(Team.name).where(Team.dissolved.is_not(None))).all()
    assert dissolved == ["solo"]
    stocked.get(f"{EXTENSIONS}{shelf.PUBLIC}/versions/latest/download", status=200)
    told = [note["kind"] for note in stocked.get(f"{ME}notifications/", headers=bob).json["results"]]
    assert {"owner.removed", "team.left", "extension.transfer-ended"} <= set(told)
    for name in (shelf.PUBLIC, shelf.PRIVATE):
        taken = stocked.post(EXTENSIONS, brackets(name, "9.0.0"), headers=bob, expect_errors=True)
        assert_failure(taken, 403, "NOT_OWNER")
    again = stocked.post_json("/api/v4/teams/", {"name": "solo"}, headers=bob, expect_errors=True)
    assert_failure(again, 409, "TEAM_EXISTS")
    root = accounts.bearer("root", admin=True)
    stocked.get(f"{EXTENSIONS}{shelf.PRIVATE}/", headers=root, status=200)


def test_a_site_admin_names_an_owner_when_nobody_is_left(world, stocked, accounts, database):
    root, bob = accounts.bearer("root", admin=True), accounts.bearer("bob")
    mine = f"{EXTENSIONS}{shelf.PUBLIC}/owners/bob/"
    living = stocked.put_json(mine, {"role": "owner"}, headers=root, expect_errors=True)
    assert "nobody is left" in assert_failure(living, 403)["detail"]
    gone(stocked, accounts.jwt(shelf.OWNER))
    assert_failure(stocked.put_json(mine, {"role": "owner"}, headers=bob, expect_errors=True), 404)
    assert_failure(stocked.put_json(mine, {"role": "publisher"}, headers=root, expect_errors=True), 403)
    narrow = accounts.bearer("root", scopes=["read"])
    assert_failure(
        stocked.put_json(mine, {"role": "owner"}, headers=narrow, expect_errors=True), 403, "ERROR_SCOPE"
    )
    stocked.put_json(mine, {"role": "owner"}, headers=root, status=200)
    assert holders(stocked, shelf.PUBLIC) == {"bob": "owner"}
    stocked.post(
        f"{EXTENSIONS}{shelf.PUBLIC}/versions/", brackets(shelf.PUBLIC, "3.0.0"), headers=bob, status=202
    )
    carls = mine.replace("bob", "carl")
    assert_failure(stocked.put_json(carls, {"role": "owner"}, headers=root, expect_errors=True), 403)

    # An extension that never had one, as imports leave it; a team may have it too.
    def imported(session):
        row = rows.extension(session, "from-elsewhere", world.bob, "1.0.0")
        session.query(Ownership).where(Ownership.extension_id == row.id).delete()

    database.write(imported)
    path = f"{EXTENSIONS}from-elsewhere/owners/team:makers/"
    stocked.put_json(path, {"role": "owner"}, headers=root, status=200)
    assert holders(stocked, "from-elsewhere") == {"team:makers": "owner"}


def test_what_stands_in_the_way(world, stocked, accounts, database):
    database.write(lambda s: teams.set_role(s, _team(s, "makers"), world.ann, TeamRole.ADMIN, world.bob))
    database.write(lambda s: teams.set_role(s, _team(s, "makers"), world.bob, TeamRole.MEMBER, world.ann))
    database.write(lambda s: setattr(s.get_one(User, world.ann), "admin", True))
    key = accounts.jwt(shelf.OWNER)
    said = assert_failure(gone(stocked, key, None, 409), 409, "DELETION_BLOCKED")
    assert (said["teams"], said["last_site_admin"]) == (["makers"], True)
    database.write(lambda s: teams.set_role(s, _team(s, "makers"), world.bob, TeamRole.ADMIN, world.ann))
    said = assert_failure(gone(stocked, key, None, 409), 409, "DELETION_BLOCKED")
    assert (said["teams"], said["last_site_admin"]) == ([], True)
    accounts.user("root", admin=True)
    gone(stocked, key)


def _team(session, name):
    return session.scalars(select(Team.id).where(Team.name == name)).one()


def test_a_browser_forgets_its_session(app, accounts):
    ann = Browser(app)
    ann.developer("ann")
    assert_failure(app.delete_json(ME, {"confirm": "ann"}, expect_errors=True), 403, "ERROR_CSRF")
    answer = app.delete_json(ME, {"confirm": "ann"}, headers=ann.csrf(), status=204)
    assert "registry-session=;" in answer.headers["Set-Cookie"]
    assert "registry-session" not in app.cookies
    page = ann.get("/login/developer", headers={"Accept": "text/html"})
    page.forms[0]["username"] = "ann"
    assert_failure(page.forms[0].submit(expect_errors=True), 409, "USER_EXISTS")


def attempt(database, rule, *arguments, **options):
    try:
        database.write(lambda session: rule(session, *arguments, **options) and None)
    except (Conflict, Forbidden) as refused:
        return refused.code
    return "done"


@pytest.mark.parametrize("other", ["transfer", "invitation", "publish", "token", "grant", "team", "login"])
def test_at_the_same_moment_as_something_else(app, database, accounts, at_once, other):
    """Whoever comes first: what the account did was before its end, and a tombstone is given nothing."""
    bob = accounts.user("bob")
    for number in range(4):
        name = f"ann-{number}"
        ann, token = accounts.user(name), accounts.bearer(name)

        def prepare(session, number=number, ann=ann):
            extension = rows.extension(session, f"bobs-{number}", bob, "1.0.0")
            team = teams.create(session, f"team-{number}", "", bob)
            logins.link(session, ann, "corp", f"{number}", "x")
            return (
                extension.id,
                transfers.offer(session, extension.id, bob, f"ann-{number}", None).id,
                teams.invite(session, team.id, f"ann-{number}", TeamRole.ADMIN, bob),
            )

        extension_id, offered, invited = database.write(prepare)
        rule = {
            "transfer": partial(attempt, database, transfers.accept, offered, ann),
            "invitation": partial(attempt, database, teams.answer, invited, ann, accept=True),
            "publish": partial(publish, app, f"anns-{number}", token),
            "token": partial(attempt, database, make_token, ann),
            "grant": partial(attempt, database, grant, extension_id, bob, ann),
            "team": partial(attempt, database, teams.create, f"anns-{number}", "", ann),
            "login": partial(attempt, database, log_in, f"{number}"),
        }[other]
        outcomes = at_once([rule, partial(attempt, database, delete_account, ann, True)])
        assert set(outcomes) <= POSSIBLE, outcomes
        with database.read() as connection:
            deleted = connection.scalar(select(User.deleted).where(User.id == ann)) is not None
            by_ann = select(Event.kind).where(Event.actor_id == ann).order_by(Event.seq.desc()).limit(1)
            owners = select(Ownership.user_id).where(Ownership.extension_id == extension_id)
            assert deleted == (connection.scalar(by_ann) == "user.deleted"), outcomes
            assert deleted or "CHANGED" in outcomes
            for model in (*PERSONAL, Membership):
                column = table(model).c.user_id
                left = connection.scalar(select(func.count()).where(column == ann))
                assert not deleted or not left, model
            found = set(connection.scalars(owners))
            taken_over = {ann} if other == "transfer" and "NO_OFFER" not in outcomes else {bob}
            assert found in ({bob}, taken_over, {bob, ann} if not deleted else {bob}), outcomes
            assert events.verify(connection) > 0


def make_token(session, user_id):
    return credentials.make_token(session, user_id, "x", scopes=["read"])


def grant(session, extension_id, actor_id, user_id):
    return ownership.grant(session, extension_id, OWNER, actor_id, user_id=user_id)


def log_in(session, subject):
    user = logins.log_in(session, "corp", subject, "x")
    return sessions.open_session(session, user.id, "corp")


def publish(app, name, headers):
    answer = app.post(EXTENSIONS, brackets(name), headers=headers, expect_errors=True)
    assert answer.status_int in (202, 401, 409, 403), answer
    return "done" if answer.status_int == 202 else answer.json["code"]


def test_of_two_last_owners_who_delete_their_accounts_one_stays_an_owner(database, accounts, at_once):
    for number in range(5):
        ann, bob = accounts.user(f"ann-{number}"), accounts.user(f"bob-{number}")

        def prepare(session, number=number, ann=ann, bob=bob):
            row = rows.extension(session, f"both-{number}", ann, "1.0.0")
            session.add(Ownership(extension_id=row.id, user_id=bob, role=OWNER))
            return row.id

        extension_id = database.write(prepare)
        outcomes = at_once([partial(attempt, database, delete_account, one, True) for one in (ann, bob)])
        with database.read() as connection:
            owners = connection.scalars(
                select(Ownership.user_id).where(Ownership.extension_id == extension_id)
            ).all()
        assert len(owners) == 1, (owners, outcomes)
