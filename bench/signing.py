"""What a signature costs, next to the least it could cost on this machine.

    python bench/signing.py [--quick] [--json]

Three packages are made, always the same: 20 KB, 20 MB and 200 MB packed. For each, in turn within one
run so that other load hits all alike:

bound    one pass of bare primitives over the known entries: read, inflate, SHA-256, CRC-32; one key and
         three ECDSA signatures; read the packed bytes and write them out. No zip file is parsed, no
         header, manifest or certificate made, and the output is not hashed.
sign     the real thing: the gate opens the upload, the signed file is written and hashed.
verify   our own verifier on the signed file.
jarsigner   the JDK's tool with a ready key, where there is one.

Nothing is flushed to the disk. Memory is the peak of a child process above what it needed before.
"""

import argparse
import itertools
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from registry.packages.archive import Archive, open_archive
from registry.signing import create_development_chain, open_issuer, sign, verify
from registry.signing.certificates import make_end_entity

try:
    from isal import isal_zlib as deflate
except ImportError:
    import zlib as deflate

IDENTITY = "bench@example.org"
CHUNK = 256 * 1024
SMALL = 1024 * 1024
PASSWORD = "changeit"
#           entries, unpacked bytes of text and of noise, rounds, rounds of --quick
PACKAGES = {
    "20 KB": (8, 40_000, 8_000, 400, 100),
    "20 MB": (270, 28_500_000, 9_600_000, 21, 5),
    "200 MB": (1_500, 270_000_000, 92_000_000, 3, 1),
}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--quick", action="store_true", help="fewer rounds, no jarsigner on large packages")
    options.add_argument("--json", action="store_true", help="print JSON in place of the table")
    options.add_argument("--memory", nargs=2, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.memory:
        print(json.dumps(measure_memory(Path(chosen.memory[0]), Path(chosen.memory[1]))))
        return
    with tempfile.TemporaryDirectory(prefix="bench-signing-") as folder:
        results = run(Path(folder), chosen.quick)
    print(json.dumps(results, indent=2) if chosen.json else table(results))


def run(folder: Path, quick: bool) -> dict:
    chain = create_development_chain(folder / "issuer")
    results: dict = {"packages": {}, "inflate": deflate.__name__, "load": os.getloadavg()[0]}
    for label, (entries, text, noise, rounds, quick_rounds) in PACKAGES.items():
        package = folder / f"{label.replace(' ', '')}.zip"
        make_package(package, entries, text, noise)
        signed: list[Path] = []
        works = {
            "bound": bound_of(package),
            "sign": signer_of(package, chain.url, signed),
            "verify": verifier_of(chain.root, signed),
        }
        few = {"jarsigner": jarsigner_of(package, chain.url)} if shutil.which("jarsigner") else {}
        if quick and label != "20 KB":
            few = {}
        times = measure(works, quick_rounds if quick else rounds) | measure(few, 1 if quick else 3)
        results["packages"][label] = summary(package, entries, times)
    large = folder / "200MB.zip"
    for name in ("200MB", "20MB"):
        child = [sys.executable, __file__, "--memory", str(folder / f"{name}.zip"), str(folder / "issuer")]
        found = subprocess.run(child, check=True, capture_output=True, text=True).stdout
        results["packages"][name.replace("MB", " MB")]["memory"] = json.loads(found)
    large.unlink()
    return results


def make_package(path: Path, entries: int, text: int, noise: int) -> None:
    """A zip of ``entries`` files of many sizes; about a tenth of them are noise, as images are."""
    chance = random.Random(path.name)
    alphabet = "etaoinshrdlucmfwypvbgkjqxz(){}=;.,\n_"
    words = ["".join(chance.choices(alphabet, k=chance.randint(2, 10))) for _ in range(4_000)]
    common = [1 / rank for rank in range(1, len(words) + 1)]
    pool = " ".join(chance.choices(words, common, k=400_000)).encode()
    noisy = max(1, entries // 10)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for index, size in enumerate(sizes(chance, entries - noisy, text)):
            pieces = []
            while size > 0:
                at = chance.randrange(len(pool) - 4096)
                pieces.append(pool[at : at + min(size, chance.randint(200, 4096))])
                size -= len(pieces[-1])
            archive.writestr(f"src/part{index % 17}/module-{index}.js", b"".join(pieces))
        for index, size in enumerate(sizes(chance, noisy, noise)):
            archive.writestr(f"images/{index}.png", chance.randbytes(size))


def sizes(chance: random.Random, count: int, total: int) -> list[int]:
    weights = [chance.lognormvariate(0, 1) for _ in range(count)]
    return [max(1, int(total * weight / sum(weights))) for weight in weights]


def bound_of(package: Path) -> Callable[[], Path | None]:
    with open_archive(package) as archive:
        entries = archive.entries
    targets = (package.with_suffix(f".bound{number}") for number in itertools.count())

    def work() -> Path | None:
        with package.open("rb") as source:
            descriptor = source.fileno()
            for entry in entries:
                digest, crc = sha256(), 0
                stream = deflate.decompressobj(wbits=-15)
                at, end = entry.data_offset, entry.data_offset + entry.compressed_size
                while at < end:
                    piece = os.pread(descriptor, min(CHUNK, end - at), at)
                    at += len(piece)
                    while piece:
                        chunk = stream.decompress(piece, CHUNK) if entry.method else piece
                        digest.update(chunk)
                        crc = deflate.crc32(chunk, crc)
                        piece = stream.unconsumed_tail if entry.method else b""
                digest.digest()
            key = ec.generate_private_key(ec.SECP256R1())
            for _ in range(3):
                key.sign(b"x" * 500, ec.ECDSA(SHA256()))
            target = next(targets)
            with target.open("wb", buffering=0) as out:
                while data := source.read(CHUNK):
                    out.write(data)
        return target

    return work


def signer_of(package: Path, url: str, signed: list[Path]) -> Callable[[], Path | None]:
    issuer = open_issuer(url)
    targets = (package.with_suffix(f".signed{number}") for number in itertools.count())

    def work() -> Path | None:
        target = next(targets)
        with open_archive(package) as archive:
            sign(archive, IDENTITY, issuer, target)
        signed.append(target)  # and verified next
        return None

    return work


def verifier_of(root: Path, signed: list[Path]) -> Callable[[], Path | None]:
    roots = x509.load_pem_x509_certificates(root.read_bytes())

    def work() -> Path | None:
        target = signed.pop()
        verify(target, roots, IDENTITY)
        return target

    return work


def jarsigner_of(package: Path, url: str) -> Callable[[], Path | None]:
    issuer = open_issuer(url)
    signer = make_end_entity(issuer.certificate, issuer.private_key, IDENTITY)
    store = package.with_suffix(".p12")
    store.write_bytes(
        pkcs12.serialize_key_and_certificates(
            b"key",
            signer.private_key,
            signer.certificate,
            issuer.chain,
            BestAvailableEncryption(PASSWORD.encode()),
        )
    )
    target = package.with_suffix(".jar")
    command = ["jarsigner", "-keystore", store, "-storepass", PASSWORD, "-signedjar", target, package, "key"]

    def work() -> Path | None:
        subprocess.run(command, check=True, capture_output=True)
        return target

    return work


def measure(works: dict[str, Callable[[], Path | None]], rounds: int) -> dict[str, list[tuple[float, float]]]:
    """Wall and CPU seconds of each piece of work, taken in turns; the first round is not counted.

    What a piece of work returns is a file that is not needed any more. Each round writes a new one, as
    writing over a file costs more; small ones are kept, as ext4 creates files the slower the more were
    deleted in the last seconds.
    """
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
    for counted in range(rounds + 1):
        for name, work in works.items():
            before, wall = os.times(), time.perf_counter()
            done = work()
            wall, after = time.perf_counter() - wall, os.times()
            if done and done.stat().st_size > SMALL:
                done.unlink()
            if counted:
                times[name].append((wall, sum(after[:4]) - sum(before[:4])))
    return times


def summary(package: Path, entries: int, times: dict[str, list[tuple[float, float]]]) -> dict:
    found: dict = {"bytes": package.stat().st_size, "entries": entries, "work": {}}
    for name, rounds in times.items():
        walls = [wall for wall, _ in rounds]
        found["work"][name] = {
            "min": min(walls),
            "median": statistics.median(walls),
            "cpu": statistics.fmean(cpu for _, cpu in rounds),
            "rounds": len(rounds),
        }
    work = found["work"]
    for measured in ("min", "median"):
        bound = work["bound"][measured]
        found[f"sign_ratio_{measured}"] = work["sign"][measured] / bound
        found[f"sign_verify_ratio_{measured}"] = (work["sign"][measured] + work["verify"][measured]) / bound
    return found


def measure_memory(package: Path, issuer_folder: Path) -> dict:
    """Runs in a process of its own: peak memory in MB above idle, of a signature and of a verification."""
    issuer = open_issuer(f"pem:{issuer_folder}")
    roots = x509.load_pem_x509_certificates((issuer_folder / "root.pem").read_bytes())
    idle = status("VmRSS")
    target = package.with_suffix(".child")
    opened: Archive
    with open_archive(package) as opened:
        sign(opened, IDENTITY, issuer, target)
    signed = status("VmHWM")
    verify(target, roots, IDENTITY)
    verified = status("VmHWM")
    target.unlink()
    return {"idle": idle, "sign": signed - idle, "sign_verify": verified - idle}


def status(field: str) -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 1024
    return float("nan")


def table(results: dict) -> str:
    lines = [f"inflate by {results['inflate']}, load {results['load']:.2f}", ""]
    lines.append(
        f"{'package':>8} {'work':>10} {'min ms':>10} {'median ms':>10} {'CPU ms':>10} {'× bound':>8}"
        f" {'per s':>8}"
    )
    for label, found in results["packages"].items():
        bound = found["work"]["bound"]["median"]
        for name, work in found["work"].items():
            lines.append(
                f"{label:>8} {name:>10} {work['min'] * 1e3:10.2f} {work['median'] * 1e3:10.2f}"
                f" {work['cpu'] * 1e3:10.2f} {work['median'] / bound:8.2f} {1 / work['median']:8.1f}"
            )
    lines.append("")
    for label, found in results["packages"].items():
        lines.append(
            f"{label:>8}  sign / bound {found['sign_ratio_median']:.2f} (min {found['sign_ratio_min']:.2f}),"
            f"  sign + verify / bound {found['sign_verify_ratio_median']:.2f}"
        )
        if memory := found.get("memory"):
            lines.append(
                f"{'':8}  peak memory above idle ({memory['idle']:.0f} MB):"
                f" sign {memory['sign']:.1f} MB, with verify {memory['sign_verify']:.1f} MB"
            )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
