"""Links that lead away: through the bouncer, which hides from where, and which nobody else can use.

An address of the bouncer carries a signature by the site's secret, so that it sends people to those addresses
alone that the registry has shown.
"""

import html
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from registry.sealing import Sealer

FIELDS = ("homepage", "support_url")
# As ``prose.markdown`` writes them; a `<` in text is an entity.
_LINK = re.compile(r'<a href="([^"]*)"')


def bounced(base: str, sealer: Sealer, url: str) -> str:
    """The address of the bouncer that leads to ``url``."""
    return f"{base}/outgoing/{sealer.sign(url)}/{quote(url, safe='')}"


def is_ours(sealer: Sealer, signature: str, url: str) -> bool:
    """Whether the registry has signed that, and it leads where a browser may go."""
    return url.startswith(("http://", "https://")) and sealer.has_signed(signature, url)


def in_entry(base: str, sealer: Sealer, entry: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON of an extension with all its external links wrapped; HTML is already."""

    def wrap(url: str) -> str:
        return bounced(base, sealer, url)

    wrapped: dict[str, Any] = {
        name: {language: wrap(url) for language, url in entry[name].items()} for name in FIELDS
    }
    if entry["author"] and "url" in entry["author"]:
        wrapped["author"] = {**entry["author"], "url": wrap(entry["author"]["url"])}
    return {**entry, **wrapped}


def in_html(base: str, sealer: Sealer, text: str) -> str:
    """HTML by ``prose.markdown`` with all its links wrapped."""
    return _LINK.sub(_wrapper(base, sealer), text)


def _wrapper(base: str, sealer: Sealer) -> Callable[[re.Match[str]], str]:
    return lambda match: f'<a href="{html.escape(bounced(base, sealer, html.unescape(match[1])))}"'
