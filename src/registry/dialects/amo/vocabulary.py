"""The words of Mozilla's add-on site: its licences, categories and applications."""

from typing import NamedTuple


class License(NamedTuple):
    """One that is known by its ``slug``; ``id`` is its number here."""

    id: int
    slug: str
    name: str
    url: str | None = None


_CC = "https://creativecommons.org/licenses"
_GNU = "https://www.gnu.org/licenses"
_EXTENSION_LICENSES = (
    License(1, "all-rights-reserved", "All Rights Reserved"),
    License(2, "MPL-2.0", "Mozilla Public License 2.0", "https://www.mozilla.org/MPL/2.0/"),
    License(3, "GPL-2.0-or-later", "GNU General Public License v2.0 or later", f"{_GNU}/gpl-2.0.html"),
    License(4, "GPL-3.0-or-later", "GNU General Public License v3.0 or later", f"{_GNU}/gpl-3.0.html"),
    License(
        5, "LGPL-2.1-or-later", "GNU Lesser General Public License v2.1 or later", f"{_GNU}/lgpl-2.1.html"
    ),
    License(
        6, "LGPL-3.0-or-later", "GNU Lesser General Public License v3.0 or later", f"{_GNU}/lgpl-3.0.html"
    ),
    License(7, "MIT", "MIT License", "https://opensource.org/license/mit"),
    License(8, "BSD-2-Clause", "BSD 2-Clause License", "https://opensource.org/license/bsd-2-clause"),
)
_THEME_LICENSES = (
    License(9, "cc-all-rights-reserved", "All Rights Reserved"),
    License(10, "CC-BY-3.0", "Creative Commons Attribution 3.0", f"{_CC}/by/3.0/"),
    License(11, "CC-BY-NC-3.0", "Creative Commons Attribution-NonCommercial 3.0", f"{_CC}/by-nc/3.0/"),
    License(
        12,
        "CC-BY-NC-ND-3.0",
        "Creative Commons Attribution-NonCommercial-NoDerivs 3.0",
        f"{_CC}/by-nc-nd/3.0/",
    ),
    License(
        13,
        "CC-BY-NC-SA-3.0",
        "Creative Commons Attribution-NonCommercial-Share Alike 3.0",
        f"{_CC}/by-nc-sa/3.0/",
    ),
    License(14, "CC-BY-ND-3.0", "Creative Commons Attribution-NoDerivs 3.0", f"{_CC}/by-nd/3.0/"),
    License(15, "CC-BY-SA-3.0", "Creative Commons Attribution-ShareAlike 3.0", f"{_CC}/by-sa/3.0/"),
)
LICENSES = {license.slug: license for license in (*_EXTENSION_LICENSES, *_THEME_LICENSES)}
# Numbers of licences that are not of that list: that of their version, above it.
FIRST_CUSTOM = 1000


def licenses(*, theme: bool) -> list[str]:
    """The slugs that an extension, or a theme, may be given."""
    return [license.slug for license in (_THEME_LICENSES if theme else _EXTENSION_LICENSES)]


_CATEGORIES = (
    "alerts-updates appearance bookmarks download-management feeds-news-blogging games-entertainment "
    "language-support photos-music-videos privacy-security search-tools shopping social-communication tabs "
    "web-development other"
).split()
_THEME_CATEGORIES = (
    "abstract causes fashion film-and-tv firefox foxkeh holiday music nature other scenery seasonal solid sports "
    "websites"
).split()
MOST_CATEGORIES = 3


def categories(*, theme: bool) -> list[str]:
    """The slugs of the categories that an extension, or a theme, may be in."""
    return _THEME_CATEGORIES if theme else _CATEGORIES


APPLICATIONS = ("firefox", "android")
