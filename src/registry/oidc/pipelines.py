"""CI jobs: what an identity token in the shape of GitHub Actions' says of the job it was made for.

Workflow: `job_workflow_ref` says in which file the job's steps stand, `workflow_ref` in which file the run
began; both read ``owner/name/.github/workflows/FILE@REF``. The steps may stand in a reusable workflow of
another repository, whose authors the owner of an extension knows nothing of: then the job counts for nothing.
Names of repositories, their owners and environments are the same in small and capital letters, as at GitHub.
"""

import datetime
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from registry.oidc.fetch import is_secure
from registry.oidc.issuer import LEEWAY, IdentityRefused, Issuer, claimed_issuer
from registry.settings import BadSetting

# GitHub's live minutes. What lives longer is no proof of a job that runs now.
LONGEST_LIFE = 3600
_WORKFLOW_REF = re.compile(r"(?P<repository>[^/@]+/[^/@]+)/\.github/workflows/(?P<file>[^/@]+)@.+")
# What an event tells of the run, so that people find it.
_RUN = ("ref", "sha", "run_id")
_RUN_CHARACTERS = 200


@dataclass(frozen=True)
class Pipeline:
    """One job of a workflow, as its issuer vouches for it; ``expires`` is when ``jti`` may be forgotten."""

    issuer: str
    repository: str
    workflow: str
    environment: str | None
    repository_id: str
    repository_owner_id: str
    jti: str
    expires: datetime.datetime
    run: dict[str, str] = field(default_factory=dict)


class Pipelines:
    """The issuers whose word counts, at their addresses; the first one is meant where none is named."""

    def __init__(self, urls: Iterable[str]):
        self._issuers = {url: Issuer(url) for url in urls}
        for url in self._issuers:
            if not is_secure(url):
                raise BadSetting(f"trusted_publishing.issuers: {url} must be an https address.")

    @property
    def urls(self) -> list[str]:
        return list(self._issuers)

    def verify(self, token: str, audience: str) -> Pipeline:
        """The job that an identity token for ``audience`` was made for.

        Raises IdentityRefused, and ProviderUnavailable when the issuer's keys cannot be had.
        """
        claimed = claimed_issuer(token)
        issuer = self._issuers.get(claimed)
        if issuer is None:
            known = " ".join(self.urls) or "no issuer"
            raise IdentityRefused(
                f"The identity token is from {_shown(claimed)}; this registry knows {known}",
                "UNKNOWN_ISSUER",
            )
        return _pipeline(issuer.url, issuer.verify(token, audience))


def _pipeline(issuer: str, claims: dict[str, Any]) -> Pipeline:
    expires, life = float(claims["exp"]), float(claims["exp"]) - float(claims["iat"])
    if not 0 < life <= LONGEST_LIFE:
        raise IdentityRefused(
            f"The identity token lives {life:.0f} seconds; at most {LONGEST_LIFE} are allowed.",
            "TOO_LONG_LIVED",
        )
    repository = _text(claims, "repository").lower()
    environment = _text(claims, "environment").lower() if claims.get("environment") else None
    return Pipeline(
        issuer=issuer,
        repository=repository,
        workflow=_workflow(claims, repository),
        environment=environment,
        repository_id=_text(claims, "repository_id", 50),
        repository_owner_id=_text(claims, "repository_owner_id", 50),
        jti=_text(claims, "jti"),
        expires=datetime.datetime.fromtimestamp(expires + LEEWAY, datetime.UTC),
        run={
            name: _shown(claims[name], _RUN_CHARACTERS) for name in _RUN if isinstance(claims.get(name), str)
        },
    )


def _workflow(claims: dict[str, Any], repository: str) -> str:
    """The name of the file that the job's steps stand in. Raises IdentityRefused unless it is the repository's own."""
    files = []
    for name in ("job_workflow_ref", "workflow_ref"):
        if claims.get(name) is None:
            continue
        match = _WORKFLOW_REF.fullmatch(_text(claims, name, 1000))
        if match is None:
            raise IdentityRefused(f"`{name}` names no file in .github/workflows.", "BAD_CLAIM")
        if match["repository"].lower() != repository:
            raise IdentityRefused(
                f"The workflow is one of {_shown(match['repository'])}, the repository is {_shown(repository)}; "
                "the job that publishes must stand in a workflow of the repository itself.",
                "FOREIGN_WORKFLOW",
            )
        files.append(match["file"])
    if not files:
        raise IdentityRefused("The identity token has no `job_workflow_ref`.", "MISSING_CLAIM")
    return files[0]


def _text(claims: dict[str, Any], name: str, most: int = 255) -> str:
    found = claims.get(name)
    if found is None or found == "":
        raise IdentityRefused(f"The identity token has no `{name}`.", "MISSING_CLAIM")
    if not isinstance(found, str) or len(found) > most or not found.isprintable():
        raise IdentityRefused(
            f"`{name}` in the identity token must be text of up to {most} characters.", "BAD_CLAIM"
        )
    return found


def _shown(text: str, most: int = 100) -> str:
    return "".join(character for character in text[:most] if character.isprintable())
