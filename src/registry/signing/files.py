"""The names of the files a signature is made of, and how they are told from a package's own."""

import re

MANIFEST = "META-INF/manifest.mf"
SIGNATURE_FILE = "META-INF/mozilla.sf"
PKCS7 = "META-INF/mozilla.rsa"
COSE_MANIFEST = "META-INF/cose.manifest"
COSE_SIGNATURE = "META-INF/cose.sig"

# Firefox's wildcard in META-INF/*.rsa crosses slashes, so files deeper down count as well.
_OF_A_SIGNATURE = re.compile(
    r"META-INF/(.*\.(rsa|dsa|ec|sf)|(.*/)?(manifest\.mf|cose\.manifest|cose\.sig)|sig-[^/]*|index\.list)",
    re.IGNORECASE | re.DOTALL,
)


def is_signature_file(name: str) -> bool:
    """Whether clients take an entry of this name for a part of a signature and not for content."""
    return _OF_A_SIGNATURE.fullmatch(name) is not None
