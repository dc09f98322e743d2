"""Every statement that requests and the worker really send finds its rows by an index."""

import re

import pytest

from support import services, shelf
from support.samples import brackets
from support.statements import heard
from support.wire import send

EXTENSIONS = "/api/v4/extensions/"


def test_no_table_is_read_from_end_to_end(stocked, accounts, work, database):
    if not database.sqlite:
        pytest.skip("EXPLAIN QUERY PLAN is SQLite's")
    with heard() as told:
        _walk(stocked, accounts, work)
    sent = {sql: parameters for sql, parameters in told if re.match(r"\s*(SELECT|WITH|UPDATE|DELETE)\b", sql)}
    tables = {re.search(r'\sFROM "?(\w+)', statement)[1] for statement in sent if "FROM" in statement}
    assert tables >= {"extension", "version", "token", "api_key", "ownership", "validation", "job"}
    slow = {}
    with database.engine.connect() as connection:
        for statement, parameters in sent.items():
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", tuple(parameters)).all()
            if any(_reads_everything(row.detail, statement) for row in plan):
                slow[statement] = [row.detail for row in plan]
    assert slow == {}


def _walk(stocked, accounts, work):
    owner, key = accounts.bearer(shelf.OWNER), accounts.jwt(shelf.OWNER)
    for headers in ({}, owner, key):
        for service in services.every():
            if "GET" in service.defined_methods:
                for version in (shelf.SIGNED, "latest"):
                    send(stocked, "GET", services.address(service, version=version), headers)
    first = stocked.get(f"{EXTENSIONS}{shelf.PUBLIC}/versions/?page_size=1", headers=owner).json
    stocked.get(first["next"].replace("http://127.0.0.1:6543", ""), headers=owner)
    assert send(stocked, "GET", f"{EXTENSIONS}?page=401&page_size=25").status_int == 400
    send(stocked, "POST", EXTENSIONS, owner, brackets("another"))
    send(stocked, "POST", EXTENSIONS, accounts.bearer("bob"), brackets(shelf.PUBLIC))
    work()


def _reads_everything(step, statement):
    if not re.match(r"SCAN (?!CONSTANT|\(|anon_)", step):
        return False
    if "VIRTUAL TABLE INDEX 0:M" in step:
        return False  # MATCH asks the full-text index
    # Along an index is how a page of a list is read, and the end of a table needs none.
    return "USING" not in step and ("WHERE" in statement or "LIMIT" not in statement)
