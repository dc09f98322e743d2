"""The translations of a WebExtension: its messages.json files, and ``__MSG_key__`` in its manifest."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any

from registry.packages.archive import Archive
from registry.packages.fields import Fields
from registry.packages.findings import Finding, PackageRefused
from registry.packages.languages import language_tag
from registry.packages.manifest import quoted, read_object

MAX_LOCALES = 200
MAX_TOTAL = 8 * 1024 * 1024  # bytes of all messages.json files together
# More characters than any text of a manifest may have. What grows beyond is not filled in to its end, for
# it is refused anyway, and a few small texts can be made to grow to gigabytes.
MAX_TEXT = 4000

_FILE = re.compile(r"_locales/([^/]+)/messages\.json")
_PLACE = re.compile(r"__MSG_([A-Za-z0-9@_]+?)__")
_VARIABLE = re.compile(r"\$([A-Za-z0-9_@]+)\$|\$\$")


class Messages:
    """All translations of one package, by language tag; ``default`` is a language that has every text."""

    def __init__(self, fields: Fields, archive: Archive):
        self.fields = fields
        self.by_language: dict[str, dict[str, Any]] = {}
        self.default = "en"
        self._paths: dict[str, str] = {}
        self._words: dict[tuple[str, str], str] = {}
        folders = {match[1]: match[0] for match in map(_FILE.fullmatch, archive.names()) if match}
        if self._check_default(folders, any(name.startswith("_locales/") for name in archive.names())):
            self._read(archive, folders)

    @property
    def languages(self) -> tuple[str, ...]:
        return tuple(sorted(self._paths))

    def translate(self, key: str, text: str) -> dict[str, str]:
        """``text``, which stands at ``key`` of the manifest, in each language that has words for it.

        Without a ``__MSG_…__`` in it that is the default language alone. Empty after an error.
        """
        names = [match[1].lower() for match in _PLACE.finditer(text)]
        if not names:
            return {self.default: text}
        missing = [name for name in names if self._message(self.default, name) is None]
        if missing:
            where = self._paths.get(self.default, "_locales/<default_locale>/messages.json")
            said = f"{self.fields.label(key)} asks for the message {quoted(missing[0])}, which {where} lacks."
            self.fields.error(key, said, "MISSING_MESSAGE")
            return {}
        found = {}
        for language in self.by_language:
            if any(self._message(language, name) is not None for name in names):
                found[language] = _substituted(_PLACE, text, partial(self._word, language))
        return found

    def _check_default(self, folders: dict[str, str], has_locales: bool) -> bool:
        """Whether there are translations to read, and the manifest says which comes first."""
        written = self.fields.text("default_locale", 35)
        if written is None:
            if has_locales:
                said = (
                    'There is a folder _locales, so the manifest must name a "default_locale", such as "en".'
                )
                self.fields.error("default_locale", said, "MISSING_DEFAULT_LOCALE")
            return False
        tag = language_tag(written)
        if tag is None or written not in folders:
            said = f'"default_locale" is {quoted(written)}, but there is no _locales/<that>/messages.json.'
            self.fields.error("default_locale", said, "MISSING_LOCALE")
            return False
        self.default = tag
        return True

    def _read(self, archive: Archive, folders: dict[str, str]) -> None:
        total = sum(entry.size for path in folders.values() if (entry := archive.get(path)))
        if len(folders) > MAX_LOCALES or total > MAX_TOTAL:
            said = (
                f"There are {len(folders)} locales of {total} bytes together; at most {MAX_LOCALES} and "
                f"{MAX_TOTAL} bytes are allowed."
            )
            self.fields.error("default_locale", said, "TOO_MANY_MESSAGES")
            return
        for folder, path in sorted(folders.items()):
            tag = language_tag(folder)
            if tag is None:
                said = 'The folder name is not a locale such as "en" or "pt_BR". The messages in it are left out.'
                self._warn(path, said)
                continue
            try:
                messages = read_object(archive, path, "INVALID_MESSAGES_JSON", browser=True)
            except PackageRefused as refused:
                self.fields.findings += refused.findings
                messages = {}
            self._paths[tag] = path
            self.by_language[tag] = {key.lower(): value for key, value in messages.items()}
            if len(self.by_language[tag]) < len(messages):
                self._error(path, "Two keys differ in nothing but case, which is ignored. Remove one.")

    def _word(self, language: str, name: str) -> str:
        """The message as browsers show it: missing ones from the default language, placeholders put in."""
        key = (language, name.lower())
        if key not in self._words:
            entry = self._message(*key) or self._message(self.default, key[1]) or {}
            self._words[key] = _filled(entry.get("message", ""), entry.get("placeholders"))
        return self._words[key]

    def _message(self, language: str, name: str) -> dict[str, Any] | None:
        entry = self.by_language.get(language, {}).get(name)
        return entry if isinstance(entry, dict) and isinstance(entry.get("message"), str) else None

    def _error(self, path: str, message: str) -> None:
        self.fields.findings.append(Finding("INVALID_MESSAGES_JSON", f"{path}: {message}", path=path))

    def _warn(self, path: str, message: str) -> None:
        self.fields.findings.append(Finding("BAD_LOCALE", message, "file", path, "warning"))


def _filled(message: str, placeholders: object) -> str:
    """A message with the contents of its placeholders, ``$name$``; there are no arguments in a manifest."""
    if len(message) > MAX_TEXT:
        return message
    contents = {
        key.lower(): value["content"]
        for key, value in (placeholders.items() if isinstance(placeholders, dict) else ())
        if isinstance(value, dict) and isinstance(value.get("content"), str)
    }
    return _substituted(_VARIABLE, message, lambda name: contents.get(name.lower(), "") if name else "$")


def _substituted(pattern: re.Pattern[str], text: str, word: Callable[[str], str]) -> str:
    """``text`` with ``word(group 1)`` for each match, broken off somewhere beyond ``MAX_TEXT``."""
    pieces = []
    length = done = 0
    for match in pattern.finditer(text):
        pieces += [text[done : match.start()], word(match[1])]
        length += len(pieces[-2]) + len(pieces[-1])
        done = match.end()
        if length > MAX_TEXT:
            break
    return "".join([*pieces, text[done:]])
