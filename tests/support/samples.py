"""Small packages that are right, for tests about something else."""

import json

from support.archives import build_zip


def brackets(
    name: str = "word-tally", version: str = "1.0.0", files: dict[str, bytes] | None = None, **manifest
) -> bytes:
    """A Brackets extension."""
    package = {
        "name": name,
        "version": version,
        "title": name.title(),
        "engines": {"brackets": ">=0.40.0"},
        **manifest,
    }
    return build_zip(
        {"package.json": json.dumps(package).encode(), "main.js": b"define({});\n", **(files or {})}
    )


def webextension(
    guid: str | None = "tab-notes@example.org",
    version: str = "1.0",
    name: str = "Tab Notes",
    files: dict[str, bytes] | None = None,
    **manifest,
) -> bytes:
    """A browser extension; without an id when ``guid`` is None."""
    data = {"manifest_version": 3, "name": name, "version": version, **manifest}
    if guid is not None:
        data["browser_specific_settings"] = {"gecko": {"id": guid}}
    return build_zip(
        {"manifest.json": json.dumps(data).encode(), "background.js": b"void 0;\n", **(files or {})}
    )
