"""Entries of a registry.json as Brackets and Phoenix Code write them, made up."""

import json
from pathlib import Path
from typing import Any


def entry(name: str, *numbers: str, brackets: str | None = ">=0.40.0", **changes: Any) -> dict[str, Any]:
    """A sound entry with these versions, each fetched ten times; ``changes`` go over the metadata, None takes out."""
    numbers = numbers or ("1.0.0",)
    versions = [
        {"version": number, "published": f"2014-03-{day:02}T10:00:00.000Z", "downloads": 10}
        | ({"brackets": brackets} if brackets else {})
        for day, number in enumerate(numbers, 1)
    ]
    metadata = {
        "name": name,
        "version": numbers[-1],
        "title": name.title(),
        "description": f"What {name} does.",
        "homepage": f"https://example.org/{name}",
        "author": {"name": "Ada"},
        "engines": {"brackets": brackets},
        **changes,
    }
    metadata = {key: value for key, value in metadata.items() if value is not None}
    return {
        "metadata": metadata,
        "owner": "github:ada",
        "versions": versions,
        "totalDownloads": 10 * len(numbers),
    }


def write(path: Path, *entries: dict[str, Any], **more: Any) -> Path:
    """A registry.json of ``entries`` by their names, and of ``more``."""
    path.write_text(json.dumps({each["metadata"]["name"]: each for each in entries} | more))
    return path
