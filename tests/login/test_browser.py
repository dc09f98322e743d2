"""Logging in with a browser, by providers that run: one nobody here wrote, and one that speaks as GitHub does."""

import datetime
from email.utils import parsedate_to_datetime

import pytest
import time_machine
import webtest
from sqlalchemy import select

from registry.domain import credentials, logins, sessions
from registry.domain.errors import Forbidden
from registry.models import Event, Identity, LoginSession, User, now
from registry.settings import BadSetting
from registry.wsgi import application
from support.application import configure
from support.browser import SITE, Browser
from support.wire import assert_failure

SESSION = "registry-session"


def people(site):
    with site.registry["database"].read() as connection:
        return list(connection.scalars(select(User.username).order_by(User.id)))


def test_by_openid_connect(browser, site):
    ann = browser()
    answer = ann.log_in("ann@example.org", after="/device")
    assert answer.headers["Location"] == f"{SITE}/device"
    session = ann.session()
    assert (session["origin"], session["current"]) == ("corp", True)
    assert people(site) == ["ann"]
    with site.registry["database"].read() as connection:
        kinds = list(connection.scalars(select(Event.kind).order_by(Event.seq)))
        causes = [data["cause"] for data in connection.scalars(select(Event.data))]
    assert kinds == ["user.created", "identity.added", "user.logged-in", "session.opened"]
    assert {cause["request"] for cause in causes} == {answer.headers["X-Request-Id"]}
    assert {cause["network"] for cause in causes} == {"127.0.0.0/24"}


def test_by_github(browser, github, site):
    ann = browser()
    github.user = {"id": 1001, "login": "Octo Ann"}
    ann.get(github.authorize(ann.start("github")), status=303)
    assert people(site) == ["octo-ann"]
    # Renamed there: the same account. The old name with another id: another one, with another name.
    github.user = {"id": 1001, "login": "annette"}
    again = browser()
    again.get(github.authorize(again.start("github")), status=303)
    assert people(site) == ["octo-ann"]
    github.user = {"id": 2002, "login": "Octo Ann"}
    other = browser()
    other.get(github.authorize(other.start("github")), status=303)
    assert people(site) == ["octo-ann", "octo-ann-2"]


def test_the_same_login_is_the_same_account(browser, site):
    for _ in range(2):
        browser().log_in("ann")
    assert people(site) == ["ann"]
    browser().log_in("ann.")
    assert len(people(site)) == 2


def test_cookies_are_only_for_us(browser, site):
    ann = browser()
    ann.start("corp")
    answer = ann.log_in("ann")
    cookies = [value for name, value in answer.headerlist if name == "Set-Cookie"]
    assert len(cookies) == 2
    for cookie in cookies:
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie


@pytest.mark.parametrize(
    "option", [{"registry.public_url": "https://127.0.0.1:6543"}, {"registry.require_https": "true"}]
)
def test_cookies_travel_over_https_only(site, option):
    config = configure(site.get_settings() | option)
    https = {"REMOTE_ADDR": "127.0.0.1", "wsgi.url_scheme": "https"}
    ann = Browser(webtest.TestApp(application(config), extra_environ=https))
    begun = ann.get("/login/developer", headers={"Accept": "text/html"})
    cookies = begun.headers.getall("Set-Cookie") + ann.developer("ann").headers.getall("Set-Cookie")
    assert len(cookies) == 3
    assert all("; secure" in cookie for cookie in cookies)
    assert cookies[2].startswith("__Host-registry-session=")
    config.registry["database"].dispose()


def test_reading_sets_no_cookie(browser):
    for path in ("/", "/login", "/api/v4/extensions/", "/device", "/oauth/token"):
        answer = browser().get(path, expect_errors=True)
        assert "Set-Cookie" not in answer.headers, path


def test_a_callback_without_a_beginning(browser):
    ann, mallory = browser(), browser()
    back = ann.approve(ann.start("corp"), "ann")
    assert "NO_LOGIN" in assert_failure(mallory.get(back, expect_errors=True), 400)["state"][0]
    mallory.start("corp")
    assert "WRONG_STATE" in assert_failure(mallory.get(back, expect_errors=True), 400)["state"][0]
    without = back.replace("state=", "nothing=")
    assert "WRONG_STATE" in assert_failure(ann.get(without, expect_errors=True), 400)["state"][0]
    other = back.replace("/corp/", "/github/")
    assert "WRONG_STATE" in assert_failure(ann.get(other, expect_errors=True), 400)["state"][0]
    ann.get(back, status=303)


def test_a_callback_counts_once(browser):
    ann = browser()
    address = ann.start("corp")
    kept = ann.app.cookies["registry-login"]
    back = ann.approve(address, "ann")
    ann.get(back, status=303)
    assert "NO_LOGIN" in assert_failure(ann.get(back, expect_errors=True), 400)["state"][0]
    # Even for somebody who has copied the cookie.
    copy = browser()
    copy.app.set_cookie("registry-login", kept)
    assert "ALREADY_USED" in str(assert_failure(copy.get(back, expect_errors=True), 400))


def test_a_code_that_the_provider_does_not_take(browser, github):
    ann = browser()
    back = github.authorize(ann.start("github"))
    github.codes.clear()
    assert "LOGIN_REFUSED" in assert_failure(ann.get(back, expect_errors=True), 400)["code"][0]
    ann.start("github")
    refused = ann.start("github").split("state=")[1].split("&")[0]
    answer = ann.get(f"/login/github/callback?error=access_denied&state={refused}", expect_errors=True)
    assert "access_denied" in assert_failure(answer, 400)["code"][0]


def test_an_answer_of_another_issuer(browser):
    ann = browser()
    back = ann.approve(ann.start("corp"), "ann")
    answer = ann.get(f"{back}&iss=https://evil.example.org", expect_errors=True)
    assert "WRONG_ISSUER" in assert_failure(answer, 400)["iss"][0]


def test_a_login_that_took_too_long(browser):
    ann = browser()
    back = ann.approve(ann.start("corp"), "ann")
    with time_machine.travel(now() + datetime.timedelta(minutes=11)):
        ann.app.set_cookie("registry-login", ann.app.cookies["registry-login"])
        answer = ann.get(back, expect_errors=True)
    assert "LOGIN" in assert_failure(answer, 400)["state"][0]


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example.org/",
        "//evil.example.org",
        "/%5Cevil.example.org",
        "%5C%5Cevil.example.org",
        "/%09/evil.example.org",
        "javascript:alert(1)",
        "evil",
        "%20/device",
        "/%2Fevil.example.org",
        "/device%0D%0ASet-Cookie:%20a=b",
        "@evil.example.org",
    ],
)
def test_next_stays_on_this_site(browser, address):
    for path in ("/login/", "/login/corp", "/login/developer"):
        answer = browser().get(f"{path}?next={address}", expect_errors=True)
        assert "FOREIGN_ADDRESS" in assert_failure(answer, 400)["next"][0]


def test_a_provider_that_is_away(ini):
    import webtest

    config = configure(
        {
            **ini,
            "huey.class": "huey.MemoryHuey",
            "login.providers": "gone",
            "login.gone.issuer": "http://127.0.0.1:9",
            "login.gone.client_id": "x",
        }
    )
    app = webtest.TestApp(config.make_wsgi_app())
    assert_failure(app.get("/login/gone", expect_errors=True), 502, "ERROR_PROVIDER")
    config.registry["database"].dispose()


def test_a_disabled_account(browser, site):
    browser().log_in("ann")
    disable(site, "ann")
    ann = browser()
    back = ann.approve(ann.start("corp"), "ann")
    assert_failure(ann.get(back, expect_errors=True), 403, "ACCOUNT_DISABLED")


def disable(site, username):
    def work(session):
        session.scalars(select(User).where(User.username == username)).one().disabled = now()

    site.registry["database"].write(work)


def test_a_session_ends_with_its_account(browser, site):
    ann = browser()
    ann.log_in("ann")
    disable(site, "ann")
    assert_failure(ann.get("/api/v4/users/me/sessions/", expect_errors=True), 401)


def test_changes_need_the_csrf_token(browser):
    ann = browser()
    ann.log_in("ann")
    body = {"name": "ci", "scopes": ["publish"]}
    path = "/api/v4/users/me/tokens/"
    assert_failure(ann.app.post_json(path, body, expect_errors=True), 403, "ERROR_CSRF")
    wrong = {"X-CSRF-Token": "0" * 64}
    assert_failure(ann.app.post_json(path, body, headers=wrong, expect_errors=True), 403, "ERROR_CSRF")
    bob = browser()
    bob.log_in("bob")
    assert_failure(ann.app.post_json(path, body, headers=bob.csrf(), expect_errors=True), 403, "ERROR_CSRF")
    ann.app.post_json(path, body, headers=ann.csrf(), status=201)
    # Whoever sends a token of their own does not mean the cookie.
    token = ann.app.post_json(path, body | {"scopes": ["manage"]}, headers=ann.csrf()).json["token"]
    ann.app.post_json(path, body | {"scopes": ["manage"]}, headers={"Auth-Token": token}, status=201)


def test_logging_out_counts_at_once(browser, site):
    ann, thief = browser(), browser()
    ann.log_in("ann")
    thief.app.set_cookie(SESSION, ann.app.cookies[SESSION])
    assert thief.session()["id"] == ann.session()["id"]
    assert_failure(ann.app.post("/logout", expect_errors=True), 403, "ERROR_CSRF")
    ann.app.post("/logout", {"csrf_token": ann.session()["csrf_token"]}, status=204)
    for each in (ann, thief):
        assert_failure(each.get("/api/v4/users/me/sessions/", expect_errors=True), 401)
    with site.registry["database"].read() as connection:
        assert connection.scalar(select(LoginSession.revoked)) is not None


def test_a_cookie_that_does_not_hold_is_nobodys(browser):
    ann = browser()
    ann.app.set_cookie(SESSION, "nonsense")
    ann.get("/api/v4/extensions/", status=200)
    ann.log_in("ann")
    assert ann.session()["current"]


def test_another_login_for_the_same_account(browser, github, site):
    ann = browser()
    ann.log_in("ann")
    github.user = {"id": 77, "login": "somebody"}
    ann.get(github.authorize(ann.start("github")), status=303)
    assert people(site) == ["ann"]
    fresh = browser()
    fresh.get(github.authorize(fresh.start("github")), status=303)
    assert people(site) == ["ann"]
    bob = browser()
    bob.log_in("bob")
    taken = bob.get(github.authorize(bob.start("github")), expect_errors=True)
    assert_failure(taken, 409, "IDENTITY_TAKEN")
    with site.registry["database"].read() as connection:
        assert len(connection.execute(select(Identity.id)).all()) == 3


def test_ones_own_login_again_is_no_other_one(browser, site):
    ann = browser()
    ann.log_in("ann")
    assert ann.log_in("ann").status_int == 303
    assert ann.get("/api/v4/users/me/identities/").json["count"] == 1
    assert people(site) == ["ann"]


@pytest.mark.parametrize("end", ["logged out everywhere", "logged out", "somebody else"])
def test_a_login_is_added_only_while_one_is_logged_in(browser, site, end):
    ann = browser()
    ann.log_in("ann")
    begun = ann.start("corp")
    if end == "logged out everywhere":
        ann.app.delete("/api/v4/users/me/sessions/", headers=ann.csrf(), status=204)
    elif end == "logged out":
        ann.app.post("/logout", headers=ann.csrf(), status=204)
    else:
        bob = browser()
        bob.log_in("bob")
        ann.app.set_cookie(SESSION, bob.app.cookies[SESSION])
    answer = ann.get(ann.approve(begun, "mallory"), expect_errors=True)
    assert "LOGGED_OUT" in assert_failure(answer, 400)["state"][0]
    browser().log_in("mallory")
    assert "mallory" in people(site)


def test_a_session_that_ends_while_a_login_is_added(browser, site):
    database = site.registry["database"]
    browser().log_in("ann")
    with database.read() as connection:
        row = connection.execute(select(LoginSession.id, LoginSession.user_id)).one()
    database.write(lambda session: sessions.end_all(session, row.user_id, row.user_id))
    with pytest.raises(Forbidden, match="just been revoked"):
        database.write(lambda s: logins.link(s, row.user_id, "corp", "mallory", "x", session_id=row.id))


def test_the_page_lists_the_ways(browser):
    page = browser().get("/login/?next=/device", headers={"Accept": "text/html,*/*"})
    assert page.status_int == 200
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    links = [link["href"] for link in page.html.find_all("a")] if hasattr(page, "html") else []
    assert f"{SITE}/login/corp?next=%2Fdevice" in (links or page.text)
    listed = browser().get("/login/").json["providers"]
    assert [way["name"] for way in listed] == ["corp", "github", "developer"]


def test_the_developer_login(browser, site):
    site.registry["database"].write(lambda session: credentials.create_user(session, "owner") and None)
    owner = browser()
    answer = owner.developer("owner")
    # What the login began with is spent, so it is taken away, for clients that look at the date only, too.
    (spent,) = [text for text in answer.headers.getall("Set-Cookie") if text.startswith("registry-login=")]
    expires = parsedate_to_datetime(spent.partition("expires=")[2].partition(";")[0])
    assert "Path=/login;" in spent
    assert "Max-Age=0" in spent
    assert expires < now() - datetime.timedelta(hours=1)
    assert list(owner.app.cookies) == [SESSION]
    assert people(site) == ["owner"]
    browser().developer("new")
    assert people(site) == ["owner", "new"]
    forged = owner.app.post(
        "/login/developer", {"state": "x", "username": "owner"}, expect_errors=True, headers=owner.csrf()
    )
    assert "NO_LOGIN" in assert_failure(forged, 400)["state"][0]
    away = {"REMOTE_ADDR": "192.0.2.1"}
    assert_failure(browser().get("/login/developer", extra_environ=away, expect_errors=True), 403)


@pytest.mark.parametrize(
    "host", ["registry.example.org", "rebound.example.org:6543", "127.0.0.1.example.org"]
)
def test_the_developer_login_is_for_nobody_who_came_by_another_name(browser, host):
    """Through a proxy on this machine, or a page of somebody else's whose name leads to this machine by now."""
    ann = browser()
    page = ann.get("/login/developer", headers={"Accept": "text/html"})
    fields = {"state": page.forms[0]["state"].value, "username": "admin"}
    other = {"Host": host}
    assert_failure(ann.get("/login/developer", headers=other, expect_errors=True), 403)
    assert_failure(ann.app.post("/login/developer", fields, headers=other, expect_errors=True), 403)
    for name in ("localhost:6543", "127.0.0.1:6543", "[::1]:6543"):
        ann.get("/login/developer", headers={"Host": name}, status=200)


@pytest.mark.parametrize("name", ["", "a\0b", "me", "../x", "Ann", "deleted~1", "x" * 101])
def test_the_developer_login_takes_names_of_accounts_only(browser, name):
    ann = browser()
    form = ann.get("/login/developer", headers={"Accept": "text/html"}).forms[0]
    form["username"] = name
    assert "BAD_USERNAME" in assert_failure(form.submit(expect_errors=True), 400)["username"][0]


def test_the_developer_login_again_as_somebody_else(browser):
    ann = browser()
    ann.developer("ann")
    assert "Log in with the developer login" in ann.get("/login/", headers={"Accept": "text/html"}).text
    ann.developer("bob")
    assert ann.get("/api/v4/users/me/").json["username"] == "bob"


def test_production_refuses_the_developer_login(ini):
    with pytest.raises(BadSetting, match="anybody log in as anybody"):
        configure({**ini, "registry.production": "true"})


def test_providers_are_checked_at_the_start(ini):
    for options, said in (
        ({"login.providers": "corp"}, "login.corp.client_id"),
        ({"login.providers": "corp", "login.corp.client_id": "x"}, "login.corp.issuer"),
        (
            {
                "login.providers": "corp",
                "login.corp.client_id": "x",
                "login.corp.issuer": "http://sso.example.org",
            },
            "https",
        ),
        ({"login.providers": "device", "login.device.client_id": "x"}, "not developer or device"),
        ({"login.providers": "corp", "login.corp.colour": "red"}, "login.corp.colour is not a setting"),
        ({"login.providers": "github", "login.github.kind": "x", "login.github.client_id": "x"}, "kind"),
    ):
        with pytest.raises(BadSetting, match=said):
            configure({**ini, **options})


def test_removing_a_login(browser, github):
    ann, bob = browser(), browser()
    ann.log_in("ann")
    bob.log_in("bob")
    path = "/api/v4/users/me/identities/"
    (first,) = ann.get(path).json["results"]
    assert (first["provider"], first["label"]) == ("corp", "ann")
    last = ann.app.delete(f"{path}{first['id']}/", headers=ann.csrf(), expect_errors=True)
    assert_failure(last, 409, "LAST_IDENTITY")
    github.user = {"id": 77, "login": "octo"}
    ann.get(github.authorize(ann.start("github")), status=303)
    assert_failure(bob.app.delete(f"{path}{first['id']}/", headers=bob.csrf(), expect_errors=True), 404)
    ann.app.delete(f"{path}{first['id']}/", headers=ann.csrf(), status=204)
    again = browser()
    again.log_in("ann")
    assert again.get("/api/v4/users/me/").json["username"] == "ann-2"
