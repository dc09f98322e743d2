"""Where things are in v5 of Mozilla's API; ``base`` is ``registry.public_url``."""

from urllib.parse import quote

ADDONS = "/api/v5/addons"
ADDON = f"{ADDONS}/addon/{{addon}}/"
# Where these addresses lie in the tree.
NODES = "/api/v4/webextensions"
NODE = f"{NODES}/{{addon}}"


def addon(base: str, name: str) -> str:
    return f"{base}{ADDONS}/addon/{quote(name, safe='@+~')}/"


def versions(base: str, name: str) -> str:
    return f"{addon(base, name)}versions/"


def version(base: str, name: str, version_id: int) -> str:
    return f"{versions(base, name)}{version_id}/"


def upload(base: str, uuid: str) -> str:
    return f"{base}{ADDONS}/upload/{uuid}/"


def source(base: str, version_id: int) -> str:
    """What a version was built from, for its authors and the registry's team."""
    return f"{base}/firefox/downloads/source/{version_id}"


def file(base: str, version_id: int, flat_name: str) -> str:
    """A signed file; clients save it under the last segment."""
    return f"{base}/firefox/downloads/file/{version_id}/{quote(flat_name, safe='@+~')}.xpi"
