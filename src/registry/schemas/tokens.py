import colander

from registry.domain.credentials import DEFAULT_DAYS, LONGEST_DAYS, SCOPES
from registry.schemas.texts import Texts, Whole, text


def _known(node: colander.SchemaNode, scopes: list[str]) -> None:
    if not scopes:
        raise colander.Invalid(node, f"Name at least one scope of {', '.join(SCOPES)}.")
    if unknown := sorted(set(scopes) - set(SCOPES)):
        raise colander.Invalid(node, f"{unknown[0]} is no scope; the scopes are {', '.join(SCOPES)}.")


class TokenSchema(colander.MappingSchema):
    name = text(100, description="What it is for.")
    scopes = colander.SchemaNode(
        Texts(len(SCOPES)), validator=_known, description=f"What it may do: {', '.join(SCOPES)}."
    )
    extensions = colander.SchemaNode(
        Texts(100), missing=None, description="Names of the only extensions it is good for; any if left out."
    )
    days = colander.SchemaNode(
        Whole(),
        missing=DEFAULT_DAYS,
        validator=colander.Range(1, LONGEST_DAYS),
        description="How long it holds.",
    )


class KeySchema(colander.MappingSchema):
    name = text(100, description="What it is for.")


class PublicKeySchema(colander.MappingSchema):
    raw_key = text(2000, description="An RSA key as a line of OpenSSH's.")
    self_signature = text(
        2048,
        description="Its signature of the word `signature` (PKCS#1 v1.5, SHA-256), in hexadecimal digits.",
    )
