"""Files that tests left: screenshots, logs that are no text, dumps.

They are kept with the results that speak of them: small ones in their rows, others in the store, where ``keep`` puts
them before the transaction that speaks of them. What is over a limit is named only.
"""

from collections.abc import Iterable

from sqlalchemy import Connection

from registry.models import ManyRows, TestAttachment
from registry.results import Attachment, Results
from registry.storage import SMALL_BYTES, Storage

_TOLD = ("media_type", "size", "sha256", "content")
_NEW = ManyRows(
    TestAttachment,
    "run_id",
    "name_id",
    "name",
    *_TOLD,
    then="ON CONFLICT (run_id, name_id, name) DO UPDATE SET "
    + ", ".join(f"{column} = excluded.{column}" for column in _TOLD),
)


def keep(storage: Storage, results: Results) -> None:
    """Put those into the store that are too large for a row."""
    if not results.has_files:
        return
    for result in results:
        for attachment in result.attachments:
            if _in_store(attachment):
                with storage.draft() as draft:
                    draft.write(results.content(attachment))
                    draft.file.flush()
                    storage.keep(draft.path, draft.sha256)


def add(
    connection: Connection, run_id: int, results: Results, left: Iterable[tuple[int, Attachment]]
) -> None:
    """Write down what was ``left`` by tests, each with the number of its test's name."""
    for name_id, attachment in left:
        name, media_type, size, sha256, _ = attachment
        content = None if sha256 is None or _in_store(attachment) else results.content(attachment)
        _NEW(connection, [(run_id, name_id, name, media_type, size, sha256, content)])


def _in_store(attachment: Attachment) -> bool:
    return attachment.sha256 is not None and attachment.size > SMALL_BYTES
