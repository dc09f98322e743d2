"""Markdown (GitHub's flavour) as HTML that is safe wherever it is put.

Raw HTML is not rendered, and of what is, only the tags below are let through. Links lead to http and https
addresses only: a relative one would lead to where the HTML is shown, not to where it was written, and is left
out. Images are replaced by what they say, since a picture on another site tells that site who looks.
"""

import re

import nh3
from cmarkgfm import github_flavored_markdown_to_html

# What is longer is cut at the end of a paragraph. Time to render grows faster than the text.
MOST_BYTES = 10 * 1024

_TAGS = {
    *(
        "a",
        "blockquote",
        "br",
        "code",
        "del",
        "em",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "li",
        "ol",
        "p",
    ),
    *("pre", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul"),
}
_ATTRIBUTES: dict[str, set[str]] = {
    "*": set(),
    "a": {"href"},
    "ol": {"start"},
    "td": {"align"},
    "th": {"align"},
}
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
# As the renderer writes them; a quote in the text is an entity.
_IMAGE = re.compile(r'<img src="[^"]*" alt="([^"]*)"[^>]*>')


def to_html(text: str) -> str:
    """HTML of the first ``MOST_BYTES`` of ``text``; an ellipsis stands for the rest.

    Links are written ``<a href="…" rel="nofollow noopener">``, as ``catalogue.outgoing`` finds them.
    """
    whole = _UNFIT.sub("", text)
    shown = shorten(whole, MOST_BYTES)
    rendered = _IMAGE.sub(r"\1", github_flavored_markdown_to_html(shown))
    html = nh3.clean(
        rendered,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        link_rel="nofollow noopener",
        url_schemes={"http", "https"},
        url_relative="deny",
    ).strip()
    return html if shown == whole else f"{html}\n<p>…</p>"


def shorten(text: str, most_bytes: int) -> str:
    """As much of ``text`` as goes into so many bytes, up to the end of a paragraph, a line or a word."""
    data = text.encode("utf-8", "replace")
    if len(data) <= most_bytes:
        return text
    head = data[:most_bytes].decode("utf-8", "ignore")
    for end in ("\n\n", "\n", " "):
        place = head.rfind(end)
        if place > 0:
            return head[:place].rstrip()
    return head
