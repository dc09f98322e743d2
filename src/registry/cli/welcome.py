"""What `registry serve` says when all is up: at the first start, how to use it."""

import json
import shlex
import sys
import tempfile
from pathlib import Path

from registry.serving.accounts import Account
from registry.serving.ini import IniFile

EXAMPLE = "examples/brackets-word-tally"


def welcome(ini: IniFile, accounts: tuple[Account, Account] | None) -> str:
    lines = [f"Ready: {ini.settings.public_url} (Ctrl-C stops it)"]
    if accounts is not None:
        lines += ["", *_credentials(accounts), "", *_curl_lines(ini, accounts[1])]
    return "\n".join(lines)


def _credentials(accounts: tuple[Account, Account]) -> list[str]:
    lines = ["This is the first start, so two accounts have been made. Their secrets are shown this once."]
    for account, role in zip(
        accounts, ("of the registry's own team", "an author of extensions"), strict=True
    ):
        lines += [
            "",
            f"  {account.username} ({role})",
            f"    API key     {account.key}",
            f"    API secret  {account.secret}",
            f"    token       {account.token}",
        ]
    return lines


def _curl_lines(ini: IniFile, owner: Account) -> list[str]:
    """Lines to paste into a shell, from publishing an extension to verifying what the registry serves."""
    root = f"{ini.settings.public_url}/api/v4/extensions/"
    tool = shlex.quote(str(Path(sys.executable).with_name("registry")))
    python, path = shlex.quote(sys.executable), shlex.quote(str(ini.path.absolute()))
    pack, package, name, version = _example(ini.path.absolute().parent, python)
    extension, signed = f"{root}{name}/", shlex.quote(f"{tempfile.gettempdir()}/{name}-signed.xpi")
    key = f"JWT $({tool} jwt {owner.key} {owner.secret})"
    chain = shlex.quote(str(Path(ini.settings.issuer.partition(":")[2]) / "root.pem"))
    return [
        "Publish an extension as owner; follow its signing; list, download and verify it:",
        "",
        *pack,
        f'  curl -H "Auth-Token: {owner.token}" -F {shlex.quote(f"file=@{package}")} {root}',
        f'  curl -H "Auth-Token: {owner.token}" "{extension}versions/{version}/?wait=20"',
        f"  curl {root}",
        f"  curl -L -o {signed} {extension}versions/latest/download",
        f"  {tool} verify {signed} --root {chain}",
        "",
        "The API key does the same, with a new JWT for each request:",
        "",
        f'  curl -H "Authorization: {key}" "{extension}versions/{version}/"',
        "",
        f"More accounts, keys and tokens:  {tool} user --help",
        f"A new token for owner:           {tool} user token owner {path}",
    ]


def _example(folder: Path, python: str) -> tuple[list[str], str, str, str]:
    """Lines that pack the example, the file they make, the extension's name and its version."""
    source = folder / EXAMPLE
    try:
        manifest = json.loads((source / "package.json").read_bytes())
    except (OSError, ValueError):
        return [], "my-extension.zip", "my-extension", "1.0.0"
    package = f"{tempfile.gettempdir()}/{manifest['name']}.zip"
    pack = f"  {python} -m zipfile -c {shlex.quote(package)} {shlex.quote(str(source))}"
    return [pack], package, manifest["name"], manifest["version"]
