"""Follows the skeleton of a zip file: end record, central directory, local headers.

Readers of zip files disagree on anything unusual, and each disagreement is a way to show one content
to the registry and another to the client. So only one reading is let through: the records must cover
the file from its first to its last byte, each byte once, and say twice what they say twice. No packed
byte is read here. Record layouts: APPNOTE.TXT 6.3.10, sections 4.3 and 4.4.
"""

import os
from struct import Struct

from registry.packages.faults import Faults
from registry.packages.limits import Limits
from registry.packages.zip_records import (
    DESCRIPTOR_FLAG,
    ENCRYPTION_FLAGS,
    PATCH_FLAG,
    REPACK_ADVICE,
    SPLIT_ADVICE,
    UTF8_FLAG,
    ZIP64_ADVICE,
    ZIP64_COUNT,
    ZIP64_SIZE,
    Member,
    central_directory,
    check_extra,
    check_version,
)

END = Struct("<4s4H2LH")
LOCAL = Struct("<4s5H3L2H")
SIZES = Struct("<3L")

END_SIGNATURE = b"PK\x05\x06"
LOCAL_SIGNATURE = b"PK\x03\x04"
DESCRIPTOR_SIGNATURE = b"PK\x07\x08"
ZIP64_LOCATOR_SIGNATURE = b"PK\x06\x07"
ZIP64_LOCATOR_SIZE = 20

LONGEST_COMMENT = 0xFFFF
# Bits 1 and 2 only tell how hard the packer tried; some writers give them in one place only.
COMPARED_FLAGS = ENCRYPTION_FLAGS | DESCRIPTOR_FLAG | PATCH_FLAG | UTF8_FLAG
# A central directory is held in memory; names and extra fields rarely take a fifth of this.
DIRECTORY_BYTES_PER_ENTRY = 1024
# Local headers are fetched with this much room for the extra field, so that one read mostly does.
EXTRA_GUESS = 64


def read_members(descriptor: int, file_size: int, limits: Limits, faults: Faults) -> list[Member]:
    """The entries of the zip file, in the order of its central directory.

    What is wrong with single entries goes to ``faults``, and where nothing does, the spans of all
    entries are proven to tile the file. Raises PackageRefused where the structure cannot be followed.
    """
    count, directory_size, directory_offset = _end_record(descriptor, file_size, limits, faults)
    directory = os.pread(descriptor, directory_size, directory_offset)
    members = list(central_directory(directory, count, faults))
    if not faults.found:
        _follow_spans(descriptor, members, directory_offset, faults)
    return members


def _end_record(descriptor: int, file_size: int, limits: Limits, faults: Faults) -> tuple[int, int, int]:
    """Number of entries, and size and offset of the central directory, from the one end record."""
    tail_size = min(file_size, END.size + LONGEST_COMMENT)
    tail = os.pread(descriptor, tail_size, file_size - tail_size)
    at = _find_end(tail, faults)
    _, disk, directory_disk, here, count, size, offset, _ = END.unpack_from(tail, at)
    position = file_size - tail_size + at
    locator_at = max(0, position - ZIP64_LOCATOR_SIZE)
    has_locator = os.pread(descriptor, 4, locator_at) == ZIP64_LOCATOR_SIGNATURE
    if has_locator or ZIP64_COUNT in (disk, directory_disk, here, count) or ZIP64_SIZE in (size, offset):
        faults.stop("ZIP64", ZIP64_ADVICE)
    if disk or directory_disk or here != count:
        faults.stop("MULTI_DISK", SPLIT_ADVICE)
    if count == 0:
        faults.stop("EMPTY_PACKAGE", "The archive is empty. Pack the folder that holds the manifest.")
    if count > limits.entries:
        faults.stop(
            "TOO_MANY_ENTRIES",
            f"The archive has {count} entries; at most {limits.entries} are allowed. Leave out what the"
            " extension does not need.",
        )
    if size > limits.entries * DIRECTORY_BYTES_PER_ENTRY:
        faults.stop("DIRECTORY_TOO_LARGE", f"The archive's table of contents is too large. {REPACK_ADVICE}")
    if offset + size != position:
        faults.stop(
            "DIRECTORY_MISPLACED",
            "The archive's table of contents is not where its end record says; data was put before or"
            f" after it. {REPACK_ADVICE}",
        )
    return count, size, offset


def _find_end(tail: bytes, faults: Faults) -> int:
    """Where the end record begins in the last bytes of the file.

    Some readers take the last signature, others the one whose comment reaches exactly to the end
    of the file: it must be the same one. A nested archive's own end record is neither.
    """
    fitting = []
    last = tail.rfind(END_SIGNATURE)
    at = tail.find(END_SIGNATURE)
    while 0 <= at <= len(tail) - END.size:
        if at + END.size + _comment_size(tail, at) == len(tail):
            fitting.append(at)
        at = tail.find(END_SIGNATURE, at + 1)
    if fitting and fitting != [last]:
        faults.stop(
            "AMBIGUOUS_END",
            f"The archive has more than one end record, so clients differ on what is in it. {REPACK_ADVICE}",
        )
    if not fitting and 0 <= last <= len(tail) - END.size - _comment_size(tail, last):
        faults.stop(
            "TRAILING_DATA", f"There is data after the end of the archive, where none may be. {REPACK_ADVICE}"
        )
    if not fitting:
        faults.stop(
            "NOT_A_ZIP", "This is not a zip file, or its end is missing. Upload the whole .zip or .xpi file."
        )
    return last


def _comment_size(tail: bytes, at: int) -> int:
    return int.from_bytes(tail[at + END.size - 2 : at + END.size], "little")


def _follow_spans(descriptor: int, members: list[Member], directory_offset: int, faults: Faults) -> None:
    """Walks the file from byte 0: header, data and descriptor of each entry, and nothing between."""
    ordered = sorted(members, key=lambda member: member.header_offset)
    if ordered[0].header_offset:
        faults.stop("PREFIX_DATA", f"There is data before the first file of the archive. {REPACK_ADVICE}")
    ends = [member.header_offset for member in ordered[1:]] + [directory_offset]
    spans = list(zip(ordered, ends, strict=True))
    for member, end in spans:
        if end - member.header_offset < LOCAL.size + len(member.raw_name) + member.compressed_size:
            _overlap(member, faults)
    # Only where no span lies over another is what follows bounded by the size of the file.
    if not faults.found:
        for member, end in spans:
            _follow_span(descriptor, member, end, faults)


def _follow_span(descriptor: int, member: Member, end: int, faults: Faults) -> None:
    fixed = LOCAL.size + len(member.raw_name)
    header = os.pread(descriptor, fixed + EXTRA_GUESS, member.header_offset)
    if len(header) < fixed or header[:4] != LOCAL_SIGNATURE:
        faults.add("LOCAL_DAMAGED", f"This entry's own header is missing. {REPACK_ADVICE}", member.name)
        return
    _, version, flags, method, _, _, *sizes, name_size, extra_size = LOCAL.unpack_from(header)
    if name_size != len(member.raw_name) or header[LOCAL.size : fixed] != member.raw_name:
        _mismatch("name", member, faults)
        return
    if method != member.method or (flags ^ member.flags) & COMPARED_FLAGS:
        _mismatch("packing method or flags", member, faults)
        return
    member.data_offset = member.header_offset + fixed + extra_size
    behind = end - member.data_offset - member.compressed_size
    if behind < 0:
        _overlap(member, faults)
        return
    check_version(member, version, faults)
    if extra_size:
        extra = header[fixed : fixed + extra_size]
        if len(extra) < extra_size:
            extra = os.pread(descriptor, extra_size, member.header_offset + fixed)
        check_extra(member, extra, faults)
    _check_sizes(descriptor, member, sizes, behind, faults)


def _check_sizes(descriptor: int, member: Member, sizes: list[int], behind: int, faults: Faults) -> None:
    """Compares CRC-32, packed and full size in the local header and in the data descriptor, if any.

    ``behind`` is how many bytes lie between the data and the next record.
    """
    true_sizes = [member.crc32, member.compressed_size, member.size]
    if not member.flags & DESCRIPTOR_FLAG:
        if sizes != true_sizes:
            _mismatch("checksum or size", member, faults)
        elif behind:
            _hidden(behind, member, faults)
        return
    if any(size not in (0, true_size) for size, true_size in zip(sizes, true_sizes, strict=True)):
        _mismatch("checksum or size", member, faults)
        return
    plain = SIZES.pack(*true_sizes)
    if behind not in (len(plain), len(DESCRIPTOR_SIGNATURE + plain)):
        _hidden(behind, member, faults)
        return
    found = os.pread(descriptor, behind, member.data_offset + member.compressed_size)
    if found not in (plain, DESCRIPTOR_SIGNATURE + plain):
        _mismatch("checksum or size", member, faults)


def _overlap(member: Member, faults: Faults) -> None:
    faults.add("ENTRIES_OVERLAP", f"This entry lies over another one. {REPACK_ADVICE}", member.name)


def _mismatch(what: str, member: Member, faults: Faults) -> None:
    faults.add(
        "LOCAL_MISMATCH",
        f"The archive gives this entry's {what} twice, and differently. {REPACK_ADVICE}",
        member.name,
    )


def _hidden(behind: int, member: Member, faults: Faults) -> None:
    faults.add(
        "HIDDEN_DATA",
        f"The {behind} bytes behind this file's data are not what belongs there. {REPACK_ADVICE}",
        member.name,
    )
