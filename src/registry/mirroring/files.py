"""The signed files of another registry: fetched, verified, and read like any package."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson

from registry.domain.publishing import COLUMNS, facts
from registry.mirroring.source import Detail, Refused, RemoteVersion, Source
from registry.mirroring.trust import Trust
from registry.packages import FORMATS, Limits, Options, PackageRefused, canonical
from registry.signing import SignatureInvalid, roomier
from registry.storage import Draft, Storage, TooLarge


@dataclass(frozen=True, slots=True)
class Mirrored:
    """A signed file that the store has: its row, and what the package says."""

    artifact: dict[str, Any]
    columns: dict[str, Any]
    facts: dict[str, Any]


@dataclass
class Files:
    """Takes files out of ``source`` into the store."""

    source: Source
    storage: Storage
    trust: Trust
    limits: Limits
    options: Options

    def take(self, detail: Detail, version: RemoteVersion) -> Mirrored:
        """The signed file of a version. Raises Refused, and ClientError."""
        file = version.file
        if file is None:
            raise Refused("There is no file.")
        if file.size > roomier(self.limits).wire_bytes:
            raise Refused(f"The file has {file.size} bytes, which is more than this registry takes.")
        with self.storage.draft(file.size) as draft, _refusing():
            self.source.download(detail.name, version, file, draft)
            verified = self.trust.check(draft, detail.guid, self.limits)
            if (verified.serial, verified.key_id) != (file.serial, file.key_id):
                raise Refused("The file is signed with another certificate than it announces.")
            columns, said = self._read(draft, detail, version)
            self.storage.keep(draft.path, draft.sha256)
            artifact = {
                "sha256": file.sha256,
                "size": file.size,
                "key_id": file.key_id,
                "serial": file.serial,
                "content_digest": verified.content_digest,
                "created": file.signed_at,
            }
            return Mirrored(artifact, columns, said)

    def _read(
        self, draft: Draft, detail: Detail, version: RemoteVersion
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        with canonical(draft.path, roomier(self.limits), detail.format) as archive:
            package, _ = FORMATS[detail.format].read(archive, self.options)
        if package is None or package.version != version.version:
            raise Refused(f"The file is not version {version.version}.")
        if package.name not in (None, detail.name) or package.guid not in (None, detail.guid):
            raise Refused(f"The file is of {package.name or package.guid}.")
        columns = {column: getattr(package, column) for column in COLUMNS}
        return columns, orjson.loads(orjson.dumps(facts(package)))


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except SignatureInvalid as error:
        raise Refused(f"The file's signature does not hold: {error}") from error
    except (PackageRefused, TooLarge) as error:
        raise Refused(f"The file cannot be taken: {error}") from error
