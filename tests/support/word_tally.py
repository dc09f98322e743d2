"""Ann's `word-tally`, published and signed, and requests about it by anybody: for tests of what users say of it."""

from collections.abc import Callable
from typing import Any

import webtest

from registry.domain import states
from registry.models import Database, Extension
from support import rows
from support.accounts import Accounts

ADDRESS = "/api/v4/extensions/word-tally/"
ADMINS = ("root", "rita")


def publish(database: Database, accounts: Accounts) -> int:
    """The extension's id."""
    owner = accounts.user("ann")
    return database.write(lambda session: rows.extension(session, "word-tally", owner, "1.0.0").id)


def speaker(app: webtest.TestApp, accounts: Accounts) -> Callable[..., webtest.TestResponse]:
    """``send("post", "bob", "reports/", {…})``; ADMINS are site admins, None is nobody; ``limits`` of the token."""
    known: dict[Any, dict[str, str]] = {}

    def send(verb, who, path, body=None, status=None, **limits):
        key = (who, str(limits))
        if who and key not in known:
            known[key] = accounts.bearer(who, admin=who in ADMINS, **limits)
        options = {"headers": known.get(key), "status": status}
        where = path if path.startswith(("/", "http")) else ADDRESS + path
        if body is None:
            return getattr(app, verb)(where, **options)
        return getattr(app, f"{verb}_json")(where, body, **options)

    return send


def set_state(database: Database, extension_id: int, state: str, actor_id: int | None) -> None:
    def work(session):
        row = session.get_one(Extension, extension_id)
        states.set_state(session, row, state, reason="because", actor_id=actor_id)

    database.write(work)


def told(send: Callable[..., webtest.TestResponse], who: str) -> list[tuple[str, dict[str, Any]]]:
    """What somebody has been told, the newest first: kinds and what they are about."""
    found = send("get", who, "/api/v4/users/me/notifications/").json["results"]
    return [(one["kind"], one["about"]) for one in found]
