"""What another registry answers, made ours: bounded, checked, and refused where it cannot be."""

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from registry import urls
from registry.domain.decisions import Reason, read_reason
from registry.fetching import Fetcher
from registry.models import ExtensionState
from registry.packages import FORMATS
from registry.packages.fields import Fields
from registry.packages.findings import Finding
from registry.packages.languages import language_tag
from registry.packages.manifest import MAX_INTEGER, quoted
from registry.packages.package import is_reserved
from registry.packages.versions import parse_range
from registry.storage import Draft

PAGE = 50
MOST_VERSIONS, MOST_LANGUAGES = 5_000, 200
ANSWER_BYTES = 16 * 1024 * 1024

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_GUID = re.compile(r"[!-~]{1,255}")


class Refused(Exception):
    """The source says what cannot be, or must not; the text is for people."""


@dataclass(frozen=True, slots=True)
class Change:
    """That something of an extension has changed, by the source's event ``seq``."""

    name: str
    seq: int
    removed: bool


@dataclass(frozen=True, slots=True)
class Changes:
    """A page of the feed. ``seq`` is where to ask from when there is no ``more``."""

    items: tuple[Change, ...]
    seq: int
    more: bool


@dataclass(frozen=True, slots=True)
class Detail:
    """An extension: its identity and state, and in ``shown`` what its latest version says, as ``facts`` have it."""

    name: str
    guid: str
    format: str
    state: ExtensionState
    state_reason: Reason | None
    hidden_by_owner: bool
    latest: str | None
    owner_label: str | None
    downloads_total: int
    created: datetime.datetime
    updated: datetime.datetime
    shown: dict[str, Any]


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A signed file, as the source describes it."""

    sha256: str
    size: int
    key_id: str
    serial: str
    signed_at: datetime.datetime


@dataclass(frozen=True, slots=True)
class RemoteVersion:
    """A version; ``api_range`` counts only while there is no ``file`` to read it from."""

    version: str
    order_key: bytes
    prerelease: bool
    yanked_by: object
    yanked_reason: Reason | None
    created: datetime.datetime
    api_range: str | None
    file: RemoteFile | None


class Source:
    """The registry at ``fetcher.base``. Every method raises Refused, and ClientError (Unavailable)."""

    def __init__(self, fetcher: Fetcher):
        self._fetcher = fetcher
        self.base = fetcher.base

    def changes(self, since: int, after: int | None, names: list[str] | None) -> Changes:
        """The next changes after ``since``; ``after`` is the last one seen of the pages before."""
        asked: dict[str, Any] = {"since": since, "limit": PAGE}
        if after is not None:
            asked["after"] = after
        if names is not None:
            asked["names"] = ",".join(names)
        answer = self._get(f"{self.base}{urls.API}/changes/?{urlencode(asked)}")
        if answer is None:
            raise Refused(f"{self.base} has no feed of changes.")
        items, last = [], max(since, after or 0)
        for item in _list(answer, "changes", PAGE):
            name, seq = item.get("name"), _count(item.get("seq"))
            is_name = _NAME.fullmatch(str(name)) and not is_reserved(str(name))
            if not is_name or (names is not None and name not in names):
                raise Refused(
                    f"The feed speaks of {quoted(str(name))}, which was not asked for or is no name."
                )
            if seq <= last:
                raise Refused("The feed is not in the order of its events.")
            last = seq
            items.append(Change(str(name), seq, "removed" in (item.get("changes") or ())))
        seq, more = _count(answer.get("seq")), answer.get("next") is not None
        if seq < since or (more and not items):
            raise Refused(
                f"The feed has gone back, from event {since} to {seq}: it is an old one, or another."
            )
        return Changes(tuple(items), seq, more)

    def detail(self, name: str) -> Detail | None:
        """An extension; None when it shows nothing of it."""
        answer = self._get(urls.extension(self.base, name))
        if answer is None:
            return None
        if answer.get("name") != name:
            raise Refused(f"Asked for {name}, it answers with {quoted(str(answer.get('name')))}.")
        return _detail(name, answer)

    def versions(self, detail: Detail) -> list[RemoteVersion]:
        """All versions that strangers see."""
        found: dict[str, RemoteVersion] = {}
        for item in self._pages(f"{urls.extension(self.base, detail.name)}versions/"):
            version = _version(detail, item)
            if version is not None:
                found[version.version] = version
        return list(found.values())

    def download(self, name: str, version: RemoteVersion, file: RemoteFile, draft: Draft) -> None:
        """Write the signed file of a version to ``draft``: the bytes that it announced, no others."""
        url = urls.download(self.base, name, version.version)
        if not self._fetcher.into(url, draft.write, file.size):
            raise Refused("It lists a package that it does not have.")
        draft.file.flush()
        if (draft.size, draft.sha256) != (file.size, file.sha256):
            raise Refused(
                "The file is not the one that it announces: its size or its SHA-256 is another one."
            )

    def _pages(self, url: str) -> Iterator[dict[str, Any]]:
        for page in range(1, MOST_VERSIONS // PAGE + 1):
            answer = self._get(f"{url}?{urlencode({'page': page, 'page_size': PAGE})}")
            if answer is None:
                raise Refused(f"There is nothing at {quoted(url)}.")
            yield from _list(answer, "results", PAGE)
            if answer.get("next") is None:
                return
        raise Refused(f"It has more than {MOST_VERSIONS} versions.")

    def _get(self, url: str) -> dict[str, Any] | None:
        return self._fetcher.json(url, ANSWER_BYTES)


def _detail(name: str, answer: dict[str, Any]) -> Detail:
    findings: list[Finding] = []
    fields = Fields(answer, "detail", findings)
    guid, format = answer.get("guid"), answer.get("format")
    if format not in FORMATS or not isinstance(guid, str) or not _GUID.fullmatch(guid):
        raise Refused("Its guid or its format cannot be.")
    if format == "brackets" and guid != name:
        raise Refused("It has a guid of its own, which a Brackets extension has not.")
    if answer.get("state") not in (*ExtensionState,):
        raise Refused(f"Its state is {quoted(str(answer.get('state')))}, which is none.")
    latest = fields.text("version", 100)
    owners = " ".join(fields.texts("owners", 100, 100))
    locale = language_tag(fields.text("default_locale", 35) or "") or "en"
    return Detail(
        name=name,
        guid=guid,
        format=str(format),
        state=ExtensionState(answer["state"]),
        state_reason=read_reason(answer.get("state_reason")),
        hidden_by_owner=fields.flag("hidden_by_owner"),
        latest=latest,
        owner_label=(fields.text("owner_label", 200) or owners[:200]) or None,
        downloads_total=_count(answer.get("downloads_total")),
        created=_time(answer.get("created")),
        updated=_time(answer.get("updated")),
        shown={
            "title": _translated(fields, "title", 200) or {locale: name},
            "summary": _translated(fields, "summary", 2_000),
            "description": _translated(fields, "description", 300_000),
            "homepage": _links(fields, "homepage"),
            "support_url": _links(fields, "support_url"),
            "categories": list(fields.texts("categories", 20, 50)),
            "keywords": list(fields.texts("keywords", 100, 200)),
            "author": _author(fields),
            "languages": [tag for tag in fields.texts("languages", MOST_LANGUAGES, 35) if language_tag(tag)],
            "default_locale": locale,
            "theme": fields.flag("theme"),
            "license": fields.text("license", 200),
        },
    )


def _version(detail: Detail, item: dict[str, Any]) -> RemoteVersion | None:
    """None for what has not been signed, which strangers have no business with."""
    number = item.get("version")
    if item.get("name") != detail.name or item.get("state") != "signed":
        return None
    try:
        if not isinstance(number, str):
            raise ValueError("it is not a text.")
        order_key = FORMATS[detail.format].order_key(number)
        prerelease = FORMATS[detail.format].is_prerelease(number)
    except ValueError as error:
        raise Refused(f"It has a version that is none: {error}") from None
    return RemoteVersion(
        version=number,
        order_key=order_key,
        prerelease=prerelease,
        yanked_by=item.get("yanked_by"),
        yanked_reason=read_reason(item.get("yanked_reason")),
        created=_time(item.get("created")),
        api_range=_range(item.get("api_range")) if detail.format == "brackets" else None,
        file=_file(item.get("package")),
    )


def _file(package: object) -> RemoteFile | None:
    if package is None:
        return None
    found = package if isinstance(package, dict) else {}
    sha256, key_id, serial = (found.get(key) for key in ("sha256", "key_id", "serial"))
    if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
        raise Refused("A package's SHA-256 is none.")
    if not isinstance(key_id, str) or not isinstance(serial, str):
        raise Refused("A package's key or serial number is missing.")
    return RemoteFile(sha256, _count(found.get("size")), key_id, serial, _time(found.get("signed_at")))


def _range(text: object) -> str | None:
    if not isinstance(text, str) or not text:
        return None
    try:
        parse_range(text)
    except ValueError as error:
        raise Refused(str(error)) from None
    return text


def _translated(fields: Fields, key: str, limit: int) -> dict[str, str]:
    inner = fields.within(key)
    texts = {tag: inner.text(tag, limit, lines=True) for tag in list(inner.data)[:MOST_LANGUAGES]}
    return {tag: text for tag, text in texts.items() if text and language_tag(tag)}


def _links(fields: Fields, key: str) -> dict[str, str]:
    inner = fields.within(key)
    links = {tag: inner.link(tag) for tag in list(inner.data)[:MOST_LANGUAGES]}
    return {tag: link for tag, link in links.items() if link and language_tag(tag)}


def _author(fields: Fields) -> dict[str, str] | None:
    inner = fields.within("author")
    found = {"name": inner.text("name", 300), "email": inner.text("email", 300), "url": inner.link("url")}
    return {part: text for part, text in found.items() if text} or None


def _list(answer: dict[str, Any], key: str, most: int) -> list[dict[str, Any]]:
    found = answer.get(key)
    if not isinstance(found, list) or len(found) > most or not all(isinstance(item, dict) for item in found):
        raise Refused(f'"{key}" is not a list of at most {most} objects.')
    return found


def _count(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_INTEGER:
        return value
    raise Refused("A number is missing, or is none.")


def _time(value: object) -> datetime.datetime:
    try:
        found = datetime.datetime.fromisoformat(str(value))
        return found.replace(tzinfo=found.tzinfo or datetime.UTC).astimezone(datetime.UTC)
    except (ValueError, OverflowError):
        raise Refused(f"{quoted(str(value))} is no time.") from None
