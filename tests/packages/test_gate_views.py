"""An accepted archive as its readers see it."""

import random

import pytest

from registry.packages.archive import open_archive
from registry.packages.findings import PackageRefused
from support.archives import build_zip
from support.gate import codes

GITHUB = {
    "repo-1.0/": b"",
    "repo-1.0/package.json": b"{}",
    "repo-1.0/js/main.js": b"x",
    "repo-1.0/META-INF/MANIFEST.MF": b"old",
    "repo-1.0/lib/META-INF/x.rsa": b"no signature",
}
FINDER = {"__MACOSX/repo-1.0/._package.json": b"fork", ".DS_Store": b"store"}


@pytest.fixture
def opened(tmp_path):
    archives = []

    def open_files(files, **fields):
        path = tmp_path / f"{len(archives)}.zip"
        path.write_bytes(build_zip(files, **fields))
        archives.append(open_archive(path))
        return archives[-1]

    yield open_files
    for archive in archives:
        archive.close()


@pytest.mark.parametrize(
    ("files", "folder"),
    [
        (GITHUB, "repo-1.0/"),
        (GITHUB | FINDER, "repo-1.0/"),
        ({"META-INF/mozilla.rsa": b"old"} | GITHUB, "repo-1.0/"),
        ({"a/b/c": b""}, "a/"),
        ({"package.json": b""}, None),
        ({"a/x": b"", "b/x": b""}, None),
        ({"a/x": b"", "A/y": b""}, None),
        ({"a/x": b"", "README": b""}, None),
        (FINDER, None),
        ({"a/.DS_Store": b"", "b": b""}, None),
    ],
)
def test_single_top_folder(files, folder, opened):
    assert opened(files).single_top_folder() == folder


def test_below_a_folder_only_its_own_files_are_seen(opened):
    archive = opened(GITHUB | FINDER)
    inner = archive.below("repo-1.0/")
    assert inner.names() == ("package.json", "js/main.js", "lib/META-INF/x.rsa")
    assert [entry.name for entry in inner.signature_entries] == ["META-INF/MANIFEST.MF"]
    assert inner.read("js/main.js", 10) == b"x"
    assert inner.file is archive.file
    assert inner.single_top_folder() is None


def test_below_leaves_the_archive_itself_as_it_was(opened):
    archive = opened(GITHUB)
    archive.below("repo-1.0/")
    assert "repo-1.0/META-INF/MANIFEST.MF" in archive


def test_signature_file_deep_in_meta_inf_below_a_folder_is_refused(opened):
    archive = opened({"repo/META-INF/sub/x.rsa": b"", "repo/main.js": b""})
    with pytest.raises(PackageRefused) as caught:
        archive.below("repo/")
    assert codes(caught.value.findings) == ["NESTED_SIGNATURE"]
    assert caught.value.findings[0].path == "META-INF/sub/x.rsa"


def test_files_are_found_by_name(opened):
    archive = opened({"a.js": b"a", "lib/": b""})
    assert "a.js" in archive
    assert "A.js" not in archive
    assert "lib/" not in archive
    assert archive.get("a.js").size == 1
    assert archive.get("b.js") is None
    with pytest.raises(KeyError):
        archive.read("b.js", 10)


def test_file_is_read_up_to_the_limit_and_not_beyond(opened):
    archive = opened({"a.js": b"12345"})
    assert archive.read("a.js", 5) == b"12345"
    with pytest.raises(PackageRefused) as caught:
        archive.read("a.js", 4)
    assert codes(caught.value.findings) == ["FILE_TOO_LARGE"]


def test_large_file_comes_in_bounded_chunks(opened):
    data = random.Random(1).randbytes(600_000).hex().encode()
    for method in (0, 8):
        archive = opened({"a.bin": data}, method=method)
        chunks = list(archive.inflate(archive.get("a.bin")))
        assert b"".join(chunks) == data
        assert max(map(len, chunks)) <= 256 * 1024


def test_archive_closes_with_its_context(tmp_path):
    path = tmp_path / "x.zip"
    path.write_bytes(build_zip({"a.js": b"a"}))
    with open_archive(path) as archive:
        pass
    assert archive.file.closed
