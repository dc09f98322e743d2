"""Small sound packages, to be spoiled in one place by the test that uses them.

``brackets(title="…")`` and ``webextension(version="…")`` give the files of a package as
``archives.build_zip`` takes them; keyword arguments go over the manifest, None takes a key out.
"""

import json
from collections.abc import Mapping
from typing import Any

Files = dict[str, bytes | str]


def brackets(files: Mapping[str, bytes | str] | None = None, **manifest: Any) -> Files:
    """``package_i18n`` stands for the key ``package-i18n``."""
    manifest = {key.replace("package_i18n", "package-i18n"): value for key, value in manifest.items()}
    whole = {"name": "word-tally", "version": "1.0.0"} | manifest
    return {"package.json": _json(whole), "main.js": "define(function () {});\n"} | dict(files or {})


def webextension(files: Mapping[str, bytes | str] | None = None, **manifest: Any) -> Files:
    whole = {"manifest_version": 3, "name": "Tab Notes", "version": "1.0"} | manifest
    return {"manifest.json": _json(whole), "popup.html": "<!doctype html>\n"} | dict(files or {})


def within(folder: str, files: Mapping[str, bytes | str]) -> Files:
    return {f"{folder}/{name}": data for name, data in files.items()}


def _json(manifest: Mapping[str, Any]) -> str:
    return json.dumps({key: value for key, value in manifest.items() if value is not None})
