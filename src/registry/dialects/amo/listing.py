"""What v5 of Mozilla's API asks of an add-on and a version: words of theirs, and all that a listed one must have."""

from collections.abc import Mapping
from typing import Any

from registry.dialects.amo.vocabulary import MOST_CATEGORIES, categories, licenses

_FOR_LISTED = "It is required of add-ons in the listed channel"


def check_words(body: Mapping[str, Any], *, theme: bool) -> dict[str, Any]:
    """Categories and licences that there are not, by field."""
    faults: dict[str, Any] = {}
    chosen, known = body.get("categories") or [], categories(theme=theme)
    if unknown := [slug for slug in chosen if slug not in known]:
        faults["categories"] = [f"There is no category {', '.join(unknown)}; there are {', '.join(known)}."]
    elif len(chosen) > MOST_CATEGORIES:
        faults["categories"] = [f"At most {MOST_CATEGORIES} categories are possible."]
    if wrong := check_license(body.get("version", {}), theme=theme):
        faults["version"] = wrong
    return faults


def check_license(version: Mapping[str, Any], *, theme: bool) -> dict[str, Any]:
    """A licence that there is not, or one of somebody's own that says nothing, by field."""
    license, custom = version.get("license"), version.get("custom_license")
    if license is not None and license not in licenses(theme=theme):
        there_are = ", ".join(licenses(theme=theme))
        said = f"There is no licence {license[:50]!r} for this; there are {there_are}, or `custom_license`."
        return {"license": [said]}
    if custom is not None and not (_has_text(custom["name"]) and _has_text(custom["text"])):
        said = 'A licence of your own needs {"name": {"en-US": "…"}, "text": {"en-US": "…"}}.'
        return {"custom_license": [said]}
    return {}


def check_complete(
    body: Mapping[str, Any], *, theme: bool, known: Mapping[str, Any], licensed: bool
) -> dict[str, Any]:
    """What a listed add-on still lacks, by field, with an example of each.

    ``known`` is what the add-on has already, of its package or from before: `title`, `summary`, `categories`.
    """
    faults: dict[str, Any] = {}

    def lack(field: str, example: str) -> None:
        faults[field] = [f'{_FOR_LISTED}; for example "{field}": {example}.']

    if not body.get("categories") and not known["categories"]:
        lack("categories", f'["{categories(theme=theme)[0]}"]')
    if not _has_text(body.get("name")) and not known["title"]:
        lack("name", '{"en-US": "Tab Notes"}')
    if not _has_text(body.get("summary")) and not known["summary"]:
        lack("summary", '{"en-US": "Notes on every tab"}')
    version = body["version"]
    if not licensed and "license" not in version and "custom_license" not in version:
        example = licenses(theme=theme)[0 if theme else 1]
        faults["version"] = {
            "license": [
                f'{_FOR_LISTED}; for example "version": {{"license": "{example}"}}, or "custom_license": '
                '{"name": {"en-US": "…"}, "text": {"en-US": "…"}}.'
            ]
        }
    return faults


def _has_text(texts: Mapping[str, str | None] | None) -> bool:
    return any((texts or {}).values())
