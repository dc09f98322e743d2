"""What keeps a registry from starting is said in one sentence that names the file, the key or the folder."""

import socket
from pathlib import Path

import pytest

from registry import migrations
from registry.serving import web
from registry.serving.ini import IniFile
from registry.serving.preparation import NotReady, check_address, prepare
from registry.settings import BadSetting
from registry.signing import is_development, open_issuer
from support.serving import refused, write_ini


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file where a folder should be: even the superuser cannot make one below it."""
    path = tmp_path / "file"
    path.touch()
    return path


def fault(ini: Path) -> str:
    with pytest.raises((NotReady, BadSetting)) as caught:
        prepare(IniFile(ini))
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_what_development_lacks_is_made(tmp_path, blank_url):
    ini = IniFile(write_ini(tmp_path, blank_url))

    prepare(ini)
    prepare(ini)

    assert migrations.current(blank_url) == migrations.head()
    assert is_development(open_issuer(ini.settings.issuer))


def test_a_key_that_is_there_is_left_alone(tmp_path, blank_url):
    ini = IniFile(write_ini(tmp_path, blank_url))
    prepare(ini)
    key = (tmp_path / "var/signing/intermediate.key").read_bytes()
    (tmp_path / "var/signing/root.key").unlink()

    prepare(ini)

    assert (tmp_path / "var/signing/intermediate.key").read_bytes() == key


@pytest.mark.parametrize("name", ["no-such.ini", "."])
def test_an_ini_file_that_cannot_be_read(tmp_path, name):
    assert fault(tmp_path / name).startswith(f"{tmp_path / name}: ")


@pytest.mark.parametrize(
    "text",
    ["", "[app:main", "no section", "[app:main]\na = %(b)s", "[server:main]\nport = 1", "[app:main]\n\xff"],
)
def test_an_ini_file_that_is_none(tmp_path, text):
    path = tmp_path / "odd.ini"
    path.write_bytes(text.encode("latin-1"))

    assert str(path) in fault(path)


def test_a_store_that_cannot_be_written_to(tmp_path, blank_url, file):
    ini = write_ini(tmp_path, blank_url, {"registry.storage": f"file:{file}/store"})

    assert fault(ini) == f"The folder {file}/store cannot be written to: Not a directory."


def test_a_queue_that_cannot_be_written_to(tmp_path, blank_url, file):
    ini = write_ini(tmp_path, blank_url, {"huey.filename": f"{file}/queue.sqlite"})

    assert fault(ini) == f"The folder {file} cannot be written to: File exists."


def test_a_database_that_cannot_be_written_to(tmp_path, file):
    assert fault(write_ini(tmp_path, f"sqlite:///{file}/x/registry.sqlite")).startswith(
        f"The folder {file}/x cannot"
    )


def test_a_key_that_cannot_be_written(tmp_path, blank_url, file):
    ini = write_ini(tmp_path, blank_url, {"signing.issuer": f"pem:{file}/signing"})

    assert fault(ini) == f"The folder {file}/signing cannot be written to: File exists."


def test_a_key_that_is_none(tmp_path, blank_url, file):
    file.chmod(0o600)
    ini = write_ini(tmp_path, blank_url, {"signing.issuer": f"pem:{file}"})

    assert fault(ini) == f"signing.issuer: {file}: no private key in PEM form"


def test_no_key_at_all(tmp_path, blank_url):
    assert fault(write_ini(tmp_path, blank_url, {"signing.issuer": ""})).startswith(
        "signing.issuer is not set"
    )


def test_a_file_that_is_no_database(tmp_path):
    (tmp_path / "odd.sqlite").write_bytes(b"no database at all, though long enough to be taken for one" * 20)

    text = fault(write_ini(tmp_path, f"sqlite:///{tmp_path}/odd.sqlite"))

    assert text == f"The database sqlite:///{tmp_path}/odd.sqlite cannot be used: file is not a database"


def test_a_database_that_does_not_answer_does_not_give_its_password_away(tmp_path):
    text = fault(write_ini(tmp_path, "postgresql+psycopg://me:secret@127.0.0.1:1/registry"))

    assert text.startswith("The database postgresql+psycopg://me:***@127.0.0.1:1/registry cannot be used: ")
    assert "secret" not in text


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("nonsense", "is not the URL of a database"),
        ("oracle://x/y", "asks for a driver"),
        ("odd://x", "asks for a driver"),
    ],
)
def test_a_database_of_an_unknown_kind(tmp_path, url, why):
    assert why in fault(write_ini(tmp_path, url))


def test_a_database_of_a_newer_registry(tmp_path, blank_url):
    migrations.upgrade(blank_url)
    with migrations.engine(blank_url).begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")

    assert "revision 9999, which this version of the registry does not know" in fault(
        write_ini(tmp_path, blank_url)
    )


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("jobs.workers", "many", "jobs.workers is 'many'; it must be a whole number above 0."),
        ("package.max_byte", "5", "package.max_byte is not a setting; docs/settings.md lists them all."),
        ("registry.storage", "s3:bucket", "registry.storage is 's3:bucket'; known is file:FOLDER."),
    ],
)
def test_a_setting_that_cannot_be(tmp_path, blank_url, key, value, why):
    ini = write_ini(tmp_path, blank_url, {key: value})

    assert fault(ini) == f"{ini}: {why}"


@pytest.mark.parametrize("port", ["", "http", "0", "65536", "-1"])
def test_a_port_that_is_none(tmp_path, blank_url, port):
    ini = write_ini(tmp_path, blank_url, server={"port": port})

    with pytest.raises(BadSetting, match="it must be a number from 1 to 65535"):
        web.address(IniFile(ini))


def test_a_port_that_is_shared_by_others_is_taken_too():
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()

        with pytest.raises(NotReady, match="is taken"):
            check_address("127.0.0.1", other.getsockname()[1])


def test_an_address_of_another_machine():
    with pytest.raises(NotReady, match=r"192\.0\.2\.1:8080 cannot be listened at"):
        check_address("192.0.2.1", 8080)


@pytest.mark.parametrize(
    ("command", "keys", "why"),
    [
        (("serve",), {"registry.secret": "short"}, "registry.secret must have at least 32 characters."),
        (("web",), {"threads": "none"}, "invalid literal for int"),
        (("web",), {"formatter": "blue"}, "its logging sections are wrong"),
    ],
)
def test_the_command_line_says_it_in_one_line(tmp_path, blank_url, command, keys, why):
    ini = write_ini(tmp_path, blank_url, server=keys)

    line = refused(*command, ini)

    assert line.startswith(f"{ini}: ")
    assert why in line


def test_no_ini_file(tmp_path):
    assert refused("serve", tmp_path / "no.ini") == f"{tmp_path}/no.ini: No such file or directory."
