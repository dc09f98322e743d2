"""The disk of tests: they need not wait for it, since nothing in them outlives the machine.

Processes that they start sync as ever.
"""

import os


def hurry() -> None:
    """Sync no file to disk; what cannot be synced, because it is not open, is an error still."""
    os.fsync = os.fstat
