"""The records of a zip file and what one entry may say of itself (APPNOTE.TXT 6.3.10, 4.3 to 4.5)."""

import stat
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct

from registry.packages.faults import Faults
from registry.packages.names import decode

STORED = 0
DEFLATED = 8

CENTRAL = Struct("<4s6H3L5H2L")
EXTRA = Struct("<2H")
CENTRAL_SIGNATURE = b"PK\x01\x02"

ZIP64_SIZE = 0xFFFFFFFF
ZIP64_COUNT = 0xFFFF
ZIP64_EXTRA = 0x0001
UNICODE_PATH_EXTRA = 0x7075
ENCRYPTION_FLAGS = 1 << 0 | 1 << 6 | 1 << 13
DESCRIPTOR_FLAG = 1 << 3
PATCH_FLAG = 1 << 5
UTF8_FLAG = 1 << 11
DOS_FOLDER = 0x10
# Store and deflate need version 2.0; 4.5 is what writers put that are prepared for zip64.
NEWEST_VERSION = 45

ZIP64_ADVICE = "Write the archive without zip64: packages are far smaller than the 4 GB it is for."
SPLIT_ADVICE = "The archive is split into several parts. Upload it as one file."
REPACK_ADVICE = "Pack the folder again with an ordinary zip program."


@dataclass(slots=True)
class Member:
    """One entry as the central directory describes it.

    ``made_by`` is left out on purpose, see ``_check_type``; ``data_offset`` is found later, from the
    entry's local header.
    """

    raw_name: bytes
    name: str
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


def central_directory(directory: bytes, count: int, faults: Faults) -> Iterator[Member]:
    """The ``count`` entries that ``directory`` must hold from its first to its last byte."""
    at = 0
    for _ in range(count):
        if at + CENTRAL.size > len(directory) or directory[at : at + 4] != CENTRAL_SIGNATURE:
            faults.stop("DIRECTORY_DAMAGED", f"The archive's table of contents is damaged. {REPACK_ADVICE}")
        (
            _, _, version, flags, method, time, date, crc32, compressed_size, size,
            name_size, extra_size, comment_size, disk, _, attributes, header_offset,
        ) = CENTRAL.unpack_from(directory, at)  # fmt: skip
        name_end = at + CENTRAL.size + name_size
        extra_end = name_end + extra_size
        raw_name = directory[at + CENTRAL.size : name_end]
        extra = directory[name_end:extra_end]
        at = extra_end + comment_size
        member = Member(
            raw_name, decode(raw_name, faults), flags, method, (date, time), crc32,
            compressed_size, size, attributes, header_offset,
        )  # fmt: skip
        if ZIP64_SIZE in (compressed_size, size, header_offset) or disk == ZIP64_COUNT:
            faults.add("ZIP64", ZIP64_ADVICE, member.name)
        elif disk:
            faults.add("MULTI_DISK", SPLIT_ADVICE, member.name)
        check_version(member, version, faults)
        _check_packing(member, faults)
        _check_type(member, faults)
        check_extra(member, extra, faults)
        yield member
    if at != len(directory):
        faults.stop(
            "DIRECTORY_DAMAGED",
            f"The archive's table of contents does not end with the last entry it counts. {REPACK_ADVICE}",
        )


def check_version(member: Member, version: int, faults: Faults) -> None:
    """Reports a "version needed to extract" that some readers give up on; its high byte is a system."""
    if version & 0xFF > NEWEST_VERSION:
        faults.add(
            "VERSION_UNSUPPORTED", f"This entry asks for a newer zip reader. {REPACK_ADVICE}", member.name
        )


def _check_packing(member: Member, faults: Faults) -> None:
    if member.flags & ENCRYPTION_FLAGS:
        faults.add("ENCRYPTED", "This file is encrypted. Pack without a password.", member.name)
    elif member.method not in (STORED, DEFLATED) or member.flags & PATCH_FLAG:
        faults.add(
            "METHOD_UNSUPPORTED",
            f"This file is packed by method {member.method}. Use deflate (8) or store (0), which every"
            " client reads.",
            member.name,
        )
    elif member.method == STORED and member.compressed_size != member.size:
        faults.add(
            "SIZE_MISMATCH",
            f"This file is stored as it is, yet has two sizes, {member.compressed_size} and {member.size}."
            f" {REPACK_ADVICE}",
            member.name,
        )


def _check_type(member: Member, faults: Faults) -> None:
    # Only Unix (3) and OS X (19) are meant to keep a file mode in the high half of the attributes. But
    # some readers look there whatever the system, and no honest archive of another has a link there.
    kind = stat.S_IFMT(member.attributes >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        what = "a symbolic link" if kind == stat.S_IFLNK else "a device, pipe or socket"
        faults.add(
            "SPECIAL_FILE",
            f"This entry is {what}; only files and folders are allowed. Put a copy of the file there.",
            member.name,
        )
    elif member.is_folder:
        # Some writers pack "nothing" by deflate, which takes two bytes.
        if member.size or member.crc32 or member.compressed_size not in (0, 2):
            faults.add(
                "FOLDER_WITH_DATA", f"This folder has content of its own. {REPACK_ADVICE}", member.name
            )
    elif kind == stat.S_IFDIR or (kind == 0 and member.attributes & DOS_FOLDER):
        faults.add(
            "FOLDER_WITHOUT_SLASH",
            f"This folder's name does not end in a slash. {REPACK_ADVICE}",
            member.name,
        )


def check_extra(member: Member, extra: bytes, faults: Faults) -> None:
    """Reports the extra fields that would give an entry another size or name than its records do."""
    at = 0
    while at + EXTRA.size <= len(extra):
        kind, size = EXTRA.unpack_from(extra, at)
        at += EXTRA.size
        content = extra[at : at + size]
        at += size
        if at > len(extra):
            faults.add(
                "EXTRA_DAMAGED", f"An extra field of this entry is damaged. {REPACK_ADVICE}", member.name
            )
        elif kind == ZIP64_EXTRA:
            faults.add("ZIP64", ZIP64_ADVICE, member.name)
        elif kind == UNICODE_PATH_EXTRA and not _repeats_name(content, member.raw_name):
            faults.add(
                "UNICODE_PATH_MISMATCH",
                f"This entry has a second, different name in an extra field. {REPACK_ADVICE}",
                member.name,
            )


def _repeats_name(unicode_path: bytes, raw_name: bytes) -> bool:
    """Whether an Info-ZIP Unicode Path field (version, CRC-32 of the name, UTF-8 name) says the same."""
    return unicode_path == b"\x01" + zlib.crc32(raw_name).to_bytes(4, "little") + raw_name
