"""Limits this process and becomes a program; run by ``process``, by its path, never imported.

It stands alone: the standard library, nothing of the registry. Arguments: seconds of wall time after which the kernel
ends it even if nobody is there any more to do so, bytes of memory, bytes of output, and the program with its
arguments. Memory is ``RLIMIT_DATA``, what a process has of its own to write to: ``RLIMIT_AS`` also counts the gigabytes
that node reserves and never touches. What a program starts has the same limits, each process for itself.
"""

import ctypes
import os
import resource
import signal
import sys

PR_SET_PDEATHSIG = 1
NICENESS = 10
NOT_STARTED = 127


def main(seconds, memory, output, *program):
    # A worker that is killed takes the program with it.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    signal.alarm(int(seconds))
    resource.setrlimit(resource.RLIMIT_DATA, (int(memory),) * 2)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(output),) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(NICENESS)
    # Python ignores these, and what is ignored stays so.
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execv(program[0], program)  # noqa: S606 - the operator's program
    except OSError as error:
        sys.stderr.write(f"{program[0]}: {error.strerror}\n")
        sys.exit(NOT_STARTED)


if __name__ == "__main__":
    main(*sys.argv[1:])
