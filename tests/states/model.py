"""States, what each column must say in them within a minute, and how that is looked at."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final, NamedTuple

from tests.ops.programs import until
from tests.states.room import WELL_S, Room

MINUTE_S: Final = 60.0
_LOOK_S: Final = 0.5
COLUMNS: Final = ("readyz", "metrics and rule", "doctor", "console", "exit code")
Enter = Callable[[Room], Iterator[None]]
"""Puts the room into a state, yields, and takes it out again."""


class Want(NamedTuple):
    """What a cell must come to: ``words`` is a regular expression."""

    words: str
    of: str = "detect"
    """Whose word it is: a process, a finding of the doctor, a kind of the console's troubles."""
    usual: bool = False
    """Whether it says so also when all is well: then nothing is asked of it before."""


class Rule(NamedTuple):
    """What Prometheus must see: a metric, and the rule about it; ``alert`` empty: no rule is about it."""

    metric: str
    value: str
    alert: str = ""
    state: str = "firing"


class State(NamedTuple):
    """A row."""

    name: str
    how: str
    """How it is produced."""
    readyz: Want
    rule: Rule
    doctor: Want
    console: Want
    exits: Want
    enter: Callable[[Room], Iterator[None]]
    ends_room: bool = False
    """Whether the room cannot be made well again."""
    short: bool = False
    """Whether it is in the short form."""


class Cell(NamedTuple):
    """What was seen last, whether it is right, and after how many seconds it was."""

    said: str
    right: bool
    after_s: float
    when: str = ""
    """In the place of ``after_s``, where it says the same as when all is well."""


class Row(NamedTuple):
    """A state as it was seen; ``wrong`` says what kept it from being looked at, or is empty."""

    state: State
    cells: tuple[Cell, ...]
    wrong: str = ""

    @property
    def right(self) -> bool:
        """Whether every cell is right, and within a minute."""
        return not self.wrong and all(cell.right and cell.after_s <= MINUTE_S for cell in self.cells)


def looks(room: Room, state: State) -> list[tuple[Callable[[], str], str, bool]]:
    """A column each: how it is asked, what it must say, and whether it may say so when all is well."""
    rule = state.rule

    def scraped() -> str:
        said = f"{rule.metric} is {room.metric(rule.metric)}"
        return f"{said}; {rule.alert} {room.rule(rule.alert)}" if rule.alert else said

    metric = f"^{re.escape(rule.metric)} is {rule.value}" + (f".*; {rule.alert} ({rule.state})" if rule.alert else "")
    return [
        (lambda: f"{state.readyz.of} {room.readyz(state.readyz.of)}", state.readyz.words, state.readyz.usual),
        (scraped, metric, False),
        (lambda: _doctor(room, state.doctor.of), state.doctor.words, state.doctor.usual),
        (lambda: _console(room, state.console.of), state.console.words, state.console.usual),
        (lambda: f"{state.exits.of} {room.ended(state.exits.of)}", state.exits.words, state.exits.usual),
    ]


def _doctor(room: Room, name: str) -> str:
    code, findings = room.doctor()
    one = next((one for one in findings if one["name"] == name), None)
    said = f"{one['verdict']} {name}: {one['said']} -> {one.get('remedy', 'nothing')}" if one else f"no {name}"
    return f"{said}; exit code {code}"


def _console(room: Room, kind: str) -> str:
    health = room.health()
    found = [one for one in health.get("troubles", ()) if one["kind"] == kind]
    if not found:
        return f"{health.get('state', 'no answer')}, nothing is said"
    one = found[0]
    return f"{one['level']}: {one['said']} for {one['for_ms'] // 1000} s{one.get('more', '')}"


def observe(room: Room, state: State) -> Row:
    """Looks before, enters the state, watches every column at once until it is right or a minute has passed, leaves."""
    asked = looks(room, state)
    room.await_well()
    until(lambda: not state.rule.alert or room.rule(state.rule.alert) == "quiet", WELL_S, f"{state.rule.alert} quiet")
    early = [said for ask, words, usual in asked if not usual and re.search(words, said := ask())]
    if early:
        return Row(state, (), f"said before: {early[0]}")
    with contextmanager(state.enter)(room):
        began_s = time.monotonic()
        with ThreadPoolExecutor(len(asked)) as pool:
            late = [pool.submit(_watch, ask, words, began_s) for ask, words, usual in asked if not usual]
        changed = iter([one.result() for one in late])
        # What is the same as ever is asked last: it must be so while the state lasts.
        cells = tuple(_as_ever(ask(), words) if usual else next(changed) for ask, words, usual in asked)
    return Row(state, cells)


def _as_ever(said: str, words: str) -> Cell:
    return Cell(said, re.search(words, said) is not None, 0.0, "as ever")


def _watch(ask: Callable[[], str], words: str, began_s: float) -> Cell:
    while True:
        said, after_s = ask(), time.monotonic() - began_s
        right = re.search(words, said) is not None
        if right or after_s > MINUTE_S:
            return Cell(said, right, after_s)
        time.sleep(_LOOK_S)
