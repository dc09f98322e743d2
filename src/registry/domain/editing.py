"""What owners may say of their extension beside the package: texts, links, tags, and whether it is in lists.

An edited field stays as it is when versions come after it; taken back, it is the package's own again. What a
package alone can say (its identity, version, ranges, permissions) is never edited.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from registry.domain import details, events, locks, standing, visibility
from registry.domain.errors import Forbidden, Stale
from registry.models import Detail, Extension, ExtensionState, Version
from registry.packages.fields import Fields, check_words
from registry.packages.findings import Finding, PackageRefused
from registry.prose import markdown

TRANSLATED = ("title", "summary", "description", "homepage", "support_url")
LISTS = ("categories", "keywords")
MOST_LANGUAGES = 50
# Of one field, in all languages together; characters.
MOST_TEXT = 200_000
# Instead of a language: the one the request speaks, or the extension's own.
HERE = ""


@dataclass(frozen=True)
class Edit:
    """``changes`` by field: ``{language: text or None}`` for translated ones, where None takes a language away;
    lists; ``hidden_by_owner``; ``default_locale``. None for a whole field takes the edit back.

    ``language`` is what HERE stands for. ``words`` are those that no Brackets title or summary may hold.
    """

    changes: Mapping[str, Any]
    language: str | None = None
    words: Collection[str] = ()


def revision(extension: Any) -> str:
    """Of everything that owners may edit; another one after each change of it."""
    content = [
        getattr(extension, name) for name in (*TRANSLATED, *LISTS, "hidden_by_owner", "default_locale")
    ]
    return hashlib.blake2b(orjson.dumps(content, option=orjson.OPT_SORT_KEYS), digest_size=8).hexdigest()


def edit(
    session: Session,
    extension_id: int,
    actor_id: int,
    wanted: Edit,
    html: Mapping[str, str],
    expected: Collection[str] | None = None,
) -> None:
    """Edit an extension; ``html`` is `rendered` of the same edit, made before the transaction.

    Raises Stale unless its revision is one of ``expected`` (None for any), Forbidden, PackageRefused.
    """
    extension = locks.extension(session, extension_id)
    standing.require(session, actor_id, standing.owns(extension_id, actor_id))
    if extension.state == ExtensionState.DISABLED:
        raise Forbidden(
            f"The extension {extension.name} is disabled; it stays as it is.", "EXTENSION_DISABLED"
        )
    if expected is not None and revision(extension) not in expected:
        raise Stale("Somebody has changed it since you looked; look again, then decide.", "ERROR_STALE")
    facts = _facts(session, extension) if None in wanted.changes.values() else {}
    values = dict(_values(extension, wanted, facts))
    _check(extension, values, wanted.words)
    edited = {
        name for name in wanted.changes if wanted.changes[name] is not None and name != "hidden_by_owner"
    }
    restored = {name for name in wanted.changes if wanted.changes[name] is None}
    before = {name: getattr(extension, name) for name in values}
    now_edited = sorted((set(extension.edited) | edited) - restored)
    if before == values and now_edited == sorted(extension.edited):
        return
    if "description" in values:
        _show(session, extension, values["description"], html)
    for name, value in values.items():
        setattr(extension, name, value)
    extension.edited = now_edited
    visibility.refresh(session, extension_id)
    events.record(
        session,
        "extension.edited",
        actor_id=actor_id,
        extension_id=extension_id,
        public=True,
        fields=sorted(name for name in values if values[name] != before[name]),
        restored=sorted(restored),
    )


def rendered(wanted: Edit) -> dict[str, str]:
    """The HTML of each description in an edit, by what stands there for a language."""
    texts = wanted.changes.get("description") or {}
    return {text: markdown.to_html(text) for text in texts.values() if text}


def _facts(session: Session, extension: Extension) -> dict[str, Any]:
    """What the version that speaks for the extension says; the newest one where none is on offer."""
    versions = select(Version.facts).where(Version.extension_id == extension.id)
    if extension.latest_id is not None:
        versions = versions.where(Version.id == extension.latest_id)
    else:
        versions = versions.where(Version.deleted.is_(None)).order_by(Version.order_key.desc())
    return session.scalars(versions.limit(1)).first() or {}


def _values(extension: Extension, wanted: Edit, facts: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The fields of an edit with what will stand in them."""
    for name, change in wanted.changes.items():
        if change is None:
            yield name, facts.get(name, {} if name in TRANSLATED else [])
        elif name in TRANSLATED:
            here = wanted.language or extension.default_locale
            texts = {**getattr(extension, name), **{tag or here: text for tag, text in change.items()}}
            yield name, {tag: text for tag, text in texts.items() if text is not None}
        else:
            yield name, change


def _check(extension: Extension, values: Mapping[str, Any], words: Collection[str]) -> None:
    findings: list[Finding] = []
    default = values.get("default_locale", extension.default_locale)
    for name in TRANSLATED:
        texts = values.get(name, getattr(extension, name) if default != extension.default_locale else None)
        if texts is None:
            continue
        if default not in texts and (texts or name == "title"):
            said = f"There must be a text in {default}, the extension's default language."
            findings.append(Finding("DEFAULT_LANGUAGE", said, name))
        if len(texts) > MOST_LANGUAGES and len(texts) > len(getattr(extension, name)):
            findings.append(Finding("TOO_MANY", f"At most {MOST_LANGUAGES} languages are allowed.", name))
        if sum(map(len, texts.values())) > MOST_TEXT:
            findings.append(
                Finding("TOO_LONG", f"All languages together have at most {MOST_TEXT} characters.", name)
            )
        if name in ("title", "summary") and extension.format == "brackets":
            check_words(Fields({}, "", findings), name, texts.values(), words)
    if findings:
        raise PackageRefused(findings)


def _show(session: Session, extension: Extension, texts: Mapping[str, str], html: Mapping[str, str]) -> None:
    """Keep the description as it is shown: what has not changed need not be rendered again."""
    shown = session.get(Detail, extension.id)
    known = dict(html)
    for tag, text in extension.description.items():
        if shown is not None and tag in shown.description_html:
            known.setdefault(text, shown.description_html[tag])
    made = {tag: known.get(text) or markdown.to_html(text) for tag, text in texts.items()}
    details.put(session.connection(), extension.id, {"description_html": made})
    session.expire_all()
