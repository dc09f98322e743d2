"""Publishing the same thing at once: one wins, the others are told the truth, nothing is left over."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from registry.models import Artifact, Blob, Event, Extension, Job, Ownership, Version
from support.samples import brackets, webextension

EXTENSIONS = "/api/v4/extensions/"
AT_ONCE = 12


@pytest.fixture
def send(app):
    """Send packages at once; how often each (status, code) was answered."""

    def send(requests) -> Counter:
        def one(request):
            body, headers = request
            answer = app.post(EXTENSIONS, body, headers=headers, expect_errors=True)
            return answer.status_int, answer.json.get("code")

        with ThreadPoolExecutor(AT_ONCE) as pool:
            return Counter(pool.map(one, requests))

    return send


@pytest.fixture
def counts(config):
    def counts(*tables):
        with config.registry["database"].read() as connection:
            return [connection.scalar(select(func.count()).select_from(table)) for table in tables]

    return counts


def test_the_same_bytes(send, accounts, counts, work):
    ann = accounts.bearer("ann")
    assert send([(brackets(), ann)] * AT_ONCE) == {(202, None): 1, (200, None): AT_ONCE - 1}
    assert work() == 1
    assert counts(Extension, Ownership, Version, Job, Artifact, Blob) == [1, 1, 1, 1, 1, 2]


def test_other_bytes_of_one_version(send, accounts, counts):
    ann = accounts.bearer("ann")
    packages = [(brackets(title=f"Title {number}"), ann) for number in range(AT_ONCE)]
    assert send(packages) == {(202, None): 1, (409, "VERSION_EXISTS"): AT_ONCE - 1}
    assert counts(Extension, Version, Job, Blob) == [1, 1, 1, 1]


def test_one_name_and_many_people(send, accounts, counts):
    requests = [
        (brackets(version=f"1.0.{number}"), accounts.bearer(f"p{number}")) for number in range(AT_ONCE)
    ]
    assert send(requests) == {(202, None): 1, (403, "NOT_OWNER"): AT_ONCE - 1}
    assert counts(Extension, Ownership, Version) == [1, 1, 1]


def test_one_title_and_many_ids(send, accounts, counts):
    requests = [
        (webextension(f"a{number}@example.org"), accounts.bearer(f"p{number}")) for number in range(AT_ONCE)
    ]
    assert send(requests) == {(202, None): AT_ONCE}
    assert counts(Extension, Version) == [AT_ONCE, AT_ONCE]


def test_many_versions_of_one_extension(send, accounts, counts, work, app):
    ann = accounts.bearer("ann")
    assert send([(brackets(version=f"1.{number}.0"), ann) for number in range(AT_ONCE)]) == {
        (202, None): AT_ONCE
    }
    work()
    assert counts(Extension, Version, Artifact) == [1, AT_ONCE, AT_ONCE]
    assert app.get(f"{EXTENSIONS}word-tally/").json["version"] == f"1.{AT_ONCE - 1}.0"
    assert counts(Event)[0] >= 2 * AT_ONCE


def test_names_that_look_alike(send, accounts, counts):
    names = ["word-tally", "wordtally", "word_tally", "word.tally", "w0rd-tally", "w0rdtally", "word-ta1ly"]
    requests = [(brackets(name), accounts.bearer(f"p{number}")) for number, name in enumerate(names)]
    assert send(requests) == {(202, None): 1, (409, "NAME_LOOKS_ALIKE"): len(names) - 1}
    assert counts(Extension) == [1]
