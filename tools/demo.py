"""The whole journey of two extensions, acted out over HTTP against a private instance: `make demo`."""

import json
import subprocess
import sys
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

from instance import Instance, make_keystore, running

EXAMPLES = Path(__file__).parents[1] / "examples"
EXTENSIONS = {"word-tally": EXAMPLES / "brackets-word-tally", "tab-notes": EXAMPLES / "tab-notes"}


def main() -> None:
    say(
        "A private registry",
        "Its folder, port, accounts and signing key are its own, and are gone afterwards.",
    )
    with running() as instance:
        print(f"   It answers at http://127.0.0.1:{instance.port}")
        keystore = make_keystore(instance)
        for name, source in EXTENSIONS.items():
            publish(instance, name, source)
        browse(instance)
        for name in EXTENSIONS:
            download_and_verify(instance, name, keystore)
        refuse(instance)
    say("Done", "Everything above was real: requests over HTTP, a worker that signed, tools that verified.")


def publish(instance: Instance, name: str, source: Path) -> None:
    package = instance.folder / f"{name}.zip"
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(source.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(source))
    say(f"Publish {name}", "The answer comes as soon as the package is checked and safely stored.")
    accepted = ask(instance, "/api/v4/extensions/", package)
    print(f"   {accepted['name']} {accepted['version']} ({accepted['guid']}) is {accepted['state']}")
    say(f"Wait for the signature of {name}", "A worker signs in the background; the request waits for it.")
    signed = ask(instance, f"{path_of(accepted['url'])}?wait=20")
    print(f"   It is {signed['state']}: {signed['package']['size']} bytes,")
    print(f"   sha256 {signed['package']['sha256']}")
    print(f"   by key {signed['package']['key_id']}, certificate {signed['package']['serial']}")


def browse(instance: Instance) -> None:
    say("Browse", "As an editor would, without any credential.")
    listed = ask(instance, "/api/v4/extensions/", anonymous=True)
    for entry in listed["results"]:
        languages = ", ".join(entry["languages"])
        print(f"   {entry['name']:12} {entry['version']:8} {entry['title']['en']:14} [{languages}]")


def download_and_verify(instance: Instance, name: str, keystore: Path | None) -> None:
    say(f"Download and verify {name}", "With our own tool, and with one that nobody here wrote.")
    file = instance.folder / f"{name}-signed.zip"
    path = f"/api/v4/extensions/{name}/versions/latest/download"
    file.write_bytes(fetch(instance, path, anonymous=True, to=file))
    check = ["verify", str(file), "--root", str(instance.folder / "var/signing/root.pem")]
    print(indented(run([sys.executable, "-m", "registry.cli", *check], instance, ["registry", *check])))
    if keystore is None:
        print("   (no jarsigner on this machine)")
        return
    java = [
        "jarsigner",
        "-verify",
        "-strict",
        "-keystore",
        str(keystore),
        "-storepass",
        "changeit",
        str(file),
    ]
    print(indented(run(java, instance).strip().splitlines()[0]))


def refuse(instance: Instance) -> None:
    say("And what is wrong is said", "All faults in one answer, each with a code and what would be right.")
    package = instance.folder / "wrong.zip"
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("package.json", '{"name": "Wrong Name", "version": "one"}')
    answer = ask(instance, "/api/v4/extensions/", package)
    for field, messages in answer.items():
        print(f"   {field}: {messages[0]}")


def ask(instance: Instance, path: str, package: Path | None = None, *, anonymous: bool = False) -> dict:
    """The JSON of an answer, whatever its status; a package is sent as the body of a POST."""
    return json.loads(fetch(instance, path, package, anonymous=anonymous))


def fetch(
    instance: Instance,
    path: str,
    package: Path | None = None,
    *,
    anonymous: bool = False,
    to: Path | None = None,
) -> bytes:
    """Ask over HTTP, and print how one would ask with curl."""
    address = f"http://127.0.0.1:{instance.port}{path}"
    headers = {} if anonymous else {"Auth-Token": instance.token}
    options = [] if anonymous else ["-H", f"Auth-Token: {instance.token}"]
    options += ["--data-binary", f"@{package}"] if package else []
    options += ["-o", str(to)] if to else []
    show(["curl", *options, address], instance)
    request = urllib.request.Request(address, package.read_bytes() if package else None, headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        return error.read()


def run(command: list[str], instance: Instance, shown: list[str] | None = None) -> str:
    """Print a command as one would type it, run it, and return what it said."""
    show(shown or command, instance)
    done = subprocess.run(command, capture_output=True, text=True, cwd=instance.folder)
    if done.returncode:
        raise SystemExit(f"   That failed ({done.returncode}): {done.stdout}{done.stderr}")
    return done.stdout.replace(f"{instance.folder}/", "")


def show(words: list[str], instance: Instance) -> None:
    plain = [word.replace(f"{instance.folder}/", "").replace(instance.token, "$TOKEN") for word in words]
    print("   $ " + " ".join(f'"{word}"' if set(word) & set(" ?$") else word for word in plain))


def path_of(url: str) -> str:
    return "/" + url.split("/", 3)[3]


def indented(text: str) -> str:
    return "\n".join(f"   {line}" for line in text.strip().splitlines())


def say(title: str, text: str) -> None:
    print(f"\n{title}\n   {text}")


if __name__ == "__main__":
    main()
