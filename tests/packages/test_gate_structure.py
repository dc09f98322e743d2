"""The gate lets through one reading of a zip file, and no file that has two."""

import struct
import zlib

import pytest

from registry.packages.archive import Limits, open_archive
from registry.packages.findings import PackageRefused
from support.archives import (
    DESCRIPTOR_FLAG,
    FOLDER,
    REGULAR,
    SYMLINK,
    Part,
    assemble,
    build_zip,
    deflate,
    end_record,
)
from support.gate import codes, contents, refusal

DATA = b"var answer = 42;\n" * 20
PLAIN = build_zip({"package.json": b"{}", "main.js": DATA})
ZIP64_EXTRA = struct.pack("<2H2Q", 1, 16, len(DATA), len(DATA))


def one(**fields):
    return assemble([Part("a.js", DATA, **fields), Part("b.js", b"b")])


def unicode_path(raw_name, other, crc32=None):
    body = b"\x01" + struct.pack("<L", zlib.crc32(raw_name) if crc32 is None else crc32) + other
    return struct.pack("<2H", 0x7075, len(body)) + body


def overlapping():
    """Two names for one and the same span."""
    return assemble([Part("a.js", DATA), Part("a.js", DATA, offset=0, central={"name": b"b.js"})])


def quoted():
    """The first file's packed bytes contain the second file's header and bytes."""
    inner = Part("b.js", b"b", method=0)
    first = Part("a.js", inner.local_record(), method=0)
    start = len(first.local_record()) - len(inner.local_record())
    body = first.local_record()
    directory = first.central_record(0) + inner.central_record(start)
    return body + directory + end_record(2, len(directory), len(body))


def behind_comment():
    """A second end record in the comment of the first, for a second, empty directory."""
    return build_zip({"a.js": DATA}, comment=end_record(0, 0, 0))


def two_fitting_ends():
    """Two end records whose comments both reach the end of the file."""
    second = end_record(1, 60, 10, b"xx")
    return build_zip({"a.js": DATA}, comment=b"zz" + second)


HOSTILE = {
    "nothing at all": (b"", "NOT_A_ZIP"),
    "text": (b"hello " * 1000, "NOT_A_ZIP"),
    "only a signature": (b"PK\x05\x06", "NOT_A_ZIP"),
    "cut short": (PLAIN[:-1], "NOT_A_ZIP"),
    "cut in the comment": (build_zip({"a": b"a"}, comment=b"comment")[:-3], "NOT_A_ZIP"),
    "end record too far away": (PLAIN + bytes(70_000), "NOT_A_ZIP"),
    "data after the end": (PLAIN + b"\n", "TRAILING_DATA"),
    "end record in the comment": (behind_comment(), "AMBIGUOUS_END"),
    "two fitting end records": (two_fitting_ends(), "AMBIGUOUS_END"),
    "signature at the end of the comment": (
        build_zip({"a": b"a"}, comment=b"x PK\x05\x06"),
        "AMBIGUOUS_END",
    ),
    "no entries": (end_record(0, 0, 0), "EMPTY_PACKAGE"),
    "only folders": (build_zip({"a/": b"", "a/b/": b""}), "EMPTY_PACKAGE"),
    "only an old signature": (build_zip({"META-INF/MANIFEST.MF": b"x"}), "EMPTY_PACKAGE"),
    "prefix with true offsets": (assemble([Part("a.js", DATA)], prefix=b"MZ program"), "PREFIX_DATA"),
    "prefix with old offsets": (b"MZ program" + PLAIN, "DIRECTORY_MISPLACED"),
    "gap between entries": (assemble([Part("a", b"a"), Part("b", b"b", before=b"hidden")]), "HIDDEN_DATA"),
    "gap before the directory": (assemble([Part("a", b"a")], gap=b"hidden"), "HIDDEN_DATA"),
    "unlisted entry": (
        assemble([Part("a", b"a", after=Part("b", b"b").local_record()), Part("c", b"c")]),
        "HIDDEN_DATA",
    ),
    "gap before the end record": (assemble([Part("a", b"a")], before_end=b"hidden"), "DIRECTORY_MISPLACED"),
    "two names for one span": (overlapping(), "ENTRIES_OVERLAP"),
    "an entry inside another": (quoted(), "ENTRIES_OVERLAP"),
    "data beyond the next entry": (
        one(local={"compressed_size": 500}, compressed_size=500),
        "ENTRIES_OVERLAP",
    ),
    "longer extra field than there is": (PLAIN[:28] + b"\x05\x00" + PLAIN[30:], "ENTRIES_OVERLAP"),
    "offset beyond the file": (
        assemble([Part("a", b"a"), Part("b", b"b", offset=10_000_000)]),
        "ENTRIES_OVERLAP",
    ),
    "no header in front": (b"XX" + PLAIN[2:], "LOCAL_DAMAGED"),
    "other name in front": (one(local={"name": b"x.js"}), "LOCAL_MISMATCH"),
    "longer name in front": (one(local={"name": b"a.js.exe"}), "LOCAL_MISMATCH"),
    "other method in front": (one(local={"method": 0}), "LOCAL_MISMATCH"),
    "other crc in front": (one(local={"crc32": 1}), "LOCAL_MISMATCH"),
    "other size in front": (one(local={"size": 1}), "LOCAL_MISMATCH"),
    "other packed size in front": (one(local={"compressed_size": 1}), "LOCAL_MISMATCH"),
    "encrypted in front only": (one(local={"flags": 1}), "LOCAL_MISMATCH"),
    "descriptor flag in front only": (one(local={"flags": DESCRIPTOR_FLAG}), "LOCAL_MISMATCH"),
    "wrong size in front of a descriptor": (one(descriptor="signed", local={"size": 7}), "LOCAL_MISMATCH"),
    "descriptor missing": (one(flags=DESCRIPTOR_FLAG), "HIDDEN_DATA"),
    "descriptor lies": (one(flags=DESCRIPTOR_FLAG, after=b"PK\x07\x08" + bytes(12)), "LOCAL_MISMATCH"),
    "zip64 size in the directory": (one(central={"compressed_size": 0xFFFFFFFF}), "ZIP64"),
    "zip64 offset": (assemble([Part("a", b"a", offset=0xFFFFFFFF)]), "ZIP64"),
    "zip64 extra in the directory": (one(central_extra=ZIP64_EXTRA), "ZIP64"),
    "zip64 extra in front": (one(local_extra=ZIP64_EXTRA), "ZIP64"),
    "zip64 disk": (one(disk=0xFFFF), "ZIP64"),
    "zip64 count": (assemble([Part("a", b"a")], end={"count": 0xFFFF}), "ZIP64"),
    "zip64 directory offset": (assemble([Part("a", b"a")], end={"offset": 0xFFFFFFFF}), "ZIP64"),
    "zip64 locator": (assemble([Part("a", b"a")], before_end=b"PK\x06\x07" + bytes(16)), "ZIP64"),
    "entry on another disk": (one(disk=1), "MULTI_DISK"),
    "several disks": (assemble([Part("a", b"a")], end={"disk": 1, "directory_disk": 1}), "MULTI_DISK"),
    "entries on other disks": (assemble([Part("a", b"a")], end={"count": 2, "here": 1}), "MULTI_DISK"),
    "encrypted": (one(flags=1), "ENCRYPTED"),
    "strongly encrypted": (one(flags=1 << 6 | 1), "ENCRYPTED"),
    "encrypted directory": (one(flags=1 << 13), "ENCRYPTED"),
    "bzip2": (one(method=12), "METHOD_UNSUPPORTED"),
    "lzma": (one(method=14), "METHOD_UNSUPPORTED"),
    "patch data": (one(flags=1 << 5), "METHOD_UNSUPPORTED"),
    "newer version needed": (one(version=64), "VERSION_UNSUPPORTED"),
    "newer version needed in front": (one(local={"version": 64}), "VERSION_UNSUPPORTED"),
    "stored with two sizes": (one(method=0, size=5), "SIZE_MISMATCH"),
    "more counted than listed": (assemble([Part("a", b"a")], end={"count": 2}), "DIRECTORY_DAMAGED"),
    "more listed than counted": (
        assemble([Part("a", b"a"), Part("b", b"b")], end={"count": 1}),
        "DIRECTORY_DAMAGED",
    ),
    "directory without signature": (PLAIN.replace(b"PK\x01\x02", b"PK\x01\x00"), "DIRECTORY_DAMAGED"),
    "directory entry runs over": (
        PLAIN[: PLAIN.rfind(b"PK\x01\x02") + 28] + b"\xff\x7f" + PLAIN[PLAIN.rfind(b"PK\x01\x02") + 30 :],
        "DIRECTORY_DAMAGED",
    ),
    "damaged extra field": (one(central_extra=b"\x55\x54\xff\x00\x01"), "EXTRA_DAMAGED"),
    "damaged extra field in front": (one(local_extra=b"\x55\x54\xff\x00\x01"), "EXTRA_DAMAGED"),
    "second name": (one(central_extra=unicode_path(b"a.js", b"../x.js")), "UNICODE_PATH_MISMATCH"),
    "second name in front": (one(local_extra=unicode_path(b"a.js", b"x.js")), "UNICODE_PATH_MISMATCH"),
    "second name of unsure standing": (
        one(central_extra=unicode_path(b"a.js", b"a.js", crc32=1)),
        "UNICODE_PATH_MISMATCH",
    ),
    "symbolic link": (one(attributes=SYMLINK), "SPECIAL_FILE"),
    "symbolic link by osx": (one(attributes=SYMLINK, made_by=19), "SPECIAL_FILE"),
    "symbolic link by dos": (one(attributes=SYMLINK, made_by=0), "SPECIAL_FILE"),
    "fifo": (one(attributes=0o010644 << 16), "SPECIAL_FILE"),
    "socket": (one(attributes=0o140644 << 16), "SPECIAL_FILE"),
    "character device": (one(attributes=0o020644 << 16), "SPECIAL_FILE"),
    "block device": (one(attributes=0o060644 << 16), "SPECIAL_FILE"),
    "unknown type": (one(attributes=0o170644 << 16), "SPECIAL_FILE"),
    "folder without slash": (one(attributes=FOLDER), "FOLDER_WITHOUT_SLASH"),
    "dos folder without slash": (one(attributes=0x10, made_by=0), "FOLDER_WITHOUT_SLASH"),
    "folder with data": (assemble([Part("a/", DATA), Part("a/b", b"b")]), "FOLDER_WITH_DATA"),
    "folder with packed data": (
        assemble([Part("a/", packed=deflate(DATA), crc32=0, size=0), Part("a/b", b"b")]),
        "FOLDER_WITH_DATA",
    ),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_or_ambiguous_archive_is_refused(case, tmp_path):
    data, code = HOSTILE[case]
    assert set(codes(refusal(tmp_path / "x.zip", data, unpack=False))) == {code}


ODD = {
    "stored": build_zip({"a.js": DATA}, method=0),
    "signed data descriptor": build_zip({"a.js": DATA}, descriptor="signed"),
    "plain data descriptor": build_zip({"a.js": DATA}, descriptor="plain"),
    "stored with descriptor": build_zip({"a.js": DATA}, method=0, descriptor="signed"),
    "descriptor after true sizes": assemble(
        [
            Part(
                "a.js",
                DATA,
                descriptor="signed",
                local={"crc32": zlib.crc32(DATA), "size": len(DATA), "compressed_size": len(deflate(DATA))},
            )
        ]
    ),
    "no attributes": build_zip({"a.js": DATA}, attributes=0),
    "mode without a type": build_zip({"a.js": DATA}, attributes=0o644 << 16),
    "dos attributes": build_zip({"a.js": DATA}, attributes=0x20, made_by=0),
    "archive comment": build_zip({"a.js": DATA}, comment=b"0123456789abcdef0123456789abcdef01234567"),
    "longest comment": build_zip({"a.js": DATA}, comment=b"c" * 0xFFFF),
    "timestamps": build_zip(
        {"a.js": DATA},
        central_extra=b"UT\x05\x00\x03\x00\x00\x00\x60",
        local_extra=b"UT\x09\x00\x03\x00\x00\x00\x60\x00\x00\x00\x60",
    ),
    "long extra field in front": build_zip(
        {"a.js": DATA}, local_extra=struct.pack("<2H", 0x9999, 5000) + bytes(5000)
    ),
    "alignment by zeroes": build_zip({"a.js": DATA}, local_extra=bytes(7)),
    "repeated utf-8 name": build_zip({"a.js": DATA}, central_extra=unicode_path(b"a.js", b"a.js")),
    "compression level in one place only": build_zip({"a.js": DATA}, local={"flags": 2}),
    "ready for zip64": build_zip({"a.js": DATA}, version=45),
    "version with a system": build_zip({"a.js": DATA}, version=3 << 8 | 20),
    "no date": build_zip({"a.js": DATA}, date=0, time=0),
    "packed twice": build_zip({"a.js": DATA}, packed=deflate(DATA, level=0)),
}


@pytest.mark.parametrize("case", ODD)
def test_odd_but_unambiguous_archive_is_accepted(case, tmp_path):
    assert contents(tmp_path / "x.zip", ODD[case]) == {"a.js": DATA}


def test_entry_comments_folders_and_empty_files_are_accepted(tmp_path):
    parts = [
        Part("lib/", method=0),
        Part("docs/", packed=b"\x03\x00"),
        Part("lib/empty.js", b"", comment=b"nothing"),
        Part("lib/stored-empty.js", b"", method=0),
        Part("lib/dots", b"x", attributes=REGULAR | 0x20),
    ]
    expected = {"lib/empty.js": b"", "lib/stored-empty.js": b"", "lib/dots": b"x"}
    assert contents(tmp_path / "x.zip", assemble(parts)) == expected


def test_nested_archive_with_its_own_end_record_is_not_ambiguous(tmp_path):
    data = build_zip({"inner.zip": PLAIN}, method=0)
    assert contents(tmp_path / "x.zip", data) == {"inner.zip": PLAIN}


def test_entries_are_listed_as_the_directory_lists_them(tmp_path):
    """Not in the order in which they lie in the file."""
    first, second = Part("z.js", b"z"), Part("a.js", b"a")
    body = first.local_record() + second.local_record()
    directory = second.central_record(len(first.local_record())) + first.central_record(0)
    path = tmp_path / "x.zip"
    path.write_bytes(body + directory + end_record(2, len(directory), len(body)))
    with open_archive(path) as archive:
        assert archive.names() == ("a.js", "z.js")
        assert archive.read("z.js", 10) == b"z"


def test_entry_tells_where_and_how_its_bytes_lie(tmp_path):
    path = tmp_path / "x.zip"
    path.write_bytes(assemble([Part("a.js", DATA, local_extra=bytes(8))]))
    with open_archive(path) as archive:
        entry = archive.get("a.js")
        archive.file.seek(entry.data_offset)
        packed = archive.file.read(entry.compressed_size)
    assert zlib.decompress(packed, wbits=-15) == DATA
    assert (entry.method, entry.size, entry.crc32) == (8, len(DATA), zlib.crc32(DATA))
    assert entry.modified == (Part("").date, Part("").time)


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (Limits(wire_bytes=len(PLAIN) - 1), "PACKAGE_TOO_LARGE"),
        (Limits(entries=1), "TOO_MANY_ENTRIES"),
        (Limits(entry_bytes=len(DATA) - 1), "ENTRY_TOO_LARGE"),
        (Limits(unpacked_bytes=len(DATA) + 1), "UNPACKED_TOO_LARGE"),
        (Limits(name_bytes=11), "NAME_TOO_LONG"),
        (Limits(ratio=1, ratio_from=len(DATA) - 1), "RATIO_TOO_HIGH"),
    ],
)
def test_limits_are_kept_to_the_last_one(limits, code, tmp_path):
    assert codes(refusal(tmp_path / "x.zip", PLAIN, limits, unpack=False))[0] == code


def test_package_at_its_limits_is_accepted(tmp_path):
    limits = Limits(
        wire_bytes=len(PLAIN), entries=2, entry_bytes=len(DATA), unpacked_bytes=len(DATA) + 2, name_bytes=12
    )
    assert contents(tmp_path / "x.zip", PLAIN, limits)["main.js"] == DATA


def test_huge_directory_is_refused_unread(tmp_path):
    parts = [Part(str(number), b"", comment=b"c" * 60_000) for number in range(3)]
    assert codes(refusal(tmp_path / "x.zip", assemble(parts), Limits(entries=100))) == ["DIRECTORY_TOO_LARGE"]


def test_all_faults_come_at_once_and_no_more_than_can_be_read(tmp_path):
    parts = [Part("../up.js", b"x", flags=1), Part("CON", b"x"), Part("ok.js", b"", attributes=SYMLINK)]
    found = refusal(tmp_path / "x.zip", assemble(parts))
    assert set(codes(found)) == {"ENCRYPTED", "NAME_TRAVERSAL", "NAME_RESERVED", "SPECIAL_FILE"}
    many = refusal(tmp_path / "x.zip", assemble([Part(f"{number}:", b"x") for number in range(500)]))
    assert len(many) == 21
    assert many[-1].code == "MORE_FAULTS"
    assert "480 more" in many[-1].message


def test_refused_file_is_closed(tmp_path):
    """ResourceWarning is an error in this suite, so a leak shows."""
    path = tmp_path / "x.zip"
    path.write_bytes(b"no zip")
    for _ in range(3):
        with pytest.raises(PackageRefused):
            open_archive(path)


def test_file_cut_after_opening_is_refused(tmp_path):
    path = tmp_path / "x.zip"
    path.write_bytes(build_zip({"a.js": bytes(range(256)) * 1000}, method=0))
    with open_archive(path) as archive:
        with open(path, "r+b") as file:
            file.truncate(100)
        with pytest.raises(PackageRefused) as caught:
            archive.read("a.js", 10**6)
    assert codes(caught.value.findings) == ["DATA_MISSING"]
