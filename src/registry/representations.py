"""What rows look like in JSON: one function for each thing the API shows (snake_case, as v4 has it)."""

from collections.abc import Iterable
from typing import Any

from pyramid.request import Request

from registry import urls
from registry.catalogue import outgoing, presentation, translations
from registry.catalogue.presentation import time
from registry.domain import visibility, yanking
from registry.models import ExtensionState, VersionState
from registry.permissions import Permission
from registry.sealing import Sealer


def shown(request: Request, entry: dict[str, Any]) -> dict[str, Any]:
    """The JSON of an extension as the request's ``ShownSchema`` wants it: `lang`, `wrap_outgoing_links`."""
    if request.validated["wrap_outgoing_links"]:
        entry = outgoing.in_entry(request.public_url, request.sealer, entry)
    lang = request.validated["lang"]
    return entry if lang is None else translations.in_language(entry, lang)


def extension_detail(request: Request, row: Any, reviews: Iterable[Any]) -> dict[str, Any]:
    private = request.context.permits(Permission.READ_PRIVATE)
    return shown(request, detail(request.public_url, request.sealer, row, reviews, private=private))


def detail(base: str, sealer: Sealer, row: Any, reviews: Iterable[Any], *, private: bool) -> dict[str, Any]:
    """An extension in detail, in all its languages; ``private``: for those who see what strangers do not.

    Why it is in its state is everybody's business when it is disabled, and its owners' otherwise.
    """
    made = presentation.detail(base, row, reviews)
    if not made["disabled"] and not private:
        made["state_reason"] = None
    if made["disabled"] and private:
        # Whose pictures they are can still see them.
        made |= presentation.images(base, row)
    made["description_html"] = {
        language: outgoing.in_html(base, sealer, text) for language, text in made["description_html"].items()
    }
    return made


def version(request: Request, extension: Any, row: Any) -> dict[str, Any]:
    """A version with the state of its signature; ``package`` is null until there is a signed file."""
    facts, why = row.facts, yanking.reason(row)
    return {
        "name": extension.name,
        "guid": extension.guid,
        "version": row.version,
        "channel": row.channel,
        "state": row.state,
        "attempt": row.attempt,
        "errors": row.errors,
        "yanked": why is not None,
        "yanked_by": yanking.by(row),
        "yanked_reason": why and why._asdict(),
        "held": row.held and {"since": time(row.held), "reason": row.held_reason},
        "package": _package(request, extension, row),
        "upload_sha256": row.upload_sha256,
        "api_range": row.api_range,
        "api_min": row.api_min,
        "api_max": row.api_max,
        "requires_restart": row.requires_restart,
        "prerelease": row.prerelease,
        "dependencies": facts.get("dependencies"),
        "peer_dependencies": facts.get("peer_dependencies"),
        "permissions": facts.get("permissions"),
        "languages": facts.get("languages", []),
        "license": facts.get("license"),
        "created": time(row.created),
        "updated": time(row.updated),
        "url": urls.version(request.public_url, extension.name, row.version),
        "validation_url": f"{urls.version(request.public_url, extension.name, row.version)}validation/",
    }


def _package(request: Request, extension: Any, row: Any) -> dict[str, Any] | None:
    gone = extension.state == ExtensionState.DISABLED or visibility.is_blocked(row)
    if row.state != VersionState.SIGNED or row.sha256 is None or gone:
        return None
    return {
        "url": urls.download(request.public_url, extension.name, row.version),
        "sha256": row.sha256,
        "size": row.size,
        "key_id": row.key_id,
        "serial": row.serial,
        "signed_at": time(row.signed_at),
    }
