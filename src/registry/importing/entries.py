"""An entry of a ``registry.json``: the extension and the versions it stands for, and all that is odd in it."""

import dataclasses
import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from registry.importing.notes import Done, Note
from registry.importing.repairs import owner_label, repair
from registry.packages import Options, Package
from registry.packages.brackets import read_manifest
from registry.packages.findings import Finding
from registry.packages.manifest import MAX_INTEGER, ManifestError, kind, quoted
from registry.packages.versions import parse_range, semver_is_prerelease, semver_key

MOST_VERSIONS = 5_000
# Such a range admits nothing, which is how clients take one that they cannot read.
NO_HOST = "<0.0.0"

_ENTRY_FIELDS = {"metadata", "owner", "versions", "totalDownloads", "recent"}
# Phoenix Code's own, which no client needs of us; they stay with the newest version's facts.
KEPT_FIELDS = ("gihubStars", "ownerRepo", "ownershipVerifiedByGitHub")
_VERSION_FIELDS = {"version", "published", "brackets", "downloads"}
_DAY = re.compile(r"[0-9]{8}")


@dataclass(frozen=True, slots=True)
class ImportedVersion:
    """One version: what is known of its package, when it came out, how often it was fetched."""

    package: Package
    published: datetime.datetime | None
    downloads: int


@dataclass(frozen=True, slots=True)
class Imported:
    """An extension, its versions in rising order, and what was odd. ``recent`` is downloads by day."""

    name: str
    owner_label: str | None
    versions: tuple[ImportedVersion, ...]
    downloads: int
    recent: dict[datetime.date, int]
    extra: dict[str, Any]
    notes: tuple[Note, ...]


@dataclass
class _Reader:
    """Reads one entry; what is odd goes to ``notes``."""

    name: str
    options: Options
    notes: list[Note] = field(default_factory=list)

    def say(self, field: str | None, done: Done, message: str, version: str | None = None) -> None:
        self.notes.append(Note(self.name, done, message, field, version))

    def findings(self, findings: list[Finding]) -> None:
        for finding in findings:
            lost = finding.severity == "error" or finding.message.endswith("It is left out.")
            self.say(finding.field, Done.LEFT_OUT if lost else Done.NOTED, finding.message)


def read_entry(
    name: str,
    entry: dict[str, Any] | ManifestError,
    popularity: Mapping[str, Any] | None = None,
    options: Options = Options(),  # noqa: B008 (frozen)
) -> tuple[Imported | None, list[Note]]:
    """The extension that the entry of key ``name`` stands for, and the notes on it; None if it is none.

    ``popularity`` is its entry in a ``popularity.json``, if there is one.
    """
    reader = _Reader(name, options)
    if isinstance(entry, ManifestError):
        reader.say(None, Done.NOT_LOADED, str(entry))
        return None, reader.notes
    metadata = _metadata(reader, entry)
    listed = _versions(reader, entry, metadata)
    newest = listed[-1]["version"] if listed else metadata.get("version", "1.0.0")
    package, findings = read_manifest(repair(metadata, reader.say) | {"version": newest}, options=options)
    if package is None or not listed:
        unnamed = [finding for finding in findings if finding.field == "name" and finding.severity == "error"]
        for finding in unnamed:
            reader.say("name", Done.NOT_LOADED, finding.message)
        if not unnamed:
            reader.say("versions", Done.NOT_LOADED, "It has no version whose number can be read.")
        return None, reader.notes
    reader.findings(findings)
    versions = _packages(listed, dataclasses.replace(package, manifest=metadata))
    for key in entry.keys() - _ENTRY_FIELDS - set(KEPT_FIELDS):
        reader.say(key, Done.LEFT_OUT, "Nobody reads this field.")
    imported = Imported(
        name=name,
        owner_label=owner_label(entry.get("owner"), reader.say),
        versions=versions,
        downloads=_total(reader, entry, popularity or {}, versions),
        recent=_recent(reader, entry.get("recent")),
        extra={key: value for key in KEPT_FIELDS if (value := (popularity or {}).get(key, entry.get(key)))},
        notes=tuple(reader.notes),
    )
    return imported, reader.notes


def _metadata(reader: _Reader, entry: dict[str, Any]) -> dict[str, Any]:
    metadata = entry.get("metadata")
    if not isinstance(metadata, dict):
        reader.say("metadata", Done.LEFT_OUT, f"It is {kind(metadata)}, no object.")
        metadata = {}
    if metadata.get("name") != reader.name:
        reader.say("name", Done.FIXED, "The metadata have another name than the entry, whose name counts.")
    return {**metadata, "name": reader.name}


def _versions(reader: _Reader, entry: dict[str, Any], metadata: dict[str, Any]) -> list[dict[str, Any]]:
    """The versions with sound numbers, in rising order; each with its four fields, checked."""
    written = entry.get("versions")
    current = {
        "version": metadata.get("version"),
        "brackets": _field(metadata.get("engines"), "brackets"),
    }
    if not isinstance(written, list) or not written:
        reader.say("versions", Done.FIXED, "There are none; the one of the metadata was taken.")
        written = [current]
    same = [each for each in written if _field(each, "version") == current["version"]]
    if not same and isinstance(current["version"], str):
        reader.say("version", Done.FIXED, "The metadata's version is not among the others; it was added.")
        written = [*written, current]
    elif same and current["brackets"] and current["brackets"] != _field(same[-1], "brackets"):
        said = f"{quoted(str(current['brackets']))} is not the range of that version, which counts."
        reader.say("engines", Done.NOTED, said)
    if len(written) > MOST_VERSIONS:
        reader.say("versions", Done.LEFT_OUT, f"Of {len(written)} the last {MOST_VERSIONS} were taken.")
        written = written[-MOST_VERSIONS:]
    found: dict[str, dict[str, Any]] = {}
    for each in written:
        version = _version(reader, each)
        if version is None:
            continue
        if version["version"] in found:
            reader.say("version", Done.LEFT_OUT, "It is there twice; the first counts.", version["version"])
            continue
        found[version["version"]] = version
    rising = sorted(found.values(), key=lambda version: semver_key(version["version"]))
    if list(found.values()) != rising:
        reader.say("versions", Done.FIXED, "They were not in rising order.")
    _dates(reader, rising)
    return rising


def _field(value: object, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None


def _version(reader: _Reader, each: object) -> dict[str, Any] | None:
    number = _field(each, "version")
    try:
        if not isinstance(each, dict) or not isinstance(number, str):
            raise ValueError(f"It is {kind(number)}, not a text.")
        semver_key(number)
    except ValueError as error:
        reader.say("version", Done.LEFT_OUT, str(error), str(number)[:100] if number else None)
        return None
    for key in each.keys() - _VERSION_FIELDS:
        reader.say(key, Done.LEFT_OUT, "Nobody reads this field.", number)
    return {
        "version": number,
        "published": _time(reader, each.get("published"), number),
        "range": _range(reader, each.get("brackets"), number),
        "downloads": _count(reader, "downloads", each.get("downloads", 0), number),
    }


def _range(reader: _Reader, written: object, version: str) -> str | None:
    if written is None or written == "":
        return None
    try:
        if not isinstance(written, str):
            raise ValueError(f"It is {kind(written)}, not a text.")
        text = " ".join(written.split())
        parse_range(text)
    except ValueError as error:
        said = f"{error} Clients take it for one that admits nothing, so {NO_HOST} was put there."
        reader.say("brackets", Done.FIXED, said, version)
        return NO_HOST
    return text or None


def _time(reader: _Reader, written: object, version: str) -> datetime.datetime | None:
    try:
        found = datetime.datetime.fromisoformat(str(written))
        found = found.replace(tzinfo=found.tzinfo or datetime.UTC).astimezone(datetime.UTC)
    except (ValueError, OverflowError):
        shown = quoted(written) if isinstance(written, str) else kind(written)
        reader.say("published", Done.FIXED, f"{shown} is no time; that of a neighbour was taken.", version)
        return None
    if found > datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1):
        reader.say("published", Done.FIXED, "It is in the future; that of a neighbour was taken.", version)
        return None
    return found


def _dates(reader: _Reader, rising: list[dict[str, Any]]) -> None:
    """A version without a date has that of the one before it, or else of the one after it."""
    for order in (rising, rising[::-1]):
        known = None
        for version in order:
            known = version["published"] = version["published"] or known


def _count(reader: _Reader, key: str, written: object, version: str | None = None) -> int:
    if isinstance(written, int) and not isinstance(written, bool) and 0 <= written <= MAX_INTEGER:
        return written
    reader.say(key, Done.FIXED, f"It is {kind(written)}, no count; 0 was taken.", version)
    return 0


def _total(
    reader: _Reader,
    entry: dict[str, Any],
    popularity: Mapping[str, Any],
    versions: tuple[ImportedVersion, ...],
) -> int:
    """The most that is claimed anywhere."""
    counts = [sum(version.downloads for version in versions)]
    if popularity.get("totalDownloads") is not None:
        counts.append(_count(reader, "popularity", popularity["totalDownloads"]))
    if entry.get("totalDownloads") is not None:
        counts.append(_count(reader, "totalDownloads", entry["totalDownloads"]))
    else:
        reader.say("totalDownloads", Done.FIXED, f"There is none; {max(counts)} was taken.")
    return min(max(counts), MAX_INTEGER)


def _recent(reader: _Reader, written: object) -> dict[datetime.date, int]:
    if written is None:
        return {}
    if not isinstance(written, dict):
        reader.say("recent", Done.LEFT_OUT, f"It is {kind(written)}, no object.")
        return {}
    found: dict[datetime.date, int] = {}
    today = datetime.datetime.now(datetime.UTC).date()
    for day, count in written.items():
        try:
            date = datetime.datetime.strptime(day, "%Y%m%d").date() if _DAY.fullmatch(day) else None  # noqa: DTZ007
        except ValueError:
            date = None
        if date is None:
            reader.say("recent", Done.LEFT_OUT, f"{quoted(day)} is no day.")
        elif 0 <= (today - date).days < 7:
            found[date] = _count(reader, "recent", count)
    if len(found) < len(written):
        reader.say("recent", Done.LEFT_OUT, "Days before the last seven are not recent any more.")
    return found


def _packages(listed: list[dict[str, Any]], newest: Package) -> tuple[ImportedVersion, ...]:
    """All of the metadata belong to the newest version, and to the newest that is no pre-release."""
    final = next((each for each in reversed(listed) if not semver_is_prerelease(each["version"])), None)
    found = []
    for each in listed:
        number, limits = each["version"], each["range"]
        low, high = parse_range(limits) if limits else (None, None)
        known = newest
        if each is not listed[-1] and each is not final:
            known = dataclasses.replace(
                newest, summary={}, homepage={}, support_url={}, languages=(), contributors=(), keywords=(),
                categories=(), dependencies={}, peer_dependencies={}, license=None, manifest={},
            )  # fmt: skip
        package = dataclasses.replace(
            known,
            version=number,
            order_key=semver_key(number),
            prerelease=semver_is_prerelease(number),
            api_range=limits,
            api_min=low,
            api_max=high,
        )
        found.append(ImportedVersion(package, each["published"], each["downloads"]))
    return tuple(found)
