"""What a worker's marks tell of it (see ``marked``): each is a letter and a partition of a stage."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from streams.worker.identities import Identities
from streams.worker.meetings import Meetings
from streams.worker.places import Places

Marks = Sequence[tuple[str, str]]
SAVED_AMID_ALERTS: Final = "AC"
"""A partition's snapshot was committed while alerts of one of its records were on their way."""
CUT_AMID_ALERTS: Final = "ASC"
"""It was even copied then, in the middle of a record: what no worker may do."""


def read(path: Path) -> Marks:
    """Those of one process, in order; none before it has written any."""
    try:
        lines = path.read_text().split("\n")
    except FileNotFoundError:
        return []
    return [(letter, where) for letter, _, where in (line.partition(" ") for line in lines[:-1])]


def in_transaction(marks: Marks) -> bool:
    """True while a snapshot's transaction is open."""
    letters = [letter for letter, _ in marks]
    return letters.count("B") > letters.count("C")


def amid_alerts(marks: Marks, letters: str) -> bool:
    """Whether ``letters`` came one after the other for a partition, and the ``D`` of the record not yet."""
    found: dict[str, str] = {}
    for letter, where in marks:
        so_far = found.get(where, "")
        if letter == "D":
            found.pop(where, None)
        elif letters.startswith(so_far + letter):
            found[where] = so_far + letter
    return letters in found.values()


def later_at_work(marks: Marks) -> bool:
    """True when a later stage has processed records since its last snapshot was committed."""
    return any(_at_work(marks, stage.kind) for stage in (Identities, Places, Meetings))


def _at_work(marks: Marks, kind: str) -> bool:
    letters = [letter for letter, where in marks if where.startswith(f"{kind}/")]
    return "R" in letters[len(letters) - letters[::-1].index("C") if "C" in letters else 0 :]
