"""What a worker gives to the work it does, and what it asks of each kind of work."""

import itertools
import os
import socket
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from cryptography import x509
from sqlalchemy.orm import Session

from registry.jobs.heart import Heart
from registry.models import Database
from registry.packages import Options
from registry.packages.findings import Finding
from registry.packages.limits import configured
from registry.queue import Claim
from registry.settings import Settings
from registry.signing import IssuerKey
from registry.storage import Storage
from registry.webhooks import Resolver, system


class Permanent(Exception):
    """It can never be done; the findings are for the people who asked for it."""

    def __init__(self, findings: Sequence[Finding]):
        super().__init__("; ".join(map(str, findings)))
        self.findings = tuple(findings)


class Transient(Exception):
    """It cannot be done now. The text is kept with the job, so it names no secret."""


class Kind(Protocol):
    """One kind of work. All but ``work`` are part of a transaction and are given its session."""

    def started(self, session: Session, claim: Claim) -> None:
        """The job has been claimed."""

    def work(self, context: "WorkerContext", claim: Claim) -> Any:
        """Do it; the result is for ``finished``."""

    def finished(self, session: Session, claim: Claim, result: Any) -> None:
        """It is done: write down the result. Whatever is raised undoes the whole, and is taken as from ``work``."""

    def postponed(self, session: Session, claim: Claim, error: Exception) -> None:
        """It did not work now and will be tried again."""

    def gave_up(self, session: Session, claim: Claim, findings: Sequence[Finding], dead: bool) -> None:
        """Nobody will try again: ``dead`` when the attempts are used up, else because it cannot be done."""


def _owner() -> str:
    return f"{socket.gethostname()[:40]}:{os.getpid()}:{uuid.uuid4().hex[:16]}"


@dataclass
class WorkerContext:
    """What a worker has. ``roots`` are what its own verifier trusts; without any, the top of the issuer's chain."""

    database: Database
    storage: Storage
    issuer: IssuerKey
    settings: Settings
    roots: Sequence[x509.Certificate] = ()
    owner: str = field(default_factory=_owner)
    resolver: Resolver = system

    def __post_init__(self) -> None:
        self.heart = Heart(self.database, self.settings.lease)
        self.roots = self.roots or self.issuer.chain[-1:]
        self.limits = configured(self.settings)
        self.options = Options(disallowed_words=self.settings.disallowed_words)
        self._claims = itertools.count(1)

    def new_owner(self) -> str:
        """A name for the holder of one claim, never used again."""
        return f"{self.owner}:{next(self._claims)}"
