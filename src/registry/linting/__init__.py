"""Outside validators: programs that an operator may have look at packages before these are signed.

There is one, Mozilla's ``addons-linter`` (npm), for WebExtensions. It has two sets of rules, those for what is listed
and those for what its owners host themselves, so it counts as two tools (``TOOLS``): bytes are judged once by each that
is wanted, and the one's verdict says nothing of the other's.

A verdict is ``passed``, ``failed``, or none at all (``NoVerdict``): a program that crashed, took too long, said what
nobody understands, or is not there, has not said that a package is good.

    process.py   has the program run, in a process group of its own with little time, memory and output
    child.py     the beginning of that process: it limits itself and becomes the program
    slots.py     how many run at once on one machine, and a folder for each
    report.py    reads what the program says
"""

from registry.models import Channel

LISTED, SELF_HOSTED = "addons-linter", "addons-linter --self-hosted"
# By the channel of a version.
TOOLS = {Channel.LISTED: LISTED, Channel.UNLISTED: SELF_HOSTED}


class NoVerdict(Exception):
    """The package was not judged. The text is for its owner and names nothing of this machine."""
