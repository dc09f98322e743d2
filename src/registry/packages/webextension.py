"""Extensions for browsers: a ``manifest.json`` of version 2 or 3, as Firefox reads it.

The manifest may hold ``//`` comments and begin with a byte-order mark, for browsers allow both.
"""

import re
from typing import Any

from registry.packages.archive import Archive
from registry.packages.documents import read_document
from registry.packages.fields import Fields, check_words, inside, person
from registry.packages.findings import Finding, PackageRefused
from registry.packages.manifest import kind, quoted, read_object
from registry.packages.messages import Messages
from registry.packages.package import Format, Options, Package
from registry.packages.versions import toolkit_key

MAX_NAME = 75
MAX_SUMMARY = 2000
SHORT_SUMMARY = 132  # some stores refuse more
MAX_GUID = 80

_GUID = re.compile(
    r"\{[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\}|[a-z0-9._-]*@[a-z0-9._-]+", re.IGNORECASE
)
_MIN_VERSION = re.compile(r"[0-9]{1,3}(?:\.[a-z0-9]+){1,3}")
_MAX_VERSION = re.compile(r"[0-9]{1,3}(?:\.[a-z0-9*]+){1,3}")
_LEGACY_VERSION = re.compile(r"[0-9A-Za-z.*+_-]*[A-Za-z*+_-][0-9A-Za-z.*+_-]*")


def is_guid(text: str) -> bool:
    """Whether it has the form that browsers ask of an extension's id."""
    return bool(_GUID.fullmatch(text))


class WebExtension(Format):
    name = "webextension"
    title = "a WebExtension"
    manifest = "manifest.json"
    missing_code = "MISSING_MANIFEST_JSON"
    suffix = "xpi"
    media_type = "application/x-xpinstall"

    def claims(self, archive: Archive) -> bool:
        try:
            return "manifest_version" in read_object(
                archive, self.manifest, "INVALID_MANIFEST_JSON", browser=True
            )
        except PackageRefused:
            return False

    def read(self, archive: Archive, options: Options) -> tuple[Package | None, list[Finding]]:
        findings: list[Finding] = []
        try:
            manifest = read_object(archive, self.manifest, "INVALID_MANIFEST_JSON", browser=True)
        except PackageRefused as refused:
            return None, list(refused.findings)
        fields = Fields(manifest, self.manifest, findings)
        messages = Messages(fields, archive)
        _check_manifest_version(fields)
        version = _read_version(fields)
        title = _read_title(fields, messages)
        summary = _read_translated(fields, messages, "description", MAX_SUMMARY)
        for key, texts in (("name", title), ("description", summary)):
            check_words(fields, key, texts.values(), options.disallowed_words)
        if any(len(text) > SHORT_SUMMARY for text in summary.values()):
            said = f'"description" is longer than {SHORT_SUMMARY} characters, which other stores refuse.'
            fields.warn("description", said, "LONG_DESCRIPTION")
        facts = {
            **_read_gecko(fields),
            **_read_permissions(fields),
            **_read_author(fields, messages),
            "icon": _read_icon(fields, archive),
            "theme": bool(fields.within("theme").data),
            "readme": read_document(archive, "readme", findings),
            "changelog": read_document(archive, "changelog", findings),
        }
        if version is None or not title:
            return None, findings
        package = Package(
            format=self.name,
            name=None,
            version=version,
            order_key=toolkit_key(version),
            prerelease=False,
            title=title,
            summary=summary,
            description={messages.default: facts["readme"]} if facts["readme"] else {},
            default_locale=messages.default,
            languages=messages.languages,
            manifest=manifest,
            **facts,
        )
        return package, findings

    def order_key(self, version: str) -> bytes:
        return toolkit_key(version)

    def is_prerelease(self, version: str) -> bool:
        toolkit_key(version)
        return False


def _check_manifest_version(fields: Fields) -> None:
    value = fields.data.get("manifest_version")
    if value not in (2, 3):
        shown = value if isinstance(value, int) else "missing" if value is None else kind(value)
        said = f'"manifest_version" is {shown}; it must be the number 2 or 3.'
        fields.error("manifest_version", said, "BAD_MANIFEST_VERSION")


def _read_version(fields: Fields) -> str | None:
    version = fields.data.get("version")
    if version is None or version == "":
        fields.error("version", 'The manifest has no "version", such as "1.0.0".', "MISSING_PACKAGE_VERSION")
        return None
    try:
        if not isinstance(version, str):
            raise ValueError(f'it is {kind(version)}. Write it as a text, such as "1.0.0".')
        toolkit_key(version)
    except ValueError as fault:
        letters = isinstance(version, str) and _LEGACY_VERSION.fullmatch(version[:200])
        hint = " Letters, as in the old add-on versions, are not allowed any more." if letters else ""
        fields.error("version", f'"version": {fault}{hint}', "INVALID_VERSION_NUMBER")
        return None
    return version


def _read_title(fields: Fields, messages: Messages) -> dict[str, str]:
    title = _read_translated(fields, messages, "name", MAX_NAME)
    if not title and not any(finding.field == "name" for finding in fields.findings):
        fields.error("name", 'The manifest has no "name".', "MISSING_PACKAGE_NAME")
    return title


def _read_translated(
    fields: Fields, messages: Messages, key: str, limit: int, *, link: bool = False
) -> dict[str, str]:
    """The text at ``key`` in every language, each of at most ``limit`` characters, or each a link."""
    text = fields.text(key, limit)
    translations = messages.translate(key, text) if text else {}
    found = {}
    for language, translation in translations.items():
        checked = fields.checked(key, translation, limit)
        if checked and link:
            checked = fields.checked_link(key, checked)
        if checked:
            found[language] = checked
    return found


def _read_gecko(fields: Fields) -> dict[str, Any]:
    """The id and the browser versions, from ``browser_specific_settings`` or the older ``applications``."""
    new = fields.within("browser_specific_settings").within("gecko")
    old = fields.within("applications").within("gecko")
    ids = [gecko.text("id", MAX_GUID) for gecko in (new, old)]
    if all(ids) and ids[0] != ids[1]:
        said = '"browser_specific_settings" and "applications" give different ids. Keep the first alone.'
        new.error("id", said, "BAD_GUID")
    guid = ids[0] or ids[1]
    if guid and not is_guid(guid):
        said = f'The id {quoted(guid)} must look like "name@example.org" or be a UUID in braces.'
        (new if ids[0] else old).error("id", said, "BAD_GUID")
        guid = None
    gecko = new if new.data else old
    lowest = _read_bound(gecko, "strict_min_version", _MIN_VERSION)
    highest = _read_bound(gecko, "strict_max_version", _MAX_VERSION)
    ends = [f">={lowest}" if lowest else "", f"<={highest}" if highest else ""]
    return {
        "guid": guid,
        "api_range": " ".join(filter(None, ends)) or None,
        "api_min": lowest,
        "api_max": highest,
    }


def _read_bound(gecko: Fields, key: str, form: re.Pattern[str]) -> str | None:
    version = gecko.text(key, 30)
    if version and not form.fullmatch(version):
        example = "115.*" if form is _MAX_VERSION else "109.0"
        gecko.error(
            key, f'{gecko.label(key)} is {quoted(version)}; write it like "{example}".', "BAD_API_VERSION"
        )
        return None
    return version


def _read_permissions(fields: Fields) -> dict[str, Any]:
    required = (*fields.texts("permissions", 1000, 1000), *fields.texts("host_permissions", 1000, 1000))
    optional = (
        *fields.texts("optional_permissions", 1000, 1000),
        *fields.texts("optional_host_permissions", 1000, 1000),
    )
    return {
        "permissions": tuple(dict.fromkeys(required)),
        "optional_permissions": tuple(dict.fromkeys(optional)),
    }


def _read_author(fields: Fields, messages: Messages) -> dict[str, Any]:
    """Who made it and where it lives; as in browsers, ``developer`` goes before the older keys."""
    developer = fields.within("developer")
    author = person(fields, "author") or {}
    name = developer.text("name", 300) or author.get("name")
    url = developer.link("url")
    if name:
        said = messages.translate("author", name).get(messages.default, "")
        author = {**author, "name": fields.checked("author", said, 300) or name}
    homepage = _read_translated(fields, messages, "homepage_url", 2000, link=True)
    return {"author": author or None, "homepage": {messages.default: url} if url else homepage}


def _read_icon(fields: Fields, archive: Archive) -> str | None:
    """The largest icon that is in the package; a drawing (SVG) only when there is no picture."""
    icons = fields.words("icons", 100, 300)
    found = []
    for size, written in icons.items():
        path = inside(written)
        if path in archive and size.isascii() and size.isdigit() and len(size) < 6:
            found.append((not path.lower().endswith(".svg"), int(size), path))
        else:
            said = f'"icons": there is no file {quoted(written)} for the size {quoted(size)} in the package.'
            fields.warn("icons", said, "FILE_MISSING")
    return max(found)[2] if found else None
