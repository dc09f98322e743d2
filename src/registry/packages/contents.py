"""What a reviewer should know about the files in a package. Nothing here holds a package back.

Code can be hidden from the eye in characters that are drawn as nothing, and be shown in another
order than it runs by direction controls (CVE-2021-42574); archives and programs inside a package
escape this look altogether.
"""

import re
from collections import Counter

from registry.packages.faults import shown
from registry.packages.findings import Finding
from registry.packages.inflate import Entry

TEXT_SUFFIXES = {
    "js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx", "coffee", "vue", "json", "html", "htm", "xhtml",
    "xml", "svg", "css", "less", "scss", "sass", "md", "txt", "py", "sh", "yml", "yaml", "toml", "properties",
}  # fmt: skip
MOST_FILES_PER_CODE = 20
MOST_MATCHES_PER_FILE = 100
# Text in ASCII costs next to nothing to pass over; this bounds the search through all other.
MOST_SEARCHED_BYTES = 64 * 1024 * 1024
# The longest thing that is sought: a letter and two four-byte characters.
OVERLAP = 9
# Up to the end of the magic bytes that lie furthest behind, those of tar.
HEAD_SIZE = 262
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

# UTF-8 of the characters, sought in undecoded bytes. Each alternative begins with a literal byte,
# from which the regular expression engine makes a table for skipping ahead.
SELECTOR = rb"(?:\xef\xb8[\x80-\x8f]|\xf3\xa0(?:[\x84-\x86][\x80-\xbf]|\x87[\x80-\xaf]))"
TAG = rb"(?:\xf3\xa0(?:[\x80-\x83\x88-\xbf][\x80-\xbf]|\x87[\xb0-\xbf]))"
BIDI = rb"\xe2\x80[\xaa-\xae]|\xe2\x81[\xa6-\xa9]"
INVISIBLE = (
    rb"\xc2\xad|\xcd\x8f|\xe1\x85[\x9f\xa0]|\xe1\x9e[\xb4\xb5]|\xe1\xa0\x8e|\xe2\x80\x8b"
    rb"|\xe2\x81[\xa0-\xa4\xaa-\xaf]|\xe3\x85\xa4|\xef\xbb\xbf|\xef\xbe\xa0|\xef\xbf[\xb9-\xbb]"
    rb"|\xf0\x9d\x85[\xb3-\xba]|\xf0\x9b\xb2[\xa0-\xa3]"
    # Joiners, marks and single selectors are at home in emoji and in Arabic or Indic words, but
    # behind a Latin letter they make a second name that looks like the first.
    rb"|\xe2\x80[\x8c-\x8f](?<=[A-Za-z_$]...)|\xd8\x9c(?<=[A-Za-z_$]..)"
    rb"|\xef\xb8[\x80-\x8f](?<=[A-Za-z_$]...)"
    rb"|\xf3\xa0(?:[\x84-\x86][\x80-\xbf]|\x87[\x80-\xaf])(?<=[A-Za-z_$]....)"
)
PRIVATE = (
    rb"\xee[\x80-\xbf][\x80-\xbf]|\xef[\x80-\xa3][\x80-\xbf]|\xf3[\xb0-\xbf][\x80-\xbf][\x80-\xbf]"
    rb"|\xf4[\x80-\x8f][\x80-\xbf][\x80-\xbf]"
)
# A black flag with up to seven tags is the flag of a region, such as Scotland.
REGION_FLAG = rb"\xf0\x9f\x8f\xb4(?:\xf3\xa0[\x80-\x81][\x80-\xbf]){1,7}"
HIDDEN_RUN = (
    rb"\xef\xb8[\x80-\x8f]" + SELECTOR + rb"+"
    rb"|\xf3\xa0(?:[\x84-\x86][\x80-\xbf]|\x87[\x80-\xaf])" + SELECTOR + rb"+"
    rb"|\xf3\xa0(?:[\x80-\x83\x88-\xbf][\x80-\xbf]|\x87[\xb0-\xbf])" + TAG + rb"*"
)
SOUGHT = re.compile(b"|".join((REGION_FLAG, HIDDEN_RUN, BIDI, INVISIBLE, PRIVATE)), re.DOTALL)
# In the order in which they are tried on what SOUGHT has found; the rest is simply invisible.
CODES = (
    (re.compile(REGION_FLAG), None),
    (re.compile(HIDDEN_RUN), "HIDDEN_TEXT"),
    (re.compile(BIDI), "BIDI_CONTROL"),
    (re.compile(PRIVATE), "PRIVATE_USE_CHARACTER"),
)
MEANINGS = {
    "HIDDEN_TEXT": "a run of variation selectors or tag characters, in which a program can be hidden",
    "BIDI_CONTROL": "a direction control, which can show code in another order than it runs",
    "PRIVATE_USE_CHARACTER": "a private-use character, which means something else on every machine",
    "INVISIBLE_CHARACTER": "an invisible character",
}

# zip, gzip, xz, 7z, rar, bzip2, zstd, tar
ARCHIVE = re.compile(
    rb"PK(?:\x03\x04|\x05\x06)|\x1f\x8b\x08|\xfd7zXZ\x00|7z\xbc\xaf\x27\x1c|Rar!\x1a\x07"
    rb"|BZh[1-9]1AY&SY|\x28\xb5\x2f\xfd|.{257}ustar",
    re.DOTALL,
)
# ELF, Mach-O, Mach-O for several processors (a Java class has 45 or more at that place), DOS and Windows
PROGRAM = re.compile(
    rb"\x7fELF|\xfe\xed\xfa[\xce\xcf]|[\xce\xcf]\xfa\xed\xfe|\xca\xfe\xba[\xbe\xbf]\x00\x00\x00[\x00-\x2c]"
    rb"|MZ.{0,62}\x00",
    re.DOTALL,
)


class ContentScan:
    """Is fed every file once, in chunks, and keeps at most a few findings of each kind."""

    def __init__(self) -> None:
        self._found: list[Finding] = []
        self._files = Counter[str]()
        self._searchable = MOST_SEARCHED_BYTES
        self._unsearched: str | None = None

    def begin(self, entry: Entry) -> None:
        self._name = entry.name
        _, dot, suffix = entry.name.rpartition(".")
        self._is_text = bool(dot) and suffix.lower() in TEXT_SUFFIXES
        self._left = entry.size
        self._head: bytes | None = b""
        self._line = 1
        self._overlap = b""
        self._matches = 0
        self._codes: set[str] = set()

    def feed(self, chunk: bytes) -> None:
        is_first = self._head == b""
        self._left -= len(chunk)
        if self._head is not None:
            # Gathered, because whoever packs a file decides how few bytes come first.
            self._head += chunk[: HEAD_SIZE - len(self._head)]
            if len(self._head) == HEAD_SIZE or self._left <= 0:
                self._check_kind(self._head)
                self._head = None
        if self._is_text:
            self._search(chunk, is_first)

    def warnings(self) -> tuple[Finding, ...]:
        """What was found, each file once for each code, and how much more there was."""
        found = list(self._found)
        for code, count in self._files.items():
            if count > MOST_FILES_PER_CODE:
                message = f"{count - MOST_FILES_PER_CODE} more files have this finding than are listed."
                found.append(Finding(code, message, severity="warning"))
        if self._unsearched is not None:
            message = "From this file on, no text was searched for invisible characters: there is too much."
            found.append(Finding("TEXT_NOT_SEARCHED", message, path=self._unsearched, severity="warning"))
        return tuple(found)

    def _check_kind(self, head: bytes) -> None:
        if ARCHIVE.match(head):
            self._report("NESTED_ARCHIVE", "This file is an archive itself; what is in it was not looked at.")
        elif PROGRAM.match(head):
            self._report("EXECUTABLE_INSIDE", "This file is a program for one kind of computer.")

    def _search(self, chunk: bytes, is_first: bool) -> None:
        if not chunk.isascii() and self._matches < MOST_MATCHES_PER_FILE:
            self._searchable -= len(chunk)
            if self._searchable >= 0:
                begin = len(BYTE_ORDER_MARK) if is_first and chunk.startswith(BYTE_ORDER_MARK) else 0
                self._search_window(self._overlap + chunk, begin)
            elif self._unsearched is None:
                self._unsearched = shown(self._name)
        if self._left > 0:
            self._line += chunk.count(b"\n")
            self._overlap = chunk[-OVERLAP:]

    def _search_window(self, window: bytes, begin: int) -> None:
        """Searches the end of the chunk before, whose lines are counted already, and the chunk itself."""
        for match in SOUGHT.finditer(window, begin):
            code = _code(match[0])
            if code is not None and code not in self._codes:
                self._codes.add(code)
                line = self._line + window.count(b"\n", len(self._overlap), match.start())
                self._report(code, f"Line {line} has {MEANINGS[code]}.")
            self._matches += 1
            if self._matches == MOST_MATCHES_PER_FILE:
                break

    def _report(self, code: str, message: str) -> None:
        self._files[code] += 1
        if self._files[code] <= MOST_FILES_PER_CODE:
            self._found.append(Finding(code, message, path=shown(self._name), severity="warning"))


def _code(found: bytes) -> str | None:
    for pattern, code in CODES:
        if pattern.fullmatch(found):
            return code
    return "INVISIBLE_CHARACTER"
