"""The texts that stand beside the manifest: README and CHANGELOG."""

import codecs

from registry.packages.archive import Archive
from registry.packages.findings import Finding, PackageRefused

MAX_TEXT = 64 * 1024  # bytes; a page shows no more

_ENDINGS = (".md", ".markdown", ".txt", "")


def read_document(archive: Archive, stem: str, findings: list[Finding]) -> str | None:
    """The text of ``README.md`` and the like, in whatever case, from the top of the package.

    Above ``MAX_TEXT`` it is cut, and a text that is not UTF-8 is left out, both with a warning.
    """
    path = _find(archive, stem)
    if path is None:
        return None
    entry = archive.get(path)
    data = b""
    try:
        for chunk in archive.inflate(entry) if entry else ():
            data += chunk
            if len(data) > MAX_TEXT:
                break
    except PackageRefused as refused:
        findings += refused.findings
        return None
    if len(data) > MAX_TEXT:
        findings.append(
            _warning("TEXT_CUT", f"Only the first {MAX_TEXT // 1024} KiB of {path} are shown.", path)
        )
    try:
        # An incremental decoder keeps quiet about a character that the cut has gone through.
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(data[:MAX_TEXT], len(data) <= MAX_TEXT)
    except UnicodeDecodeError:
        findings.append(
            _warning("TEXT_NOT_UTF8", f"{path} is not UTF-8 and is not shown. Save it as UTF-8.", path)
        )
        return None
    if "\0" in text:
        findings.append(_warning("TEXT_NOT_UTF8", f"{path} holds NUL characters and is not shown.", path))
        return None
    return text


def _find(archive: Archive, stem: str) -> str | None:
    by_lower = {name.lower(): name for name in archive.names()}
    return next((by_lower[stem + ending] for ending in _ENDINGS if stem + ending in by_lower), None)


def _warning(code: str, message: str, path: str) -> Finding:
    return Finding(code, message, "file", path, "warning")
