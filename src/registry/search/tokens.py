"""What stands in the index for an extension, and what is looked for there.

A token is one letter that says how the rest was got and where it stood, and the rest:

====== ==========================================================================================
e      the whole name or guid in one word, ``f`` a whole title
a      the stem of a word in the name or a title; ``b`` or in a keyword or category; ``c`` or in a
       summary or the author's name; ``d`` or in a description
p      the beginning of a word in the name or a title, ``q`` or in whatever ``c`` looks at
t      a longer word of the name or a title with one letter left out
others filters, see FILTERS
====== ==========================================================================================

So every question is about whole tokens, which both back ends answer from their index alone, and nothing that
people type is ever read as a query language.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from registry.search import words
from registry.search.words import EMPTY_WORDS, indexed, joined, stem

# Of one extension, in words; what goes beyond is not found.
MOST_NAMING, MOST_SHORT, MOST_LONG = 60, 400, 600
BEGINNING = 16  # letters
TYPO = range(4, 25)  # letters of a word that may be misspelt
MOST_TERMS = 12

FILTERS = {"kind": "k", "format": "m", "category": "g", "language": "l", "license": "i"}
_LICENSES = re.compile(r"[\w.+-]+")
_OPERATORS = {"or", "and", "with"}


def of_extension(row: Any) -> tuple[list[str], list[str]]:
    """The tokens for the words of an extension, and those for its filters."""
    titles = list(row.title.values())
    texts = [row.name, *titles]
    naming = _first([*texts, *map(words.humps, texts)], MOST_NAMING)
    whole = {joined(row.name), joined(row.guid)} - {""}
    names = {joined(title) for title in titles} - {""}
    naming |= {name for name in whole | names if len(name) <= words.LONGEST}
    author = row.author.get("name") if isinstance(row.author, Mapping) else None
    keywords = _first([*row.keywords, *row.categories], MOST_SHORT)
    short = _first([*row.summary.values(), author, row.owner_label], MOST_SHORT) - EMPTY_WORDS
    long = _first(row.description.values(), MOST_LONG) - EMPTY_WORDS

    found = {f"e{name}" for name in whole} | {f"f{name}" for name in names}
    stems: set[str] = set()
    for letter, part in zip("abcd", (naming, keywords, short, long), strict=True):
        stems.update(map(stem, part))
        found.update([letter + word for word in stems])
    found.update(_beginnings("p", naming), _beginnings("q", naming | keywords | short))
    for word in naming:
        if len(word) in TYPO and not words.is_piece(word):
            found.update([f"t{form}" for form in words.without_one(word)])
    return sorted(found), sorted(_filters(row))


def of_filter(name: str, value: str) -> str:
    """The token of a filter; letters and digits only, whatever the value is."""
    plain = words.fold(value.strip()).replace("_", "-")
    return FILTERS[name] + hashlib.blake2b(plain.encode(), digest_size=8).hexdigest()


def _filters(row: Any) -> set[str]:
    tags = [str(tag).replace("_", "-") for tag in row.languages]
    licenses = {row.license, *_LICENSES.findall(row.license)} if row.license else set()
    values = {
        "kind": ["theme" if row.theme else "extension"],
        "format": [row.format],
        "category": row.categories,
        # `fr` is what `fr-CA` is, too.
        "language": [*tags, *(tag.partition("-")[0] for tag in tags)],
        "license": [text for text in licenses if text.lower() not in _OPERATORS],
    }
    return {of_filter(name, str(value)) for name, found in values.items() for value in found[:100]}


def _first(texts: Iterable[Any], most: int) -> set[str]:
    """Of these texts (what is none is passed over), the first words."""
    found: set[str] = set()
    for text in texts:
        if isinstance(text, str):
            new = indexed(text)
            if len(found) + len(new) > most:
                return found | set(new[: most - len(found)])
            found.update(new)
    return found


def _beginnings(letter: str, whole: Iterable[str]) -> list[str]:
    return [letter + word[:end] for word in whole for end in range(1, min(len(word), BEGINNING) + 1)]
