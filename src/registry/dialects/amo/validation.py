"""What validators found, as Mozilla's clients print it: the object that their linter's findings are wrapped in."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from registry.domain.findings import finding_json
from registry.domain.validation import Outcome
from registry.models import Channel, Verdict
from registry.packages.findings import Finding

_NONE = {"errors": 0, "warnings": 0, "notices": 0}
_LAST_TIER = 5
_UNJUDGED = finding_json(
    Finding(
        "NO_VERDICT", "A validator could not judge this package, in several attempts; send it again later."
    )
)


def validation(upload: Any, outcome: Outcome) -> dict[str, Any] | None:
    """What all tools say of an upload, whose row that is; None until they have."""
    if outcome.waiting:
        return None
    findings = [_UNJUDGED] if outcome.verdict == Verdict.UNKNOWN else []
    messages = [
        _message(upload.sha256, index, finding) for index, finding in enumerate(findings + outcome.findings)
    ]
    counts = Counter(f"{message['type']}s" for message in messages)
    return {
        "success": outcome.verdict == Verdict.PASSED,
        **{kind: counts[kind] for kind in _NONE},
        "compatibility_summary": _NONE,
        "messages": messages,
        "message_tree": {},
        "metadata": {
            "listed": upload.channel == Channel.LISTED,
            "is_webextension": True,
            "identified_files": {},
            "id": upload.guid,
            "version": upload.version,
        },
        "detected_type": "extension",
        "ending_tier": _LAST_TIER,
    }


def _message(digest: str, index: int, finding: Mapping[str, Any]) -> dict[str, Any]:
    description = finding.get("description")
    return {
        "type": finding["severity"],
        "id": [finding["code"]],
        "uid": f"{digest[:24]}{index:08x}",
        "tier": 1,
        "message": finding["message"],
        "description": [description] if description else [],
        "file": finding.get("path"),
        "line": finding.get("line"),
        "column": finding.get("column"),
        "instancePath": finding.get("instance_path"),
    }
