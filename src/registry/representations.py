"""What rows look like in JSON: one function for each thing the API shows (snake_case, as v4 has it)."""

from typing import Any

from pyramid.request import Request

from registry import urls
from registry.models import ExtensionState, VersionState


def time(value: Any) -> str | None:
    """ISO 8601 in UTC, to the second, with Z."""
    return None if value is None else f"{value:%Y-%m-%dT%H:%M:%SZ}"


def extension(request: Request, row: Any) -> dict[str, Any]:
    """An extension as lists show it; ``row`` has its columns and, as ``latest_…``, some of its latest version's."""
    counts = row.rating_counts
    disabled = row.state == ExtensionState.DISABLED
    return {
        "name": row.name,
        "guid": row.guid,
        "format": row.format,
        "title": row.title,
        "summary": row.summary,
        "homepage": row.homepage,
        "support_url": row.support_url,
        "default_locale": row.default_locale,
        "categories": row.categories,
        "keywords": row.keywords,
        "author": row.author,
        "version": row.latest_version,
        "requires_restart": bool(row.latest_requires_restart),
        "languages": row.languages,
        "rating": _mean(counts),
        "rating_count": sum(counts),
        "disabled": disabled,
        "created": time(row.created),
        "updated": time(row.updated),
        "url": urls.extension(request, row.name),
        "versions_url": f"{urls.extension(request, row.name)}versions/",
        "download_url": None
        if disabled or row.latest_version is None
        else urls.download(request, row.name, row.latest_version),
    }


def extension_detail(request: Request, row: Any) -> dict[str, Any]:
    facts = row.latest_facts or {}
    return {
        **extension(request, row),
        "description": row.description,
        "changelog": facts.get("changelog"),
        "license": facts.get("license"),
        "state": row.state,
        "state_reason": row.state_reason,
        "rating_breakdown": row.rating_counts,
    }


def version(request: Request, extension: Any, row: Any) -> dict[str, Any]:
    """A version with the state of its signature; ``package`` is null until there is a signed file."""
    facts = row.facts
    return {
        "name": extension.name,
        "guid": extension.guid,
        "version": row.version,
        "channel": row.channel,
        "state": row.state,
        "attempt": row.attempt,
        "errors": row.errors,
        "yanked": row.yanked is not None,
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
        "url": urls.version(request, extension.name, row.version),
        "validation_url": f"{urls.version(request, extension.name, row.version)}validation/",
    }


def _package(request: Request, extension: Any, row: Any) -> dict[str, Any] | None:
    if row.state != VersionState.SIGNED or row.sha256 is None or extension.state == ExtensionState.DISABLED:
        return None
    return {
        "url": urls.download(request, extension.name, row.version),
        "sha256": row.sha256,
        "size": row.size,
        "key_id": row.key_id,
        "serial": row.serial,
        "signed_at": time(row.signed_at),
    }


def _mean(counts: list[int]) -> float | None:
    total = sum(counts)
    return round(sum(stars * count for stars, count in enumerate(counts, 1)) / total, 2) if total else None
