"""Unpacking stops at the first lie, and never needs more memory than a chunk."""

import random
import tracemalloc
import zlib

import pytest

from registry.packages import inflate
from registry.packages.archive import Limits, open_archive
from support.archives import Part, assemble, build_zip, deflate
from support.gate import codes, contents, refusal

MIB = 1024 * 1024
DATA = b"var answer = 42;\n" * 200
NOISE = random.Random(1).randbytes(300_000)
ZEROES = deflate(bytes(100 * MIB), 9)
EMPTY_BLOCK = b"\x00\x00\x00\xff\xff"


@pytest.fixture(params=["isal", "zlib"], autouse=True)
def unpacker(request, monkeypatch):
    """Both libraries must come to the same judgement."""
    if request.param == "zlib":
        monkeypatch.setattr(inflate, "deflate", zlib)
    else:
        assert inflate.deflate.__name__ == "isal.isal_zlib"


def one(**fields):
    return assemble([Part("a.js", fields.pop("data", DATA), **fields)])


LIES = {
    "more than declared": (one(size=len(DATA) - 1), "SIZE_MISMATCH"),
    "much more than declared": (one(packed=ZEROES, size=10), "SIZE_MISMATCH"),
    "less than declared": (one(size=len(DATA) + 1), "SIZE_MISMATCH"),
    "more than the nothing declared": (one(size=0, crc32=0), "SIZE_MISMATCH"),
    "wrong checksum": (one(crc32=1), "CRC_MISMATCH"),
    "wrong checksum of stored data": (one(method=0, crc32=1), "CRC_MISMATCH"),
    "wrong checksum of nothing": (one(data=b"", crc32=1), "CRC_MISMATCH"),
    "no deflate stream at all": (one(packed=b""), "DEFLATE_DAMAGED"),
    "empty file without its two bytes": (one(data=b"", packed=b""), "DEFLATE_DAMAGED"),
    "stream cut short": (one(packed=deflate(DATA)[:-1]), "DEFLATE_DAMAGED"),
    "stream without its last block": (one(packed=EMPTY_BLOCK, size=0, crc32=0), "DEFLATE_DAMAGED"),
    "no such block type": (one(packed=b"\x07" + bytes(20)), "DEFLATE_DAMAGED"),
    "reaches back before the beginning": (one(packed=b"\x4b\x04\x42\x00" * 5), "DEFLATE_DAMAGED"),
    "zlib wrapping": (one(packed=zlib.compress(DATA)), "DEFLATE_DAMAGED"),
    "one byte behind the stream": (one(packed=deflate(DATA) + b"\0"), "DEFLATE_TRAILING_DATA"),
    "few bytes behind the stream": (one(packed=deflate(DATA) + b"secrets"), "DEFLATE_TRAILING_DATA"),
    "much behind the stream": (one(packed=deflate(DATA) + NOISE), "DEFLATE_TRAILING_DATA"),
    "second stream behind the first": (one(packed=deflate(DATA) * 2), "DEFLATE_TRAILING_DATA"),
    "data behind a stream of 64 KiB": (
        one(data=NOISE[:65_531], packed=deflate(NOISE[:65_531], level=0) + b"x"),
        "DEFLATE_TRAILING_DATA",
    ),
}


@pytest.mark.parametrize("case", LIES)
def test_file_that_is_not_what_it_declares_is_refused(case, tmp_path):
    data, code = LIES[case]
    found = refusal(tmp_path / "x.zip", data)
    assert codes(found) == [code]
    assert found[0].path == "a.js"


def test_every_damaged_file_is_named(tmp_path):
    parts = [Part("a.js", DATA, crc32=1), Part("b.js", DATA), Part("c.js", DATA, packed=b"\x07")]
    found = refusal(tmp_path / "x.zip", assemble(parts))
    assert [(finding.path, finding.code) for finding in found] == [
        ("a.js", "CRC_MISMATCH"),
        ("c.js", "DEFLATE_DAMAGED"),
    ]


def test_nothing_is_unpacked_after_a_file_that_holds_more_than_declared(tmp_path):
    parts = [Part("a.js", DATA, size=1), Part("b.js", DATA, size=1)]
    found = refusal(tmp_path / "x.zip", assemble(parts))
    assert [(finding.path, finding.code) for finding in found] == [("a.js", "SIZE_MISMATCH")]


@pytest.mark.parametrize("level", [0, 1, 6, 9])
def test_every_way_of_packing_is_read(level, tmp_path):
    data = NOISE + DATA * 500 + NOISE[::-1]
    assert contents(tmp_path / "x.zip", one(data=data, packed=deflate(data, level))) == {"a.js": data}


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 262_143, 262_144, 262_145])
@pytest.mark.parametrize("method", [0, 8])
def test_sizes_at_the_edge_of_a_chunk(size, method, tmp_path):
    data = NOISE[:size]
    assert contents(tmp_path / "x.zip", one(data=data, method=method)) == {"a.js": data}


def test_long_stretch_of_empty_blocks_neither_hangs_nor_hides_the_rest(tmp_path):
    packed = EMPTY_BLOCK * 100_000 + deflate(b"x")
    assert contents(tmp_path / "x.zip", one(data=b"x", packed=packed)) == {"a.js": b"x"}
    assert codes(refusal(tmp_path / "x.zip", one(data=b"", packed=EMPTY_BLOCK * 100_000))) == [
        "DEFLATE_DAMAGED"
    ]


BOMBS = {
    "one honest about its size": (one(packed=ZEROES, size=100 * MIB), "RATIO_TOO_HIGH"),
    "one that lies": (one(packed=ZEROES, size=100_000), "SIZE_MISMATCH"),
    "one beyond the size of an entry": (one(packed=deflate(b""), size=401 * MIB), "ENTRY_TOO_LARGE"),
    "many that are small each": (
        assemble([Part(f"{n}", packed=deflate(b""), size=MIB, crc32=0) for n in range(300)]),
        "RATIO_TOO_HIGH",
    ),
    "many beyond the total": (
        assemble([Part(f"{n}", packed=NOISE * 7, size=399 * MIB, crc32=0) for n in range(3)]),
        "UNPACKED_TOO_LARGE",
    ),
    "fifty over one span": (
        assemble(
            [Part("0", packed=deflate(bytes(20 * MIB)), size=20 * MIB, crc32=0)]
            + [Part(f"{n}", packed=b"", offset=0, size=20 * MIB, crc32=0) for n in range(50)]
        ),
        "ENTRIES_OVERLAP",
    ),
}


@pytest.mark.parametrize("case", BOMBS)
def test_bomb_is_refused_with_little_memory(case, tmp_path):
    data, code = BOMBS[case]
    tracemalloc.start()
    try:
        found = refusal(tmp_path / "x.zip", data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert code in codes(found)
    assert peak < 2 * MIB


def test_large_package_is_checked_in_little_memory(tmp_path):
    path = tmp_path / "x.zip"
    large = NOISE * 60
    path.write_bytes(
        assemble([Part("a.js", large, packed=deflate(large, level=0)), Part("b.bin", large, method=0)])
    )
    tracemalloc.start()
    try:
        with open_archive(path) as archive:
            archive.check_contents()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2 * MIB


def test_well_packed_text_is_no_bomb(tmp_path):
    data = b"body { color: red }\n" * 50_000
    assert contents(tmp_path / "x.zip", build_zip({"a.css": data})) == {"a.css": data}
    assert len(data) > 200 * len(deflate(data))
    found = refusal(tmp_path / "x.zip", build_zip({"a.css": data}), Limits(ratio_from=999_999))
    assert set(codes(found)) == {"RATIO_TOO_HIGH"}


def test_bomb_is_seen_among_much_honest_data(tmp_path):
    parts = [Part("a.bin", NOISE), Part("b.bin", bytes(2 * MIB), packed=deflate(bytes(2 * MIB), 9))]
    found = refusal(tmp_path / "x.zip", assemble(parts), unpack=False)
    assert [(finding.path, finding.code) for finding in found] == [("b.bin", "RATIO_TOO_HIGH")]
