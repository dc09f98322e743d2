"""Language tags (RFC 5646) out of the many spellings that packages use."""

import re

_TAG = re.compile(
    r"[a-z]{2,3}(?:-[a-z]{4})?(?:-(?:[a-z]{2}|[0-9]{3}))?(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3})){0,2}"
)


def language_tag(text: str) -> str | None:
    """The tag in its recommended case (``zh_hant-tw`` gives ``zh-Hant-TW``); None when it is not one.

    Language, script, region and two variants are known, which makes 30 characters at most; extensions and
    private use are not. Whether somebody speaks the language is not asked.
    """
    lower = text.replace("_", "-").lower()
    if not _TAG.fullmatch(lower):
        return None
    language, *rest = lower.split("-")
    return "-".join([language, *map(_cased, rest)])


def _cased(subtag: str) -> str:
    if len(subtag) == 2:
        return subtag.upper()
    return subtag.capitalize() if len(subtag) == 4 and subtag.isalpha() else subtag
