"""An extension as everybody sees it: the fields that all its shapes share."""

from typing import Any

from registry import urls
from registry.models import ExtensionState


def time(value: Any) -> str | None:
    """ISO 8601 in UTC, to the second, with Z."""
    return None if value is None else f"{value:%Y-%m-%dT%H:%M:%SZ}"


def mean(counts: list[int]) -> float | None:
    """The mean rating of so many reviews at each number of stars; None without any."""
    total = sum(counts)
    return round(sum(stars * count for stars, count in enumerate(counts, 1)) / total, 2) if total else None


def images(base: str, row: Any) -> dict[str, Any]:
    """``icons`` by their size in pixels, the ``thumbnail_url`` and the ``screenshots``, see ``Extension.images``."""
    made = row.images
    icons = {size: urls.image(base, file) for size, file in made.get("icons", {}).items()}
    screenshots = [
        {
            "id": shot["id"],
            "url": urls.image(base, shot["full"]),
            "thumbnail_url": urls.image(base, shot["thumbnail"]),
            "width": shot["width"],
            "height": shot["height"],
            "caption": shot["caption"],
        }
        for shot in made.get("screenshots", ())
    ]
    thumbnail = screenshots[0]["thumbnail_url"] if screenshots else None
    return {"icons": icons, "thumbnail_url": thumbnail, "screenshots": screenshots}


def extension(base: str, row: Any) -> dict[str, Any]:
    """An extension as lists show it; ``row`` has its columns and, as ``latest_…``, some of its latest version's."""
    disabled = row.state == ExtensionState.DISABLED
    shown = images(base, row)
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
        "theme": row.theme,
        "license": row.license,
        "author": row.author,
        "owner_label": row.owner_label,
        "version": row.latest_version,
        "requires_restart": bool(row.latest_requires_restart),
        "languages": row.languages,
        "icons": shown["icons"],
        "thumbnail_url": shown["thumbnail_url"],
        "rating": mean(row.rating_counts),
        "rating_count": sum(row.rating_counts),
        "downloads_total": row.downloads_total,
        "downloads_recent": row.downloads_recent,
        "disabled": disabled,
        "created": time(row.created),
        "updated": time(row.updated),
        "url": urls.extension(base, row.name),
        "versions_url": f"{urls.extension(base, row.name)}versions/",
        "download_url": None
        if disabled or row.latest_version is None
        else urls.download(base, row.name, row.latest_version),
    }
