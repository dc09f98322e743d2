"""Whose signatures count: on files, and on the index that says what there is."""

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509

from registry.packages import Limits
from registry.signing import Verified, VerifiedIndex, authorities, index_authorities, verify, verify_index
from registry.storage import Draft


class Trust:
    """The certificates that signatures must lead to. Without any, those of the first signature are pinned."""

    def __init__(self, roots: Sequence[x509.Certificate], first_use: bool = False):
        self.roots = list(roots)
        self.pinning = first_use

    def check(self, draft: Draft, identity: str, limits: Limits) -> Verified:
        """A signed file. Raises SignatureInvalid."""
        roots = self.roots
        if not roots and self.pinning:
            roots = authorities(draft.path, limits=limits)
        found = verify(draft.path, roots, identity, limits=limits)
        self.roots = roots
        return found

    def check_index(self, data: bytes, signature: bytes, kind: str, at: datetime) -> VerifiedIndex:
        """A document of the signed index, as of ``at``. Raises SignatureInvalid."""
        roots = self.roots
        if not roots and self.pinning:
            roots = index_authorities(signature)
        found = verify_index(data, signature, roots, kind=kind, at=at)
        self.roots = roots
        return found
