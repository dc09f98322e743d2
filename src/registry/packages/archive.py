"""The gate: the only way to the files inside an uploaded package."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from registry.packages.contents import ContentScan
from registry.packages.faults import Faults
from registry.packages.findings import Finding, PackageRefused
from registry.packages.inflate import Entry, inflate
from registry.packages.limits import DEFAULT_LIMITS, Limits
from registry.packages.names import check_names, is_nested_signature, is_signature_file
from registry.packages.secrets import TokenScan
from registry.packages.zip_records import Member
from registry.packages.zip_structure import read_members

__all__ = ["Archive", "Entry", "Finding", "Limits", "PackageRefused", "open_archive"]

FINDER_FOLDER = "__MACOSX/"
FINDER_FILE = ".DS_Store"


class Archive:
    """An open zip file that passed the structural gate; closed by ``close()`` or as a context.

    ``entries`` holds its files in the order of the central directory, without folders and without
    the files of an earlier signature; those are ``signature_entries``.
    Reading is by position, so ``file`` has no shared cursor.
    """

    # What looks like a token of this registry, and the file it is in; known after `check_contents`.
    tokens: Mapping[str, str] = {}

    def __init__(
        self,
        file: BinaryIO,
        entries: tuple[Entry, ...],
        limits: Limits,
        signature_entries: tuple[Entry, ...] = (),
    ) -> None:
        self.file = file
        self.entries = entries
        self.signature_entries = signature_entries
        self.limits = limits
        self._by_name = {entry.name: entry for entry in entries}

    def __enter__(self) -> "Archive":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self.file.close()

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def get(self, name: str) -> Entry | None:
        return self._by_name.get(name)

    def names(self) -> tuple[str, ...]:
        return tuple(self._by_name)

    def read(self, name: str, limit: int) -> bytes:
        """One whole file of at most ``limit`` bytes.

        Raises KeyError for a name that is not there, PackageRefused for a larger or damaged file.
        """
        entry = self._by_name[name]
        if entry.size > limit:
            faults = Faults()
            faults.stop(
                "FILE_TOO_LARGE", f"This file has {entry.size} bytes; at most {limit} are read.", name
            )
        return b"".join(self.inflate(entry))

    def inflate(self, entry: Entry) -> Iterator[bytes]:
        """A file in chunks of at most 256 KiB; raises PackageRefused where it is not what was declared."""
        return inflate(self.file.fileno(), entry)

    def check_contents(self) -> tuple[Finding, ...]:
        """Unpacks every file once, keeping none.

        Returns warnings for reviewers. Raises PackageRefused for damaged files, all in one; a file
        that holds more than it declares ends the check at once.
        """
        scan, tokens = ContentScan(), TokenScan()
        faults = Faults()
        for entry in self.entries:
            scan.begin(entry)
            tokens.begin(entry)
            try:
                for chunk in self.inflate(entry):
                    scan.feed(chunk)
                    tokens.feed(chunk)
            except PackageRefused as refused:
                faults.extend(refused.findings)
                if any(finding.code == "SIZE_MISMATCH" for finding in refused.findings):
                    break
        self.tokens = tokens.found
        faults.raise_if_any()
        return scan.warnings()

    def single_top_folder(self) -> str | None:
        """The one folder ("repo-1.0/") that holds everything but what the macOS Finder puts beside it."""
        folders = {
            entry.name.partition("/")[0] + "/" if "/" in entry.name else ""
            for entry in self.entries
            if not _is_finder_litter(entry.name)
        }
        return folders.pop() if len(folders) == 1 and "" not in folders else None

    def below(self, folder: str) -> "Archive":
        """The same open file seen from inside ``folder``, without Finder litter and all outside of it."""
        entries = [
            Entry(name, e.method, e.crc32, e.compressed_size, e.size, e.data_offset, e.modified)
            for e in self.entries
            if e.name.startswith(folder) and not _is_finder_litter(name := e.name[len(folder) :])
        ]
        faults = Faults()
        kept, signature = _split_signature(entries, faults)
        faults.raise_if_any()
        return Archive(self.file, kept, self.limits, signature)


def open_archive(path: Path, limits: Limits = DEFAULT_LIMITS) -> Archive:
    """Opens a zip file if its structure, names and declared sizes are safe; nothing is unpacked.

    Use as a context. Raises PackageRefused with every fault that was found, OSError when the file
    cannot be read.
    """
    file = open(path, "rb")  # noqa: SIM115 (the archive closes it)
    try:
        entries, signature = _gate(file, limits)
        return Archive(file, entries, limits, signature)
    except BaseException:
        file.close()
        raise


def _gate(file: BinaryIO, limits: Limits) -> tuple[tuple[Entry, ...], tuple[Entry, ...]]:
    faults = Faults()
    file_size = os.fstat(file.fileno()).st_size
    if file_size > limits.wire_bytes:
        faults.stop(
            "PACKAGE_TOO_LARGE", f"The file has {file_size} bytes; at most {limits.wire_bytes} are allowed."
        )
    members = read_members(file.fileno(), file_size, limits, faults)
    check_names((member.name for member in members), limits, faults)
    _check_sizes(members, limits, faults)
    entries = [
        Entry(m.name, m.method, m.crc32, m.compressed_size, m.size, m.data_offset, m.modified)
        for m in members
        if not m.is_folder
    ]
    kept, signature = _split_signature(entries, faults)
    faults.raise_if_any()
    if not kept:
        faults.stop(
            "EMPTY_PACKAGE", "There is no file in the archive. Pack the folder that holds the manifest."
        )
    return kept, signature


def _check_sizes(members: list[Member], limits: Limits, faults: Faults) -> None:
    """Judges declared sizes; unpacking stops where a file goes beyond its own, so these caps hold."""
    for member in members:
        if member.size > limits.entry_bytes:
            faults.add(
                "ENTRY_TOO_LARGE",
                f"This file has {member.size} bytes; at most {limits.entry_bytes} are allowed.",
                member.name,
            )
        elif _is_bomb(member.size, member.compressed_size, limits):
            faults.add(
                "RATIO_TOO_HIGH",
                f"This file unpacks to more than {limits.ratio} times its packed size, as a zip bomb does.",
                member.name,
            )
    size = sum(member.size for member in members)
    if size > limits.unpacked_bytes:
        faults.add(
            "UNPACKED_TOO_LARGE",
            f"The package unpacks to {size} bytes; at most {limits.unpacked_bytes} are allowed.",
        )
    elif _is_bomb(size, sum(member.compressed_size for member in members), limits):
        faults.add(
            "RATIO_TOO_HIGH",
            f"The package unpacks to more than {limits.ratio} times its packed size, as a zip bomb does.",
        )


def _is_bomb(size: int, compressed_size: int, limits: Limits) -> bool:
    return size > limits.ratio_from and size > compressed_size * limits.ratio


def _split_signature(entries: list[Entry], faults: Faults) -> tuple[tuple[Entry, ...], tuple[Entry, ...]]:
    """The package's own files, and those of an earlier signature."""
    kept: list[Entry] = []
    signature: list[Entry] = []
    for entry in entries:
        (signature if is_signature_file(entry.name) else kept).append(entry)
        if is_nested_signature(entry.name):
            faults.add(
                "NESTED_SIGNATURE",
                "A signature file this deep in META-INF makes the package look unsigned. Remove it.",
                entry.name,
            )
    return tuple(kept), tuple(signature)


def _is_finder_litter(name: str) -> bool:
    return name.startswith(FINDER_FOLDER) or name == FINDER_FILE
