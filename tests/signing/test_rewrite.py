"""The zip file that is written: the same content, and not one byte that is not needed for it."""

import io
import shutil
import struct
import subprocess
import sys
import zipfile
import zlib
from hashlib import sha256
from pathlib import Path

import pytest

from registry.packages.archive import Archive, Entry, Limits, open_archive
from registry.signing import CannotSign, rewrite, sign, verify
from registry.signing.rewrite import Rewriter
from support.archives import Part, assemble, build_zip
from support.signatures import FILES, IDENTITY, Issuer, signed_package

SIGNATURE = [
    "META-INF/manifest.mf",
    "META-INF/mozilla.sf",
    "META-INF/mozilla.rsa",
    "META-INF/cose.manifest",
    "META-INF/cose.sig",
]
NAMES = {**FILES, "naïve/日本語.txt": "ü".encode(), "a" * 200 + ".txt": b"long", "empty": b""}


def rewritten(tmp_path: Path, issuer: Issuer, upload: bytes) -> bytes:
    source, target = tmp_path / "upload.zip", tmp_path / "signed.xpi"
    source.write_bytes(upload)
    with open_archive(source) as archive:
        sign(archive, IDENTITY, issuer, target)
    return target.read_bytes()


def test_the_signature_comes_first_then_the_files_in_their_order(signed: Path):
    with zipfile.ZipFile(signed) as archive:
        assert archive.namelist() == [*SIGNATURE, *FILES]
        assert {name: archive.read(name) for name in FILES} == FILES
        assert archive.testzip() is None


def test_what_is_said_of_the_file_is_true_of_it(tmp_path: Path, issuer: Issuer):
    source, target = tmp_path / "upload.zip", io.BytesIO()
    source.write_bytes(build_zip(FILES))
    with open_archive(source) as archive:
        signed = sign(archive, IDENTITY, issuer, target)
    assert (signed.sha256, signed.size) == (
        sha256(target.getvalue()).hexdigest(),
        len(target.getvalue()),
    )
    manifest = zipfile.ZipFile(target).read("META-INF/cose.manifest")
    assert signed.content_digest == sha256(manifest).hexdigest()


def test_nothing_odd_of_the_upload_survives(tmp_path: Path, issuer: Issuer):
    """Data descriptors, extra fields, comments, attributes and folders are not carried over."""
    odd = {
        "descriptor": "signed",
        "local_extra": b"UT\5\0\1abcd",
        "central_extra": b"ux\1\0x",
        "comment": b"entry comment",
        "made_by": 3,
    }
    parts = [Part("src/", method=0), *(Part(name, data, **odd) for name, data in NAMES.items())]
    data = rewritten(tmp_path, issuer, assemble(parts, comment=b"archive comment"))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.namelist() == [*SIGNATURE, *NAMES]
        assert archive.comment == b""
        for entry in archive.infolist():
            plain = entry.filename.isascii()
            assert (entry.create_version, entry.extract_version) == (20, 20)
            assert entry.create_system == (0 if plain else 10)  # DOS or NTFS: neither has Unix modes
            assert (entry.external_attr, entry.internal_attr, entry.extra, entry.comment) == (0, 0, b"", b"")
            assert entry.flag_bits == (0 if plain else 0x800)
    assert b"comment" not in data


def test_the_entries_tile_the_file_from_its_first_byte_to_the_directory(tmp_path: Path, issuer: Issuer):
    """Read by hand: each local header follows the one before, and none has an extra field."""
    data = rewritten(tmp_path, issuer, build_zip(NAMES, descriptor="plain"))
    at, names = 0, []
    while data[at : at + 4] == b"PK\3\4":
        *_, packed, _, name_size, extra_size = struct.unpack_from("<4s5H3L2H", data, at)
        names.append(data[at + 30 : at + 30 + name_size].decode())
        assert extra_size == 0
        at += 30 + name_size + packed
    assert names == [*SIGNATURE, *NAMES]
    _, _, _, here, count, size, offset, comment = struct.unpack("<4s4H2LH", data[-22:])
    assert (offset, offset + size, here, count, comment) == (at, len(data) - 22, len(names), len(names), 0)


def test_packed_bytes_and_times_are_those_of_the_upload(tmp_path: Path, issuer: Issuer):
    upload = assemble(
        [
            Part("a", b"aaaa", packed=unpacked_block(b"aaaa"), date=0x5A21, time=0x6B7D),
            Part("b", b"bbbb", method=0, date=0, time=0),
        ]
    )
    data = rewritten(tmp_path, issuer, upload)
    assert unpacked_block(b"aaaa") in data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.getinfo("a").date_time == (2025, 1, 1, 13, 27, 58)
        assert archive.getinfo("b").compress_type == zipfile.ZIP_STORED
        assert archive.read("a") + archive.read("b") == b"aaaabbbb"


def unpacked_block(data: bytes) -> bytes:
    """A deflate stream that no packer would choose: one stored block."""
    return b"\1" + struct.pack("<HH", len(data), len(data) ^ 0xFFFF) + data


def test_the_same_content_has_the_same_digest_and_other_content_another(tmp_path: Path, issuer: Issuer):
    def digest(upload: bytes) -> str:
        path = tmp_path / "upload.zip"
        path.write_bytes(upload)
        with open_archive(path) as archive:
            return sign(archive, IDENTITY, issuer, io.BytesIO()).content_digest

    known = "9bbe8b5e71b2288eebe842a0c1d3bcb5ed4b7a10f4e06ac659c7ebef93a907a1"
    reordered = dict(reversed(FILES.items()))
    same = {digest(build_zip(FILES)), digest(build_zip(FILES, method=0)), digest(build_zip(reordered))}
    assert same == {known}
    assert digest(build_zip({**FILES, "js/main.js": b""})) not in same
    assert digest(build_zip({"other": b"", **FILES})) not in same


def test_without_the_fast_deflate_library_the_file_is_as_good(tmp_path: Path, issuer: Issuer, monkeypatch):
    monkeypatch.setattr(rewrite, "deflate", zlib)
    path = signed_package(tmp_path, issuer)
    assert verify(path, issuer.roots, IDENTITY).entries == len(FILES)


def test_an_earlier_signature_is_replaced_not_kept(tmp_path: Path, issuer: Issuer):
    first = signed_package(tmp_path / "first", issuer)
    again = rewritten(tmp_path, issuer, first.read_bytes())
    with zipfile.ZipFile(io.BytesIO(again)) as archive:
        assert archive.namelist() == [*SIGNATURE, *FILES]


def test_the_view_from_inside_a_top_folder_is_signed_as_it_is_seen(tmp_path: Path, issuer: Issuer):
    source, target = tmp_path / "upload.zip", tmp_path / "signed.xpi"
    source.write_bytes(build_zip({f"repo-1.0/{name}": data for name, data in FILES.items()}))
    with open_archive(source) as archive:
        sign(archive.below("repo-1.0/"), IDENTITY, issuer, target)
    assert zipfile.ZipFile(target).namelist() == [*SIGNATURE, *FILES]


@pytest.mark.parametrize(
    "name",
    ["a\r\nName: b", "a\0", "a\x7f", "META-INF/x.RSA", "meta-inf/sub/x.sf", "META-INF/sub/manifest.mf"],
)
def test_names_that_would_forge_a_manifest_are_refused_even_behind_the_gate(
    tmp_path: Path, issuer: Issuer, name: str
):
    source, target = tmp_path / "upload.zip", tmp_path / "signed.xpi"
    source.write_bytes(build_zip({"a": b""}))
    with open_archive(source) as archive:
        entry = Entry(name, 0, 0, 0, 0, 0, (0, 0))
        with pytest.raises(CannotSign):
            sign(Archive(archive.file, (entry,), Limits()), IDENTITY, issuer, target)
        twice = Entry("a", 0, 0, 0, 0, 0, (0, 0))
        with pytest.raises(CannotSign):
            sign(Archive(archive.file, (twice, twice), Limits()), IDENTITY, issuer, target)
    assert not target.exists()


def test_an_upload_that_is_cut_off_while_it_is_copied_is_an_error(tmp_path: Path):
    source = tmp_path / "upload.zip"
    source.write_bytes(build_zip({"a": b"a"}))
    with open_archive(source) as archive:
        source.write_bytes(b"")
        with pytest.raises(CannotSign, match="shorter"):
            Rewriter(lambda data: None).copy(archive, archive.entries[0])


def test_what_would_need_zip64_is_refused():
    def entry(name: str = "a", size: int = 0) -> Entry:
        return Entry(name, 0, 0, size, size, 0, (0, 0))

    for wrong, complaint in ((entry(size=0xFFFFFFFF), "zip64"), (entry("a" * 70_000), "too long")):
        with pytest.raises(CannotSign, match=complaint):
            Rewriter(lambda data: None)._begin(wrong)
    many, large = Rewriter(lambda data: None), Rewriter(lambda data: None)
    many._directory.extend([b""] * 0xFFFF)
    large.size = 0xFFFFFFFF
    for rewriter in (many, large):
        with pytest.raises(CannotSign, match="zip64"):
            rewriter.finish()


def listed_by_zipfile(path: Path) -> list[str]:
    return zipfile.ZipFile(path).namelist()


def listed_by_unzip(path: Path) -> list[str]:
    return run(["unzip", "-Z1", path])


def listed_by_java(path: Path) -> list[str]:
    return run(["jar", "tf", path])


def run(command: list) -> list[str]:
    environment = {
        "LC_ALL": "C.UTF-8",
        "PATH": "/usr/bin:/bin",
        "JAVA_TOOL_OPTIONS": "-Dsun.stdout.encoding=UTF-8 -Dstdout.encoding=UTF-8",
    }
    done = subprocess.run(command, check=True, capture_output=True, env=environment)
    return done.stdout.decode().splitlines()


@pytest.mark.parametrize(
    ("tool", "listed"),
    [(None, listed_by_zipfile), ("unzip", listed_by_unzip), ("jar", listed_by_java)],
)
def test_every_reader_lists_the_same_names(tmp_path: Path, issuer: Issuer, tool, listed):
    if tool and not shutil.which(tool):
        pytest.skip(f"{tool} is not on this machine")
    path = signed_package(tmp_path, issuer, NAMES)
    assert listed(path) == [*SIGNATURE, *NAMES]


def test_memory_does_not_grow_with_the_package(tmp_path: Path, issuer: Issuer):
    """64 MB of which nothing is ever held; in a process of its own, whose peak is its own."""
    from registry.signing import create_development_chain

    chain = create_development_chain(tmp_path / "chain")
    upload = tmp_path / "upload.zip"
    block = bytes(range(256)) * 4096
    with zipfile.ZipFile(upload, "w") as archive, archive.open("big.bin", "w") as file:
        for _ in range(64):
            file.write(block)
    program = f"""
from pathlib import Path
from registry.packages.archive import open_archive
from registry.signing import open_issuer, sign
def peak(field):
    return next(int(l.split()[1]) for l in open("/proc/self/status") if l.startswith(field)) // 1024
issuer = open_issuer({chain.url!r})
before = peak("VmRSS")
with open_archive(Path({str(upload)!r})) as archive:
    sign(archive, "a@b", issuer, Path({str(tmp_path / "signed.xpi")!r}))
print(peak("VmHWM") - before)
"""
    if not Path("/proc/self/status").exists():
        pytest.skip("no /proc to read the peak from")
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert int(done.stdout) < 30
