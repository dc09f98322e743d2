"""Reads the skeleton of a zip file: end record, central directory, local headers.

Readers of zip files disagree on anything unusual, and each disagreement is a way to show one content
to the registry and another to the client. So only one reading is let through: the records must cover
the file from its first to its last byte, in no more than one way, and say the same thing twice.
No packed byte is read here. Record layouts: APPNOTE.TXT 6.3.10, sections 4.3 to 4.5.
"""

import os
import stat
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct

from registry.packages.faults import Faults
from registry.packages.limits import Limits
from registry.packages.names import decode

STORED = 0
DEFLATED = 8

END = Struct("<4s4H2LH")
CENTRAL = Struct("<4s6H3L5H2L")
LOCAL = Struct("<4s5H3L2H")
SIZES = Struct("<3L")
EXTRA = Struct("<2H")

END_SIGNATURE = b"PK\x05\x06"
CENTRAL_SIGNATURE = b"PK\x01\x02"
LOCAL_SIGNATURE = b"PK\x03\x04"
DESCRIPTOR_SIGNATURE = b"PK\x07\x08"
ZIP64_LOCATOR_SIGNATURE = b"PK\x06\x07"
ZIP64_LOCATOR_SIZE = 20

LONGEST_COMMENT = 0xFFFF
ZIP64_EXTRA = 0x0001
UNICODE_PATH_EXTRA = 0x7075
ENCRYPTION_FLAGS = 1 << 0 | 1 << 6 | 1 << 13
DESCRIPTOR_FLAG = 1 << 3
PATCH_FLAG = 1 << 5
# Bits 1 and 2 only tell how hard the packer tried; some writers give them in one place only.
COMPARED_FLAGS = ENCRYPTION_FLAGS | DESCRIPTOR_FLAG | PATCH_FLAG | 1 << 11
DOS_FOLDER = 0x10
# A central directory is held in memory; names and extra fields rarely take a fifth of this.
DIRECTORY_BYTES_PER_ENTRY = 1024
# Local headers are fetched with this much room for the extra field, so that one read mostly does.
EXTRA_GUESS = 64

ZIP64_ADVICE = "Write the archive without zip64: packages are far smaller than the 4 GB it is for."
REPACK_ADVICE = "Pack the folder again with an ordinary zip program."


@dataclass(slots=True)
class Member:
    """One entry as the central directory describes it; ``name`` is decoded, ``data_offset`` found."""

    raw_name: bytes
    name: str
    made_by: int
    flags: int
    method: int
    modified: tuple[int, int]
    crc32: int
    compressed_size: int
    size: int
    attributes: int
    header_offset: int
    data_offset: int = 0

    @property
    def is_folder(self) -> bool:
        return self.name.endswith("/")


def read_members(descriptor: int, file_size: int, limits: Limits, faults: Faults) -> list[Member]:
    """The entries of the zip file in central directory order, spans proven to tile the file.

    What is wrong with single entries goes to ``faults``; raises PackageRefused where the structure
    cannot be followed any further.
    """
    count, directory_size, directory_offset = _end_record(descriptor, file_size, limits, faults)
    directory = os.pread(descriptor, directory_size, directory_offset)
    members = list(_central_directory(directory, count, faults))
    faults.raise_if_any()
    _follow_spans(descriptor, members, directory_offset, faults)
    return members


def _end_record(descriptor: int, file_size: int, limits: Limits, faults: Faults) -> tuple[int, int, int]:
    tail_size = min(file_size, END.size + LONGEST_COMMENT)
    tail = os.pread(descriptor, tail_size, file_size - tail_size)
    at = tail.rfind(END_SIGNATURE)
    fitting = _fitting_ends(tail)
    if at < 0 or (at + END.size > len(tail) and not fitting):
        faults.stop(
            "NOT_A_ZIP", "This is not a zip file, or its end is missing. Upload the .zip or .xpi itself."
        )
    if len(fitting) > 1 or (fitting and fitting[0] != at):
        faults.stop(
            "AMBIGUOUS_END",
            f"The archive has more than one end record, so programs differ on what is in it. {REPACK_ADVICE}",
        )
    if not fitting:
        faults.stop(
            "TRAILING_DATA",
            f"The archive does not end where its end record says, at the end of the file. {REPACK_ADVICE}",
        )
    _, disk, directory_disk, here, count, size, offset, _ = END.unpack_from(tail, at)
    position = file_size - tail_size + at
    locator = (
        os.pread(descriptor, 4, position - ZIP64_LOCATOR_SIZE) if position >= ZIP64_LOCATOR_SIZE else b""
    )
    if locator == ZIP64_LOCATOR_SIGNATURE or 0xFFFF in (disk, directory_disk, here, count):
        faults.stop("ZIP64", ZIP64_ADVICE)
    if 0xFFFFFFFF in (size, offset):
        faults.stop("ZIP64", ZIP64_ADVICE)
    if disk or directory_disk or here != count:
        faults.stop("MULTI_DISK", "The archive is split into several parts. Upload it as one file.")
    if count == 0:
        faults.stop("EMPTY_PACKAGE", "The archive is empty. Pack the folder that holds the manifest.")
    if count > limits.entries:
        faults.stop(
            "TOO_MANY_ENTRIES",
            f"The archive has {count} entries; at most {limits.entries} are allowed.",
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


def _fitting_ends(tail: bytes) -> list[int]:
    """Where an end record could begin whose comment reaches exactly to the end of the file."""
    found = []
    at = tail.find(END_SIGNATURE)
    while at >= 0 and at + END.size <= len(tail):
        if at + END.size + int.from_bytes(tail[at + 20 : at + 22], "little") == len(tail):
            found.append(at)
        at = tail.find(END_SIGNATURE, at + 1)
    return found


def _central_directory(directory: bytes, count: int, faults: Faults) -> Iterator[Member]:
    at = 0
    for _ in range(count):
        if at + CENTRAL.size > len(directory) or directory[at : at + 4] != CENTRAL_SIGNATURE:
            faults.stop("DIRECTORY_DAMAGED", f"The archive's table of contents is damaged. {REPACK_ADVICE}")
        (
            _, made_by, _, flags, method, time, date, crc32, compressed_size, size,
            name_size, extra_size, comment_size, disk, _, attributes, header_offset,
        ) = CENTRAL.unpack_from(directory, at)  # fmt: skip
        at += CENTRAL.size
        raw_name = directory[at : at + name_size]
        at += name_size
        extra = directory[at : at + extra_size]
        at += extra_size + comment_size
        if at > len(directory):
            faults.stop("DIRECTORY_DAMAGED", f"The archive's table of contents is damaged. {REPACK_ADVICE}")
        member = Member(
            raw_name, decode(raw_name, faults), made_by >> 8, flags, method, (date, time), crc32,
            compressed_size, size, attributes, header_offset,
        )  # fmt: skip
        if disk or 0xFFFFFFFF in (compressed_size, size, header_offset):
            faults.add("ZIP64" if disk in (0, 0xFFFF) else "MULTI_DISK", ZIP64_ADVICE, member.name)
        _check_member(member, faults)
        _check_extra(member, extra, faults)
        yield member
    if at != len(directory):
        faults.stop(
            "DIRECTORY_DAMAGED",
            f"The archive's table of contents lists other files than it counts. {REPACK_ADVICE}",
        )


def _check_member(member: Member, faults: Faults) -> None:
    if member.flags & ENCRYPTION_FLAGS:
        faults.add("ENCRYPTED", "This file is encrypted. Pack without a password.", member.name)
    elif member.method not in (STORED, DEFLATED) or member.flags & PATCH_FLAG:
        faults.add(
            "METHOD_UNSUPPORTED",
            f"This file is packed by method {member.method}; use deflate (8) or store (0), as all clients"
            " read these.",
            member.name,
        )
    elif member.method == STORED and member.compressed_size != member.size:
        faults.add("SIZE_MISMATCH", "This file is stored, yet has two different sizes.", member.name)
    _check_type(member, faults)


def _check_type(member: Member, faults: Faults) -> None:
    # Only Unix and OS X are meant to keep a file mode in the high half, but some readers
    # look there whatever the system, and no honest archive of another system has a link there.
    kind = stat.S_IFMT(member.attributes >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        what = "a symbolic link" if kind == stat.S_IFLNK else "a device, pipe or socket"
        faults.add(
            "SPECIAL_FILE",
            f"This entry is {what}; only files and folders are allowed. Pack the file it stands for.",
            member.name,
        )
    elif member.is_folder:
        if member.size or member.crc32 or member.compressed_size not in (0, 2):
            faults.add(
                "FOLDER_WITH_DATA", f"This folder has content of its own. {REPACK_ADVICE}", member.name
            )
    elif kind == stat.S_IFDIR or (not kind and member.attributes & DOS_FOLDER):
        faults.add(
            "FOLDER_WITHOUT_SLASH",
            f"This folder's name does not end in a slash. {REPACK_ADVICE}",
            member.name,
        )


def _check_extra(member: Member, extra: bytes, faults: Faults) -> None:
    at = 0
    while at + EXTRA.size <= len(extra):
        kind, size = EXTRA.unpack_from(extra, at)
        at += EXTRA.size
        if at + size > len(extra):
            faults.add(
                "EXTRA_DAMAGED", f"An extra field of this entry is damaged. {REPACK_ADVICE}", member.name
            )
            return
        if kind == ZIP64_EXTRA:
            faults.add("ZIP64", ZIP64_ADVICE, member.name)
        elif kind == UNICODE_PATH_EXTRA and not _same_name(member.raw_name, extra[at : at + size]):
            faults.add(
                "UNICODE_PATH_MISMATCH",
                f"This entry has a second, different name in an extra field. {REPACK_ADVICE}",
                member.name,
            )
        at += size


def _same_name(raw_name: bytes, unicode_path: bytes) -> bool:
    """Whether an Info-ZIP Unicode Path field (version, CRC-32 of the name, UTF-8 name) repeats the name."""
    return unicode_path == b"\x01" + zlib.crc32(raw_name).to_bytes(4, "little") + raw_name


def _follow_spans(descriptor: int, members: list[Member], directory_offset: int, faults: Faults) -> None:
    """Walks the file from byte 0: each header, its data, its descriptor, and no byte between."""
    ordered = sorted(members, key=lambda member: member.header_offset)
    if ordered[0].header_offset:
        faults.stop("PREFIX_DATA", f"There is data before the first file of the archive. {REPACK_ADVICE}")
    ends = [member.header_offset for member in ordered[1:]] + [directory_offset]
    for member, end in zip(ordered, ends, strict=True):
        least = LOCAL.size + len(member.raw_name) + member.compressed_size
        if end - member.header_offset < least:
            faults.add("ENTRIES_OVERLAP", f"This entry lies over another one. {REPACK_ADVICE}", member.name)
    # Only spans that do not overlap bound what is read below by the size of the file.
    faults.raise_if_any()
    for member, end in zip(ordered, ends, strict=True):
        _follow_span(descriptor, member, end, faults)


def _follow_span(descriptor: int, member: Member, end: int, faults: Faults) -> None:
    fixed = LOCAL.size + len(member.raw_name)
    header = os.pread(descriptor, fixed + EXTRA_GUESS, member.header_offset)
    if len(header) < fixed or header[:4] != LOCAL_SIGNATURE:
        faults.add("LOCAL_DAMAGED", f"This entry's own header is missing. {REPACK_ADVICE}", member.name)
        return
    _, _, flags, method, _, _, crc32, compressed_size, size, name_size, extra_size = LOCAL.unpack_from(header)
    member.data_offset = member.header_offset + fixed + extra_size
    left = end - member.data_offset - member.compressed_size
    if name_size != len(member.raw_name) or header[LOCAL.size : fixed] != member.raw_name:
        _mismatch("name", member, faults)
    elif method != member.method or (flags ^ member.flags) & COMPARED_FLAGS:
        _mismatch("packing method or flags", member, faults)
    elif left < 0:
        faults.add("ENTRIES_OVERLAP", f"This entry lies over another one. {REPACK_ADVICE}", member.name)
    elif not flags & DESCRIPTOR_FLAG:
        if (crc32, compressed_size, size) != (member.crc32, member.compressed_size, member.size):
            _mismatch("checksum or size", member, faults)
        elif left:
            _hidden(left, member, faults)
    elif not (
        crc32 in (0, member.crc32)
        and compressed_size in (0, member.compressed_size)
        and size in (0, member.size)
    ):
        _mismatch("checksum or size", member, faults)
    else:
        _check_descriptor(descriptor, member, left, faults)
    if extra_size and left >= 0:
        extra = header[fixed : fixed + extra_size]
        if len(extra) < extra_size:
            extra = os.pread(descriptor, extra_size, member.header_offset + fixed)
        _check_extra(member, extra, faults)


def _check_descriptor(descriptor: int, member: Member, left: int, faults: Faults) -> None:
    sizes = SIZES.pack(member.crc32, member.compressed_size, member.size)
    if left not in (SIZES.size, SIZES.size + len(DESCRIPTOR_SIGNATURE)):
        _hidden(left, member, faults)
        return
    found = os.pread(descriptor, left, member.data_offset + member.compressed_size)
    if found not in (sizes, DESCRIPTOR_SIGNATURE + sizes):
        _mismatch("checksum or size", member, faults)


def _mismatch(what: str, member: Member, faults: Faults) -> None:
    faults.add(
        "LOCAL_MISMATCH",
        f"The archive gives this entry's {what} twice, and differently. {REPACK_ADVICE}",
        member.name,
    )


def _hidden(left: int, member: Member, faults: Faults) -> None:
    faults.add(
        "HIDDEN_DATA",
        f"{left} bytes after this entry belong to no file. {REPACK_ADVICE}",
        member.name,
    )
