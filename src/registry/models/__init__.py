"""The rows. They know their columns and nothing else: rules are in ``domain``, rights in ``resources``."""

from registry.models.accounts import ApiKey, Identity, Membership, Team, Token, User
from registry.models.base import Base, now, table
from registry.models.database import Database
from registry.models.extensions import (
    Artifact,
    Blob,
    Channel,
    Extension,
    ExtensionState,
    Ownership,
    Validation,
    Verdict,
    Version,
    VersionState,
)
from registry.models.feedback import Report, ReportState, Review
from registry.models.work import Event, Job, JobState, Tally

__all__ = [
    "ApiKey",
    "Artifact",
    "Base",
    "Blob",
    "Channel",
    "Database",
    "Event",
    "Extension",
    "ExtensionState",
    "Identity",
    "Job",
    "JobState",
    "Membership",
    "Ownership",
    "Report",
    "ReportState",
    "Review",
    "Tally",
    "Team",
    "Token",
    "User",
    "Validation",
    "Verdict",
    "Version",
    "VersionState",
    "now",
    "table",
]
