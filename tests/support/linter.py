"""A stand-in for addons-linter: a program that does what the package it is given says, or reports on it.

``Linter(folder)`` writes the program; ``program`` is its path. A file ``behave`` in the package names what it does,
see ``BEHAVIOURS``. Each run adds a line of JSON to ``log``: its arguments and its environment.
"""

import json
import sys
from pathlib import Path

PROGRAM = """#!{python} -I
import json, os, subprocess, sys, time, zipfile
here = {here!r}
with open(os.path.join(here, "log"), "a") as log:
    log.write(json.dumps([sys.argv[1:], dict(os.environ), os.getcwd()]) + "\\n")
with zipfile.ZipFile(sys.argv[1]) as package:
    names = package.namelist()
    behave = package.read("behave").decode() if "behave" in names else "report"
switch = os.path.join(here, "instead")
if os.path.exists(switch):
    behave = open(switch).read()

def report(errors=(), warnings=(), notices=()):
    counts = {{"errors": len(errors), "warnings": len(warnings), "notices": len(notices)}}
    print(json.dumps({{"count": sum(counts.values()), "summary": counts, "metadata": {{}},
                      "errors": errors, "warnings": warnings, "notices": notices}}))

def item(type, code, **more):
    return {{"_type": type, "code": code, "message": code.title(), "description": "Mend it.", **more}}

ERROR = item("error", "BAD_MANIFEST", instancePath="/name")
EVAL = item("warning", "DANGEROUS_EVAL", file="b.js", line=3, column=7)
{behaviours}
"""

BEHAVIOURS = """
if behave == "report":
    report(warnings=[EVAL])
elif behave == "errors":
    report(errors=[ERROR, item("error", "EVAL_IN_FILE", file="b.js", line=3, column=7)], warnings=[EVAL])
    sys.exit(1)
elif behave == "bad zip":
    report(errors=[item("error", "BAD_ZIPFILE")])
elif behave == "slow":
    with open(os.path.join(here, "child"), "w") as file:
        file.write(str(os.getpid()))
    time.sleep(600)
elif behave == "hog":
    held = []
    while True:
        held.append(bytearray(b"x") * (16 << 20))
elif behave == "flood":
    while True:
        os.write(1, b"x" * (1 << 20))
elif behave == "too large":
    sys.exit('    throw new Error("")\\nError: File "lib/a.js" is too large. Aborting.\\n    at Xpi.checkPath')
elif behave == "garbage":
    print('{"summary": {"errors": 0')
elif behave == "silent":
    pass
elif behave == "liar":
    print(json.dumps({"summary": {"errors": 1, "warnings": 0, "notices": 0}, "errors": [], "warnings": [],
                      "notices": []}))
elif behave == "exit 1":
    report()
    sys.exit(1)
elif behave == "crash":
    report()
    sys.stdout.flush()
    os.abort()
elif behave == "deep":
    print("[" * 200000)
elif behave == "many":
    report(errors=[item("error", f"E{n}") for n in range(3)], warnings=[EVAL | {"line": n} for n in range(1000)])
    sys.exit(1)
elif behave == "odd":
    odd = item("error", "ODD\\0\\ud800", file="x" * 9999, line=-1, column="7")
    odd["description"] = ["one", "two", 3]
    report(errors=[odd])
    sys.exit(1)
elif behave == "fork":
    report()
    child = subprocess.Popen(["sleep", "600"])
    with open(os.path.join(here, "child"), "w") as file:
        file.write(str(child.pid))
elif behave.startswith("meet"):
    # Until so many run at once; then all see the others.
    open(os.path.join(here, "met", str(os.getpid())), "w").close()
    end = time.monotonic() + 20
    while len(os.listdir(os.path.join(here, "met"))) < int(behave[4:]) and time.monotonic() < end:
        time.sleep(0.01)
    report()
"""


class Linter:
    def __init__(self, folder: Path):
        self.folder = folder
        (folder / "met").mkdir(parents=True)
        self.program = folder / "addons-linter"
        self.program.write_text(
            PROGRAM.format(python=sys.executable, here=str(folder), behaviours=BEHAVIOURS)
        )
        self.program.chmod(0o755)

    def behave(self, how: str | None) -> None:
        """From now on do this, whatever is in the package; or, with None, what that says."""
        path = self.folder / "instead"
        path.write_text(how) if how is not None else path.unlink()

    def gone(self) -> bool:
        """Whether the process has ended that it started, or, where it is slow, it itself."""
        child = int((self.folder / "child").read_text())
        try:
            stat = Path(f"/proc/{child}/stat").read_text()
        except FileNotFoundError:
            return True
        return stat.rpartition(")")[2].split()[0] == "Z"  # nobody may be there to reap it

    @property
    def log(self) -> list[tuple[list[str], dict[str, str], str]]:
        """Of each run so far its arguments, environment and folder."""
        path = self.folder / "log"
        return [tuple(json.loads(line)) for line in path.read_text().splitlines()] if path.exists() else []
