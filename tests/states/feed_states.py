"""States of the sources."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tests.states.model import Enter, Rule, State, Want
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


def _muted(*names: str) -> Enter:
    return lambda room: _mute(room, *names)


def _clock_off(room: Room, off_s: float) -> Iterator[None]:
    room.air.sources["hill"].clock_off_s = off_s
    yield
    room.air.sources["hill"].clock_off_s = 0.0


def _clock_wrong(by: str, off_s: float) -> State:
    return State(
        f"clock wrong, {by}",
        "one source stamps its sentences so",
        readyz=_READS_ON,
        rule=_HILL_DOWN,
        doctor=Want(r"^warn sources: 1 of 2 silent: hill ", "sources"),
        console=Want(r"^alarm: Source hill has been silent", "source"),
        exits=_RUNS,
        enter=lambda room: _clock_off(room, off_s),
    )


STATES: Final = (
    State(
        "source silent",
        f"one of two sends nothing (silent after {SILENT_S} s here)",
        readyz=_READS_ON,
        rule=_HILL_DOWN,
        doctor=Want(r"^warn sources: 1 of 2 silent: hill for \d+ s", "sources"),
        console=Want(r"^alarm: Source hill has been silent for \d+ s", "source"),
        exits=_RUNS,
        enter=_muted("hill"),
        short=True,
    ),
    State(
        "all sources silent",
        f"both send nothing (silent after {SILENT_S} s here)",
        readyz=_READS_ON,
        rule=Rule("max(wakewatch_feed_up)", "0", "WakewatchAllSourcesDown", "pending|firing"),
        doctor=Want(r"^wrong sources: 2 of 2 silent: hill for \d+ s, pier for \d+ s.*exit code 1$", "sources"),
        console=Want(r"^alarm: No AIS is received: all sources have been silent", "source"),
        exits=_RUNS,
        enter=_muted("hill", "pier"),
    ),
    _clock_wrong("an hour behind", -_HOUR_S),
    _clock_wrong("an hour ahead", _HOUR_S),
)
