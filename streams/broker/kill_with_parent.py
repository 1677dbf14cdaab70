"""Becomes another program that is killed when its parent ends: ``kill_with_parent.py PARENT_PID PROGRAM ARGUMENT...``.

It runs as a separate file between fork and the program, because Python cannot do this safely in a forked child that had
threads. On other systems than Linux the program is run without it.
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
    os.execv(program[0], program)  # noqa: S606 - that is its purpose


if __name__ == "__main__":
    main(sys.argv[1:])
