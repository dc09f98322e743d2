"""What holds at every address of the application, whatever it is about."""

import functools
import itertools
import time

from pyramid.security import NO_PERMISSION_REQUIRED

from registry import rest
from registry.permissions import Permission
from registry.rest import ResourceService
from support import services, shelf
from support.services import ABSENT, VERBS, address, every, permission, question, verbs
from support.wire import assert_failure, send

GARBAGE = b"\xff{\x00"
ODD_SEGMENTS = (
    ".",
    "..",
    "%2e",
    "%2e%2e",
    "@@",
    "@@x",
    "@@versions",
    "%2f",
    "..%2f..",
    "%00",
    "a%00b",
    "%0a",
    "%1b[0m",
)
ODD_SEGMENTS += (
    "%7f",
    "%C2%85",
    "%E2%80%AE",
    "*",
    "?",
    "%3f",
    "%25",
    "'",
    '"',
    "a" * 50_000,
    "%F0%9F%98%80",
    "latest ",
)


def test_the_routes_are_the_services(config):
    patterns = [route.pattern for route in config.get_routes_mapper().get_routes()]
    assert sorted(patterns) == sorted(service.path for service in ResourceService.all)


def test_every_view_has_an_explicit_permission(config):
    """Asked of Pyramid itself: OPTIONS, wrong verbs and errors are free, all else has one of ours."""
    of_services = 0
    for item in config.introspector.get_category("views"):
        view = item["introspectable"]
        if view["route_name"] is None:
            # Without a route a view is never found by a request, only by an exception.
            assert issubclass(view["context"], Exception) or view["context"].__name__ == "IExceptionResponse"
            continue
        found = [other["value"] for other in item["related"] if other.category_name == "permissions"]
        where = f"{view['route_name']} {view['request_methods']}"
        if view["request_methods"] in ("OPTIONS", None):
            assert found == [NO_PERMISSION_REQUIRED], where
        else:
            assert len(found) == 1, where
            assert isinstance(found[0], Permission), where
            of_services += 1
    assert of_services == sum(len(verbs(service)) for service in ResourceService.all)


def test_other_verbs_are_405(stocked, accounts):
    owner = accounts.bearer(shelf.OWNER)
    for service in filter(services.takes_every_verb, services.present()):
        for verb in set(VERBS) - rest.verbs_at(service.path):
            for headers in ({}, owner):
                answer = send(stocked, verb, address(service), headers, GARBAGE)
                assert_failure(answer, 405)
                assert answer.headers["Allow"].split(", ") == sorted(rest.verbs_at(service.path))


def test_options_without_an_origin(stocked):
    for service in filter(services.takes_every_verb, services.present()):
        answer = send(stocked, "OPTIONS", address(service))
        assert (answer.status_int, answer.body) == (204, b"")
        assert answer.headers["Allow"].split(", ") == sorted(rest.verbs_at(service.path))
        assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_anonymous_is_401_before_anything_is_read(stocked):
    protected = [(s, verb) for s in services.present() for verb in verbs(s) if permission(s, verb).scope]
    assert protected
    for service, verb in protected:
        for headers in ({}, {"Accept": "text/html"}, {"Content-Type": "application/json"}):
            answer = send(stocked, verb, f"{address(service)}?page=x&wait=y&cursor=%ff", headers, GARBAGE)
            code = None if verb == "HEAD" else "ERROR_NOT_AUTHENTICATED"
            assert_failure(answer, 401, code)


def test_what_is_missing_is_404_at_every_depth(stocked, accounts):
    for headers in ({}, accounts.bearer(shelf.OWNER), accounts.bearer("root", admin=True)):
        for service in every():
            for variable in set(services.variables(service)) & set(ABSENT):
                # What another service does there is another matter.
                for verb in set(VERBS) - rest.verbs_at(service.path) | set(service.defined_methods):
                    answer = send(
                        stocked, verb, address(service, **{variable: ABSENT[variable]}), headers, GARBAGE
                    )
                    if not headers and services.is_own(service) and answer.status_int in (204, 401, 405):
                        continue  # whether it is there is nobody's business
                    assert_failure(answer, 404, None if verb == "HEAD" else "ERROR_NOT_FOUND")


def test_a_strangers_private_node_is_404(stocked, accounts):
    """An extension of which nothing is signed, a version that is not, and everything below."""
    hidden = [
        where
        for service in every()
        for where in (
            {"name": shelf.PRIVATE},
            {"name": shelf.PRIVATE, "version": "latest"},
            {"version": shelf.UNSIGNED},
        )
        if set(where) <= set(services.variables(service))
        for where in [address(service, **where)]
    ]
    assert len(hidden) > 10
    for headers in ({}, accounts.bearer("bob"), accounts.bearer("carl", extensions=[shelf.PRIVATE])):
        for path in hidden:
            for verb in VERBS:
                assert_failure(send(stocked, verb, path, headers, GARBAGE), 404)


def test_the_same_nodes_are_there_for_the_owner_and_for_admins(stocked, accounts):
    for headers in (accounts.bearer(shelf.OWNER), accounts.bearer("root", admin=True)):
        for service in services.present():
            if "GET" in service.defined_methods and {"name", "version"} <= set(services.variables(service)):
                where = address(service, version=shelf.UNSIGNED)
                answer = send(stocked, "GET", where, headers)
                assert answer.status_int == 200 or answer.json["code"] == "NOT_SIGNED_YET", where


def test_odd_segments_lead_nowhere(stocked, accounts):
    """Above all not to another node's view: a dot segment is one thing to a route, another to traversal."""
    verbs_in_turn = itertools.cycle(("GET", "POST", "DELETE", "OPTIONS"))
    for headers in ({}, accounts.bearer("root", admin=True)):
        for service in every():
            for variable in set(services.variables(service)) - services.IN_WORDS - services.TO_COME:
                for odd, verb in zip(ODD_SEGMENTS, verbs_in_turn, strict=False):
                    where = address(service, **{variable: odd.replace("?", "%3f")})
                    answer = send(stocked, verb, where, headers)
                    if not headers and services.is_own(service) and answer.status_int in (204, 401, 405):
                        continue
                    assert_failure(answer, 404)


def test_what_is_not_utf8_is_400(stocked):
    for service in every():
        for variable in services.variables(service):
            for odd in ("%ff", "%c3", "%ed%a0%80", "a%ffb.zip"):
                for verb in VERBS:
                    answer = send(stocked, verb, address(service, **{variable: odd}))
                    assert_failure(answer, 400)
                    assert verb == "HEAD" or b"not UTF-8" in answer.body


def test_a_query_that_is_not_utf8_is_400(app):
    for query in ("page=%ff", "%ff=1", "page=1&%c3=", "\xff=1"):
        assert_failure(send(app, "GET", f"/api/v4/extensions/?{query}"), 400)


def test_addresses_without_a_service(app):
    for path in ("///", "/api", "/api/", "/api/v4/", "/api/v4/extensions//", "/addon", "/x" * 5000):
        for verb in VERBS:
            assert_failure(send(app, verb, path), 404)


def test_json_is_all_there_is(stocked, accounts):
    owner = accounts.bearer(shelf.OWNER)
    for service in services.present():
        for verb in filter(functools.partial(services.for_tokens, service), verbs(service)):
            if not services.spares_the_shelf(service, verb):
                continue
            answer = send(stocked, verb, address(service), owner | {"Accept": "text/html"}, b"x")
            if service.media_type == "application/json":
                assert_failure(answer, 406, None if verb == "HEAD" else "ERROR_NOT_ACCEPTABLE")
            else:
                assert answer.status_int == 200
            for wide in ("*/*", "application/*;q=0.1", "text/html,application/json;q=0.1", "nonsense", ""):
                answer = send(stocked, verb, address(service), owner | {"Accept": wide}, b"x")
                assert answer.status_int != 406, (verb, address(service), wide)


def test_bodies_of_other_types_are_415(stocked, accounts):
    owner = accounts.bearer(shelf.OWNER)
    for service in services.present():
        for verb in {"POST", "PUT", "PATCH"} & set(service.defined_methods):
            if not (services.takes_a_body(service, verb) and services.for_tokens(service, verb)):
                continue
            for kind in ("image/png", "text/html", "application/xml", "multipart/mixed", "nonsense"):
                answer = send(stocked, verb, address(service), owner | {"Content-Type": kind}, b"x")
                assert_failure(answer, 415, "ERROR_UNSUPPORTED_MEDIA_TYPE")


def test_the_slash_at_the_end_is_optional(stocked, accounts):
    owner = accounts.bearer(shelf.OWNER)
    for service in services.present():
        bare = address(service).rstrip("/")
        for verb in filter(functools.partial(services.spares_the_shelf, service), VERBS):
            one, other = (send(stocked, verb, path, owner) for path in (bare, f"{bare}/"))
            assert (one.status, one.body, one.headers.get("ETag")) == (
                other.status,
                other.body,
                other.headers.get("ETag"),
            ), bare


def test_head_is_get_without_the_body(stocked, accounts):
    owner = accounts.bearer(shelf.OWNER)
    read = [service for service in services.present() if "GET" in service.defined_methods]
    assert read
    for service in read:
        got, head = (send(stocked, verb, question(service), owner) for verb in ("GET", "HEAD"))
        assert got.status_int == 200, address(service)
        assert got.headers["X-Content-Type-Options"] == "nosniff"
        assert "ETag" in got.headers
        assert got.body
        assert head.body == b""
        assert head.status == got.status
        assert _stable(head) == _stable(got)


def test_an_etag_saves_the_body(stocked, accounts):
    owner = accounts.bearer(shelf.OWNER)
    for service in services.present():
        if "GET" in service.defined_methods:
            etag = send(stocked, "GET", question(service), owner).headers["ETag"]
            answer = send(stocked, "GET", question(service), owner | {"If-None-Match": etag})
            assert (answer.status_int, answer.body) == (304, b""), address(service)


def _stable(answer):
    own = ("Date", "Retry-After", "X-Request-Id", "RateLimit-Remaining", "RateLimit-Reset")
    return {name: value for name, value in answer.headers.items() if name.lower() not in map(str.lower, own)}


def test_caches_keep_one_persons_answer_from_another(stocked, accounts):
    for headers in ({}, accounts.bearer(shelf.OWNER)):
        for service in services.present():
            if (
                "GET" in service.defined_methods
                and service.media_type
                and (headers or not _protected(service))
            ):
                answer = send(stocked, "GET", question(service), headers)
                assert answer.headers["Cache-Control"] == "no-cache", address(service)
                assert {"Authorization", "Auth-Token"} <= set(answer.headers["Vary"].split(", "))


def test_long_addresses_cost_nothing(app):
    """No pattern of a route goes back and forth over what it is given."""
    begun = time.process_time()
    for path in ("/api/v4/extensions/" + "." * 200_000, "/api/v4/extensions/" + ".zip" * 50_000 + "x"):
        for verb in ("GET", "PUT"):
            assert_failure(send(app, verb, path), 404)
    assert_failure(send(app, "GET", "/addon/a/versions/" + "-signed.xpi" * 20_000 + "x"), 404)
    assert time.process_time() - begun < 1


def _protected(service):
    return permission(service, "GET").scope is not None
