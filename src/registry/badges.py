"""Badges: a label and a message beside each other, as SVG that needs no font, script or file of anybody's."""

import unicodedata

from jinja2 import Environment

COLORS = {"green": "#2e7d32", "red": "#c62828", "orange": "#b45309", "grey": "#616161"}
HEIGHT, PADDING = 20, 10
# Of a text of 11 pixels; `textLength` makes up for the difference to the font that is there.
NARROW, WIDE = 6.6, 11
_SVG = Environment(autoescape=True).from_string(
    '<svg xmlns="http://www.w3.org/2000/svg" width="{{ width }}" height="{{ height }}" role="img" '
    'aria-label="{{ said }}">'
    "<title>{{ said }}</title>"
    '<rect width="{{ width }}" height="{{ height }}" rx="3" fill="#424242"/>'
    '<path fill="{{ color }}" d="M{{ left }} 0h{{ curve }}q3 0 3 3v14q0 3-3 3h-{{ curve }}z"/>'
    '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
    '<text x="{{ label_x }}" y="14" textLength="{{ label_length }}">{{ label }}</text>'
    '<text x="{{ message_x }}" y="14" textLength="{{ message_length }}">{{ message }}</text>'
    "</g></svg>"
)


def svg(label: str, message: str, color: str) -> str:
    """The badge; ``color`` is one of COLORS. Both texts may be anything on one line."""
    left, right = _length(label) + PADDING, _length(message) + PADDING
    return _SVG.render(
        width=left + right,
        height=HEIGHT,
        said=f"{label}: {message}",
        color=COLORS[color],
        left=left,
        curve=right - 3,
        label=label,
        label_x=PADDING // 2,
        label_length=left - PADDING,
        message=message,
        message_x=left + PADDING // 2,
        message_length=right - PADDING,
    )


def _length(text: str) -> int:
    """About how many pixels it takes."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return round(wide * WIDE + (len(text) - wide) * NARROW)
