"""What somebody types, as questions to the index.

A question is asked in tiers, from the whole name down to a word anywhere: the higher a tier, the more
prominent is the place where an extension has *all* the words. The last word may be unfinished. Each tier
wants no more than its best hits, so that common words cost as little as rare ones.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from registry.search import words
from registry.search.tokens import BEGINNING, MOST_TERMS, TYPO

# Hits of one search, at most; those of higher quality when there are more.
WINDOW = 1000
# From so many hits on nobody can have mistyped.
ENOUGH = 3


class Tier(NamedTuple):
    """``needs``: of each of these groups of tokens, one; the ``most`` best extensions that have them."""

    weight: float
    most: int
    needs: Sequence[Sequence[str]]


def tiers(text: str, filters: Sequence[str] = (), *, names_only: bool = False, scale: int = 1) -> list[Tier]:
    """The questions for ``text``, the most telling first; none when there is no word in it.

    ``filters`` are tokens that must be there, too. ``scale`` multiplies how many hits are wanted.
    """
    terms = _terms(text)
    if not terms:
        return []
    also = [[token] for token in filters]

    def tier(weight: float, most: int, needs: Iterable[Sequence[str]]) -> Tier:
        return Tier(weight, most * scale, [*needs, *also])

    def stems(letter: str) -> list[list[str]]:
        return [[letter + words.stem(term)] for term in terms]

    def unfinished(letter: str, beginning: str) -> list[list[str]]:
        return [*stems(letter)[:-1], [letter + words.stem(terms[-1]), beginning + terms[-1][:BEGINNING]]]

    whole = words.joined(text)
    asked = [
        tier(1000, 10, [[f"e{whole}"]]),
        tier(24, 50, [[f"f{whole}"]]),
        tier(16, 200, stems("a")),
        tier(10, 200, unfinished("a", "p")),
    ]
    if not names_only:
        asked += [
            tier(8, 200, stems("b")),
            tier(4, 300, unfinished("c", "q")),
            tier(2, WINDOW, unfinished("d", "q")),
        ]
    return asked


def mistyped(text: str, filters: Sequence[str] = ()) -> list[Tier]:
    """The question for names in which each longer word differs by one letter, if there are longer words."""
    terms = _terms(text)
    if not any(map(_may_be_mistyped, terms)):
        return []
    needs = []
    for place, term in enumerate(terms):
        any_of = [f"c{words.stem(term)}"]
        if place == len(terms) - 1:
            any_of.append(f"q{term[:BEGINNING]}")
        if _may_be_mistyped(term):
            any_of += sorted(f"t{form}" for form in words.without_one(term))
        needs.append(any_of)
    return [Tier(1, 50, [*needs, *([token] for token in filters)])]


def _terms(text: str) -> list[str]:
    return words.meant(words.words(text), MOST_TERMS)


def _may_be_mistyped(term: str) -> bool:
    return len(term) in TYPO and not words.is_piece(term)
