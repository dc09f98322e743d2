"""Publishes packages that others wrote, to a private instance, and says which were signed and why others were not.

    python bench/real.py FOLDER_OR_FILE …

A folder with a package.json or manifest.json is zipped as it stands (links that lead nowhere are left out);
a .zip or .xpi is sent as it is. Each signed file is fetched and checked by `registry verify`, and by
jarsigner where there is one.
"""

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import requests

sys.path.append(str(Path(__file__).parents[1] / "tools"))

from instance import Instance, make_keystore, running


def main() -> None:
    sources = [Path(argument) for argument in sys.argv[1:]] or sys.exit(__doc__)
    signed = refused = 0
    with running() as instance:
        keystore = make_keystore(instance)
        for source in sources:
            body = source.read_bytes() if source.is_file() else zipped(source)
            said = publish(instance, body, keystore)
            signed, refused = signed + (said is None), refused + (said is not None)
            print(f"{'signed ' if said is None else 'refused'} {len(body):>10}  {source.name}")
            for line in said or ():
                print(f"{'':20}{line}")
    print(f"{signed} signed and verified, {refused} refused")


def zipped(folder: Path) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder))
    return out.getvalue()


def publish(instance: Instance, body: bytes, keystore: Path | None) -> list[str] | None:
    """None when it was signed and verifies; otherwise why not."""
    base, headers = f"http://127.0.0.1:{instance.port}", {"Auth-Token": instance.token}
    answer = requests.post(f"{base}/api/v4/extensions/", data=body, headers=headers, timeout=120)
    if answer.status_code != 202:
        return [f"{answer.status_code} {field}: {said}" for field, said in lines(answer.json())]
    version = requests.get(f"{answer.json()['url']}?wait=30", headers=headers, timeout=120).json()
    if version["state"] != "signed":
        return [f"{version['state']}: {json.dumps(version['errors'])}"]
    file = instance.folder / "signed.xpi"
    file.write_bytes(requests.get(version["package"]["url"], timeout=120).content)
    root = instance.folder / "var/signing/root.pem"
    tool = [
        sys.executable,
        "-m",
        "registry.cli",
        "verify",
        str(file),
        "--root",
        str(root),
        "--id",
        version["guid"],
    ]
    checks = [("registry verify", tool)]
    if keystore:
        jarsigner = [
            "jarsigner",
            "-verify",
            "-strict",
            "-keystore",
            str(keystore),
            "-storepass",
            "changeit",
            str(file),
        ]
        checks.append(("jarsigner", jarsigner))
    for name, command in checks:
        run = subprocess.run(command, capture_output=True, text=True)
        if run.returncode:
            return [f"{name} says {run.returncode}: {run.stdout[-500:]}{run.stderr[-500:]}"]
    return None


def lines(body: dict) -> list[tuple[str, str]]:
    if "detail" in body:
        return [(body["code"], body["detail"])]
    return [(field, message) for field, messages in body.items() for message in messages]


if __name__ == "__main__":
    main()
