"""Publishing over the API: what is taken in, what is answered, what is refused."""

import pytest
from support.samples import brackets, webextension

EXTENSIONS = "/api/v4/extensions/"


def test_a_new_extension_is_accepted_for_signing(app, accounts):
    answer = app.post(EXTENSIONS, brackets("word-tally"), headers=accounts.bearer("ann"), status=202)
    assert answer.json["name"] == "word-tally"
    assert answer.json["state"] == "queued"
    assert answer.json["package"] is None
    assert answer.headers["Location"].endswith("/api/v4/extensions/word-tally/versions/1.0.0/")
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize("address", [EXTENSIONS, EXTENSIONS.rstrip("/"), EXTENSIONS + "word-tally.zip"])
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_every_way_curl_sends_a_file(app, accounts, address, method):
    """--data-binary is a POST, -T a PUT that appends the file's name to an address that ends in a slash."""
    headers = accounts.bearer("ann") | {"Content-Type": "application/x-www-form-urlencoded"}
    app.request(address, method=method, body=brackets(), headers=headers, status=202)
