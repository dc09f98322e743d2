"""Which names a file in a package may have.

A name must mean the same file in every client, on Windows, macOS and Linux alike, and must never lead
out of the folder it is unpacked into. Some clients write entries wherever their names point.
"""

import re
import unicodedata
from collections.abc import Iterable

from registry.packages.faults import Faults, shown
from registry.packages.limits import Limits

LONGEST_SEGMENT_BYTES = 255
RESERVED = r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[1-9¹²³])"
# What a plain ASCII name must not have anywhere; a name without a match needs no further look.
SUSPICIOUS = re.compile(
    r'[^ -~]|[<>:"|?*\\]|//|^/|(?:^|/)\.\.?(?:/|$)|[. ](?:/|$)'
    rf"|(?:^|/)(?i:{RESERVED}) *(?:[./]|$)"
)
RESERVED_SEGMENT = re.compile(rf"(?i:{RESERVED}) *(?:\.|$)")
FORBIDDEN = re.compile(r'[<>:"|?*]')
# Shown as nothing at all, although not of the format category: fillers and variation selectors.
INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]"
)
NONCHARACTER = re.compile("[\ufdd0-\ufdef]|[^\x00-\ufffd](?<=[\ufffe\uffff])")

SIGNATURE_FILE = re.compile(
    r"meta-inf/(?P<deep>.*/)?(?:manifest\.mf|cose\.manifest|cose\.sig|[^/]*\.(?:sf|rsa|dsa|ec)"
    r"|(?P<shallow>index\.list|sig-[^/]*))"
)


def decode(raw_name: bytes, faults: Faults) -> str:
    """The name as text. Names without the UTF-8 flag (bit 11) are UTF-8 or refused just the same."""
    try:
        return raw_name.decode()
    except UnicodeDecodeError:
        name = raw_name.decode("ascii", "backslashreplace")
        faults.add(
            "NAME_NOT_UTF8",
            "This name is not UTF-8. Pack with a program that writes UTF-8 names, or use plain letters.",
            name,
        )
        return name


def check_names(names: Iterable[str], limits: Limits, faults: Faults) -> None:
    """Reports names that are unsafe alone or together; a name that ends in "/" is a folder's."""
    files: dict[str, str] = {}
    folders: dict[str, str] = {}
    for name in names:
        check_name(name, limits, faults)
        key = collision_key(name)
        if name.endswith("/"):
            folders.setdefault(key.rstrip("/"), name)
        elif key not in files:
            files[key] = name
        elif files[key] == name:
            faults.add("NAME_DUPLICATE", "This file is in the archive twice. Keep one.", name)
        else:
            faults.add(
                "NAME_COLLISION",
                f"This file and “{shown(files[key])}” have the same name where upper and lower case or"
                " similar characters are not told apart. Rename one.",
                name,
            )
        while (key := key.rpartition("/")[0]) and key not in folders:
            folders[key] = name
    for key in files.keys() & folders.keys():
        faults.add(
            "NAME_FILE_AND_FOLDER",
            f"This file is also used as a folder, by “{shown(folders[key])}”. Rename one.",
            files[key],
        )


def check_name(name: str, limits: Limits, faults: Faults) -> None:
    path = name.removesuffix("/")
    size = len(path) if path.isascii() else len(path.encode())
    if size > limits.name_bytes or (
        size > LONGEST_SEGMENT_BYTES
        and any(len(part.encode()) > LONGEST_SEGMENT_BYTES for part in path.split("/"))
    ):
        faults.add(
            "NAME_TOO_LONG",
            f"This name has {size} bytes; at most {limits.name_bytes} are allowed, and"
            f" {LONGEST_SEGMENT_BYTES} between two slashes.",
            name,
        )
    if path.count("/") >= limits.depth:
        faults.add("NAME_TOO_DEEP", f"This file lies more than {limits.depth} folders deep.", name)
    if not path or SUSPICIOUS.search(path):
        for code, message in _objections(name, path):
            faults.add(code, message, name)


def _objections(name: str, path: str) -> Iterable[tuple[str, str]]:
    segments = path.split("/")
    if not name:
        yield "NAME_EMPTY", "An entry has no name."
        return
    if name.startswith("/"):
        yield "NAME_ABSOLUTE", "This name begins with a slash. Use names relative to the package."
    elif "" in segments:
        yield "NAME_EMPTY_SEGMENT", "This name has two slashes in a row. Use one."
    if "." in segments or ".." in segments:
        yield "NAME_TRAVERSAL", "This name has a “.” or “..” part. Use names that stay inside the package."
    if "\\" in name:
        yield "NAME_BACKSLASH", "This name has a backslash. Use “/” between folders."
    if found := FORBIDDEN.search(name):
        yield (
            "NAME_CHARACTER",
            f"This name has a “{found[0]}”, which Windows does not allow. Rename the file.",
        )
    if any(segment.endswith((".", " ")) and segment not in (".", "..") for segment in segments):
        yield (
            "NAME_TRAILING_DOT",
            "A part of this name ends in a dot or a space, which Windows drops. Rename it.",
        )
    if any(RESERVED_SEGMENT.match(segment) for segment in segments):
        yield "NAME_RESERVED", "A part of this name is a device on Windows (such as CON or NUL). Rename it."
    if not name.isascii() or not name.isprintable():
        yield from _character_objections(name)


def _character_objections(name: str) -> Iterable[tuple[str, str]]:
    categories = set(map(unicodedata.category, name))
    if categories & {"Cc", "Zl", "Zp"}:
        yield "NAME_CONTROL_CHARACTER", "This name has a control character or line break. Rename the file."
    if categories & {"Cf", "Co", "Cs"} or INVISIBLE.search(name) or _has_noncharacter(name):
        yield (
            "NAME_INVISIBLE_CHARACTER",
            "This name has an invisible, direction-changing or private character. Rename the file.",
        )
    plain = unicodedata.normalize("NFKC", name)
    if (
        plain.count("/") != name.count("/")
        or "\\" in plain
        or {".", ".."} & set(plain.split("/")) - set(name.split("/"))
    ):
        yield "NAME_LOOKALIKE", "This name has a character that looks like a slash or dots. Rename the file."


def _has_noncharacter(name: str) -> bool:
    return any(ord(c) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(c) <= 0xFDEF for c in name)


def collision_key(name: str) -> str:
    """What two names share when a file system or a reader may take one for the other."""
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def is_signature_file(name: str) -> bool:
    """Whether a file belongs to an earlier signature, as the JAR specification names them."""
    found = _signature_match(name)
    return found is not None and not found["deep"]


def is_nested_signature(name: str) -> bool:
    """Whether a client could take a file deeper in META-INF for a signature.

    Firefox looks for META-INF/*.rsa with a wildcard that crosses slashes, so such a file
    makes it call the whole package unsigned.
    """
    found = _signature_match(name)
    return found is not None and bool(found["deep"]) and not found["shallow"]


def _signature_match(name: str) -> re.Match[str] | None:
    if not name.isascii():
        # Java compares in upper case, where the dotless i and the long s are I and S.
        name = unicodedata.normalize("NFKC", name).upper()
    return SIGNATURE_FILE.fullmatch(name.lower())
