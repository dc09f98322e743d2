"""Publishes packages as the API does, without HTTP: bytes in the store, rows in the database, a job."""

from sqlalchemy import select

from registry.domain import publishing
from registry.domain.publishing import Published, Submission
from registry.models import Database, User
from registry.packages import read_package
from registry.storage import Storage
from support.samples import brackets


class Publisher:
    """Everything is published by one user."""

    def __init__(self, database: Database, storage: Storage):
        self._database = database
        self._storage = storage
        self._user_id = database.write(_user)

    def publish(self, name: str = "word-tally", version: str = "1.0.0", **package) -> Published:
        """A small Brackets extension, see ``samples.brackets``."""
        return self.publish_bytes(brackets(name, version, **package))

    def publish_bytes(self, data: bytes) -> Published:
        with self._storage.draft() as draft:
            draft.write(data)
            draft.file.flush()
            package = read_package(draft.path)
            self._storage.keep(draft.path, draft.sha256)
        submission = Submission(package, draft.sha256, draft.size, self._user_id)
        return self._database.write(publishing.publish, submission)


def _user(session) -> int:
    user = session.scalar(select(User).where(User.username == "publisher"))
    if user is None:
        user = User(username="publisher")
        session.add(user)
        session.flush()
    return user.id
