"""What the runner of a test run is told: two levels of names, and strings only, as runners have taken it since 2014.

It is made anew for each that asks, of that run alone; nothing in it is secret, and nothing is to be executed.
"""

import re
from collections.abc import Mapping
from typing import Any

from registry import urls
from registry.models import now

SCHEMA = "1"
FORMATS = "subunit, junit, ctrf, tap, json"
MOST_EXTRA, EXTRA_LENGTH = 50, 256
TESTS = ("suite", "include", "exclude", "per_test_timeout_seconds")
# Names of options that hold what nobody else may know, and texts that look like it.
_SECRET_NAME = re.compile(
    r"passw|pwd|secret|token|credential|api[-_.]?key|access[-_.]?key|private[-_.]?key|auth(?!or)",
    re.IGNORECASE,
)
_SECRET_TEXT = re.compile(
    r"\breg(?:run)?_[0-9A-Za-z]{40}|-----BEGIN [A-Z ]*PRIVATE KEY|\bgh[pousr]_[0-9A-Za-z]{30}|\bgithub_pat_"
    r"|\bAKIA[0-9A-Z]{16}\b|\bxox[abprs]-|\beyJ[\w-]{8,}\.[\w-]{8,}\.|://[^/\s:@]*:[^/\s@]+@"
)


def is_secret(name: str, text: str) -> bool:
    """Whether an option looks as if nobody else should read it."""
    return bool(_SECRET_NAME.search(name) or _SECRET_TEXT.search(text))


def make(base: str, run: Any, target: Any, most_bytes: int) -> dict[str, dict[str, str]]:
    """The configuration for one run. ``target`` has its extension's and version's columns, None for none."""
    sections: dict[str, Mapping[str, Any]] = {
        "meta": {"schema": SCHEMA, "generated": _time(now()), "registry": base},
        "run": {
            "test_id": run.id,
            "state": run.state,
            "deadline": _time(run.deadline),
            "silence_seconds": run.silence,
            "attempt": run.attempt,
        },
        "report": {
            "status_url": f"{base}/v1/update-test-status/{run.id}",
            "result_url": f"{base}/v1/post-result?test_id={run.id}",
            "formats": FORMATS,
            "max_bytes": most_bytes,
            "finished_on_result": "true",
        },
    }
    if target is not None:
        facts = target.facts
        sections |= {
            "target": {
                "name": target.name,
                "version": target.version,
                "title": target.title.get(target.default_locale) or target.name,
                "package_url": urls.download(base, target.name, target.version),
                "package_sha256": run.package_sha256,
                "package_size": target.size,
                "signature_url": urls.version(base, target.name, target.version),
                "signed": "true",
            },
            "host": {
                "app": run.host_app,
                "min_version": target.api_min,
                "max_version": target.api_max,
                "wanted_version": run.host_version,
            },
            "environment": {name: getattr(run, name) for name in ("os", "arch", "locale")},
            "tests": {name: run.tests.get(name) for name in TESTS},
            "dependencies": facts.get("dependencies") or {},
            "extra": run.extra,
        }
    return {
        section: {name: "" if value is None else str(value) for name, value in options.items()}
        for section, options in sections.items()
    }


def _time(moment: Any) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
