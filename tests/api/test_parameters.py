"""Every query parameter takes whatever is sent, or says what is wrong with it."""

import re
from urllib.parse import quote

from registry import openapi
from support import services

VALUES = (
    "",
    "0",
    "1" * 40,
    "1e400",
    "nan",
    "a\0b",
    "\ufeff",
    "a" * 5000,
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2026-11-25T00:00:00+99:99",
)
UNREADABLE = ("%FF", "%ED%A0%80")
VARIABLE = re.compile(r"{(\w+)}")


def parameters():
    for version in openapi.VERSIONS:
        for path, verbs in openapi.document(version)["paths"].items():
            for parameter in verbs.get("get", {}).get("parameters", ()):
                if parameter["in"] == "query":
                    yield path, parameter["name"]


def test_no_value_makes_it_stumble(stocked, accounts, subtests):
    headers = accounts.bearer("root", admin=True)
    asked = sorted(set(parameters()))
    assert len(asked) > 50
    for path, name in asked:
        address = VARIABLE.sub(lambda match: services.PRESENT[match[1]], path)
        with subtests.test(path=path, name=name):
            for text in (*map(quote, VALUES), *UNREADABLE):
                answer = stocked.get(f"{address}?{name}={text}", headers=headers, expect_errors=True)
                assert answer.status_int < 500, text
                assert answer.status_int < 400 or answer.content_type == "application/json"
