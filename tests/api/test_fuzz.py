"""Whatever is sent within the description of an API or just beside it, the answer is JSON and no crash."""

import hypothesis
import pytest
import schemathesis
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode

from registry import openapi
from support import shelf
from support.services import PRESENT

EXAMPLES = 80  # for each document, spread over its operations

FILES = [
    "application/zip",
    "application/rss+xml; charset=utf-8",
    "application/atom+xml; charset=utf-8",
    "image/svg+xml",
]


@pytest.fixture
def local(stocked):
    """The application as a plain WSGI callable whose clients sit on this machine."""

    def application(environ, start_response):
        answer = stocked.app({**environ, "REMOTE_ADDR": "127.0.0.1"}, start_response)
        try:
            return [b"".join(answer)]
        finally:
            getattr(answer, "close", lambda: None)()

    return application


@pytest.mark.parametrize("version", openapi.VERSIONS)
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_no_request_makes_it_stumble(local, accounts, version, mode):
    schema = schemathesis.openapi.from_dict(openapi.document(version))
    schema.app = local
    operations = [found.ok() for found in schema.get_all_operations()]
    assert operations
    # A good credential: what bad ones lead to is tested elsewhere, and would hide everything else.
    headers = accounts.bearer(shelf.OWNER)
    cases = st.one_of(
        operation.as_strategy(mode, path_parameters=known)
        for operation in operations
        for known in ({}, PRESENT)
    )
    statuses = set()

    @hypothesis.settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=[hypothesis.Phase.generate],
    )
    @hypothesis.given(cases)
    def run(case):
        answer = case.call(headers=headers)
        statuses.add(answer.status_code)
        assert answer.status_code < 500, case.as_curl_command()
        if answer.status_code == 204:
            return
        kinds = FILES if answer.status_code in (200, 206) else []
        assert answer.headers["content-type"][0] in ["application/json", *kinds], case.as_curl_command()

    run()
    assert statuses >= {400, 404}
