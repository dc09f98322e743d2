import re
from typing import Any

import colander

from registry.domain.trusted_publishers import MINUTES
from registry.oidc.issuer import LONGEST_TOKEN
from registry.schemas.texts import Text, text

_REPOSITORY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}/(?!\.{1,2}\Z)[A-Za-z0-9_.-]{1,100}")
_WORKFLOW = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}\.ya?ml")
# Small letters may be more than the capital ones they are for.
_ENVIRONMENT_CHARACTERS = 100


def _repository(node: colander.SchemaNode, value: str) -> None:
    if not _REPOSITORY.fullmatch(value):
        raise colander.Invalid(node, "This must be OWNER/NAME, as in acme/word-tally.")


def _workflow(node: colander.SchemaNode, value: str) -> None:
    if not _WORKFLOW.fullmatch(value):
        raise colander.Invalid(
            node,
            "This must be the name of a file in .github/workflows, without the folder, as in release.yml.",
        )


def _small(value: Any) -> Any:
    """Capital letters make no difference in names of repositories and environments."""
    return value.lower() if isinstance(value, str) else value


class TrustedPublisherSchema(colander.MappingSchema):
    issuer = text(
        255, missing=None, description="One of `trusted_publishing.issuers`; the first if left out."
    )
    repository = colander.SchemaNode(
        Text(),
        validator=_repository,
        preparer=_small,
        description="OWNER/NAME of the repository whose workflow publishes.",
    )
    workflow = colander.SchemaNode(
        Text(),
        validator=_workflow,
        description="The workflow's file in .github/workflows, as in release.yml.",
    )
    environment = text(
        _ENVIRONMENT_CHARACTERS,
        missing=None,
        preparer=_small,
        description="The environment that the job must have; any, or none, if left out.",
    )


class ExchangeSchema(colander.MappingSchema):
    token = colander.SchemaNode(
        Text(),
        validator=colander.Length(max=LONGEST_TOKEN),
        description="The job's identity token, with the registry's public address as its audience.",
    )
    extension = text(
        255, description=f"What to publish: name or guid. The token is for it alone, {MINUTES} minutes."
    )
