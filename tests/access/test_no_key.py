"""The web process has no signing key to lose: it neither needs one nor knows how to use one."""

import json
import subprocess
import sys

PROGRAM = """
import json, sys
from registry.wsgi import configure
configure(json.loads(sys.argv[1])).make_wsgi_app()
print([name for name in sys.modules if name.startswith("registry.signing")])
"""


def test_the_application_starts_without_a_key_and_without_the_craft(ini):
    without = {key: value for key, value in ini.items() if not key.startswith("signing.")}
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(without)], capture_output=True, text=True, timeout=60
    )
    assert run.stdout.strip() == "[]", run.stderr
