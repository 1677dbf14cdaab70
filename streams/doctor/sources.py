"""Which sources are heard, by the ticks at the end of the log: the age of the log does not show a silent source."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from detectors.core.ticks import FeedRules, Tick
from streams.doctor.findings import DoctorFinding, ok, span, warn, wrong
from streams.errors import InputError
from streams.ingest.line_share import MUCH
from streams.messages.log_records import H_KIND, KIND_TICK
from streams.messages.values import decoded

_MS: Final = 1000
_RECENT_MS: Final = 60_000
"""Ingest writes one tick per second and source; one without for this time is no longer read, or its file has ended."""


def ticks_of(records: Iterable[Any]) -> dict[str, Tick]:
    """The newest tick of each source among records of one partition, oldest first."""
    found: dict[str, Tick] = {}
    for record in records:
        if (H_KIND, KIND_TICK) in (record.headers or ()):
            try:
                tick = decoded(record.value or b"", Tick)
            except InputError:
                continue  # written by another program
            found[tick.source] = tick
    return found


def sources_finding(ticks: dict[str, Tick], rules: FeedRules, now_ms: int) -> DoctorFinding | None:
    """One line about all live sources, wrong if none of them is heard; None if there is no live source."""
    live = {
        name: tick
        for name, tick in sorted(ticks.items())
        if tick.state == "live" and not tick.replayed and now_ms - tick.to_ms < _RECENT_MS
    }
    if not live:
        return None
    silent = {name: _silent_ms(tick) for name, tick in live.items()}
    down = [name for name, ms in silent.items() if ms > _limit_ms(live[name], rules)]
    if not down and (junk := [name for name, tick in live.items() if tick.other_share > MUCH]):
        said = ", ".join(f"{name} {live[name].other_share:.0%}" for name in junk)
        return warn(
            "sources",
            f"{len(junk)} of {len(live)} sources send mostly lines that are not AIS: {said}",
            "check what the source sends: it must be AIS as NMEA (!AIVDM, !BSVDM) or a receiver's JSON",
        )
    if not down:
        return ok("sources", f"{len(live)} heard: {', '.join(name + _lateness(tick) for name, tick in live.items())}")
    said = ", ".join(f"{name} for {span(silent[name] / _MS)}{_sends_other(live[name])}" for name in down)
    return (wrong if len(down) == len(live) else warn)(
        "sources",
        f"{len(down)} of {len(live)} silent: {said}",
        "check the receiver and the connection to it; its vessels are not judged dark during the outage",
    )


def _sends_other(tick: Tick) -> str:
    return " (its lines are not AIS)" if tick.other_share > MUCH else ""


def _limit_ms(tick: Tick, rules: FeedRules) -> int:
    return rules.silent_limit_ms(tick.spacing_s, round((tick.lateness_s or 0) * _MS))


def _lateness(tick: Tick) -> str:
    """What was learned about the order in which its sentences arrive, if it is not the ordinary one."""
    return "" if tick.lateness_s is None else f" (up to {span(tick.lateness_s)} late)"


def _silent_ms(tick: Tick) -> int:
    return tick.to_ms - (tick.from_ms if tick.heard_ms is None else tick.heard_ms)
