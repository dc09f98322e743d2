"""Reading the fields of a manifest one by one: what is sound is kept, what is not is noted."""

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

from registry.packages.findings import Finding
from registry.packages.manifest import kind, quoted

MAX_LINK = 2000
MAX_PERSON = 300

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CONTROL_BUT_LINES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
# They reorder the text around them, so that a list would show something else than the package says.
_REORDERING = re.compile("[\u202a-\u202e\u2066-\u2069]")
_OTHER_SCHEME = re.compile(r"(?!https?:)[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_PERSON = re.compile(r"([^<>()]*)(?:<([^<>]*)>\s*)?(?:\(([^()]*)\)\s*)?")


class Fields:
    """One JSON object of a manifest, and the list that its faults go to.

    Every reader returns a value of the promised type whatever the object holds; an absent, null or blank
    field is None or empty and no fault. Findings carry the top-level key as their field.
    """

    def __init__(self, data: dict[str, Any], path: str, findings: list[Finding], parent: str = ""):
        self.data = data
        self.path = path
        self.findings = findings
        self.parent = parent

    def error(self, key: str, message: str, code: str = "BAD_FIELD") -> None:
        self.findings.append(Finding(code, message, self._top(key), self.path))

    def warn(self, key: str, message: str, code: str = "BAD_FIELD") -> None:
        self.findings.append(Finding(code, message, self._top(key), self.path, "warning"))

    def text(self, key: str, limit: int, *, lines: bool = False) -> str | None:
        """A text of at most ``limit`` characters, of one line unless ``lines``."""
        value = self.data.get(key)
        if value is None:
            return None
        if not isinstance(value, str):
            self.error(key, f"{self.label(key)} must be a text, not {kind(value)}.")
            return None
        return self.checked(key, value, limit, lines=lines)

    def checked(self, key: str, value: str, limit: int, *, lines: bool = False) -> str | None:
        """``value``, which stands at ``key``, without the space around it; None when blank or unfit."""
        value = value.strip()
        if len(value) > limit:
            self.error(key, f"{self.label(key)} has {len(value)} characters; at most {limit} are allowed.")
        elif (_CONTROL_BUT_LINES if lines else _CONTROL).search(value):
            what = "control characters" if lines else "control characters or line breaks"
            self.error(key, f"{self.label(key)} may not hold {what}.")
        elif _REORDERING.search(value):
            self.error(key, f"{self.label(key)} may not hold characters that change the direction of text.")
        else:
            return value or None
        return None

    def texts(self, key: str, count: int, limit: int) -> tuple[str, ...]:
        """A list of at most ``count`` texts, each once and none blank; a single text counts as a list."""
        value = self.data.get(key)
        if value is None:
            return ()
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            self.error(key, f"{self.label(key)} must be a list of texts.")
            return ()
        if len(items) > count:
            self.error(key, f"{self.label(key)} has {len(items)} items; at most {count} are allowed.")
            return ()
        checked = (self.checked(key, item, limit) for item in items)
        return tuple(dict.fromkeys(item for item in checked if item))

    def link(self, key: str) -> str | None:
        """An http or https URL.

        Another scheme is an error, for a client would follow it (``javascript:``). A text that is no URL at
        all leads nowhere and harms nobody: it is left out with a warning.
        """
        value = self.text(key, MAX_LINK)
        return None if value is None else self.checked_link(key, value)

    def checked_link(self, key: str, value: str) -> str | None:
        """``value``, which stands at ``key``, when it is an http or https URL; see ``link``."""
        try:
            parts = urlsplit(value)
            host = parts.hostname
        except ValueError:
            host = None
        if host and parts.scheme in ("http", "https") and not re.search(r"\s", value):
            return value
        said = f'{self.label(key)} is {quoted(value)}: a link must look like "https://example.org/".'
        if _OTHER_SCHEME.match(value):
            self.error(key, said, "BAD_URL")
        else:
            self.warn(key, f"{said} It is left out.", "BAD_URL")
        return None

    def flag(self, key: str) -> bool:
        value = self.data.get(key)
        if value is not None and not isinstance(value, bool):
            self.error(key, f"{self.label(key)} must be true or false, not {kind(value)}.")
        return value is True

    def within(self, key: str) -> "Fields":
        """The fields of the object at ``key``; of an empty one when there is none."""
        value = self.data.get(key)
        if value is not None and not isinstance(value, dict):
            self.error(key, f"{self.label(key)} must be an object in braces, {{ }}, not {kind(value)}.")
        return Fields(value if isinstance(value, dict) else {}, self.path, self.findings, self.path_of(key))

    def words(self, key: str, count: int, limit: int) -> dict[str, str]:
        """An object of at most ``count`` texts, such as npm's dependencies."""
        inner = self.within(key)
        if len(inner.data) > count:
            self.error(key, f"{self.label(key)} has {len(inner.data)} keys; at most {count} are allowed.")
            return {}
        found = ((inner.checked(name, name, limit), inner.text(name, limit) or "") for name in inner.data)
        return {name: text for name, text in found if name}

    def label(self, key: str) -> str:
        """The key with those above it, for a message: ``"engines.brackets"``."""
        return quoted(self.path_of(key))

    def path_of(self, key: str) -> str:
        return f"{self.parent}.{key}" if self.parent else key

    def _top(self, key: str) -> str:
        return (self.parent or key).split(".")[0]


def check_words(fields: Fields, key: str, texts: Iterable[str], words: Collection[str]) -> None:
    """Notes which of ``words`` stand whole, in any case, in the ``texts`` at ``key``."""
    words = [word for word in words if word]
    if not words:
        return
    search = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, words))})(?!\w)", re.IGNORECASE)
    found = sorted({word.lower() for text in texts for word in search.findall(text)})
    if found:
        said = ", ".join(map(quoted, found))
        fields.error(key, f"{fields.label(key)} may not contain {said}.", "DISALLOWED_WORDS")


def is_falsy(value: object) -> bool:
    """Whether JavaScript takes a JSON value for false: unlike Python, it does not so take ``{}`` and ``[]``."""
    return value is None or (not value and not isinstance(value, (dict, list)))


def inside(path: str) -> str:
    """A path as manifests write it, as the name of a file in the package."""
    return path.strip().removeprefix("./").lstrip("/")


def person(fields: Fields, key: str) -> dict[str, str] | None:
    """Who stands at ``key``, as ``{"name", "email"?, "url"?}``: the first one when it is a list."""
    return next(people(fields, key), None)


def people(fields: Fields, key: str) -> Iterator[dict[str, str]]:
    """Everybody at ``key``: texts such as ``Name <mail@example.org> (https://example.org)``, or objects."""
    value = fields.data.get(key)
    items = value if isinstance(value, list) else [] if value is None else [value]
    if len(items) > 200:
        fields.error(key, f"{fields.label(key)} names {len(items)} people; at most 200 are allowed.")
        return
    for item in items:
        if isinstance(item, str):
            item = _parsed_person(item)
        if not isinstance(item, dict):
            fields.error(
                key, f'{fields.label(key)} must be a text, or an object with "name", "email" and "url".'
            )
            continue
        inner = Fields(item, fields.path, fields.findings, fields.path_of(key))
        found = {
            "name": inner.text("name", MAX_PERSON),
            "email": inner.text("email", MAX_PERSON),
            "url": inner.link("url"),
        }
        found["name"] = found["name"] or found["email"] or found["url"]
        if found["name"]:
            yield {part: text for part, text in found.items() if text}


def _parsed_person(text: str) -> dict[str, str]:
    match = _PERSON.fullmatch(text.strip()) if len(text) <= 3 * MAX_PERSON else None
    if match is None:
        return {"name": text}
    name, email, url = match.groups(default="")
    return {"name": name, "email": email, "url": url}
