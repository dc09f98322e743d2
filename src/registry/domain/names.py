"""Names of extensions: the URL key, its look-alikes, and one for a package that brought none."""

import re
import unicodedata
import uuid
from collections.abc import Callable

from registry.packages.package import is_reserved

_LONGEST_SLUG = 90
_SLUG = re.compile(rf"[a-z0-9][a-z0-9._-]{{,{_LONGEST_SLUG - 1}}}")
_LOOK_ALIKES = str.maketrans({"0": "o", "1": "l", "i": "l"})


def skeleton(name: str) -> str:
    """The name as a hurried eye reads it: names with equal skeletons look alike.

    NFKC and case folded, separators dropped, 0 read as o, 1 and i as l.
    """
    folded = unicodedata.normalize("NFKC", name).casefold()
    return re.sub(r"[-_.]", "", folded).translate(_LOOK_ALIKES)


def is_slug(text: str) -> bool:
    """Whether an extension may be named so."""
    return bool(_SLUG.fullmatch(text)) and not is_reserved(text) and not text.isdecimal()


def slug(title: str, is_free: Callable[[str], bool]) -> str:
    """A free name made of a human title: ``Tab Notes!`` becomes ``tab-notes``, or ``tab-notes-2`` when taken."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9._]+", "-", plain)[:_LONGEST_SLUG].strip("-._") or "extension"
    # A number is another extension's id in some dialects.
    if is_reserved(base) or base.isdecimal():
        base += "-extension"
    name, number = base, 1
    while not is_free(name):
        number += 1
        name = f"{base}-{number}"
    return name


def new_guid() -> str:
    """An id for a package that brought none, in the form browsers use."""
    return f"{{{uuid.uuid4()}}}"
