"""Owners send pictures, arrange them and take them away."""

import pytest
from sqlalchemy import delete, func, select

from registry.models import Event, Extension, Image, ImageFile, Job, Ownership
from support.pictures import BLUE, GREEN, OF, RED, opened, picture
from support.samples import brackets
from support.wire import assert_failure


@pytest.fixture
def ini(ini):
    return ini | {"images.screenshots": "3", "images.max_bytes": "20000", "jobs.attempts": "1"}


def test_a_screenshot_from_sending_to_showing(publish, send, app, ann, work, shown, fetch):
    publish()
    sent = send(picture((800, 400), GREEN))
    assert sent.headers["Retry-After"] == "1"
    address = sent.headers["Location"].removeprefix("http://127.0.0.1:6543")
    waiting = app.get(address, headers=ann)
    assert sent.json == waiting.json
    assert (waiting.json["state"], waiting.json["files"], waiting.json["version"]) == ("queued", {}, None)
    assert shown() == ({}, [])
    work()
    ready = app.get(address, headers=ann).json
    assert (ready["state"], ready["error"], ready["role"], ready["position"]) == (
        "ready",
        None,
        "screenshot",
        0,
    )
    _, (shot,) = shown()
    assert (shot["id"], shot["width"], shot["height"], shot["caption"]) == (ready["id"], 800, 400, {})
    assert ready["files"] == {"full": shot["url"], "thumbnail": shot["thumbnail_url"]}
    assert opened(fetch(shot["thumbnail_url"]).body).size == (320, 160)
    assert app.get("/api/v4/extensions/").json["results"][0]["thumbnail_url"] == shot["thumbnail_url"]


def test_all_ways_to_send(publish, app, ann, send):
    publish()
    for number, kind in enumerate(("image/jpeg", "application/octet-stream")):
        data = picture((50 + number, 50))
        app.post(f"{OF}?role=screenshot", data, headers=ann | {"Content-Type": kind}, status=202)
    form = {"upload_files": [("file", "a.png", picture((60, 60)))]}
    first = app.post(f"{OF}?role=screenshot", headers=ann, status=202, **form)
    # The same again is the same.
    again = send(picture((60, 60)), status=200)
    assert (again.json, again.headers["Location"]) == (first.json, first.headers["Location"])
    answer = send(picture((70, 70)), status=409)
    assert answer.json["code"] == "TOO_MANY_PICTURES"
    send(picture((60, 60)), role="icon")


def test_an_icon_takes_the_place_of_the_one_before_when_it_is_ready(
    publish, send, app, ann, work, shown, fetch
):
    publish()
    send(picture((64, 64), RED), role="icon")
    work()
    before, _ = shown()
    assert list(before) == ["32", "64"]
    send(picture((64, 64), GREEN), role="icon")
    send(picture((96, 96), BLUE), role="icon")
    assert shown()[0] == before
    work()
    after, _ = shown()
    assert opened(fetch(after["128"]).body).getpixel((64, 64)) == (*BLUE, 255)
    assert len(app.get(OF, headers=ann).json) == 1
    fetch(before["32"], status=404)


def test_what_cannot_be_read_fails_alone(publish, send, app, ann, work, shown):
    publish()
    send(picture((64, 64)))
    broken = picture((300, 300), kind="PNG")[:200]
    failed = send(broken, headers=ann).headers["Location"].removeprefix("http://127.0.0.1:6543")
    work()
    answer = app.get(failed, headers=ann).json
    assert (answer["state"], answer["files"]) == ("failed", {})
    assert answer["error"].startswith("PICTURE_UNREADABLE: ")
    assert len(shown()[1]) == 1
    # It may be sent again, and taken away.
    again = send(broken).json
    assert again["id"] > answer["id"]
    app.delete(f"{OF}{again['id']}/", headers=ann, status=204)
    app.get(f"{OF}{again['id']}/", headers=ann, status=404)
    work()


def test_what_the_first_bytes_tell_is_told_at_once(publish, send, app, ann):
    publish()
    for data, code in ((b"<svg></svg>", "PICTURE_SVG"), (picture(kind="GIF"), "PICTURE_FORMAT")):
        assert send(data, status=400).json["file"][0].startswith(f"{code}: ")
    assert "NO_FILE" in send(b"", status=400).json["file"][0]
    assert_failure(send(b"\x89PNG" + bytes(20_000), status=413), 413, "ERROR_TOO_LARGE")
    for query in ("", "?role=banner", "?role="):
        assert "role" in app.post(f"{OF}{query}", picture(), headers=ann, status=400).json
    wrong = app.post(f"{OF}?role=icon", picture(), headers=ann | {"Content-Type": "text/html"}, status=415)
    assert_failure(wrong, 415, "ERROR_UNSUPPORTED_MEDIA_TYPE")
    assert app.get(OF, headers=ann).json == []


def test_captions_and_order(publish, send, app, ann, work, shown):
    publish()
    one, two, three = (send(picture((50, 50 + number))).json["id"] for number in range(3))
    while work():
        pass

    def change(number, status=200, query="", **values):
        return app.patch_json(f"{OF}{number}/{query}", values, headers=ann, status=status).json

    change(three, position=0)
    change(one, position=100)
    assert [shot["id"] for shot in shown()[1]] == [three, two, one]
    assert change(two, caption="The panel")["caption"] == {"en": "The panel"}
    assert change(two, query="?lang=PT_br", caption="O painel")["caption"] == {
        "en": "The panel",
        "pt-BR": "O painel",
    }
    assert shown()[1][1]["caption"] == {"en": "The panel", "pt-BR": "O painel"}
    # By language, as the texts of the extension itself; null takes away.
    assert change(two, caption={"de": "Die Leiste", "en": None, "pt_br": None})["caption"] == {
        "de": "Die Leiste"
    }
    assert change(two, caption={})["caption"] == {"de": "Die Leiste"}
    assert change(two, caption=None)["caption"] == {}
    for values in (
        {"caption": "x" * 301}, {"caption": {"klingon!": "x"}}, {"caption": {"": "x"}}, {"caption": {"en": 5}},
        {"caption": 5}, {"caption": "a\nb"}, {"caption": {f"a{a}{b}": "x" for a in "abcdefgh" for b in "abcdefgh"}},
        {"position": -1}, {"position": 101}, {"position": "0"}, {"position": True}, {"state": "ready"},
    ):  # fmt: skip
        assert set(change(two, 400, **values)) == set(values)
    assert "lang" in change(two, 400, query="?lang=%00", caption="x")
    app.delete(f"{OF}{three}/", headers=ann, status=204)
    assert [shot["id"] for shot in shown()[1]] == [two, one]


def test_who_may(publish, send, app, accounts, ann, database, work):
    publish()
    number = send().json["id"]
    colin, root, bob = accounts.bearer("colin"), accounts.bearer("root", admin=True), accounts.bearer("bob")

    def add(session):
        extension_id = session.scalar(select(Extension.id))
        session.add(Ownership(extension_id=extension_id, user_id=accounts.user("colin"), role="publisher"))

    database.write(add)
    for headers, read, write in ((colin, 200, 403), (root, 200, 403), (bob, 403, 403), ({}, 401, 401)):
        app.get(OF, headers=headers, status=read)
        app.get(f"{OF}{number}/", headers=headers, status=read)
        send(headers=headers, status=write)
        app.patch_json(f"{OF}{number}/", {"caption": "x"}, headers=headers, status=write)
        app.delete(f"{OF}{number}/", headers=headers, status=write)
    app.post("/api/v4/extensions/", brackets("other"), headers=bob, status=202)
    app.get(f"/api/v4/extensions/other/images/{number}/", headers=bob, status=404)
    for odd in ("0", "x", "9" * 30, f"0{number}"):
        app.get(f"{OF}{odd}/", headers=ann, status=404)


def test_rights_are_asked_again_in_the_write(
    publish, send, app, ann, accounts, database, config, monkeypatch
):
    """Whoever loses them while the picture comes in has none."""
    publish()
    storage, user_id = config.registry["storage"], accounts.user("ann")
    keep = type(storage).keep

    def and_lose(self, path, sha256):
        keep(self, path, sha256)
        database.write(
            lambda session: session.execute(delete(Ownership).where(Ownership.user_id == user_id)) and None
        )

    monkeypatch.setattr(type(storage), "keep", and_lose)
    assert_failure(send(status=403), 403, "ERROR_PERMISSION_DENIED")
    with database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(Image)) == 0


def test_events(publish, send, app, ann, work, database):
    publish()
    number = send().json["id"]
    work()
    app.patch_json(f"{OF}{number}/", {"caption": "x"}, headers=ann)
    app.patch_json(f"{OF}{number}/", {"caption": "x"}, headers=ann)
    app.delete(f"{OF}{number}/", headers=ann)
    with database.read() as connection:
        rows = connection.execute(
            select(Event.seq, Event.actor_id, Event.data)
            .where(Event.kind == "extension.pictures")
            .order_by(Event.seq)
        ).all()
        changed = connection.scalar(select(Extension.changed))
        left = [connection.scalar(select(func.count()).select_from(kind)) for kind in (Image, ImageFile)]
        jobs = connection.scalar(select(func.count()).where(Job.kind == "image"))
    assert [row.data["what"] for row in rows] == ["sent", "ready", "changed", "changed", "removed"]
    assert {row.data["image"] for row in rows} == {number}
    assert [row.actor_id is None for row in rows] == [False, True, False, False, False]
    assert changed == rows[-1].seq
    assert (left, jobs) == ([0, 0], 0)
    assert send().json["id"] > number  # a number is never used again
