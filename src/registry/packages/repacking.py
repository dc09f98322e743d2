"""The same browser extension under another number: packed anew, with a manifest that differs in ``version`` only."""

import json
import re
import zipfile
from typing import BinaryIO

from registry.packages.archive import Archive
from registry.packages.manifest import STRING
from registry.packages.webextension import WebExtension

_TOKEN = re.compile(rf"{STRING}|//[^\r\n]*|[\[\]{{}}:,]")
# Entries say nothing of when they were packed, so the same package makes the same bytes.
_WHEN = (1980, 1, 1, 0, 0, 0)


def with_version(archive: Archive, version: str, target: BinaryIO) -> None:
    """Write the package into ``target``, which can seek; ``archive`` is the canonical view of one that the gate passed.

    Raises PackageRefused for a damaged file.
    """
    manifest = archive.read(WebExtension.manifest, archive.limits.manifest_bytes).decode()
    start, end = _span_of_version(manifest)
    changed = f"{manifest[:start]}{json.dumps(version)}{manifest[end:]}".encode()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for entry in archive.entries:
            info = zipfile.ZipInfo(entry.name, _WHEN)
            info.compress_type = zipfile.ZIP_DEFLATED
            with packed.open(info, "w") as file:
                for chunk in [changed] if entry.name == WebExtension.manifest else archive.inflate(entry):
                    file.write(chunk)


def _span_of_version(manifest: str) -> tuple[int, int]:
    """Where the value of the key ``version`` stands in the outermost object, quotes included."""
    depth, key, is_value = 0, None, False
    for token in _TOKEN.finditer(manifest):
        said = token[0]
        if said in "{[":
            depth += 1
        elif said in "}]":
            depth -= 1
        elif depth != 1 or said.startswith("//"):
            continue
        elif said in ":,":
            is_value = said == ":"
        elif not is_value:
            key = json.loads(said)
        elif key == "version":
            return token.span()
    raise ValueError("the manifest has no version")
