"""What is answered without the tree is, byte by byte, what the tree answers; all else is left to it."""

import pytest
import webtest
from sqlalchemy.exc import OperationalError

from registry.domain import states
from registry.models import Database, Extension, ExtensionState
from registry.wsgi import application
from support import shelf
from support.application import configure

EXTENSIONS = "/api/v4/extensions/"
OF_THE_REQUEST = ("X-Request-Id", "Date")
ASKED = {
    "plain": {},
    "without the slash": {"end": ""},
    "against caches": {"end": "/?_=1"},
    "in a language": {"end": "/?lang=de"},
    "wrapped": {"end": "/?wrap_outgoing_links"},
    "badly": {"end": "/?lang=!"},
    "compressed": {"headers": {"Accept-Encoding": "gzip"}},
    "for JSON": {"headers": {"Accept": "application/json"}},
    "for a page": {"headers": {"Accept": "text/html"}},
    "for anything": {"headers": {"Accept": "text/html, */*;q=0.1"}},
    "for any other": {"headers": {"If-None-Match": '"another"'}},
    "for another than any": {"headers": {"If-None-Match": "*"}},
    "for a part": {"headers": {"Range": "bytes=0-9"}},
    "for the head": {"method": "HEAD"},
    "over https": {"base_url": "https://127.0.0.1"},
}
LISTS = (
    "",
    "?",
    "?q=kits",
    "?q=public&page_size=1",
    "?q=k%C3%A4se&facets=1",
    "?sort=updated&page_size=1",
    "?sort=updated&page_size=1&page=2",
    "?sort=name&lang=de&wrap_outgoing_links",
    "?host=brackets&host_version=1.14",
    "?host=emacs&host_version=1",
    "?page=401",
    "?page=0&sort=sideways",
    "?q=%FF",
    "?q=a%00b",
    "?cursor=made-up",
    "?_=3&q=kits",
    "autocomplete/?q=ki",
    "autocomplete/",
    "autocomplete/?q=" + 300 * "a",
)
NAMES = (
    shelf.PUBLIC,
    shelf.PRIVATE,
    shelf.ADDON,
    "nobody-knows",
    "autocomplete",
    "..",
    "w%00",
    "%C3%A9",
    "@@",
)


@pytest.fixture
def stocked(app, accounts, work):
    shelf.stock(app, accounts, work)
    review = {"rating": 4, "title": "Counts", "body": "Words."}
    app.post_json(f"{EXTENSIONS}{shelf.PUBLIC}/reviews/", review, headers=accounts.bearer("bob"))
    return app


def ask(app, name, how, express, monkeypatch):
    """The status, headers and body of an answer that has not been given before."""
    app.app._kept.clear()
    with monkeypatch.context() as patch:
        if not express:
            patch.setattr(app.app._application, "_shortcuts", {})
        options = {"method": "GET", **how}
        end = options.pop("end", "/")
        answer = app.request(f"{EXTENSIONS}{name}{end}", expect_errors=True, **options)
    headers = {name: value for name, value in answer.headers.items() if name not in OF_THE_REQUEST}
    return answer.status, headers | {"RateLimit-Remaining": None, "RateLimit-Reset": None}, answer.body


def put_into(database, state):
    def work(session):
        extension = session.query(Extension).filter_by(name=shelf.PUBLIC).one()
        if extension.state != state:
            states.set_state(session, extension, state, reason="It was looked at.", actor_id=None)

    database.write(work)


@pytest.mark.parametrize("state", list(ExtensionState))
def test_the_same_answer_by_both_ways(stocked, config, monkeypatch, state):
    put_into(config.registry["database"], state)
    for name in NAMES:
        for label, how in ASKED.items():
            answers = [ask(stocked, name, how, express, monkeypatch) for express in (True, False)]
            assert answers[0] == answers[1], (name, label)


@pytest.mark.parametrize("asked", LISTS)
def test_the_same_list_by_both_ways(stocked, monkeypatch, asked):
    for how in ("plain", "compressed", "for a page", "for any other", "for another than any", "for the head"):
        options = {"end": "", **ASKED[how]}
        answers = [ask(stocked, asked, options, express, monkeypatch) for express in (True, False)]
        assert answers[0] == answers[1], how


@pytest.mark.parametrize("state", list(ExtensionState))
def test_the_tree_is_asked_only_where_it_is_needed(stocked, config, monkeypatch, state):
    put_into(config.registry["database"], state)
    asked = []
    tree = stocked.app._application._application
    monkeypatch.setattr(
        stocked.app._application, "_application", lambda *wsgi: asked.append(1) or tree(*wsgi)
    )
    for how in ("plain", "without the slash", "against caches", "compressed", "for JSON"):
        ask(stocked, shelf.PUBLIC, ASKED[how], True, monkeypatch)
    assert bool(asked) == (state == ExtensionState.PENDING_DISABLE)
    ask(stocked, shelf.PRIVATE, {}, True, monkeypatch)
    assert asked


def test_lists_need_no_tree(stocked, monkeypatch):
    monkeypatch.setattr(stocked.app._application, "_application", None)
    for asked in ("", "?q=kits", "?sort=updated&page=1", "autocomplete/?q=ki"):
        assert ask(stocked, asked, {"end": ""}, True, monkeypatch)[0] == "200 OK"


def test_https_is_insisted_on(ini, stocked, monkeypatch):
    config = configure({**ini, "registry.require_https": "true"})
    app = webtest.TestApp(application(config), extra_environ={"REMOTE_ADDR": "127.0.0.1"})
    over = {"base_url": "https://127.0.0.1"}
    answers = [ask(app, shelf.PUBLIC, over, express, monkeypatch) for express in (True, False)]
    assert answers[0] == answers[1]
    assert "max-age=" in answers[0][1]["Strict-Transport-Security"]
    config.registry["database"].dispose()


def test_it_counts_like_any_other(ini, stocked):
    config = configure({**ini, "limits.read": "2/day"})
    app = webtest.TestApp(application(config), extra_environ={"REMOTE_ADDR": "127.0.0.1"})
    for name, status in ((shelf.PUBLIC, 200), (shelf.ADDON, 200), ("nobody-knows", 429)):
        app.get(f"{EXTENSIONS}{name}/", status=status)
    config.registry["database"].dispose()


def test_an_owner_is_told_more(stocked, config, accounts):
    put_into(config.registry["database"], ExtensionState.UNLISTED)
    address = f"{EXTENSIONS}{shelf.PUBLIC}/"
    assert stocked.get(address).json["state_reason"] is None
    assert stocked.get(address, headers=accounts.bearer(shelf.OWNER)).json["state_reason"]["text"]


def test_a_database_that_is_away(stocked, monkeypatch):
    def away(_):
        raise OperationalError("SELECT 1", {}, Exception("away"))

    stocked.get(f"{EXTENSIONS}{shelf.ADDON}/")
    monkeypatch.setattr(Database, "read", away)
    assert stocked.get(f"{EXTENSIONS}{shelf.PUBLIC}/", status=503).json["code"] == "ERROR_DATABASE"
