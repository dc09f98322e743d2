"""A request finds the route that Pyramid itself would find, whatever its path is."""

from pyramid.request import Request
from pyramid.urldispatch import RoutesMapper

from registry.rest import ResourceService
from support.services import VERBS

ODD = ("", "/", "//", "/api", "/api/", "/api/v4", "/api/v4//", "//api/v4/extensions", "/api/v4/extensionsx")
ODD += (
    "/api/v4/extensions/a.zip",
    "/api/v4/extensions/a%2fb",
    "/v1/get-miniconf",
    "/v1",
    "/nothing/at/all",
    "nothing",
)
ODD += ("/api/v4/extensions/caf\xc3\xa9", "/extension//latest", "/a.zip", "/outgoing/x/http://example.org/")


def test_the_same_route(config):
    mapper = config.get_routes_mapper()
    paths = {service.path for service in ResourceService.all}
    paths |= {f"{path}/more" for path in paths} | {path.rpartition("/")[0] for path in paths}
    found = set()
    for path in sorted(paths.union(ODD)):
        for verb in VERBS:
            request = Request({"PATH_INFO": path, "REQUEST_METHOD": verb, "QUERY_STRING": ""})
            expected = RoutesMapper.__call__(mapper, request)
            assert mapper(request) == expected, (verb, path)
            found.add(expected["route"])
    assert len(found) > len(paths) / 4
