"""Signatures on packages: making them, checking them, and the keys they come from.

A signed package is one zip file that two families of clients accept: as a JAR signed strictly (Java's
jarsigner) and as an XPI with both of its signatures (Firefox and its relatives).

    META-INF/manifest.mf     a SHA-256 digest for each entry, the two cose files included
    META-INF/mozilla.sf      a digest of manifest.mf, and one for each of its sections
    META-INF/mozilla.rsa     PKCS#7 signature of mozilla.sf; holds the end-entity and issuer certificates
    META-INF/cose.manifest   manifest.mf without the cose files; its SHA-256 is the ``content_digest``
    META-INF/cose.sig        COSE signature of cose.manifest, by the same key and certificate
    ...                      the package's own files, in their order, packed as they were uploaded

Every signature has a P-256 key of its own, certified for the extension's id by the issuer's key
(``open_issuer``) and thrown away. What is signed is not the upload but a canonical zip file made from it.

``jar``, ``cms`` and ``cose`` write and read one format each; ``rewrite`` makes the zip file; ``sign``
puts them together, ``verify`` takes them apart again, with ``der`` and ``chain`` to help it. ``index`` signs the
documents that say what there is.
"""

from registry.signing.errors import CannotSign, KeyUnusable, SignatureInvalid
from registry.signing.index import VerifiedIndex, index_authorities, sign_index, verify_index
from registry.signing.keys import (
    ChainPaths,
    IssuerKey,
    create_chain,
    create_development_chain,
    is_development,
    open_issuer,
)
from registry.signing.sign import Signed, sign
from registry.signing.verify import Verified, authorities, roomier, verify

__all__ = [
    "CannotSign",
    "ChainPaths",
    "IssuerKey",
    "KeyUnusable",
    "SignatureInvalid",
    "Signed",
    "Verified",
    "VerifiedIndex",
    "authorities",
    "create_chain",
    "create_development_chain",
    "index_authorities",
    "is_development",
    "open_issuer",
    "roomier",
    "sign",
    "sign_index",
    "verify",
    "verify_index",
]
