"""Findings as they are kept: with a verdict, and as the errors of a version."""

import dataclasses
from collections.abc import Iterable
from typing import Any

from registry.packages.findings import Finding

_ORDER = ("error", "warning", "notice")


def finding_json(finding: Finding) -> dict[str, Any]:
    """All of a finding, as it is kept with the verdict."""
    return dataclasses.asdict(finding)


def error_json(finding: Finding) -> dict[str, Any]:
    """A finding as an error of a version: its message says where, and what to do."""
    message, place = finding.message, finding.path
    if finding.line is not None:
        place = f"{finding.path}, line {finding.line}"
        if finding.column is not None:
            place += f", column {finding.column}"
    if finding.line is not None or finding.instance_path:
        message = f"{place}: {message}"
    if finding.description:
        message += f" {finding.description}"
    return {
        "code": finding.code,
        "message": message,
        "field": finding.field,
        "path": finding.path,
        "severity": finding.severity,
    }


def read_finding(kept: dict[str, Any]) -> Finding:
    """What ``finding_json`` was made of; also of rows from before it had a line and a column."""
    return Finding(**kept)


def errors_first(findings: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(findings, key=lambda finding: _ORDER.index(finding["severity"]))
