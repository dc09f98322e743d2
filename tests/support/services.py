"""The services of the application, and addresses that lead to them."""

import re

import registry.services  # noqa: F401 - defines them
from registry.rest import PAGE, ResourceService
from support import shelf

VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "OPTIONS")
# A value for each variable segment that leads to something public.
PRESENT = {
    "name": shelf.PUBLIC,
    "addon": shelf.ADDON,
    "file_id": "999",
    "version": shelf.SIGNED,
    "flat": f"{shelf.PUBLIC}-{shelf.SIGNED}",
    "file": "x.zip",
    "picture": f"{'0' * 64}.png",
    "provider": "developer",
    "id": "1",
    "username": "bob",
    "holder": "bob",
    "author": "bob",
    "team": "makers",
    "webhook": "999",
    "run": "1",
    "key": "0" * 32,
    "event": "999",
    "result": "999",
    "sha256": "0" * 64,
    "test_id": "1",
    "guid": shelf.PUBLIC,
    "number": shelf.SIGNED,
    "pk": "0" * 32,
    "rating": "1",
    "uuid": "0" * 32,
    "meta_key": "shared",
}
# Variables that name a row which is not on the shelf.
ADMINS_ONLY = tuple(
    f"/api/v4/{name}" for name in ("admins", "appeals", "events", "flags", "manage", "reports", "webhooks")
)
MANAGED = ("/manage",)
OFTEN_EMPTY = ("/transfer", "/reviews/mine", "/signature", "/block/{addon}")
OWN_ROWS = {
    "author",
    "file_id",
    "id",
    "key",
    "picture",
    "pk",
    "rating",
    "run",
    "test_id",
    "username",
    "holder",
    "team",
    "uuid",
    "webhook",
}
# What is read by views, which say 400 where others would say 404.
IN_WORDS = {"file", "test_id"}
# What may be sent to its address before it is there.
TO_COME = {"guid", "number", "pk"}
# Where it is nobody's business what is there.
OWN = ("/users/me/", "/addons/upload/")
# Of no use to anybody a minute later.
OF_THE_MOMENT = ("/delete_confirm",)
# By DELETE alone, and what would be gone is on the shelf.
ENDED_AT_ONCE = ("version", "amo_version")
LOGIN_ONLY = ("/api/v4/users/me/export",)
# It has to be told of what.
COUNTS = ("/countDownload", "/v1/get-miniconf")
ABSENT = {
    "rating": "x",
    "uuid": "x",
    "name": "nothing",
    "addon": "nothing",
    "file_id": "x",
    "version": "9.9.9",
    "flat": "nothing-9.9.9",
    "provider": "nobody",
    "id": "x",
    "picture": "x.png",
    "username": "nobody",
    "holder": "nobody",
    "author": "nobody",
    "team": "nobody",
    "webhook": "x",
    "run": "x",
    "key": "x",
    "event": "x",
    "result": "x",
    "sha256": "x",
}

QUESTIONS = {
    "/api/v4/updates/": "?host=brackets&host_version=1.14&installed=word-tally@1.0.0",
    "/api/v5/ratings/rating/": f"?addon={shelf.ADDON}",
}

_VARIABLE = re.compile(r"{(\w+)(?::(?:[^{}]|{[^}]*})*)?}")


def every() -> list[ResourceService]:
    """All of the API: no pages for people."""
    api = [service for service in ResourceService.all if service.media_type != PAGE]
    return sorted(api, key=lambda service: service.path)


def present() -> list[ResourceService]:
    """Those at whose `address` there is something; rows that are somebody's own are there in their own tests only."""
    return [
        service
        for service in every()
        if not OWN_ROWS & set(variables(service))
        and not service.path.startswith(ADMINS_ONLY + LOGIN_ONLY + COUNTS)
        and not service.path.endswith(OFTEN_EMPTY + MANAGED + OF_THE_MOMENT)
    ]


def for_tokens(service: ResourceService, verb: str) -> bool:
    """Whether a token can have the scope that this takes."""
    return bool(permission(service, verb).scope != "login")


def variables(service: ResourceService) -> list[str]:
    return _VARIABLE.findall(service.public_path)


def address(service: ResourceService, **values: str) -> str:
    """The address of the service's node for PRESENT, but for ``values``."""
    chosen = PRESENT | values
    return _VARIABLE.sub(lambda match: chosen[match[1]], service.public_path)


def question(service: ResourceService) -> str:
    """The same, with the query that its GET cannot do without."""
    return address(service) + QUESTIONS.get(service.public_path, "")


def takes_every_verb(service: ResourceService) -> bool:
    """False for addresses that are another service's for all but some verbs."""
    return not hasattr(service, "request_method")


def permission(service: ResourceService, verb: str):
    return next(arguments["permission"] for method, _, arguments in service.definitions if method == verb)


def spares_the_shelf(service: ResourceService, verb: str) -> bool:
    """Whether what is on the shelf is still there when its owner has said that, with any body."""
    return verb != "DELETE" or service.name not in ENDED_AT_ONCE


def verbs(service: ResourceService) -> list[str]:
    return [verb for verb in service.defined_methods if verb != "OPTIONS"]


def view(service: ResourceService, verb: str):
    return next(view for method, view, _ in service.definitions if method == verb)


def takes_a_body(service: ResourceService, verb: str) -> bool:
    """Whether the verb of that service reads a body that has a type."""
    arguments = next(arguments for method, _, arguments in service.definitions if method == verb)
    reads_json = any(hasattr(validator, "body_schema") for validator in arguments.get("validators", ()))
    return reads_json or getattr(view(service, verb), "takes_package", False)


def is_own(service: ResourceService) -> bool:
    """Whether all at its address is somebody's own, so that anonymous requests are not told what is there."""
    return any(part in service.path for part in OWN)
