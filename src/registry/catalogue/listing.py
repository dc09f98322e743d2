"""An extension in the bulk listing of v4: as lists show it, and each version that may be downloaded."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from registry.catalogue import presentation
from registry.catalogue.presentation import time
from registry.domain.compatibility import effective_range
from registry.packages.brackets import Brackets
from registry.packages.versions import parse_range


def extension(base: str, row: Any, versions: Sequence[Any]) -> dict[str, Any]:
    """``versions`` are what may be downloaded, the newest first.

    Their ``sha256`` and ``size`` (bytes) are the served file's, null where the registry has none.
    """
    return {
        **presentation.extension(base, row),
        "versions": [
            {
                "version": version.version,
                **dict(zip(("api_range", "api_min", "api_max"), ends(row, version), strict=True)),
                "peer_dependencies": version.peer_dependencies or {},
                "dependencies": version.dependencies or {},
                "prerelease": version.prerelease,
                "sha256": version.sha256,
                "size": version.size,
                "published": time(version.published or version.created),
            }
            for version in versions
        ],
    }


def ends(row: Any, version: Any) -> tuple[str | None, str | None, str | None]:
    """The range of host versions that a version is for, below the extension's limit, and its lower and upper end.

    The ends are None where there are none, and for a range that cannot be said in two numbers.
    """
    if row.api_limit is None:
        return version.api_range, version.api_min, version.api_max
    limited = effective_range(version.api_range, row.api_limit, row.format)
    if row.format != Brackets.name or limited is None:
        return limited, version.api_min, row.api_limit
    return limited, *_ends(limited)


@lru_cache(maxsize=1024)
def _ends(range_: str) -> tuple[str | None, str | None]:
    try:
        return parse_range(range_)
    except ValueError:
        return None, None
