"""Whatever bytes come: a refusal, or exactly what the standard library reads from them."""

import io
import zipfile
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from registry.packages.archive import Limits, open_archive
from registry.packages.findings import PackageRefused
from support.archives import FOLDER, REGULAR, SYMLINK, UTF8_FLAG, Part, assemble, build_zip, end_record

LIMITS = Limits(entries=50, entry_bytes=100_000, unpacked_bytes=200_000)
TEXT = b"function greet(name) { return `Hello ${name}`; }\n" * 8

bounded = settings(max_examples=500, deadline=None, database=None)


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    """Name to bytes of what the gate lets through, None when it refuses. Any other exception is a failure."""
    path = tmp_path_factory.mktemp("gate") / "x.zip"

    def gate(data):
        path.write_bytes(data)
        try:
            with open_archive(path, LIMITS) as archive:
                archive.check_contents()
                return {
                    entry.name: b"".join(archive.inflate(entry))
                    for entry in archive.entries + archive.signature_entries
                }
        except PackageRefused:
            return None

    return gate


def standard_reading(data):
    files = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for info in archive.infolist():
            # Without the flag the standard library reads a name as code page 437, the gate as UTF-8.
            raw = info.orig_filename
            name = raw if info.flag_bits & UTF8_FLAG else raw.encode("cp437").decode()
            if not name.endswith("/"):
                assert name not in files
                files[name] = archive.read(info)
    return files


def assert_same_or_refused(read, data):
    found = read(data)
    if found is not None:
        assert found == standard_reading(data)


SEEDS = [
    build_zip({"package.json": b"{}", "main.js": TEXT, "lib/": b"", "lib/ü.js": b"x"}),
    build_zip({"package.json": b"{}", "main.js": TEXT}, descriptor="signed", comment=b"a comment"),
    build_zip({"a": b"a", "b": b"bb"}, method=0, descriptor="plain"),
    build_zip({"repo/META-INF/x.rsa": b"x", "META-INF/MANIFEST.MF": b"x", "repo/a.js": TEXT}, method=0),
    build_zip({"a.js": TEXT, "b.zip": build_zip({"c": b"c"})}, local_extra=bytes(9), central_extra=bytes(4)),
]

mutations = st.lists(
    st.tuples(
        st.sampled_from(["set", "flip", "delete", "insert", "double", "word", "move"]),
        st.integers(0, 2000),
        st.integers(0, 2000),
        st.sampled_from([0, 1, 2, 8, 0x7F, 0x80, 0xFF]) | st.integers(0, 255),
    ),
    min_size=1,
    max_size=4,
)


def mutate(data, steps):
    data = bytearray(data)
    for kind, first, second, value in steps:
        # Counted from the end, where the records are; they matter more than the packed bytes.
        at = max(0, len(data) - 1 - first % max(1, len(data)))
        length = second % 64
        if kind == "set":
            data[at : at + 1] = bytes([value])
        elif kind == "flip":
            data[at : at + 1] = bytes(byte ^ (1 << value % 8) for byte in data[at : at + 1])
        elif kind == "delete":
            del data[at : at + 1 + length % 4]
        elif kind == "insert":
            data[at:at] = bytes([value]) * (1 + length % 4)
        elif kind == "double":
            data[at:at] = data[at : at + length]
        elif kind == "word":
            data[at : at + 2] = (value * 257).to_bytes(2, "little")
        else:
            piece = data[at : at + length]
            del data[at : at + length]
            target = second % (len(data) + 1)
            data[target:target] = piece
    return bytes(data)


@given(st.sampled_from(SEEDS), mutations)
@bounded
def test_mutated_archive_is_refused_or_read_alike(read, seed, steps):
    assert_same_or_refused(read, mutate(seed, steps))


@given(st.binary(max_size=400), st.sampled_from([b"", b"PK\x05\x06", end_record(1, 46, 0), *SEEDS]))
@settings(bounded, max_examples=200)
def test_any_bytes_before_or_after_are_refused(read, stray, archive):
    assert stray == b"" or read(stray + archive) is None
    assert stray == b"" or read(archive + stray) is None


segments = st.sampled_from(
    ["a", "A", "b.js", "lib", "META-INF", "x.rsa", "..", ".", "", "con", "ü", "ａ", "a "]
)
names = st.lists(segments, min_size=1, max_size=4).map("/".join) | st.text(max_size=6) | st.binary(max_size=6)
contents = st.binary(max_size=40) | st.just(TEXT)
extras = st.sampled_from(
    [b"", b"", bytes(4), b"UT\x05\x00\x01abcd", b"\x01\x00\x00\x00", b"up\x01\x00x", b"\x99"]
)
lies = st.dictionaries(
    st.sampled_from(["crc32", "compressed_size", "size", "flags", "method"]),
    st.sampled_from([0, 1, 2, 8, 0x800, 0xFFFF]),
    max_size=1,
)
rarely = st.sampled_from([b"", b"", b"", b"", b"", b"x", b"PK\x07\x08", b"PK\x05\x06", bytes(16)])
parts = st.builds(
    Part,
    names,
    contents,
    method=st.sampled_from([0, 8, 8, 8, 12]),
    flags=st.sampled_from([None, None, None, 0, 1, 2, UTF8_FLAG]),
    descriptor=st.sampled_from([None, None, "plain", "signed"]),
    attributes=st.sampled_from([None, None, 0, REGULAR, FOLDER, SYMLINK]),
    local_extra=extras,
    central_extra=extras,
    comment=st.sampled_from([b"", b"note"]),
    offset=st.sampled_from([None, None, None, None, 0, 31]),
    before=rarely,
    after=rarely,
    local=lies,
    central=lies,
)


@st.composite
def honest_parts(draw):
    """Entries that are odd in every way that is allowed; no letters that make up a reserved name."""
    safe = st.from_regex(r"\A(lib/|ü/){0,3}[d-k]{1,8}(\.[xyz]{1,2})?\Z")
    drawn = draw(st.lists(safe, min_size=1, max_size=6, unique=True))
    files = [name for name in drawn if not any(other.startswith(name + "/") for other in drawn)]
    entries = st.builds(
        Part,
        st.just(b""),
        contents,
        method=st.sampled_from([0, 8]),
        descriptor=st.sampled_from([None, "plain", "signed"]),
        attributes=st.sampled_from([None, 0, 0o644 << 16]),
        made_by=st.sampled_from([0, 3, 10, 19]),
        local_extra=st.sampled_from([b"", bytes(5), b"UT\x09\x00" + bytes(9)]),
        central_extra=st.sampled_from([b"", b"UT\x05\x00" + bytes(5)]),
        comment=st.binary(max_size=5),
    )
    return [replace(draw(entries), name=name) for name in files]


@given(st.lists(parts, min_size=1, max_size=4), rarely, rarely, rarely)
@example([Part("a", b"x"), Part("b", b"y", descriptor="plain")], b"", b"", b"")
@bounded
def test_invented_archive_is_refused_or_read_alike(read, entries, gap, before_end, comment):
    assert_same_or_refused(read, assemble(entries, gap=gap, before_end=before_end, comment=comment))


@given(honest_parts(), st.binary(max_size=20).filter(lambda comment: b"PK" not in comment))
@settings(bounded, max_examples=200)
def test_honest_archive_is_accepted_and_read_alike(read, entries, comment):
    data = assemble(entries, comment=comment)
    assert read(data) == standard_reading(data) == {part.name: part.data for part in entries}
