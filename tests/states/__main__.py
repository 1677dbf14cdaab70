"""``make states``: every state that can look well and is not, produced on real programs, and what says so.

For each state: what /readyz, the metrics and the rule about them, ``wakewatch doctor``, the console's banner and the
exit code say, seen within a minute of its beginning. Prometheus has the shipped rules as they are; a rule whose ``for``
is longer than that is shown pending. Exit code 1 when a cell is wrong or late, 2 when something is not installed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from rich.console import Console

from tests.ops import programs
from tests.states import feed_states, kafka_states, people_states, worker_states
from tests.states.disk import mounted, mounts_of_its_own
from tests.states.model import Row, State, observe
from tests.states.room import Room
from tests.states.table import shown, takes_rows, written_into

STATES: Final = (*worker_states.STATES, *feed_states.STATES, *people_states.STATES, *kafka_states.STATES)
_NEEDS: Final = {"Prometheus": programs.PROMETHEUS, "Alertmanager": programs.ALERTMANAGER, "unshare": ("unshare",)}


def main() -> int:
    """See the module."""
    asked = argparse.ArgumentParser(prog="tests.states", description=__doc__)
    asked.add_argument("--short", action="store_true", help="the four states that tell most")
    asked.add_argument("--only", metavar="WORDS", nargs="+", default=[""], help="states whose name has any of these")
    asked.add_argument(
        "--write", metavar="FILE", type=Path, help="put what is right into the table between this page's marks"
    )
    given = asked.parse_args()
    missing = [name for name, names in _NEEDS.items() if programs.installed(names) is None]
    if missing:
        sys.stderr.write(f"needs {', '.join(missing)}: apt-get install prometheus prometheus-alertmanager\n")
        return 2
    if given.write and not takes_rows(given.write):
        sys.stderr.write(f"--write: {given.write} has no marks for the table; give docs/STATES.md\n")
        return 2
    mounts_of_its_own()
    named = [one for one in STATES if any(words in one.name for words in given.only)]
    chosen = [one for one in named if one.short or not given.short]
    out = Console(highlight=False, soft_wrap=True)
    rows = []
    for row in _rows(chosen):
        rows.append(row)
        shown(row, out)
    if given.write:
        written_into(given.write, rows, [one.name for one in STATES])
    wrong = [row.state.name for row in rows if not row.right]
    out.print(
        f"{len(rows)} states, each cell right within a minute" if not wrong else f"wrong or late: {', '.join(wrong)}"
    )
    return 1 if wrong or not rows else 0


def _rows(chosen: list[State]) -> Iterator[Row]:
    """One room for all that it can be made well from; a state that ends its room, or goes wrong, gets another next."""
    with ExitStack() as stack:
        room: Room | None = None
        for state in sorted(chosen, key=lambda one: one.ends_room):
            sys.stderr.write(f"{state.name}: {state.how} ...\n")
            try:
                room = room or stack.enter_context(_room())
                row = observe(room, state)
            except Exception:  # noqa: BLE001 - whatever it is: this row is wrong, and the others are still looked at
                row = Row(state, (), traceback.format_exc(limit=-3))
            yield row
            if state.ends_room or row.wrong:
                stack.close()
                room = None


class _room:  # noqa: N801 - read as a function
    """A running room in a folder of its own, whose broker has a small file system."""

    def __enter__(self) -> Room:
        self._stack = ExitStack()
        home = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="wakewatch-states-")))
        self._stack.enter_context(mounted(home / "kafka"))
        found = [programs.installed(names) for names in (programs.PROMETHEUS, programs.ALERTMANAGER)]
        try:
            return self._stack.enter_context(Room(home, *map(str, found)))
        except BaseException:
            self._stack.close()
            raise

    def __exit__(self, *_: object) -> None:
        self._stack.close()


if __name__ == "__main__":
    sys.exit(main())
