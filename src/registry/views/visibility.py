"""Whether who asks may see what an extension shows: strangers do not while it is under review."""

from typing import Any

from registry.domain import visibility
from registry.errors import ApiError
from registry.permissions import Permission


def is_open(extension: Any) -> bool:
    """``extension`` is its node."""
    return bool(visibility.detail_is_open(extension.row) or extension.permits(Permission.READ_PRIVATE))


def require_open(extension: Any) -> None:
    """Raises ApiError 404 where it is not."""
    if not is_open(extension):
        raise ApiError(404, "There is nothing at this address.", "ERROR_NOT_FOUND")
