"""Extensions for Brackets and Phoenix Code: a ``package.json`` beside a ``main.js`` or a theme.

The rules and their codes are those of the validator that these editors ship (``package-validator.js``, MIT),
with two differences. Everything is reported at once, and what would break a client that trusts the
registry's listing, such as a keyword that is a number, is refused here.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Any

from registry.packages.archive import Archive
from registry.packages.documents import read_document
from registry.packages.fields import Fields, check_words, inside, is_falsy, people
from registry.packages.findings import Finding, PackageRefused
from registry.packages.languages import language_tag
from registry.packages.manifest import kind, quoted, read_object
from registry.packages.npm import read_dependencies, read_keywords, read_license, read_support_url
from registry.packages.package import Format, Options, Package, is_reserved
from registry.packages.versions import parse_range, semver_is_prerelease, semver_key

MAX_NAME = 100
MAX_TITLE = 100
MAX_SUMMARY = 2000
MAX_LANGUAGES = 200

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
_NLS = re.compile(r"nls/([^/]+)/.+")
_TRANSLATABLE = ("title", "description", "homepage", "keywords")


class Brackets(Format):
    name = "brackets"
    title = "a Brackets extension"
    manifest = "package.json"
    missing_code = "MISSING_PACKAGE_JSON"
    suffix = "zip"
    media_type = "application/zip"

    def claims(self, archive: Archive) -> bool:
        try:
            manifest = read_object(archive, self.manifest, "INVALID_PACKAGE_JSON")
        except PackageRefused:
            return False
        engines = manifest.get("engines")
        names_brackets = isinstance(engines, dict) and bool(engines.get("brackets"))
        return names_brackets and ("main.js" in archive or bool(manifest.get("theme")))

    def read(self, archive: Archive, options: Options) -> tuple[Package | None, list[Finding]]:
        try:
            manifest = read_object(archive, self.manifest, "INVALID_PACKAGE_JSON")
        except PackageRefused as refused:
            return None, [*refused.findings, *_check_main(archive.names(), theme=False)]
        package, findings = read_manifest(manifest, archive.names(), options)
        readme = read_document(archive, "readme", findings)
        changelog = read_document(archive, "changelog", findings)
        if package is None:
            return None, findings
        description = {package.default_locale: readme} if readme else {}
        return replace(package, readme=readme, changelog=changelog, description=description), findings

    def order_key(self, version: str) -> bytes:
        return semver_key(version)

    def is_prerelease(self, version: str) -> bool:
        return semver_is_prerelease(version)


def read_manifest(
    manifest: dict[str, Any], names: Iterable[str] | None = None, options: Options | None = None
) -> tuple[Package | None, list[Finding]]:
    """A package out of its parsed ``package.json`` alone, and what is wrong with it; see ``Format.read``.

    ``names`` are the files of the package. With None, as when old metadata is imported without a package,
    nothing is said about files.
    """
    findings: list[Finding] = []
    fields = Fields(manifest, Brackets.manifest, findings)
    files = None if names is None else frozenset(names)

    options = options or Options()

    name = _read_name(fields)
    check_words(fields, "name", [name or ""], options.disallowed_words)
    version = _read_version(fields)
    theme = _read_theme(fields, files)
    if files is not None:
        findings += _check_main(files, theme)
    default = _read_default_locale(fields)
    title, summary, homepage = _read_texts(fields, default, options)
    authors = [*people(fields, "author"), *people(fields, "contributors")]
    api_range = _read_api_range(fields)
    ends = parse_range(api_range) if api_range else (None, None)
    dependencies = read_dependencies(fields)
    facts: dict[str, Any] = {
        "homepage": homepage,
        "support_url": {default: url} if (url := read_support_url(fields)) else {},
        "default_locale": default,
        "languages": _read_languages(fields, files or ()),
        "author": authors[0] if authors and manifest.get("author") else None,
        "contributors": tuple(authors[1:] if manifest.get("author") else authors),
        "license": read_license(fields),
        "keywords": read_keywords(fields),
        "categories": fields.texts("categories", 20, 50),
        "dependencies": dependencies,
        "peer_dependencies": fields.words("peerDependencies", 500, 500),
        "requires_restart": fields.flag("requiresRestart"),
        "icon": _read_image(fields, "icon", files),
        "screenshots": tuple(filter(None, [_read_image(fields, "screenshot", files)])),
    }
    if name is None or version is None:
        return None, findings
    package = Package(
        format=Brackets.name,
        name=name,
        guid=None,
        version=version,
        order_key=semver_key(version),
        prerelease=semver_is_prerelease(version),
        title={default: name} | title,
        summary=summary,
        api_range=api_range,
        api_min=ends[0],
        api_max=ends[1],
        theme=theme,
        manifest=manifest,
        **facts,
    )
    return package, findings


def _read_name(fields: Fields) -> str | None:
    name = fields.data.get("name")
    if is_falsy(name):
        fields.error(
            "name", 'The package has no "name". Give it one, such as "my-extension".', "MISSING_PACKAGE_NAME"
        )
    elif not isinstance(name, str) or not _NAME.fullmatch(name) or len(name) > MAX_NAME:
        shown = quoted(name) if isinstance(name, str) else kind(name)
        fields.error(
            "name",
            f'"name" is {shown}, but must begin with a lower-case letter or a digit and hold only lower-case '
            f'letters, digits, ".", "_" and "-", at most {MAX_NAME} characters.',
            "BAD_PACKAGE_NAME",
        )
    elif is_reserved(name):
        fields.error("name", f"The name {quoted(name)} is reserved. Choose another.", "RESERVED_NAME")
    else:
        return name
    return None


def _read_version(fields: Fields) -> str | None:
    version = fields.data.get("version")
    if is_falsy(version):
        fields.error("version", 'The package has no "version", such as "1.0.0".', "MISSING_PACKAGE_VERSION")
        return None
    try:
        if not isinstance(version, str):
            raise ValueError(f'it is {kind(version)}. Write it as a text, such as "1.0.0".')
        semver_key(version)
    except ValueError as fault:
        fields.error("version", f'"version": {fault}', "INVALID_VERSION_NUMBER")
        return None
    return version


def _read_theme(fields: Fields, files: Collection[str] | None) -> bool:
    """Whether it is a theme, which needs no main.js."""
    theme = fields.data.get("theme")
    if is_falsy(theme):
        return False
    if not isinstance(theme, (dict, str, bool)):
        fields.error("theme", '"theme" must be an object such as {"file": "theme.less", "dark": true}.')
        return False
    style = theme.get("file") if isinstance(theme, dict) else theme
    if not isinstance(style, str):
        fields.warn("theme", '"theme" names no file: add {"file": "theme.less"}.', "THEME_FILE_MISSING")
    elif files is not None and inside(style) not in files:
        fields.warn("theme", f"The theme's file {quoted(style)} is not in the package.", "THEME_FILE_MISSING")
    return True


def _check_main(names: Iterable[str], theme: bool) -> list[Finding]:
    files = frozenset(names)
    if theme or "main.js" in files:
        return []
    other_case = min((name for name in files if name.lower() == "main.js"), default=None)
    remedy = f"Rename {other_case} to main.js." if other_case else "Add it beside package.json."
    return [Finding("MISSING_MAIN", f"There is no main.js, and the package is no theme. {remedy}")]


def _read_default_locale(fields: Fields) -> str:
    written = fields.text("defaultLocale", 35)
    tag = language_tag(written) if written else "en"
    if tag is None:
        fields.error(
            "defaultLocale", f'"defaultLocale": {quoted(written or "")} is not a language tag such as "en".'
        )
    return tag or "en"


def _read_texts(fields: Fields, default: str, options: Options) -> tuple[dict[str, str], ...]:
    """Title, summary and homepage, by language."""
    titles = {default: fields.text("title", MAX_TITLE)}
    summaries = {default: fields.text("description", MAX_SUMMARY, lines=True)}
    homepages = {default: fields.link("homepage")}
    translations = fields.within("package-i18n")
    if len(translations.data) > MAX_LANGUAGES:
        fields.error("package-i18n", f'"package-i18n" may have {MAX_LANGUAGES} languages at most.')
        translations.data = {}
    for locale, texts in translations.data.items():
        tag = language_tag(locale)
        if tag is None:
            fields.error(
                "package-i18n", f'"package-i18n": {quoted(locale)} is not a language tag such as "pt-br".'
            )
            continue
        if texts is None:
            translations.error(
                locale, f"{translations.label(locale)} must be an object in braces, {{ }}, not null."
            )
            continue
        inner = translations.within(locale)
        unknown = sorted(set(inner.data) - set(_TRANSLATABLE))
        if unknown:
            said = f"{inner.parent}: nobody reads {quoted(unknown[0])}, only {', '.join(_TRANSLATABLE)}."
            fields.warn("package-i18n", said)
        titles[tag] = inner.text("title", MAX_TITLE)
        summaries[tag] = inner.text("description", MAX_SUMMARY, lines=True)
        homepages[tag] = inner.link("homepage")
        inner.texts("keywords", 100, 200)
    found = [{tag: text for tag, text in by.items() if text} for by in (titles, summaries, homepages)]
    check_words(fields, "title", found[0].values(), options.disallowed_words)
    check_words(fields, "description", found[1].values(), options.disallowed_words)
    return tuple(found)


def _read_api_range(fields: Fields) -> str | None:
    engines = fields.data.get("engines")
    if isinstance(engines, str):
        said = f'"engines" must be an object: write {{"brackets": {quoted(engines)}}}.'
        fields.error("engines", said)
        return None
    versions = fields.within("engines").data.get("brackets")
    if is_falsy(versions):
        return None
    try:
        if not isinstance(versions, str):
            raise ValueError(f"it is {kind(versions)}, not a text.")
        versions = " ".join(versions.split())
        parse_range(versions)
    except ValueError as fault:
        said = f'"engines.brackets": {fault} Write, for example, ">=1.3.0" or ">=1.0 <2".'
        fields.error("engines", said, "INVALID_BRACKETS_VERSION")
        return None
    return versions or None


def _read_languages(fields: Fields, files: Iterable[str]) -> tuple[str, ...]:
    """What the author declares in ``i18n`` and what has a folder in ``nls/``; ``root`` stands for English."""
    declared = fields.texts("i18n", MAX_LANGUAGES, 35)
    found = {"root": "en"}
    for locale in declared:
        tag = found.setdefault(locale, language_tag(locale) or "")
        if not tag:
            fields.warn("i18n", f'"i18n": {quoted(locale)} is not a language tag such as "pt-br".')
    folders = {match[1] for match in map(_NLS.fullmatch, files) if match}
    tags = {found.get(locale) or language_tag(locale) for locale in {*declared, *folders}}
    return tuple(sorted(filter(None, tags)))


def _read_image(fields: Fields, key: str, files: Collection[str] | None) -> str | None:
    written = fields.text(key, 300)
    if written is None:
        return None
    path = inside(written)
    if files is not None and path in files:
        return path
    if files is not None:
        fields.warn(
            key, f"{fields.label(key)}: there is no file {quoted(written)} in the package.", "FILE_MISSING"
        )
    return None
