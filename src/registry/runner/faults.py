"""How a run can end without results that count."""

from enum import IntEnum


class Exit(IntEnum):
    """What ``registry-runner`` ends with; for a signal it is 128 and the signal's number."""

    PASSED = 0
    NOT_PASSED = 1  # the registry has the results, and they are not all good
    USAGE = 2
    NO_RESULTS = 3  # the command gave none, or did not end by itself
    PACKAGE = 4  # not what the registry signed
    REGISTRY = 5  # it cannot be reached, or says no
    CANCELLED = 6


class RunFault(Exception):
    """The run cannot go on; the text is for people, the registry's too."""

    def __init__(self, text: str, code: Exit, exit_code: int | None = None):
        super().__init__(text)
        self.code = code
        # Of the command, where it has ended.
        self.exit_code = exit_code


class Stopped(RunFault):
    """By a signal to the runner."""

    def __init__(self, number: int, name: str):
        super().__init__(f"The runner was stopped by {name}.", Exit.NO_RESULTS)
        self.status = 128 + number


class Cancelled(RunFault):
    """The registry takes nothing more of this run; it wants to hear nothing of it either."""

    def __init__(self, text: str = "The run was cancelled."):
        super().__init__(text, Exit.CANCELLED)
