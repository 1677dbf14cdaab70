"""Becomes another program that is killed when its parent ends: ``kill_with_parent.py PARENT_PID PROGRAM ARGUMENT...``.

Run as a file of its own, between fork and the program: Python may not do this safely in a forked child that had
threads. Where the system cannot do it (not Linux) the program is run as it is.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Ties this process to its parent and becomes the program. Does not return."""
    parent, program = int(arguments[0]), arguments[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            sys.exit(1)  # it ended before we were tied
    os.execv(program[0], program)  # noqa: S606 - that is what it is for


if __name__ == "__main__":
    main(sys.argv[1:])
