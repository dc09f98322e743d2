"""The text files of a JAR signature: manifest.mf with a digest per entry, and the .SF file with a digest
per section of the manifest (JAR File Specification, "Signed JAR File"; JDK 17).

Java attaches a signer to an entry only through the entry's own section in the .SF file; Firefox looks at
the digest of the whole manifest alone. Java before release 16 knows the algorithm only as ``SHA-256``,
Firefox only as ``SHA256``, so every digest is written in both spellings.

A line is at most 72 bytes with its CRLF, and goes on in the next one after a space. Both clients count
bytes, and neither likes a line break within a UTF-8 sequence.
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from registry.signing.errors import Malformed

MANIFEST_HEADER = b"Manifest-Version: 1.0\r\n\r\n"
LINE_BYTES = 72

_SPELLINGS = ("sha256-digest", "sha-256-digest")
_ATTRIBUTE = re.compile(r"([A-Za-z0-9][A-Za-z0-9_-]*): ([^\r\n\0]*)")
_MAIN_SPELLINGS = ("sha256-digest-manifest", "sha-256-digest-manifest")


def fold(line: bytes) -> bytes:
    """One attribute as physical lines of at most 72 bytes, CRLF included, cut between characters."""
    room = LINE_BYTES - 2
    pieces = []
    while len(line) > room:
        cut = room
        while line[cut] & 0xC0 == 0x80:
            cut -= 1
        pieces.append(line[:cut])
        line = b" " + line[cut:]
    pieces.append(line)
    return b"\r\n".join(pieces) + b"\r\n"


def section(name: str, digest: bytes) -> bytes:
    """The section of one entry, the blank line after it included. ``digest`` is SHA-256, 32 bytes."""
    text = b64encode(digest)
    return fold(b"Name: " + name.encode()) + b"SHA256-Digest: %b\r\nSHA-256-Digest: %b\r\n\r\n" % (text, text)


def sections(digests: Mapping[str, bytes]) -> dict[str, bytes]:
    """A section for each entry, by name. Sorted, so that the same content has the same manifest however
    its archive was ordered."""
    return {name: section(name, digests[name]) for name in sorted(digests)}


def manifest(parts: Iterable[bytes]) -> bytes:
    return MANIFEST_HEADER + b"".join(parts)


def signature_file(whole: bytes, parts: Mapping[str, bytes]) -> bytes:
    """The .SF file over the manifest ``whole``, made of the sections ``parts``."""
    text = b64encode(sha256(whole).digest())
    header = (
        b"Signature-Version: 1.0\r\n"
        b"SHA256-Digest-Manifest: %b\r\nSHA-256-Digest-Manifest: %b\r\n\r\n" % (text, text)
    )
    return header + b"".join(section(name, sha256(part).digest()) for name, part in parts.items())


@dataclass(frozen=True, slots=True)
class Section:
    """One parsed section; ``raw`` is its bytes with the blank line after it, which the .SF digest covers."""

    attributes: dict[str, str]
    raw: bytes

    def digests(self) -> set[str]:
        """The SHA-256 digests it gives, in base64; one element unless its two spellings disagree."""
        return {self.attributes[key] for key in _SPELLINGS if key in self.attributes}


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed manifest or .SF file: its main attributes by lower-case name, its sections by entry name."""

    main: dict[str, str]
    sections: dict[str, Section]

    def manifest_digests(self) -> set[str]:
        return {self.main[key] for key in _MAIN_SPELLINGS if key in self.main}


def parse(data: bytes, version: str, most: int) -> Document:
    """Read a manifest (``version`` "Manifest-Version") or .SF file ("Signature-Version").

    More than ``most`` sections are not looked at. Lines end in CRLF or in LF, the same throughout.
    Raises Malformed for whatever two readers might understand differently: long lines, bare CR or NUL,
    doubled names or attributes, missing blank lines.
    """
    newline = b"\r\n" if b"\r\n" in data[: LINE_BYTES + 2] else b"\n"
    blank = newline + newline
    if not data.endswith(blank):
        raise Malformed("the last section is not closed by a blank line")
    if data.count(blank) > most + 1:
        raise Malformed(f"it has more than {most} sections")
    if max(map(len, data.split(newline))) > LINE_BYTES:
        raise Malformed(f"a line is longer than {LINE_BYTES} bytes")
    head, *bodies = data.removesuffix(blank).split(blank)
    main = _attributes(head, newline)
    if next(iter(main.items())) != (version.lower(), "1.0"):
        raise Malformed(f"it does not begin with '{version}: 1.0'")
    found: dict[str, Section] = {}
    for body in bodies:
        attributes = _attributes(body, newline)
        first, name = next(iter(attributes.items()))
        if first != "name" or name in found:
            raise Malformed("a section without a name of its own" if first != "name" else f"{name!r} twice")
        found[name] = Section(attributes, body + blank)
    return Document(main, found)


def _attributes(body: bytes, newline: bytes) -> dict[str, str]:
    try:
        text = body.replace(newline + b" ", b"").decode()
    except UnicodeDecodeError:
        raise Malformed("it is not UTF-8") from None
    found: dict[str, str] = {}
    for line in text.split(newline.decode()):
        match = _ATTRIBUTE.fullmatch(line)
        if match is None:
            raise Malformed(f"not an attribute: {line[:80]!r}")
        key, value = match[1].lower(), match[2]
        if key in found:
            raise Malformed(f"attribute {match[1]} twice in one section")
        if key == "magic":
            raise Malformed("a 'Magic' attribute, which asks for a special reader")
        found[key] = value
    return found
