"""The rows. They know their columns and nothing else: rules are in ``domain``, rights in ``resources``."""

from registry.models.accounts import Identity, Notification, User
from registry.models.base import Base, now, table
from registry.models.catalogue import (
    CatalogueEntry,
    Compatibility,
    Detail,
    Document,
    DownloadDay,
    DownloadSeen,
    Image,
    ImageFile,
    ImageRole,
    ImageState,
    SiteState,
)
from registry.models.credentials import ApiKey, DeviceLogin, DeviceState, LoginSession, Spent, Token
from registry.models.database import Database
from registry.models.extensions import (
    IMPORTED,
    Artifact,
    Blob,
    Channel,
    Extension,
    ExtensionState,
    Validation,
    Verdict,
    Version,
    VersionState,
)
from registry.models.feedback import Report, ReportState, Review
from registry.models.mail import Digest, Mail, MailAddress
from registry.models.ownership import Ownership, OwnershipRole, Transfer, TrustedPublisher
from registry.models.search import SearchDocument
from registry.models.teams import Invitation, Membership, Team, TeamRole
from registry.models.work import Event, EventSubject, Job, JobState, Tally

__all__ = [
    "IMPORTED",
    "ApiKey",
    "Artifact",
    "Base",
    "Blob",
    "CatalogueEntry",
    "Channel",
    "Compatibility",
    "Database",
    "Detail",
    "DeviceLogin",
    "DeviceState",
    "Digest",
    "Document",
    "DownloadDay",
    "DownloadSeen",
    "Event",
    "EventSubject",
    "Extension",
    "ExtensionState",
    "Identity",
    "Image",
    "ImageFile",
    "ImageRole",
    "ImageState",
    "Invitation",
    "Job",
    "JobState",
    "LoginSession",
    "Mail",
    "MailAddress",
    "Membership",
    "Notification",
    "Ownership",
    "OwnershipRole",
    "Report",
    "ReportState",
    "Review",
    "SearchDocument",
    "SiteState",
    "Spent",
    "Tally",
    "Team",
    "TeamRole",
    "Token",
    "Transfer",
    "TrustedPublisher",
    "User",
    "Validation",
    "Verdict",
    "Version",
    "VersionState",
    "now",
    "table",
]
