"""An extension in the words of the first proposal (seed 002): camelCase, one string for each text.

``listed`` is its element of ``/list``: all that the proposal asks of a listing, and the fields of its
example. ``screenshot`` is the first picture, ``downloadsAll`` and ``downloadsRecent`` are clients in all and in the
last seven days, ``apiMin`` is inclusive unless it begins with ``>``, ``apiMax`` unless with ``<``.
A disabled extension is shown, so that clients can switch it off; nothing of it leads anywhere.

``more_info`` is what ``/extension/NAME/moreinfo`` answers.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from registry import urls
from registry.catalogue import presentation
from registry.catalogue.listing import ends
from registry.catalogue.presentation import time
from registry.catalogue.translations import pick
from registry.models import ExtensionState


def common(base: str, row: Any) -> dict[str, Any]:
    """What the listing and the detail have in common."""
    default = row.default_locale
    disabled = row.state == ExtensionState.DISABLED
    screenshots = [] if disabled else presentation.images(base, row)["screenshots"]
    return {
        "name": row.name,
        "title": pick(row.title, default, default) or row.name,
        "description": pick(row.summary, default, default),
        "version": row.latest_version,
        "screenshot": screenshots[0]["url"] if screenshots else None,
        "rating": presentation.mean(row.rating_counts),
        "downloadsAll": row.downloads_total,
        "downloadsRecent": row.downloads_recent,
        "homepage": None if disabled else pick(row.homepage, default, default),
        "support": None if disabled else pick(row.support_url, default, default),
    }


def listed(base: str, row: Any, versions: Sequence[Any]) -> dict[str, Any]:
    """``versions`` are what may be downloaded, the newest first."""
    disabled = row.state == ExtensionState.DISABLED
    author = row.author if isinstance(row.author, dict) else {}
    found = {
        **common(base, row),
        "author": author.get("name") or row.owner_label,
        "updated": time(row.updated),
        "thumbnail": None if disabled else presentation.images(base, row)["thumbnail_url"],
        "disabled": disabled,
        "requiresRestart": bool(row.latest_requires_restart),
        "dependencies": row.latest_dependencies or {},
        "languages": row.languages,
        "format": row.format,
        "versions": [
            {
                "version": version.version,
                **dict(zip(("apiRange", "apiMin", "apiMax"), ends(row, version), strict=True)),
                "peerDependencies": version.peer_dependencies or {},
            }
            for version in versions
        ],
    }
    if not disabled and row.latest_version is not None:
        found["download"] = urls.seed_download(base, row.name, "latest")
    return found


def more_info(base: str, row: Any, reviews: Iterable[Any]) -> dict[str, Any]:
    """The detail: ``row`` has the columns of ``Detail`` too, ``reviews`` are the newest.

    ``longDescription`` is Markdown as the README has it; ``ratingDetail`` counts one to five stars, in this order.
    """
    default = row.default_locale
    disabled = row.state == ExtensionState.DISABLED
    screenshots = [] if disabled else presentation.images(base, row)["screenshots"]
    return {
        **common(base, row),
        "longDescription": None if disabled else pick(row.description, default, default),
        "moreScreenshots": [shot["url"] for shot in screenshots[1:]],
        "ratingDetail": row.rating_counts,
        "reviews": [{"rating": one.rating, "title": one.title, "review": one.body} for one in reviews],
        "recentChanges": [
            {"version": change["version"], "description": change["description"]}
            for change in row.changes or ()
        ],
        "disabled": disabled,
    }
