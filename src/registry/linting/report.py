"""What the linter says, made of its JSON: a verdict, and its messages as findings.

The exit status is no verdict: it is 0 for a file that is no zip, and 1 for a crash as well as for errors. So the JSON
decides, and has to agree with itself: what is cut off, or contradicts its own counts, is no verdict either.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from registry.linting import NoVerdict
from registry.models import Verdict
from registry.packages.findings import Finding, Severity

MOST_FINDINGS = 250
LONGEST_TEXT, LONGEST_NAME = 2000, 500
# Which file a JSON Pointer without one points into.
MANIFEST = "manifest.json"
_LARGEST = 2**31 - 1
_KINDS: tuple[tuple[str, Severity], ...] = (
    ("errors", "error"),
    ("warnings", "warning"),
    ("notices", "notice"),
)
# What PostgreSQL takes in no text, and no encoding has.
_UNWRITABLE = re.compile("[\0\ud800-\udfff]")
_GARBLED = "What the validator said of this package could not be understood."


@dataclass(frozen=True, slots=True)
class Report:
    """``findings`` has errors first, then warnings, then notices."""

    verdict: Verdict
    findings: tuple[Finding, ...]


def read_report(data: bytes, status: int) -> Report:
    """The verdict in the output of a linter that ended with ``status``. Raises NoVerdict."""
    try:
        said = json.loads(data)
        messages = {name: said[name] for name, _ in _KINDS}
        counts = {name: said["summary"][name] for name, _ in _KINDS}
        if counts != {name: len(found) for name, found in messages.items()}:
            raise NoVerdict(_GARBLED)
        findings = [_finding(item, severity) for name, severity in _KINDS for item in messages[name]]
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError) as error:
        raise NoVerdict(_GARBLED) from error
    failed = bool(messages["errors"])
    if status and not failed:
        raise NoVerdict("The validator ended with an error of its own.")
    return Report(Verdict.FAILED if failed else Verdict.PASSED, tuple(_fewer(findings)))


def _finding(item: Mapping[str, Any], severity: Severity) -> Finding:
    instance_path = _text(item.get("instancePath"), LONGEST_NAME)
    path = _text(item.get("file"), LONGEST_NAME)
    return Finding(
        code=_text(item["code"], LONGEST_NAME) or "UNKNOWN",
        message=_text(item["message"], LONGEST_TEXT) or "",
        path=path or (MANIFEST if instance_path else None),
        severity=severity,
        description=_text(item.get("description"), LONGEST_TEXT),
        line=_number(item.get("line")),
        column=_number(item.get("column")),
        instance_path=instance_path,
    )


def _text(value: Any, longest: int) -> str | None:
    """A text that can be stored; lists are paragraphs."""
    if isinstance(value, list):
        value = "\n".join(part for part in value if isinstance(part, str))
    if not isinstance(value, str) or not value:
        return None
    value = _UNWRITABLE.sub("�", value)
    return value if len(value) <= longest else value[: longest - 1] + "…"


def _number(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value <= _LARGEST else None


def _fewer(findings: list[Finding]) -> Iterable[Finding]:
    """No more than somebody can read; a note in front says how many there were."""
    if len(findings) <= MOST_FINDINGS:
        return findings
    message = (
        f"The validator has {len(findings)} messages; the first {MOST_FINDINGS} of them follow, errors first."
    )
    note = Finding("TOO_MANY_MESSAGES", message, severity=findings[0].severity)
    return [note, *findings[:MOST_FINDINGS]]
