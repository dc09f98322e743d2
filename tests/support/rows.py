"""Rows as publishing and signing leave them, for tests of the rules after that."""

import hashlib
import itertools

from sqlalchemy.orm import Session

from registry.domain import visibility
from registry.models import Artifact, Blob, Extension, Ownership, Version, VersionState
from registry.packages.versions import semver_key

_serials = itertools.count(1)


def extension(session: Session, name: str, owner_id: int, *versions: str) -> Extension:
    """An extension with these signed versions."""
    row = Extension(name=name, guid=name, skeleton=name, format="brackets", title={"en": name})
    row.ownerships.append(Ownership(user_id=owner_id))
    session.add(row)
    session.flush()
    for number in versions:
        version(session, row, number)
    return row


def version(
    session: Session, row: Extension, number: str, state: str = VersionState.SIGNED, **columns
) -> Version:
    """A version of it; signed, with an artifact, unless ``state`` says otherwise."""
    facts = {name: {} for name in ("title", "summary", "description", "homepage", "support_url")}
    facts |= {"title": {"en": row.name}, "categories": [], "keywords": [], "languages": [], "author": None}
    added = Version(
        extension_id=row.id,
        version=number,
        order_key=semver_key(number),
        flat_name=f"{row.name}-{number}",
        prerelease="-" in number,
        state=state,
        facts=facts | {"default_locale": "en"},
        **columns,
    )
    session.add(added)
    session.flush()
    if state == VersionState.SIGNED:
        sha256 = hashlib.sha256(added.flat_name.encode()).hexdigest()
        session.add(Blob(sha256=sha256, size=1))
        session.flush()
        session.add(
            Artifact(
                version_id=added.id,
                sha256=sha256,
                size=1,
                key_id="k",
                serial=str(next(_serials)),
                content_digest="",
            )
        )
    visibility.refresh(session, row.id)
    return added
