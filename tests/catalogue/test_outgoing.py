"""Links that lead away: wrapped when asked for, always in HTML, and nothing else is ever followed."""

from urllib.parse import urlsplit

import pytest

EXTENSIONS = "/api/v4/extensions/"
# Everything that could be lost on the way through a path.
FAR = "https://example.org/a%20b/../c//d/?q=1&r=%2F#é"


@pytest.fixture
def published(app, publish):
    publish(
        homepage=FAR, bugs={"url": "http://example.org/bugs/"}, author={"name": "A", "url": "https://a.org"}
    )
    return app


def local(address):
    return address.replace("http://127.0.0.1:6543", "")


@pytest.mark.parametrize("path", ["word-tally/", ""])
def test_wrapped_when_asked_for(published, path):
    def entry(query):
        answer = published.get(f"{EXTENSIONS}{path}{query}").json
        return answer["results"][0] if "results" in answer else answer

    plain = entry("")
    assert (plain["homepage"], plain["author"]["url"]) == ({"en": FAR}, "https://a.org")
    for query in ("?wrap_outgoing_links", "?wrap_outgoing_links=1&lang=en"):
        wrapped = entry(query)
        one = "en" if "lang" not in query else None
        homepage, support = (
            wrapped[name][one] if one else wrapped[name] for name in ("homepage", "support_url")
        )
        for link, goal in (
            (homepage, "https://example.org/a%20b/../c//d/?q=1&r=%2F#%C3%A9"),
            (support, "http://example.org/bugs/"),
            (wrapped["author"]["url"], "https://a.org"),
        ):
            answer = published.get(local(link), status=302)
            assert answer.headers["Location"] == goal
            assert answer.headers["Referrer-Policy"] == "no-referrer"
            assert "Set-Cookie" not in answer.headers
    assert entry("") == plain


def test_a_proxy_that_joins_slashes_does_no_harm(published):
    link = local(published.get(f"{EXTENSIONS}word-tally/?wrap_outgoing_links").json["support_url"]["en"])
    signature = urlsplit(link).path.split("/")[2]
    for url in ("http:/example.org/bugs/", "http://example.org/bugs", "http%3A%2F%2Fexample.org%2Fbugs%2F"):
        answer = published.get(f"/outgoing/{signature}/{url}", status=302)
        assert answer.headers["Location"] == "http://example.org/bugs/"


def test_nothing_else_is_followed(published, config):
    signature = (
        published.get(f"{EXTENSIONS}word-tally/?wrap_outgoing_links").json["homepage"]["en"].split("/")[4]
    )
    sealer = config.registry["sealer"]
    for bad in (
        f"{signature}/https%3A%2F%2Fevil.example%2F",
        f"{'0' * 32}/https%3A%2F%2Fexample.org%2F",
        "%C3%A9/https%3A%2F%2Fexample.org%2F",
        f"{signature}/",
        signature,
        "",
        f"{sealer.sign('javascript:alert(1)')}/javascript%3Aalert(1)",
        f"{sealer.sign('//evil.example')}/%2F%2Fevil.example",
    ):
        answer = published.get(f"/outgoing/{bad}", status=404)
        assert answer.json["code"] == "ERROR_NOT_FOUND"
        assert "Location" not in answer.headers
    # Even if it had been signed, it could not add a header.
    sign = sealer.sign("https://example.org/\r\nSet-Cookie: a=b")
    answer = published.get(
        f"/outgoing/{sign}/https%3A%2F%2Fexample.org%2F%0D%0ASet-Cookie%3A%20a%3Db", status=404
    )
    assert not {"Location", "Set-Cookie"} & set(answer.headers)
