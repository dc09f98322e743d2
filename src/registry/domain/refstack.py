"""Results as RefStack's clients upload them, perhaps signed, and the public keys of who signs."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_ssh_public_key
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from registry.domain import events, locks, test_plans, test_uploads
from registry.domain.errors import Conflict, Invalid
from registry.models import PublicKey, RefStackResult, TestRun
from registry.results import Results

LEAST_BITS, MOST_BITS = 2048, 8192
MOST_KEYS = 20
MOST_CPID = 128
META = ("shared", "guideline", "target")
META_LENGTH = 255
# What its owner signs to show that a key is theirs.
PROOF = b"signature"


class Signature(NamedTuple):
    """In hexadecimal digits, by a ``key`` as `read_key` gives it."""

    signature: str
    key: str


@dataclass(frozen=True, kw_only=True)
class Upload:
    """``duration`` is in seconds."""

    cpid: str
    duration: int
    signed: Signature | None = None


def read_key(text: str) -> str:
    """The RSA key in a line of OpenSSH's, without its comment. Raises Invalid."""
    try:
        key = load_ssh_public_key(text.strip().encode("ascii"))
    except (ValueError, UnsupportedAlgorithm):
        raise Invalid("This is no public key as OpenSSH writes it.", "BAD_KEY", "raw_key") from None
    if not isinstance(key, RSAPublicKey) or not LEAST_BITS <= key.key_size <= MOST_BITS:
        text = f"The key must be an RSA key of {LEAST_BITS} to {MOST_BITS} bits."
        raise Invalid(text, "BAD_KEY", "raw_key")
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def holds(signed: Signature, sha256: str) -> bool:
    """Whether it is a signature by that key (PKCS#1 v1.5) of the bytes with this SHA-256."""
    key = load_ssh_public_key(signed.key.encode())
    if not isinstance(key, RSAPublicKey):
        return False
    try:
        key.verify(bytes.fromhex(signed.signature), bytes.fromhex(sha256), PKCS1v15(), Prehashed(SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


def add_key(session: Session, user_id: int, text: str, proof: str) -> int:
    """Make a key known as one's own: its number. Raises Invalid, and Conflict for one that is known."""
    key = read_key(text)
    if not holds(Signature(proof, key), hashlib.sha256(PROOF).hexdigest()):
        said = f"This is not the key's signature of the word {PROOF.decode()!r}, in hexadecimal digits."
        raise Invalid(said, "BAD_SIGNATURE", "self_signature")
    locks.user(session, user_id, alone=True)
    if session.scalar(select(PublicKey.id).where(PublicKey.fingerprint == fingerprint(key))) is not None:
        raise Conflict("This key is known already.", "DUPLICATE_KEY")
    number = session.scalar(select(func.count()).where(PublicKey.user_id == user_id)) or 0
    if number >= MOST_KEYS:
        raise Conflict(f"An account has at most {MOST_KEYS} public keys; remove some.", "TOO_MANY")
    row = PublicKey(user_id=user_id, key=key, fingerprint=fingerprint(key))
    session.add(row)
    session.flush()
    events.record(session, "public-key.added", actor_id=user_id, fingerprint=row.fingerprint)
    return row.id


def remove_key(session: Session, key_id: int, user_id: int) -> None:
    """Nothing is taken any more that is signed with it; what was stays signed."""
    row = session.get(PublicKey, key_id, with_for_update=True)
    if row is not None:
        session.delete(row)
        session.flush()
        events.record(session, "public-key.removed", actor_id=user_id, fingerprint=row.fingerprint)


def fingerprint(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def upload(
    session: Session, plan: test_plans.Plan, said: Upload, file: test_uploads.File, results: Results
) -> int:
    """Results for which there is no run yet: the number of theirs. Raises TooMany."""
    run_id = test_uploads.unasked(session, plan, file, results)
    describe(session, run_id, said)
    return run_id


def describe(session: Session, run_id: int, said: Upload) -> None:
    """Keep what was said with a run's results; once."""
    if session.get(RefStackResult, run_id) is None:
        signature, key = said.signed or (None, None)
        row = RefStackResult(run_id=run_id, cpid=said.cpid, duration=said.duration)
        row.signature, row.public_key, row.meta = signature, key, {}
        row.public = _is_public(session, row)
        session.add(row)
        session.flush()


def say(session: Session, run_id: int, changed: Mapping[str, str | None]) -> None:
    """Set a key of what is said of a result, or remove it (None). That there is a key ``shared`` shares it."""
    row = session.get_one(RefStackResult, run_id, with_for_update=True, populate_existing=True)
    meta = {**row.meta, **changed}
    row.meta = {key: value for key, value in meta.items() if value is not None}
    row.public = _is_public(session, row)
    session.flush()


def _is_public(session: Session, row: RefStackResult) -> bool:
    """What is signed and of no version is for who sent it, until it is shared."""
    if row.signature is None or "shared" in row.meta:
        return True
    return session.get_one(TestRun, row.run_id).version_id is not None
