"""An extension as everybody sees it: the fields that all its shapes share."""

from collections.abc import Iterable
from typing import Any

from registry import urls
from registry.domain.decisions import OTHER
from registry.models import ExtensionState


def time(value: Any) -> str | None:
    """ISO 8601 in UTC, to the second, with Z."""
    return None if value is None else f"{value.isoformat()[:19]}Z"


def reason(code: str | None, text: str | None) -> dict[str, str] | None:
    """Why something was decided: ``code`` is one of ``domain.decisions.CODES``; None when there is nothing to say."""
    return {"code": code or OTHER, "text": text} if text is not None else None


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


def extension(base: str, row: Any, pictures: dict[str, Any] | None = None) -> dict[str, Any]:
    """An extension as lists show it; ``row`` has its columns and, as ``latest_…``, some of its latest version's.

    ``pictures`` are its ``images``, where they have been made. Columns that are shown as they are may be
    ``models.Verbatim``. A disabled one is shown so that clients can switch it off: nothing of it leads anywhere.
    """
    disabled = row.state == ExtensionState.DISABLED
    shown = pictures or images(base, row)
    url = urls.extension(base, row.name)
    return {
        "name": row.name,
        "guid": row.guid,
        "format": row.format,
        "title": row.title,
        "summary": row.summary,
        "homepage": {} if disabled else row.homepage,
        "support_url": {} if disabled else row.support_url,
        "default_locale": row.default_locale,
        "categories": row.categories,
        "keywords": row.keywords,
        "theme": row.theme,
        "license": row.license,
        "author": _without_url(row.author) if disabled else row.author,
        "owner_label": row.owner_label,
        "version": row.latest_version,
        "requires_restart": bool(row.latest_requires_restart),
        "languages": row.languages,
        "icons": {} if disabled else shown["icons"],
        "thumbnail_url": None if disabled else shown["thumbnail_url"],
        "rating": mean(row.rating_counts),
        "rating_count": sum(row.rating_counts),
        "downloads_total": row.downloads_total,
        "downloads_recent": row.downloads_recent,
        "disabled": disabled,
        "created": time(row.created),
        "updated": time(row.updated),
        "url": url,
        "versions_url": f"{url}versions/",
        "reviews_url": f"{url}reviews/",
        "download_url": None
        if disabled or row.latest_version is None
        else urls.download(base, row.name, row.latest_version),
    }


def detail(base: str, row: Any, reviews: Iterable[Any]) -> dict[str, Any]:
    """An extension in detail; ``row`` has, beyond that of ``extension``, the columns of ``Detail`` and ``owners``.

    ``owners`` are names with spaces between. ``reviews`` are rows for ``review``.
    """
    disabled, pictures = row.state == ExtensionState.DISABLED, images(base, row)
    return {
        **extension(base, row, pictures),
        "description": {} if disabled else row.description,
        "description_html": {} if disabled else row.description_html or {},
        "screenshots": [] if disabled else pictures["screenshots"],
        "recent_changes": row.changes or [],
        "owners": sorted((row.owners or "").split()),
        "api_range": row.latest_api_range,
        "api_min": row.latest_api_min,
        "api_max": row.latest_api_max,
        "permissions": row.permissions or [],
        "dependencies": row.dependencies or {},
        "peer_dependencies": row.peer_dependencies or {},
        "rating_breakdown": row.rating_counts,
        "reviews": [review(base, row.name, one) for one in reviews],
        "state": row.state,
        "state_reason": reason(row.state_code, row.state_reason),
        "hidden_by_owner": row.hidden_by_owner,
    }


def review(base: str, name: str, row: Any) -> dict[str, Any]:
    """A review of the extension ``name``; ``row`` has its columns and ``username``, None of a deleted account."""
    return {
        "id": row.id,
        "user": row.username,
        "rating": row.rating,
        "title": row.title,
        "body": row.body,
        "created": time(row.created),
        "updated": time(row.updated),
        "reply": None if row.reply is None else {"body": row.reply, "created": time(row.replied)},
        "hidden": row.hidden is not None,
        "hidden_reason": row.hidden_reason,
        "url": f"{urls.reviews(base, name)}{row.username or row.id}/",
    }


def _without_url(author: dict[str, str] | None) -> dict[str, str] | None:
    return author and {part: text for part, text in author.items() if part != "url"}
