"""Text into words, the same way for what is indexed and for what is asked.

Case, accents and compatibility forms are folded away. Scripts that are written without spaces (Chinese,
Japanese, Korean, Thai, Lao, Khmer, Burmese) are cut into single characters and pairs, so that any run of
characters is found wherever it stands; there is no dictionary that would know their words.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

import snowballstemmer

LONGEST = 40  # letters of a word
# Alone they say nothing about an extension; looked for only when there is nothing else to look for.
EMPTY_WORDS = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "by",
        "can",
        "for",
        "from",
        "has",
        "have",
        "in",
        "is",
        "it",
        "its",
        "of",
        "on",
        "or",
        "that",
        "the",
        "this",
        "to",
        "with",
        "you",
        "your",
    ]
)
_SPELLED = {"c++": "cpp", "c#": "csharp", "f#": "fsharp", ".net": "dotnet"}
_SPELLED_OUT = re.compile(r"(?<!\w)(?:[cC]\+\+|[cCfF]#|\.[nN][eE][tT])(?!\w)")
_SPACELESS = (
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    r"\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
_RUN = re.compile(rf"([{_SPACELESS}]+)|[^\W_{_SPACELESS}]+")
_ASCII = re.compile(rf"[a-z0-9]{{1,{LONGEST}}}")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# Letters of their own that no decomposition knows, as people type them who cannot.
_PLAIN = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})
_english = snowballstemmer.stemmer("english")


def fold(text: str) -> str:
    """Without case and accents."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text).casefold()
    bare = "".join(character for character in apart if not unicodedata.category(character).startswith("M"))
    return unicodedata.normalize("NFKC", bare).translate(_PLAIN)


def words(text: str) -> list[str]:
    """The words of ``text`` in their order."""
    if "+" in text or "#" in text or "." in text:
        text = _SPELLED_OUT.sub(lambda found: _SPELLED[found[0].lower()], text)
    if text.isascii():
        return _ASCII.findall(text.lower())
    found: list[str] = []
    for match in _RUN.finditer(fold(text)):
        found += [match[0][:LONGEST]] if match[1] is None else _pieces(match[1])
    return found


def indexed(text: str) -> list[str]:
    """The words of ``text``, and the single characters of runs without spaces."""
    found = words(text)
    if not text.isascii():
        found += [part for word in found if len(word) == 2 and is_piece(word) for part in word]
    return found


def humps(text: str) -> str:
    """``CodeFolding`` as ``Code Folding``."""
    return _HUMP.sub(" ", text)


def joined(text: str) -> str:
    """All letters and digits of ``text`` as one word: ``live-preview``, ``Live Preview``: ``livepreview``."""
    return "".join(found[0] for found in _RUN.finditer(fold(text)))[:100]


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """What the forms of an English word have in common; other words stay as they are, or nearly."""
    return word if len(word) < 4 or not word.isascii() else _english.stemWord(word)


def meant(found: Iterable[str], most: int) -> list[str]:
    """The first ``most`` different words of what somebody looks for."""
    different = list(dict.fromkeys(found))
    return ([word for word in different if word not in EMPTY_WORDS] or different)[:most]


def is_piece(word: str) -> bool:
    """Whether the word is cut out of a run without spaces."""
    return _RUN.match(word)[1] is not None  # type: ignore[index]


def without_one(word: str) -> set[str]:
    """The word, and the word without any one of its letters: two words with one of these in common differ by
    one letter that is wrong, missing, added or in another place."""
    return {word, *(word[:place] + word[place + 1 :] for place in range(len(word)))}


def _pieces(run: str) -> list[str]:
    return [run[place : place + 2] for place in range(len(run) - 1)] or [run]
