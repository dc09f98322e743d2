"""The signed index of another registry: how far it has come (its head), and what it has disabled (its blocklist).

Both are signed by its worker, with a serial that rises and an end. So nobody on the way can make up an event that
has not been, pass off an old catalogue as the present one, keep it from us for longer than the index is good for,
or hide that something was disabled or yanked by its team. Its feed and its details are not signed: they may leave
out other things.

A document and its signature come in one answer, since two could belong to different issues.
"""

import base64
from collections.abc import Callable
from datetime import datetime
from typing import Any

from registry.catalogue.documents import BLOCKLIST, HEAD, PATHS, SIGNATURE
from registry.domain.decisions import OTHER, Reason, read_reason
from registry.fetching import Fetcher
from registry.mirroring.blocked import Reasons
from registry.mirroring.source import ANSWER_BYTES, Refused
from registry.mirroring.trust import Trust
from registry.models import now
from registry.packages.manifest import ManifestError, parse_object
from registry.signing import SignatureInvalid

LONGEST_SIGNATURE = 100_000

# The serial and the last event of each document as it was accepted last, by the document's name.
Known = dict[str, list[int]]


class Index:
    """The index of the registry at ``fetcher.base``; ``unsigned``: it need not have one.

    Methods raise Refused, and ClientError (Unavailable); what they accept they enter into ``known``.
    """

    def __init__(
        self, fetcher: Fetcher, trust: Trust, unsigned: bool = False, calendar: Callable[[], datetime] = now
    ):
        self._fetcher, self._trust, self._unsigned, self._calendar = fetcher, trust, unsigned, calendar

    def head(self, known: Known) -> int | None:
        """The number of the last event that there has been; None when the index need not be signed, and is not."""
        document = self._document(HEAD, known)
        return None if document is None else known[HEAD][1]

    def blocklist(self, known: Known) -> dict[str, Reasons]:
        """What is disabled or yanked, by name and version, with the reasons."""
        document = self._document(BLOCKLIST, known)
        return {} if document is None else _by_name(_entries(document))

    def _document(self, name: str, known: Known) -> dict[str, Any] | None:
        answer = self._fetcher.answer(f"{self._fetcher.base}{PATHS[name]}/", ANSWER_BYTES)
        signature = "" if answer is None else answer[1].get(SIGNATURE, "")
        if answer is None or not signature:
            if self._unsigned and not known:
                return None
            raise Refused(self._not_signed(name, known))
        data = answer[0]
        try:
            if len(signature) > LONGEST_SIGNATURE:
                raise ValueError("It is too long.")
            detached = base64.b64decode(signature, validate=True)
            found = self._trust.check_index(data, detached, name, self._calendar())
            document = parse_object(data)
        except (SignatureInvalid, ManifestError) as error:
            raise Refused(f"The {name} of {self._fetcher.base} is refused: {error}") from None
        except ValueError:
            raise Refused(f"The signature of the {name} is not in base64.") from None
        serial, seq = known.get(name, (0, 0))
        if found.serial < serial or found.seq < seq:
            raise Refused(
                f"The {name} of {self._fetcher.base} has gone back: it has the serial {found.serial} and is as of"
                f" event {found.seq}, but one with the serial {serial}, as of event {seq}, was known already."
                " It is an old one, or that registry was put back to a backup."
            )
        known[name] = [found.serial, found.seq]
        return document

    def _not_signed(self, name: str, known: Known) -> str:
        if known:
            return f"The {name} of {self._fetcher.base} has no signature, though its index was signed before."
        return (
            f"The {name} of {self._fetcher.base} has no signature: it is older than signed indexes, or its worker"
            " has not run yet. --unsigned-index follows it all the same."
        )


def _entries(document: dict[str, Any]) -> list[dict[str, Any]]:
    entries = document.get("entries")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise Refused('The "entries" of the blocklist are not a list of objects.')
    return entries


def _by_name(entries: list[dict[str, Any]]) -> dict[str, Reasons]:
    found: dict[str, dict[str, Reason]] = {}
    for entry in entries:
        name, versions = entry.get("name"), entry.get("versions")
        if not isinstance(name, str) or not isinstance(versions, str):
            raise Refused("The blocklist has an entry without a name or a version.")
        found.setdefault(name, {})[versions] = read_reason(entry.get("reason")) or Reason(OTHER, "")
    return dict(found)
