"""`registry mirror`: the same extensions and the very same files, followed from change to change."""

import pytest
from sqlalchemy import func, select

from registry.domain import events, states
from registry.models import Artifact, Event, Extension, ExtensionState, SiteState, Version, now
from support.accounts import Accounts
from support.registry_json import entry, write
from support.samples import brackets, webextension

SAME = (
    "name", "guid", "format", "title", "summary", "homepage", "description_html", "recent_changes", "keywords",
    "author", "theme", "license", "version", "languages", "created", "updated", "downloads_total", "state", "disabled",
    "api_range", "requires_restart", "dependencies",
)  # fmt: skip


def rows(database):
    with database.read() as connection:
        return [
            connection.execute(select(model.__table__).order_by(*model.__table__.primary_key)).all()
            for model in (Extension, Version, Artifact, SiteState, Event)
        ]


def listed(app):
    return {each["name"]: each["version"] for each in app.get("/api/v4/extensions/").json["results"]}


def set_state(config, name, state):
    def change(session):
        extension = session.scalars(select(Extension).where(Extension.name == name)).one()
        states.set_state(session, extension, state, reason="Found harmful.", actor_id=None)

    config.registry["database"].write(change)


def test_the_same_extensions_and_the_same_files(publish, mirror, app, copy_app, copy_database, source):
    publish(brackets("kite", "1.0.0"))
    publish(
        brackets("kite", "1.2.0", {"README.md": b"# Fly\n\n<script>", "CHANGELOG.md": b"## 1.2.0\n- Up\n"})
    )
    publish(webextension())

    answer = mirror()

    assert (answer.exit_code, answer.output) == (
        0,
        "2 extensions changed, 3 files taken, 0 extensions refused.\n",
    )
    assert listed(copy_app) == listed(app) == {"kite": "1.2.0", "tab-notes": "1.0"}
    for name in ("kite", "tab-notes"):
        there, here = (each.get(f"/api/v4/extensions/{name}/").json for each in (app, copy_app))
        assert {key: here[key] for key in SAME} == {key: there[key] for key in SAME}
        assert (here["owner_label"], here["owners"]) == ("ann", [])
    assert not any({"authorization", "auth-token", "cookie"} & headers.keys() for _, headers in source.asked)
    before, asked = rows(copy_database), len(source.asked)

    again = mirror()

    assert again.output == "0 extensions changed, 0 files taken, 0 extensions refused.\n"
    assert (rows(copy_database), len(source.asked)) == (before, asked + 3)
    with copy_database.read() as connection:
        assert events.verify(connection) == 2
    for version in ("1.0.0", "1.2.0"):
        path = f"/api/v4/extensions/kite/versions/{version}/"
        there, here = (each.get(path).json["package"] for each in (app, copy_app))
        assert {key: here[key] for key in ("sha256", "size", "key_id", "serial", "signed_at")} == {
            key: there[key] for key in ("sha256", "size", "key_id", "serial", "signed_at")
        }
        assert copy_app.get(f"{path}download").body == app.get(f"{path}download").body


def test_changes_are_followed(publish, mirror, app, config, copy_app, copy_database):
    publish(brackets("kite", "1.0.0"))
    publish(brackets("night", "1.0.0"))
    mirror()
    publish(brackets("kite", "1.1.0", title="A better kite"))
    set_state(config, "night", ExtensionState.DISABLED)

    assert mirror().output.startswith("2 extensions changed, 1 files taken")

    assert listed(copy_app) == {"kite": "1.1.0"}
    assert copy_app.get("/api/v4/extensions/kite/").json["title"] == {"en": "A better kite"}
    detail = copy_app.get("/api/v4/extensions/night/").json
    assert (detail["disabled"], detail["state_reason"]) == (
        True,
        {"code": "other", "text": "Found harmful."},
    )
    copy_app.get("/api/v4/extensions/night/versions/1.0.0/download", status=410)
    for state, offered in (
        ("unlisted", False),
        ("active", True),
        ("pending_disable", False),
        ("active", True),
    ):
        set_state(config, "night", ExtensionState(state))
        mirror()
        assert ("night" in listed(copy_app)) == offered
        with copy_database.read() as connection:
            assert connection.scalar(select(Extension.state).where(Extension.name == "night")) == state

    def withdraw(session):
        one = session.scalars(select(Version).where(Version.version == "1.1.0")).one()
        one.deleted = now()
        session.flush()
        events.record(session, "version.deleted", extension_id=one.extension_id, public=True)

    config.registry["database"].write(withdraw)
    mirror()
    copy_app.get("/api/v4/extensions/kite/versions/1.1.0/", status=404)


def test_the_stricter_of_two_decisions_holds(publish, mirror, config, copy, copy_app):
    publish(brackets("kite", "1.0.0"))
    mirror()
    set_state(copy, "kite", ExtensionState.UNLISTED)
    publish(brackets("kite", "1.1.0"))

    mirror()
    assert copy_app.get("/api/v4/extensions/kite/").json["state"] == "unlisted"
    set_state(config, "kite", ExtensionState.DISABLED)
    mirror()
    assert copy_app.get("/api/v4/extensions/kite/").json["state"] == "disabled"


def test_a_named_subset_and_then_more(publish, mirror, copy_app):
    for name in ("kite", "night", "word-tally"):
        publish(brackets(name))

    mirror("--only", "kite", "--only", "nothing")
    assert listed(copy_app) == {"kite": "1.0.0"}
    assert mirror("--only", "kite", "--only", "nothing").output.startswith("0 extensions changed")
    mirror("--only", "kite", "--only", "night")
    assert listed(copy_app) == {"kite": "1.0.0", "night": "1.0.0"}
    mirror()
    assert len(listed(copy_app)) == 3


def test_versions_without_a_package(mirror, cli, app, copy_app, tmp_path):
    given = [entry(f"extension-{n:03}", "1.0.0", "1.1.0", license="MIT") for n in range(70)]
    cli("import", "brackets", write(tmp_path / "registry.json", *given))

    answer = mirror()

    assert answer.output.startswith("70 extensions changed, 0 files taken, 0 ")
    detail = copy_app.get("/api/v4/extensions/extension-007/").json
    assert {key: detail[key] for key in SAME} == {
        key: app.get("/api/v4/extensions/extension-007/").json[key] for key in SAME
    }
    assert detail["owner_label"] == "github:ada"
    refused = copy_app.get("/api/v4/extensions/extension-007/versions/1.0.0/download", status=404)
    assert refused.json["code"] == "NO_PACKAGE"


def test_nobody_publishes_to_what_is_mirrored(publish, mirror, copy, copy_app, there_ini):
    publish(brackets("kite"))
    mirror()
    ann = Accounts(copy.registry["database"], there_ini["registry.secret"]).bearer("ann")

    refused = copy_app.post("/api/v4/extensions/", brackets("kite", "2.0.0"), headers=ann, status=403)

    assert refused.json["code"] == "MIRRORED"


def test_what_is_here_already_is_left_alone(publish, mirror, copy, copy_app, copy_database, there_ini):
    ann = Accounts(copy.registry["database"], there_ini["registry.secret"]).bearer("ann")
    copy_app.post("/api/v4/extensions/", brackets("kite", "9.0.0"), headers=ann, status=202)
    publish(brackets("kite", "1.0.0"))
    publish(brackets("night", "1.0.0"))
    before = rows(copy_database)[0][0]

    answer = mirror()

    assert (answer.exit_code, "kite: kite was published here; it is left alone." in answer.output) == (
        1,
        True,
    )
    assert listed(copy_app) == {"night": "1.0.0"}
    with copy_database.read() as connection:
        assert connection.execute(select(Extension.__table__).where(Extension.name == "kite")).one() == before
        assert connection.scalar(select(func.count()).select_from(Version)) == 2


@pytest.mark.parametrize("options", [["--once", "--every", "5"], ["--every", "0"]])
def test_options_that_do_not_go_together(mirror, options):
    assert mirror(*options).exit_code == 2


def test_without_a_root_it_does_not_begin(publish, mirror, copy_app, source):
    publish(brackets("kite"))

    answer = mirror(root=None)

    assert (answer.exit_code, "--root" in answer.output, source.asked) == (2, True, [])
    assert mirror("--trust-first-use", root=None).exit_code == 0
    publish(brackets("kite", "1.1.0"))
    assert mirror(root=None).exit_code == 0
    assert listed(copy_app) == {"kite": "1.1.0"}
