"""``python -m streams.worker``: one worker process, without a supervisor. Exit 0: asked to stop; 1: start me again."""

from __future__ import annotations

import sys

from streams.errors import ConfigError, StateError

try:
    import faust

    from streams.worker.app import app

    faust.Worker(app, loglevel="warning", redirect_stdouts=False).execute_from_commandline()
except (ConfigError, StateError) as error:
    sys.stderr.write(f"wakewatch: {error}\n")
    sys.exit(2)
