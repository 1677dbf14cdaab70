"""States of the sources."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tests.states.model import Rule, State, Want
from tests.states.room import SILENT_S, Room

_HOUR_S: Final = 3600
_HILL_DOWN: Final = Rule('wakewatch_feed_up{source="hill"}', "0")
"""One source's outage is told by the feed_outage alert; a rule is about all of them."""
_READS_ON: Final = Want(r"^ingest 200 2 sources are read", "ingest", usual=True)
_RUNS: Final = Want(r"^ingest runs$", "ingest", usual=True)


def _mute(room: Room, *names: str) -> Iterator[None]:
    for name in names:
        room.air.sources[name].muted = True
    yield
    for name in names:
        room.air.sources[name].muted = False


def _one_silent(room: Room) -> Iterator[None]:
    return _mute(room, "hill")


def _all_silent(room: Room) -> Iterator[None]:
    return _mute(room, "hill", "pier")


def _clock_off(room: Room, off_s: float) -> Iterator[None]:
    room.air.sources["hill"].clock_off_s = off_s
    yield
    room.air.sources["hill"].clock_off_s = 0.0


def _clock_behind(room: Room) -> Iterator[None]:
    return _clock_off(room, -_HOUR_S)


def _clock_ahead(room: Room) -> Iterator[None]:
    return _clock_off(room, _HOUR_S)


STATES: Final = (
    State(
        "source silent", f"one of two sends nothing (silent after {SILENT_S} s here)",
        readyz=_READS_ON,
        rule=_HILL_DOWN,
        doctor=Want(r"^warn sources: 1 of 2 silent: hill for \d+ s", "sources"),
        console=Want(r"^alarm: Source hill is silent for \d+ s", "source"),
        exits=_RUNS, enter=_one_silent, short=True,
    ),
    State(
        "all sources silent", f"both send nothing (silent after {SILENT_S} s here)",
        readyz=_READS_ON,
        rule=Rule("max(wakewatch_feed_up)", "0", "WakewatchAllSourcesDown", "pending|firing"),
        doctor=Want(r"^wrong sources: 2 of 2 silent: hill for \d+ s, pier for \d+ s.*exit code 1$", "sources"),
        console=Want(r"^alarm: Nothing is heard: all sources are silent", "source"),
        exits=_RUNS, enter=_all_silent,
    ),
    State(
        "clock wrong, an hour behind", "one source stamps its sentences so",
        readyz=_READS_ON,
        rule=_HILL_DOWN,
        doctor=Want(r"^warn sources: 1 of 2 silent: hill ", "sources"),
        console=Want(r"^alarm: Source hill is silent", "source"),
        exits=_RUNS, enter=_clock_behind,
    ),
    State(
        "clock wrong, an hour ahead", "one source stamps its sentences so",
        readyz=_READS_ON,
        rule=_HILL_DOWN,
        doctor=Want(r"^warn sources: 1 of 2 silent: hill ", "sources"),
        console=Want(r"^alarm: Source hill is silent", "source"),
        exits=_RUNS, enter=_clock_ahead,
    ),
)  # fmt: skip
