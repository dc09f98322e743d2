"""What answers look like, as JSON Schema (draft 2020-12, as OpenAPI 3.1 has it); ``representations`` makes them."""

from typing import Any

from registry.domain.decisions import CODES
from registry.domain.yanking import OWNER, REGISTRY
from registry.models import Channel, ExtensionState, Verdict, VersionState

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
URL: Schema = {"type": "string", "format": "uri"}
TIME: Schema = {"type": "string", "format": "date-time"}
NUMBER: Schema = {"type": "integer", "minimum": 0}
FLAG: Schema = {"type": "boolean"}
TEXTS: Schema = {"type": "array", "items": TEXT}
TRANSLATED: Schema = {
    "type": ["object", "string", "null"],
    "additionalProperties": TEXT,
    "description": "By language (BCP 47); with `lang` the text for that language, or null.",
}
RANGES: Schema = {"type": "object", "additionalProperties": TEXT, "description": "Name to range of versions."}
SHA256: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$"}


def one_of(values: Any) -> Schema:
    return {"enum": [str(value) for value in values]}


def or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def mapping(**properties: Schema) -> Schema:
    """An object with exactly these members."""
    return {
        "type": "object",
        "required": list(properties),
        "properties": properties,
        "additionalProperties": False,
    }


def page(results: Schema) -> Schema:
    return mapping(
        page_size=NUMBER,
        page_count=NUMBER,
        count=NUMBER,
        next=or_null(URL),
        previous=or_null(URL),
        results={"type": "array", "items": results},
    )


REASON = or_null(mapping(code=one_of(CODES), text=TEXT))
FINDING = mapping(
    code=TEXT, message=TEXT, field=TEXT, path=or_null(TEXT), severity=one_of(["error", "warning"])
)
# What a validator found; ``description`` is longer, ``instance_path`` a JSON Pointer into the manifest.
JUDGED = mapping(
    **{**FINDING["properties"], "severity": one_of(["error", "warning", "notice"])},
    description=or_null(TEXT),
    line=or_null(NUMBER),
    column=or_null(NUMBER),
    instance_path=or_null(TEXT),
)
SCREENSHOT = mapping(id=NUMBER, url=URL, thumbnail_url=URL, width=NUMBER, height=NUMBER, caption=TRANSLATED)
_EXTENSION: dict[str, Schema] = {
    "name": TEXT,
    "guid": TEXT,
    "format": TEXT,
    "title": TRANSLATED,
    "summary": TRANSLATED,
    "homepage": TRANSLATED,
    "support_url": TRANSLATED,
    "default_locale": TEXT,
    "categories": TEXTS,
    "keywords": TEXTS,
    "theme": FLAG,
    "license": or_null(TEXT),
    "author": or_null({"type": "object", "additionalProperties": TEXT}),
    "owner_label": or_null(TEXT),
    "version": or_null(TEXT),
    "requires_restart": FLAG,
    "languages": TEXTS,
    "icons": {"type": "object", "additionalProperties": URL, "description": "By width in pixels."},
    "thumbnail_url": or_null(URL),
    "rating": or_null({"type": "number", "minimum": 1, "maximum": 5}),
    "rating_count": NUMBER,
    "downloads_total": NUMBER,
    "downloads_recent": NUMBER,
    "disabled": FLAG,
    "created": TIME,
    "updated": TIME,
    "url": URL,
    "versions_url": URL,
    "reviews_url": URL,
    "download_url": or_null(URL),
}
EXTENSION = mapping(**_EXTENSION)
LISTED_VERSION = mapping(
    version=TEXT,
    api_range=or_null(TEXT),
    api_min=or_null(TEXT),
    api_max=or_null(TEXT),
    peer_dependencies=RANGES,
    dependencies=RANGES,
    prerelease=FLAG,
    sha256=or_null(SHA256),
    size=or_null(NUMBER),
    published=TIME,
)
LISTED_EXTENSION = mapping(**_EXTENSION, versions={"type": "array", "items": LISTED_VERSION})
REVIEW = mapping(
    id=NUMBER,
    user=or_null(TEXT),
    rating={"type": "integer", "minimum": 1, "maximum": 5},
    title=or_null(TEXT),
    body=or_null(TEXT),
    created=TIME,
    updated=TIME,
    reply=or_null(mapping(body=TEXT, created=TIME)),
    hidden={**FLAG, "description": "Its author and moderators alone still see it."},
    hidden_reason=or_null(TEXT),
    url=URL,
)
CHANGES = mapping(version=TEXT, date=or_null({"type": "string", "format": "date"}), description=TEXT)
EXTENSION_DETAIL = mapping(
    **_EXTENSION,
    description={**TRANSLATED, "description": "Markdown. " + TRANSLATED["description"]},
    description_html={**TRANSLATED, "description": "Safe HTML. " + TRANSLATED["description"]},
    screenshots={"type": "array", "items": SCREENSHOT},
    recent_changes={"type": "array", "items": CHANGES, "description": "Of the changelog; Markdown."},
    owners=TEXTS,
    api_range=or_null(TEXT),
    api_min=or_null(TEXT),
    api_max=or_null(TEXT),
    permissions=TEXTS,
    dependencies=RANGES,
    peer_dependencies=RANGES,
    rating_breakdown={
        "type": "array",
        "items": NUMBER,
        "minItems": 5,
        "maxItems": 5,
        "description": "How many reviews give 1, 2, 3, 4 and 5 stars.",
    },
    reviews={"type": "array", "items": REVIEW, "description": "The newest."},
    state=one_of(ExtensionState),
    state_reason=REASON,
    hidden_by_owner=FLAG,
)
_COUNTS: Schema = {"type": "object", "additionalProperties": NUMBER}
FACETS = mapping(counted=NUMBER, kind=_COUNTS, category=_COUNTS, language=_COUNTS, license=_COUNTS)
_FOUND = page(EXTENSION)
# A page that may have facets.
FOUND: Schema = {**_FOUND, "properties": {**_FOUND["properties"], "facets": FACETS}}
COMPLETIONS = mapping(
    results={
        "type": "array",
        "maxItems": 10,
        "items": mapping(name=TEXT, title=TRANSLATED, url=URL, icon=or_null(URL)),
    }
)
PACKAGE = mapping(url=URL, sha256=SHA256, size=NUMBER, key_id=TEXT, serial=TEXT, signed_at=TIME)
VERSION = mapping(
    name=TEXT,
    guid=TEXT,
    version=TEXT,
    channel=one_of(Channel),
    state=one_of(VersionState),
    attempt=NUMBER,
    errors={"type": "array", "items": FINDING},
    yanked=FLAG,
    yanked_by=or_null(one_of([OWNER, REGISTRY])),
    yanked_reason=REASON,
    held={
        **or_null(mapping(since=TIME, reason=or_null(TEXT))),
        "description": "Why it is not `latest` yet: its tests have not passed, or a mirrored registry holds it.",
    },
    package=or_null(PACKAGE),
    upload_sha256=or_null(SHA256),
    api_range=or_null(TEXT),
    api_min=or_null(TEXT),
    api_max=or_null(TEXT),
    requires_restart=FLAG,
    prerelease=FLAG,
    dependencies=or_null(RANGES),
    peer_dependencies=or_null(RANGES),
    permissions=or_null(TEXTS),
    languages=TEXTS,
    license=or_null(TEXT),
    created=TIME,
    updated=TIME,
    url=URL,
    validation_url=URL,
)
VALIDATION: Schema = {
    "type": "array",
    "items": mapping(
        tool=TEXT, verdict=one_of(Verdict), findings={"type": "array", "items": JUDGED}, created=TIME
    ),
}
SUBMISSION = mapping(
    name=TEXT,
    guid=TEXT,
    version=TEXT,
    state=one_of(VersionState),
    errors={"type": "array", "items": FINDING},
    signed_url=or_null(URL),
)
INDEX = mapping(name=TEXT, version=TEXT, extensions=URL, openapi=URL, openapi_v3=URL, openapi_v5=URL)
DESCRIPTION: Schema = {"type": "object"}
