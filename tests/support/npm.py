"""Programs from npm that tests run: kept in the virtual environment, fetched when they are not there yet."""

import base64
import contextlib
import fcntl
import hashlib
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

FOLDER = Path(sys.prefix) / "npm"
SECONDS = 180


def installed(*packages: str) -> Path:
    """The ``node_modules`` with these packages (``name@version``) and all they need."""
    folder = FOLDER / hashlib.sha256(" ".join(packages).encode()).hexdigest()[:16]
    with _made_once(folder) as fresh:
        if fresh:
            _npm("install", "--prefix", str(fresh), "--ignore-scripts", *packages)
    return folder / "node_modules"


def unpacked(package: str, integrity: str) -> Path:
    """The files of one package (``name@version``) without what it needs; ``integrity`` as npm writes it."""
    folder = FOLDER / package.replace("/", "+")
    with _made_once(folder) as fresh:
        if fresh:
            name = _npm("pack", "--silent", "--pack-destination", str(fresh), package).split()[-1]
            data = (fresh / name).read_bytes()
            found = base64.b64encode(hashlib.sha512(data).digest()).decode()
            assert f"sha512-{found}" == integrity, f"{package} is not what it was"
            with tarfile.open(fresh / name) as archive:
                archive.extractall(fresh, filter="data")
            (fresh / name).unlink()
    return folder / "package"


def _npm(*arguments: str) -> str:
    command = ["npm", *arguments, "--no-audit", "--no-fund", "--fetch-retries=1"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=True)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"npm could not fetch what this test runs: {error.stderr.strip().splitlines()[-1:]}")
    except subprocess.TimeoutExpired:
        pytest.skip("npm did not answer in time; this test runs a program of its registry")
    return done.stdout


@contextlib.contextmanager
def _made_once(folder: Path) -> Iterator[Path | None]:
    """An empty folder that becomes ``folder`` when the block succeeds; None where that exists already."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("node and npm are not installed")
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.exists():
            yield None
            return
        fresh = folder.with_suffix(".new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir()
        yield fresh
        fresh.rename(folder)
