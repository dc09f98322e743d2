"""How good an extension is whatever is looked for: popularity × freshness, as one of 64 levels.

Popularity is the logarithm of its downloads, in which recent ones count more; freshness halves every two
years without a new version, and at most to a floor, since what is old and loved is still wanted. Levels are
coarse so that an extension rarely moves from one to another.
"""

import datetime
import math
from typing import Any

LEVELS = 64
RECENT = 20  # times as much as one long ago
POPULAR = 10**7  # downloads that cannot be bettered
HALF_LIFE = 730.0  # days
FLOOR = 0.4


def level(row: Any, now: datetime.datetime) -> int:
    """0 to 63, of an extension's ``downloads_total``, ``downloads_recent`` and ``updated``."""
    downloads = row.downloads_total + RECENT * row.downloads_recent
    popularity = min(1.0, math.log1p(downloads) / math.log1p(POPULAR))
    age = max(0.0, (now - row.updated).total_seconds() / 86400)
    freshness = FLOOR + (1 - FLOOR) * 0.5 ** (age / HALF_LIFE)
    # Without any downloads the freshest still come first.
    return round((LEVELS - 1) * (0.1 + 0.9 * popularity) * freshness)


def factor(level: int) -> float:
    """What a level makes of relevance: one to four times as much."""
    return 1 + 3 * level / (LEVELS - 1)


# A hit as one number: the level upside down in front of the extension's id, so that the best are the smallest.
SHIFT = 40
IDS = (1 << SHIFT) - 1


def packed(extension_id: int, level: int) -> int:
    return (LEVELS - 1 - level) << SHIFT | extension_id


def ranks(weight: float) -> list[int]:
    """For a hit of that weight, by the upper part of its packed number: the better the smaller."""
    return [round(-1000 * weight * factor(LEVELS - 1 - upper)) for upper in range(LEVELS)]
