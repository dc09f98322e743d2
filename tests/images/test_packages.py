"""Pictures that come in packages follow the version that is `latest`."""

import pytest
from sqlalchemy import select

from registry.domain import visibility
from registry.models import Extension, Image, Version, now
from support.pictures import BLUE, EXTENSIONS, GREEN, OF, RED, opened, picture


def test_they_are_shown_once_the_version_is_signed(publish, app, ann, shown, fetch, work):
    files = {"i.png": picture((64, 64), RED), "shot.jpg": picture((640, 480), GREEN, "JPEG")}
    publish(files=files, icon="i.png", screenshot="shot.jpg", and_work=False)
    assert app.get(OF, headers=ann).json == []
    work()  # signs
    assert shown() == ({}, [])
    assert app.get(f"{EXTENSIONS}word-tally/versions/latest/").json["state"] == "signed"
    assert [row["state"] for row in app.get(OF, headers=ann).json] == ["queued", "queued"]
    work()
    icons, (shot,) = shown()
    assert opened(fetch(icons["64"]).body).getpixel((32, 32)) == (*RED, 255)
    assert opened(fetch(shot["url"]).body).size == (640, 480)
    listed = app.get(OF, headers=ann).json
    assert [(row["role"], row["version"], row["state"]) for row in listed] == [
        ("icon", "1.0.0", "ready"),
        ("screenshot", "1.0.0", "ready"),
    ]
    for row in listed:
        address = f"{OF}{row['id']}/"
        for answer in (
            app.patch_json(address, {"caption": "x"}, headers=ann, status=409),
            app.delete(address, headers=ann, status=409),
        ):
            assert answer.json["code"] == "PICTURE_OF_PACKAGE"


def test_a_new_version_brings_its_own(publish, app, ann, shown, work):
    files = {"i.png": picture((64, 64), RED), "s.png": picture((640, 480), GREEN)}
    publish("1.0.0", files, icon="i.png", screenshot="s.png")
    icons, shots = shown()
    # The same bytes at another path are no work.
    publish(
        "1.1.0",
        {"icons/i.png": files["i.png"], "s.png": files["s.png"]},
        icon="icons/i.png",
        screenshot="s.png",
        and_work=False,
    )
    assert work() == 1
    assert work() == 0
    assert shown() == (icons, shots)
    assert {row["version"] for row in app.get(OF, headers=ann).json} == {"1.1.0"}
    # Others are shown when they are ready, and those before until then.
    publish("1.2.0", {"i.png": picture((64, 64), BLUE)}, icon="i.png", and_work=False)
    work()
    assert shown() == (icons, shots)
    work()
    after, none = shown()
    assert after.keys() == icons.keys()
    assert after != icons
    assert none == []
    # None are none, at once.
    publish("1.3.0", and_work=False)
    work()
    assert shown() == ({}, [])
    assert app.get(OF, headers=ann).json == []


def test_a_broken_one_holds_nothing_back(publish, app, ann, shown, work):
    publish("1.0.0", {"i.png": picture((64, 64), RED)}, icon="i.png")
    whole = picture((640, 480), GREEN)
    publish("1.1.0", {"i.png": picture((300, 300))[:150], "s.png": whole}, icon="i.png", screenshot="s.png")
    assert app.get(f"{EXTENSIONS}word-tally/").json["version"] == "1.1.0"
    icons, shots = shown()
    assert (icons, len(shots)) == ({}, 1)
    icon, _ = app.get(OF, headers=ann).json
    assert (icon["state"], icon["error"].partition(":")[0]) == ("failed", "PICTURE_UNREADABLE")


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("i.svg", b"<svg></svg>", "PICTURE_SVG"),
        ("i.png", b"x", "PICTURE_FORMAT"),
        ("i.gif", picture(kind="GIF"), "PICTURE_FORMAT"),
    ],
)
def test_what_is_no_picture_is_a_warning_and_no_more(publish, app, ann, name, data, code, shown):
    publish(files={name: data}, icon=name)
    (verdict,) = app.get(f"{EXTENSIONS}word-tally/versions/latest/validation/", headers=ann).json
    found = [(each["code"], each["path"], each["severity"]) for each in verdict["findings"]]
    assert found == [(code, name, "warning")]
    assert shown() == ({}, [])
    assert app.get(OF, headers=ann).json == []


def test_owners_pictures_win(publish, send, app, ann, shown, work):
    files = {"i.png": picture((64, 64), RED), "s.png": picture((640, 480), GREEN)}
    publish("1.0.0", files, icon="i.png", screenshot="s.png")
    of_package = shown()
    icon = send(picture((64, 64), BLUE), role="icon").json["id"]
    shot = send(picture((700, 500), BLUE)).json["id"]
    assert shown() == of_package
    while work():
        pass
    icons, shots = shown()
    assert icons != of_package[0]
    assert [each["id"] for each in shots] == [shot]
    # Another version changes nothing of that.
    publish("1.1.0", {"i.png": picture((32, 32), GREEN)}, icon="i.png")
    assert shown() == (icons, shots)
    for number in (icon, shot):
        app.delete(f"{OF}{number}/", headers=ann, status=204)
    assert list(shown()[0]) == ["32"]
    assert shown()[1] == []


def test_back_to_an_older_version(publish, database, shown, work, app, ann):
    """Whatever makes another version the latest brings its pictures back."""
    publish("1.0.0", {"i.png": picture((64, 64), RED)}, icon="i.png")
    before = shown()
    publish("1.1.0", {"i.png": picture((64, 64), BLUE)}, icon="i.png")
    assert shown() != before

    def yank(session):
        session.scalars(select(Version).where(Version.version == "1.1.0")).one().yanked = now()
        visibility.refresh(session, session.scalar(select(Extension.id)))

    database.write(yank)
    while work():
        pass
    with database.read() as connection:
        images = connection.scalar(select(Extension.images))
        assert (
            connection.scalar(select(Version.version).join(Image, Image.version_id == Version.id)) == "1.0.0"
        )
    assert all(images["icons"][size] in address for size, address in before[0].items())


def test_a_backport_changes_nothing(publish, shown, app, ann):
    publish("2.0.0", {"i.png": picture((64, 64), RED)}, icon="i.png")
    before = shown()
    publish("1.0.0", {"i.png": picture((64, 64), BLUE)}, icon="i.png")
    assert shown() == before
    assert len(app.get(OF, headers=ann).json) == 1
