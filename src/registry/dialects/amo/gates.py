"""What v4 of Mozilla's API shows otherwise than v5.

A version has a list of ``files``, and with ``?lang=`` a translated text is a plain string. Links are plain, and
``categories`` are by application.
"""

from typing import Any

_TEXTS = ("name", "summary", "description", "developer_comments", "homepage", "support_email", "support_url")


def addon(shown: dict[str, Any], lang: str | None) -> dict[str, Any]:
    """An add-on as v4 has it, of one as v5 has it."""
    told = dict(shown)
    for name in ("homepage", "support_url", "contributions_url"):
        told[name] = (told.get(name) or {}).get("url")
    if lang is not None:
        told |= {name: text(told[name]) for name in _TEXTS}
        told["previews"] = [shot | {"caption": text(shot["caption"])} for shot in shown["previews"]]
    told["categories"] = {"firefox": shown["categories"]} if shown["categories"] else {}
    for name in ("current_version", "latest_unlisted_version"):
        if told.get(name):
            told[name] = version(told[name], lang)
    return told


def version(shown: dict[str, Any], lang: str | None) -> dict[str, Any]:
    """A version, likewise."""
    told = {name: value for name, value in shown.items() if name != "file"}
    file = {"is_restart_required": False, "is_webextension": True, "platform": "all"}
    told["files"] = [shown["file"] | file]
    if lang is not None:
        told["release_notes"] = text(told["release_notes"])
        if told["license"]:
            told["license"] = told["license"] | {
                name: text(told["license"][name]) for name in ("name", "text")
            }
    return told


def text(texts: dict[str, str | None] | None) -> str | None:
    """The one text that v5 shows by its language."""
    if texts is None:
        return None
    return next((text for tag, text in texts.items() if tag != "_default" and text is not None), None)
