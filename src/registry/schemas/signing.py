"""What the v3 and v4 signing API answers, as Mozilla's documentation has it."""

from registry.schemas.answers import FLAG, TEXT, URL, mapping, or_null

SIGNED_FILE = mapping(
    download_url=URL,
    hash={
        "type": "string",
        "pattern": "^sha256:[0-9a-f]{64}$",
        "description": "Of the signed file, once it is.",
    },
    signed=FLAG,
)
SUBMISSION = mapping(
    guid=TEXT,
    pk={"type": "string", "pattern": "^[0-9a-f]{32}$", "description": "Of the upload."},
    url={**URL, "description": "Where to look again."},
    processed={**FLAG, "description": "Validation has ended."},
    valid={**FLAG, "description": "It has passed validation."},
    validation_results=or_null({"type": "object"}),
    validation_url=URL,
    automated_signing={**FLAG, "description": "It is in the channel `unlisted`."},
    reviewed={**FLAG, "description": "There is a signed file."},
    active={**FLAG, "description": "Everybody who knows its address can have it."},
    passed_review=FLAG,
    files={"type": "array", "items": SIGNED_FILE},
    version=TEXT,
)
