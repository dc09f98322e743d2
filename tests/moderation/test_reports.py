"""Reports as rules: one hides an extension, a decision brings it back or disables it."""

import pytest
from sqlalchemy import select

from registry.domain import reports, states
from registry.domain.errors import Conflict, Invalid
from registry.models import Extension, ExtensionState, Report
from support import rows


@pytest.fixture
def extension_id(database, accounts):
    owner = accounts.user("ann")
    return database.write(lambda session: rows.extension(session, "hello", owner, "1.0.0").id)


def report(database, extension_id, user, **options):
    return database.write(
        lambda session: reports.file_report(session, extension_id, user, "malware", "it mines", **options).id
    )


def decide(database, report_id, admin, *, uphold):
    def work(session):
        found = session.get_one(Report, report_id)
        reports.resolve(session, found, uphold=uphold, actor_id=admin, reason="looked at it")

    database.write(work)


def state(database, extension_id):
    with database.read() as connection:
        return connection.scalar(select(Extension.state).where(Extension.id == extension_id))


def force(database, extension_id, new):
    def work(session):
        states.set_state(session, session.get_one(Extension, extension_id), new, reason="r", actor_id=None)

    database.write(work)


@pytest.mark.parametrize("before", [ExtensionState.ACTIVE, ExtensionState.UNLISTED])
def test_one_report_hides_and_a_dismissal_restores(database, accounts, extension_id, before):
    if before != ExtensionState.ACTIVE:
        force(database, extension_id, before)
    filed = report(database, extension_id, accounts.user("bob"))
    assert state(database, extension_id) == ExtensionState.PENDING_DISABLE
    decide(database, filed, accounts.user("root", admin=True), uphold=False)
    assert state(database, extension_id) == before


def test_an_upheld_report_disables(database, accounts, extension_id):
    filed = report(database, extension_id, accounts.user("bob"))
    decide(database, filed, accounts.user("root", admin=True), uphold=True)
    assert state(database, extension_id) == ExtensionState.DISABLED


def test_it_stays_hidden_until_every_report_is_decided(database, accounts, extension_id):
    first = report(database, extension_id, accounts.user("bob"))
    second = report(database, extension_id, accounts.user("cat"))
    root = accounts.user("root", admin=True)
    decide(database, first, root, uphold=False)
    assert state(database, extension_id) == ExtensionState.PENDING_DISABLE
    decide(database, second, root, uphold=False)
    assert state(database, extension_id) == ExtensionState.ACTIVE


def test_a_report_never_weakens_disabled(database, accounts, extension_id):
    force(database, extension_id, ExtensionState.DISABLED)
    report(database, extension_id, accounts.user("bob"))
    assert state(database, extension_id) == ExtensionState.DISABLED


def test_the_threshold_counts_people(database, accounts, extension_id):
    bob = accounts.user("bob")
    report(database, extension_id, bob, threshold=2)
    report(database, extension_id, bob, threshold=2)
    assert state(database, extension_id) == ExtensionState.ACTIVE
    report(database, extension_id, accounts.user("cat"), threshold=2)
    assert state(database, extension_id) == ExtensionState.PENDING_DISABLE


def test_a_decision_is_made_once(database, accounts, extension_id):
    filed = report(database, extension_id, accounts.user("bob"))
    root = accounts.user("root", admin=True)
    decide(database, filed, root, uphold=False)
    with pytest.raises(Conflict):
        decide(database, filed, root, uphold=True)


def test_an_unknown_reason_is_refused(database, accounts, extension_id):
    with pytest.raises(Invalid):
        database.write(reports.file_report, extension_id, accounts.user("bob"), "boredom")
