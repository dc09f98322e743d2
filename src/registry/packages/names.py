"""Which names a file in a package may have.

A name must mean the same file in every client, on Windows, macOS and Linux alike, and must never lead
out of the folder it is unpacked into: some clients write entries wherever their names point.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from registry.packages.faults import Faults, shown
from registry.packages.limits import Limits

# What the file systems of all three allow between two slashes.
LONGEST_SEGMENT = 255
RESERVED = r"(?i:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[1-9¹²³])"
RESERVED_SEGMENT = re.compile(rf"{RESERVED} *(?:\.|$)")
WINDOWS_FORBIDDEN = re.compile(r'[<>:"|?*]')
# A plain name without a match needs no closer look, and nearly all names are such.
SUSPICIOUS = re.compile(
    rf'[^ -~]|[<>:"|?*\\]|//|^/|/$|^$|(?:^|/)\.\.?(?:/|$)|[. ](?:/|$)|(?:^|/){RESERVED} *(?:[./]|$)'
)
NONCHARACTERS = "".join(chr(plane << 16 | last) for plane in range(17) for last in (0xFFFE, 0xFFFF))
# Drawn as nothing although not of a format category: fillers, variation selectors, noncharacters.
INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff"
    f"\ufdd0-\ufdef{NONCHARACTERS}]"
)
CONTROL_CATEGORIES = {"Cc", "Zl", "Zp"}
INVISIBLE_CATEGORIES = {"Cf", "Co", "Cs"}
ONLY_DOTS = re.compile(r"(?:^|/)\.+(?:/|$)")

# The index and SIG- files mean something directly in META-INF only.
SIGNATURE_FILE = re.compile(
    r"meta-inf/(?:(?P<deep>.*/)?(?:manifest\.mf|cose\.manifest|cose\.sig|[^/]*\.(?:sf|rsa|dsa|ec))"
    r"|index\.list|sig-[^/]*)"
)


def decode(raw_name: bytes, faults: Faults) -> str:
    """The name as text; it must be UTF-8 whether or not the entry's UTF-8 flag (bit 11) says so."""
    try:
        return raw_name.decode()
    except UnicodeDecodeError:
        name = raw_name.decode(errors="replace")
        faults.add(
            "NAME_NOT_UTF8",
            "This name is not UTF-8. Use a zip program that writes UTF-8 names, or plain letters.",
            name,
        )
        return name


def check_names(names: Iterable[str], limits: Limits, faults: Faults) -> None:
    """Reports names that are unsafe alone or beside each other; a folder's name ends in "/"."""
    files: dict[str, str] = {}
    folders: dict[str, str] = {}
    for name in names:
        _check_name(name, limits, faults)
        key = collision_key(name)
        if key in files:
            _report_twin(name, files[key], faults)
        elif not name.endswith("/"):
            files[key] = name
        while (key := key.rpartition("/")[0]) and key not in folders:
            folders[key] = name
    for key in sorted(files.keys() & folders.keys()):
        faults.add(
            "NAME_FILE_AND_FOLDER",
            f"This file is also a folder, for “{shown(folders[key])}”. Rename one of them.",
            files[key],
        )


def collision_key(name: str) -> str:
    """What two names share when a file system or a reader may take one for the other."""
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def is_signature_file(name: str) -> bool:
    """Whether a file belongs to an earlier signature, as the JAR specification and Firefox name them."""
    found = _signature_match(name)
    return found is not None and not found["deep"]


def is_nested_signature(name: str) -> bool:
    """Whether a file deeper in META-INF could be taken for a signature.

    Firefox looks for META-INF/*.rsa with a wildcard that crosses slashes, so that such a file makes
    it call the whole package unsigned.
    """
    found = _signature_match(name)
    return found is not None and bool(found["deep"])


def _signature_match(name: str) -> re.Match[str] | None:
    if not name.isascii():
        # Java compares in upper case, where a dotless i is an I and a long s an S.
        name = unicodedata.normalize("NFKC", name).upper()
    return SIGNATURE_FILE.fullmatch(name.lower())


def _report_twin(name: str, other: str, faults: Faults) -> None:
    if name == other:
        faults.add("NAME_DUPLICATE", "This file is in the archive twice. Keep one.", name)
    else:
        faults.add(
            "NAME_COLLISION",
            f"This file and “{shown(other)}” have one name where upper and lower case or similar"
            " characters are not told apart. Rename one of them.",
            name,
        )


def _check_name(name: str, limits: Limits, faults: Faults) -> None:
    path = name.removesuffix("/")
    size = len(path) if path.isascii() else len(path.encode())
    if size > limits.name_bytes:
        faults.add(
            "NAME_TOO_LONG", f"This name has {size} bytes; at most {limits.name_bytes} are allowed.", name
        )
    elif size > LONGEST_SEGMENT and any(len(part.encode()) > LONGEST_SEGMENT for part in path.split("/")):
        faults.add(
            "NAME_TOO_LONG", f"A part of this name is longer than the {LONGEST_SEGMENT} bytes allowed.", name
        )
    if path.count("/") > limits.depth:
        faults.add("NAME_TOO_DEEP", f"This file lies more than {limits.depth} folders deep.", name)
    if SUSPICIOUS.search(path):
        for code, message in _objections(path):
            faults.add(code, message, name)


def _objections(path: str) -> Iterator[tuple[str, str]]:
    """Each way in which a name is unsafe: code and message."""
    parts = path.split("/")
    if parts == [""]:
        yield "NAME_EMPTY", "An entry has no name. Pack the folder again with an ordinary zip program."
        return
    if parts[0] == "":
        yield "NAME_ABSOLUTE", "This name begins with a slash. Use names relative to the package."
    elif "" in parts:
        yield "NAME_EMPTY_PART", "This name has two slashes in a row. Use one."
    if "." in parts or ".." in parts:
        yield "NAME_TRAVERSAL", "This name has a “.” or “..” part. Use names that stay inside the package."
    if "\\" in path:
        yield "NAME_BACKSLASH", "This name has a backslash. Use “/” between folders."
    if found := WINDOWS_FORBIDDEN.search(path):
        yield (
            "NAME_CHARACTER",
            f"This name has a “{found[0]}”, which Windows does not allow. Rename the file.",
        )
    if any(part.endswith((".", " ")) for part in parts if part not in (".", "..")):
        yield (
            "NAME_TRAILING_DOT",
            "A part of this name ends in a dot or space, which Windows drops. Rename it.",
        )
    if any(map(RESERVED_SEGMENT.match, parts)):
        yield "NAME_RESERVED", "A part of this name is a device on Windows, as CON and NUL are. Rename it."
    categories = set(map(unicodedata.category, set(path)))
    if categories & CONTROL_CATEGORIES:
        yield "NAME_CONTROL_CHARACTER", "This name has a control character or line break. Rename the file."
    if categories & INVISIBLE_CATEGORIES or INVISIBLE.search(path):
        yield (
            "NAME_INVISIBLE_CHARACTER",
            "This name has an invisible, direction-changing or private character. Rename the file.",
        )
    plain = unicodedata.normalize("NFKC", path)
    if plain != path and _leads_elsewhere(plain, path):
        yield "NAME_LOOKALIKE", "This name has a character that looks like slashes or dots. Rename the file."


def _leads_elsewhere(plain: str, path: str) -> bool:
    """Whether a reader that normalises names would see other folders than one that does not."""
    return plain.count("/") != path.count("/") or "\\" in plain or ONLY_DOTS.search(plain) is not None
