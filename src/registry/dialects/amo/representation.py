"""Add-ons, versions and files as v5 of Mozilla's API shows them.

An extension is an add-on and its name the slug. A version has one file, whose number is the version's own.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from pyramid.request import Request
from sqlalchemy import select

from registry import urls
from registry.catalogue import presentation
from registry.catalogue.presentation import time
from registry.dialects.amo import addresses
from registry.dialects.amo.texts import language, link, links, translated
from registry.dialects.amo.vocabulary import FIRST_CUSTOM, LICENSES
from registry.domain import visibility
from registry.models import Artifact, Blob, ExtensionState, VersionDetail, VersionState
from registry.models import Version as Row

ICON_SIZES = ("32", "64", "128")
# What runs an add-on whose manifest names no version, by the version of its manifest.
_LOWEST = {2: "42.0", 3: "109.0"}

# What `version` and `file` are made of.
VERSIONS = (
    select(
        Row.__table__,
        Artifact.sha256.label("sha256"),
        Artifact.size.label("size"),
        Artifact.created.label("signed_at"),
        Blob.size.label("upload_size"),
        VersionDetail.license,
        VersionDetail.license_name,
        VersionDetail.license_text,
        VersionDetail.release_notes,
        VersionDetail.approval_notes,
        VersionDetail.compatibility,
        VersionDetail.source_sha256,
    )
    .outerjoin(Artifact, Artifact.version_id == Row.id)
    .outerjoin(Blob, Blob.sha256 == Row.upload_sha256)
    .outerjoin(VersionDetail, VersionDetail.version_id == Row.id)
)


def addon_status(extension: Any, *, waiting: bool) -> str:
    """``waiting`` is whether a version of the listed channel is not signed yet."""
    if extension.state in (ExtensionState.DISABLED, ExtensionState.PENDING_DISABLE):
        return "disabled"
    if extension.latest_id is not None:
        return "public"
    return "nominated" if waiting else "incomplete"


def file_status(extension: Any, row: Any) -> str:
    """`public` once the signed file is in the store, and nobody has taken it back."""
    if row.state == VersionState.FAILED or visibility.download(extension, row) is visibility.Download.GONE:
        return "disabled"
    if row.yanked is not None or row.blocked is not None or row.deleted is not None:
        return "disabled"
    return "public" if row.state == VersionState.SIGNED and row.sha256 is not None else "unreviewed"


def file(base: str, extension: Any, row: Any) -> dict[str, Any]:
    """``hash`` and ``size`` are of the upload until there is a signed file."""
    manifest = row.facts.get("manifest") or {}
    collected = _within(manifest, "browser_specific_settings", "gecko", "data_collection_permissions")
    digest = row.sha256 or row.upload_sha256
    return {
        "id": row.id,
        "created": time(row.created),
        "hash": digest and f"sha256:{digest}",
        "is_mozilla_signed_extension": False,
        "size": (row.size if row.sha256 else row.upload_size) or 0,
        "status": file_status(extension, row),
        "url": addresses.file(base, row.id, row.flat_name),
        "permissions": _texts(manifest, "permissions"),
        "optional_permissions": _texts(manifest, "optional_permissions"),
        "host_permissions": _texts(manifest, "host_permissions"),
        "data_collection_permissions": _texts(collected, "required"),
        "optional_data_collection_permissions": _texts(collected, "optional"),
    }


def version(request: Request, extension: Any, row: Any, *, private: bool = False) -> dict[str, Any]:
    """``row`` is one of VERSIONS; ``private`` adds what is for its authors and the registry's team alone."""
    base, lang = request.public_url, request.validated.get("lang")
    shown = {
        "id": row.id,
        "channel": row.channel,
        "compatibility": compatibility(row),
        # Where people see what became of it.
        "edit_url": urls.version(base, extension.name, row.version),
        "file": file(base, extension, row),
        "is_strict_compatibility_enabled": bool(row.api_max),
        "license": license_of(extension, row, lang),
        "release_notes": translated(row.release_notes, extension.default_locale, lang),
        "reviewed": time(row.signed_at),
        "version": row.version,
    }
    if private:
        shown |= {
            "approval_notes": row.approval_notes,
            "is_disabled": row.yanked is not None,
            "source": addresses.source(base, row.id) if row.source_sha256 else None,
        }
    return shown


def compatibility(row: Any) -> dict[str, dict[str, str]]:
    """The lowest and the highest version of each application that a version runs on."""
    own = manifest_ranges(row)
    if not row.compatibility:
        return own
    return {
        application: {**own.get(application, own["firefox"]), **bounds}
        for application, bounds in row.compatibility.items()
    }


def manifest_ranges(row: Any) -> dict[str, dict[str, str]]:
    """What the manifest of a version says that it runs on."""
    manifest = row.facts.get("manifest") or {}
    lowest = _LOWEST[3 if manifest.get("manifest_version") == 3 else 2]
    ranges = {"firefox": {"min": row.api_min or lowest, "max": row.api_max or "*"}}
    android = _within(manifest, "browser_specific_settings").get("gecko_android")
    if isinstance(android, dict):
        bounds = (android.get("strict_min_version"), android.get("strict_max_version"))
        low, high = (bound if isinstance(bound, str) else None for bound in bounds)
        ranges["android"] = {"min": low or row.api_min or lowest, "max": high or row.api_max or "*"}
    return ranges


def license_of(extension: Any, row: Any, lang: str | None) -> dict[str, Any] | None:
    known = LICENSES.get(row.license or "")
    if known is not None:
        return {
            "id": known.id,
            "is_custom": False,
            "name": translated({"en-US": known.name}, "en-US", lang),
            "slug": known.slug,
            "text": None,
            "url": known.url,
        }
    if not row.license_name:
        return None
    return {
        "id": FIRST_CUSTOM + row.id,
        "is_custom": True,
        "name": translated(row.license_name, extension.default_locale, lang),
        "slug": None,
        "text": translated(row.license_text, extension.default_locale, lang),
        "url": None,
    }


def addon(
    request: Request,
    extension: Any,
    detail: Any,
    current: Any,
    authors: Iterable[Any],
    *,
    waiting: bool,
    text_count: int,
    unlisted: Any = None,
    private: bool = False,
) -> dict[str, Any]:
    """``detail`` is its ``AddonDetail`` and ``current`` its latest listed version (VERSIONS), if there are any:
    one on offer, or for its authors one that may still be.

    ``authors`` are users, ``waiting`` is as in `addon_status`. ``private`` adds the latest version of the unlisted
    channel.
    """
    base, lang, default = request.public_url, request.validated.get("lang"), extension.default_locale
    made = presentation.images(base, extension)
    home = addresses.addon(base, extension.name)

    def text(texts: Any) -> Any:
        return translated(texts, default, lang)

    shown = {
        "id": extension.id,
        "authors": [
            {
                "id": user.id,
                "name": user.username,
                "url": f"{base}{urls.API}/users/{user.username}/",
                "username": user.username,
                "picture_url": None,
            }
            for user in authors
        ],
        "average_daily_users": extension.downloads_recent // 7,
        "categories": extension.categories,
        "contributions_url": link(base, request.sealer, detail and detail.contributions_url),
        "created": time(extension.created),
        "current_version": current and version(request, extension, current, private=private),
        "default_locale": language(default),
        "description": text(extension.description),
        "developer_comments": text(detail and detail.developer_comments),
        "edit_url": urls.extension(base, extension.name),
        "guid": extension.guid,
        "has_eula": bool(detail and detail.eula),
        "has_privacy_policy": bool(detail and detail.privacy_policy),
        "homepage": links(base, request.sealer, text(extension.homepage)),
        "icon_url": icon_url(made["icons"]),
        "icons": {size: made["icons"].get(size) or icon_url(made["icons"]) for size in ICON_SIZES},
        "is_disabled": extension.hidden_by_owner,
        "is_experimental": bool(detail and detail.is_experimental),
        "is_noindexed": False,
        "last_updated": time(extension.updated),
        "name": text(extension.title),
        "previews": [preview(shot, default, lang) for shot in made["screenshots"]],
        "promoted": [],
        "ratings": ratings(extension, text_count),
        "ratings_url": urls.reviews(base, extension.name),
        "requires_payment": bool(detail and detail.requires_payment),
        "review_url": f"{urls.extension(base, extension.name)}manage/",
        "slug": extension.name,
        "status": addon_status(extension, waiting=waiting),
        "summary": text(extension.summary),
        "support_email": text(detail and detail.support_email),
        "support_url": links(base, request.sealer, text(extension.support_url)),
        "tags": extension.keywords,
        "type": "statictheme" if extension.theme else "extension",
        "url": home,
        "versions_url": addresses.versions(base, extension.name),
        "weekly_downloads": extension.downloads_recent,
    }
    if private:
        shown["latest_unlisted_version"] = unlisted and version(request, extension, unlisted, private=True)
    return shown


def ratings(extension: Any, text_count: int) -> dict[str, Any]:
    """``text_count`` is how many reviews say something beside their stars."""
    counts = extension.rating_counts
    return {
        "average": presentation.mean(counts) or 0,
        "bayesian_average": extension.rating_score,
        "count": sum(counts),
        "text_count": text_count,
    }


def grouped(counts: list[int]) -> dict[str, int]:
    """How many ratings there are at each number of stars."""
    return {str(stars): count for stars, count in enumerate(counts, 1)}


def icon_url(icons: Mapping[str, str]) -> str | None:
    """The icon nearest to 64 pixels, of those by width."""
    nearest = min(icons, key=lambda size: abs(int(size) - 64), default=None)
    return None if nearest is None else icons[nearest]


def preview(shot: Mapping[str, Any], default: str, lang: str | None) -> dict[str, Any]:
    return {
        "id": shot["id"],
        "caption": translated(shot["caption"], default, lang),
        "image_url": shot["url"],
        "image_size": [shot["width"], shot["height"]],
        "thumbnail_url": shot["thumbnail_url"],
    }


def _within(data: Any, *keys: str) -> dict[str, Any]:
    """The object below these keys of a manifest, whose parts may be anything; an empty one if there is none."""
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data if isinstance(data, dict) else {}


def _texts(data: Mapping[str, Any], key: str) -> list[str]:
    found = data.get(key)
    return [item for item in found if isinstance(item, str)] if isinstance(found, list) else []
