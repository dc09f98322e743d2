"""What only the detail of an extension shows: rendered once, kept in one small row beside the extension's.

Lists and downloads need none of it and never read it; the detail needs no version's facts, which hold the
whole README, changelog and manifest.
"""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, insert, update

from registry.models import Detail, table
from registry.prose import changelog, markdown

_TABLE = table(Detail)
_NEW = insert(_TABLE)
_CHANGE = update(_TABLE).where(_TABLE.c.extension_id == bindparam("which"))


def made_of(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What is shown of a version's README and changelog: ``description_html`` and ``changes``."""
    return {
        "description_html": {
            language: markdown.to_html(text) for language, text in facts["description"].items()
        },
        "changes": changelog.entries(facts.get("changelog")),
    }


def write(
    connection: Connection, extension_id: int, facts: Mapping[str, Any], edited: Collection[str]
) -> None:
    """Show what the latest version's ``facts`` say, but for a description that the owner has ``edited``."""
    shown = facts if "description_html" in facts else made_of(facts)
    values = {
        "changes": shown["changes"],
        "permissions": facts.get("permissions") or [],
        "dependencies": facts.get("dependencies") or {},
        "peer_dependencies": facts.get("peer_dependencies") or {},
    }
    if "description" not in edited:
        values["description_html"] = shown["description_html"]
    put(connection, extension_id, values)


def put(connection: Connection, extension_id: int, values: Mapping[str, Any]) -> None:
    """Change these columns of an extension's row, whether there is one yet or not; the extension is locked."""
    if not connection.execute(_CHANGE.values(**values), {"which": extension_id}).rowcount:
        empty: dict[str, Any] = {"description_html": {}, "changes": [], "permissions": []}
        empty |= {"dependencies": {}, "peer_dependencies": {}}
        connection.execute(_NEW, {**empty, **values, "extension_id": extension_id})
