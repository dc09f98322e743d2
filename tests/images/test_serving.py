"""The files that were made of pictures, as everybody gets them; and nothing else of the store."""

import pytest
from sqlalchemy import select

from registry.domain import states
from registry.jobs import runner
from registry.jobs.worker import open_context
from registry.models import Artifact, Extension, ExtensionState, Image, Job
from registry.settings import read
from support.pictures import EXTENSIONS, OF, picture
from support.samples import brackets
from support.wire import assert_failure
from support.wire import send as raw

BASE = "http://127.0.0.1:6543"


@pytest.fixture
def files(publish, shown):
    """Paths of an icon and of a screenshot that are served."""
    publish(files={"i.png": picture(), "s.png": picture((640, 480))}, icon="i.png", screenshot="s.png")
    icons, (shot,) = shown()
    return [icons["32"].removeprefix(BASE), shot["url"].removeprefix(BASE)]


def test_headers(app, files, config):
    for path, kind in zip(files, ("image/png", "image/webp"), strict=True):
        for answer in (app.get(path), app.get(path), app.get(path, headers={"Accept-Encoding": "gzip"})):
            assert answer.headers["Content-Type"] == kind
            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
            assert answer.headers["ETag"] == f'"{path[8:72]}"'
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
            assert answer.headers["Access-Control-Allow-Origin"] == "*"
            assert "Set-Cookie" not in answer.headers
            assert answer.body == config.registry["storage"].path(path[8:72]).read_bytes()
        assert app.get(path, headers={"If-None-Match": answer.headers["ETag"]}, status=304).body == b""
        assert app.head(path).headers["Content-Length"] == str(len(answer.body))
        part = app.get(path, headers={"Range": "bytes=2-9"}, status=206)
        assert (part.body, part.headers["Content-Type"]) == (answer.body[2:10], kind)
        beyond = app.get(path, headers={"Range": "bytes=9999999-"}, status=416)
        assert_failure(beyond, 416, "ERROR_RANGE_NOT_SATISFIABLE")
        assert raw(app, "POST", path).status_int == 405


def test_no_other_file_of_the_store_has_such_an_address(
    app, files, config, database, publish, send, ann, work
):
    send(picture((99, 99)))
    work()
    with database.read() as connection:
        sources = set(connection.scalars(select(Image.source_sha256)))
        artifact = connection.scalar(select(Artifact.sha256))
    root = config.registry["storage"].root
    stored = {path.parent.name + path.name for path in root.glob("[0-9a-f][0-9a-f]/*")}
    assert artifact in stored
    served = {
        sha256
        for sha256 in stored | sources
        for suffix in ("png", "webp", "jpg")
        if app.get(f"/images/{sha256}.{suffix}", expect_errors=True).status_int == 200
    }
    with database.read() as connection:
        made = {
            value.partition(".")[0]
            for outputs in connection.scalars(select(Image.outputs))
            for value in outputs.values()
            if isinstance(value, str)
        }
    assert served == made
    sha256 = files[0][8:72]
    for name in (
        sha256,
        f"{sha256}.webp",
        f"{sha256}.jpg",
        f"{sha256.upper()}.png",
        f"{sha256}.png.png",
        "x.png",
        "",
    ):
        assert_failure(app.get(f"/images/{name}", expect_errors=True), 404)


@pytest.mark.parametrize("state", list(ExtensionState))
def test_by_state(app, files, accounts, ann, database, state):
    for path in files:
        app.get(path)  # is kept

    def change(session):
        if state != ExtensionState.ACTIVE:
            states.set_state(
                session, session.scalars(select(Extension)).one(), state, reason="a test", actor_id=None
            )

    database.write(change)
    open_to_all = state in (ExtensionState.ACTIVE, ExtensionState.UNLISTED)
    for path in files:
        for headers in ({}, accounts.bearer("bob")):
            answer = app.get(path, headers=headers, expect_errors=True)
            if open_to_all:
                assert answer.status_int == 200
            else:
                assert_failure(answer, 404)
        for headers in (ann, accounts.bearer("root", admin=True)):
            answer = app.get(path, headers=headers)
            assert answer.headers["Cache-Control"].startswith(
                "public" if open_to_all else "private, no-store"
            )
    detail = app.get(f"{EXTENSIONS}word-tally/", headers=ann).json
    assert all(detail[name] for name in ("icons", "thumbnail_url", "screenshots"))


def test_not_before_anything_is_signed(app, ann, send, work, database, ini):
    app.post(EXTENSIONS, brackets(), headers=ann)
    address = send().headers["Location"].removeprefix(BASE)
    with database.read() as connection:
        job_id = connection.scalar(select(Job.id).where(Job.kind == "image"))
    context = open_context(ini, read(ini))
    runner.run(context, job_id)
    context.database.dispose()
    made = app.get(address, headers=ann).json["files"]
    for path in (path.removeprefix(BASE) for path in made.values()):
        assert_failure(app.get(path, expect_errors=True), 404)
        assert app.get(path, headers=ann).headers["Cache-Control"] == "private, no-store"
    work()
    for path in (path.removeprefix(BASE) for path in made.values()):
        app.get(path)


def test_one_file_of_two_extensions(app, files, accounts, database, ann, work):
    """Equal pictures have one address, which is there while one of their extensions is."""
    app.post(
        EXTENSIONS,
        brackets("other", files={"i.png": picture()}, icon="i.png"),
        headers=accounts.bearer("bob"),
    )
    while work():
        pass

    def disable(session):
        extension = session.scalars(select(Extension).where(Extension.name == "word-tally")).one()
        states.set_state(session, extension, ExtensionState.DISABLED, reason="a test", actor_id=None)

    database.write(disable)
    app.get(files[0])
    app.get(files[1], status=404)
    listing = app.get("/api/v4/listing/").json["extensions"]
    disabled = [app.get(EXTENSIONS + "word-tally/").json, *(each for each in listing if each["disabled"])]
    assert [(each["icons"], each["thumbnail_url"]) for each in disabled] == [({}, None)] * 2
    assert app.get(EXTENSIONS + "other/").json["icons"] != {}
    app.get(f"{OF}1/", headers=ann)
