"""A running registry for Mozilla's clients, and what is asked of the files that they fetch from it."""

import contextlib
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption
from cryptography.hazmat.primitives.serialization.pkcs12 import (
    PKCS12Certificate,
    serialize_java_truststore,
)

from support.serving import REGISTRY, running, write_ini

_PASSWORD = "changeit"


class Site(NamedTuple):
    """A running registry and somebody's API key there."""

    base: str
    key: str
    secret: str
    root: Path


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[Site]:
    """A registry with an owner, in that folder."""
    ini = write_ini(folder, f"sqlite:///{folder}/var/registry.sqlite")
    base = re.search(r"registry.public_url = (.*)", ini.read_text())[1]
    with running("serve", ini) as run:
        run.wait_for("A new token for owner")
        made = subprocess.run(
            [REGISTRY, "user", "key", "owner", ini], capture_output=True, text=True, check=True
        ).stdout
        key, secret = re.search(r"user:\d+:\w+", made)[0], re.search(r"\b[0-9a-f]{64}\b", made)[0]
        yield Site(base, key, secret, folder / "var" / "signing" / "root.pem")


def verified(site: Site, file: Path, guid: str) -> bool:
    """Whether its signature holds, for `registry verify` and, where there is one, for jarsigner."""
    command = [REGISTRY, "verify", "--root", site.root, "--id", guid, file]
    ours = subprocess.run(command, capture_output=True, check=False).returncode == 0
    return ours and (shutil.which("jarsigner") is None or _java_says_so(site, file))


def _java_says_so(site: Site, file: Path) -> bool:
    store = site.root.with_suffix(".p12")
    if not store.exists():
        # It wants to know the issuer itself, not only whom that is known to.
        trusted = [site.root, site.root.with_name("intermediate.pem")]
        known = [
            PKCS12Certificate(x509.load_pem_x509_certificate(path.read_bytes()), path.stem.encode())
            for path in trusted
        ]
        store.write_bytes(serialize_java_truststore(known, BestAvailableEncryption(_PASSWORD.encode())))
    command = ["jarsigner", "-verify", "-strict", "-keystore", store, "-storepass", _PASSWORD, file]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
