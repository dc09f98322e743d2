import pytest

from support import shelf

API = "/api/v4/"
TEAMS = f"{API}teams/"
ME = f"{API}users/me/"
PUBLIC = f"{API}extensions/{shelf.PUBLIC}/"


@pytest.fixture
def as_(app, accounts):
    """`as_("ann").post(path, {...})`: requests by that user, whose JSON bodies are optional."""

    class As:
        def __init__(self, name, **limits):
            self.headers = accounts.bearer(name, **limits)

        def __call__(self, verb, path, body=None, status=None):
            options = {"headers": self.headers, "status": status, "expect_errors": status is None}
            call = getattr(app, verb if body is None else f"{verb}_json")
            return call(path, body, **options) if body is not None else call(path, **options)

        def get(self, path, **options):
            return self("get", path, **options)

        def post(self, path, body=None, **options):
            return self("post", path, body, **options)

        def put(self, path, body=None, **options):
            return self("put", path, body, **options)

        def patch(self, path, body=None, **options):
            return self("patch", path, body, **options)

        def delete(self, path, **options):
            return self("delete", path, **options)

        def told(self):
            return [note["kind"] for note in self.get(f"{ME}notifications/").json["results"]]

    return As


@pytest.fixture
def stocked(app, accounts, work):
    shelf.stock(app, accounts, work)
    return app


@pytest.fixture
def join(as_):
    """Somebody joins a team, invited by its admin."""

    def join(team, admin, name, role="member"):
        person = as_(name)
        as_(admin).post(f"{TEAMS}{team}/invitations/", {"username": name, "role": role}, status=201)
        number = person.get(f"{ME}invitations/").json["results"][0]["id"]
        person.post(f"{ME}invitations/{number}/accept/", status=200)
        return person

    return join
