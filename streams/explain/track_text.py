"""The tracks under one MMSI for a terminal: jumps and strays in the timeline, and a line for each track.

A vessel with one track has none of this.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from rich.text import Text

from detectors.core.sphere import place
from detectors.core.units import MINUTE_MS, MS, duration_text, rfc3339
from streams.explain.raw_log import RawLogFindings
from streams.explain.tracks import OWN, Jump, Places, TrackFound

STRAYS_MOST: Final = 5
"""Strays that are events of their own."""
LINES_MOST: Final = 12
STATIONS_MOST: Final = 5
Event = tuple[int, int, Text]
"""Time, order among events of one time, and text."""
_AFTER_HEARD: Final = 3
_NAME_WIDTH, _KIND_WIDTH = len("other 10"), len("displaced")


def stamp(time_ms: int) -> str:
    """A time of the timeline: 2024-03-01 04:12Z."""
    text = rfc3339(time_ms)
    return f"{text[:10]} {text[11:16]}Z"


def track_events(heard: RawLogFindings) -> list[Event]:
    """The first jump from each track to each other one, and the first strays."""
    if not heard.several:
        return []
    pairs: dict[tuple[int, int], list[Jump]] = {}
    strays: list[Jump] = []
    for jump in heard.jumps:
        ends = heard.tracks[jump.from_track], heard.tracks[jump.to_track]
        if ends[1].kind == "stray":
            strays.append(jump)
        elif ends[0].kind != "stray":
            pairs.setdefault((jump.from_track, jump.to_track), []).append(jump)
    events = [_jump(heard, jumps) for jumps in pairs.values()]
    events += [_stray(heard, jump) for jump in strays[:STRAYS_MOST]]
    if len(strays) > STRAYS_MOST:
        events.append(_more_strays(heard, strays[STRAYS_MOST:]))
    return events


def _jump(heard: RawLogFindings, jumps: Sequence[Jump]) -> Event:
    first = jumps[0]
    time_ms = int(heard.times_ms[first.to])
    names = (_named(heard.tracks[place]) for place in (first.from_track, first.to_track))
    words = (
        f"jumps {first.nm:.1f} nm in {_span(heard, first)} from {' to '.join(names)}, needs {first.needed_kn:,.0f} kn"
    )
    times = f"; first of {len(jumps):,} such jumps" if len(jumps) > 1 else ""
    return time_ms, _AFTER_HEARD, Text(f"{stamp(time_ms)}   {words}{times}", "magenta")


def _stray(heard: RawLogFindings, jump: Jump) -> Event:
    time_ms = int(heard.times_ms[jump.to])
    where = place(float(heard.lat_deg[jump.to]), float(heard.lon_deg[jump.to]))
    words = f"stray fix held back, {where}: {jump.nm:.1f} nm in {_span(heard, jump)}, needs {jump.needed_kn:,.0f} kn"
    return time_ms, _AFTER_HEARD, Text(f"{stamp(time_ms)}   {words}", "magenta")


def _more_strays(heard: RawLogFindings, jumps: Sequence[Jump]) -> Event:
    times_ms = [int(heard.times_ms[jump.to]) for jump in jumps]
    words = f"{len(jumps):,} more stray fixes held back, to {stamp(times_ms[-1])}"
    return times_ms[0], _AFTER_HEARD, Text(f"{stamp(times_ms[0])}   {words}", "magenta")


def _span(heard: RawLogFindings, jump: Jump) -> str:
    span_ms = int(heard.times_ms[jump.to] - heard.times_ms[jump.at])
    return f"{span_ms // MS} s" if span_ms < 2 * MINUTE_MS else duration_text(span_ms)


def _named(track: TrackFound) -> str:
    return track.name if track.kind in {"own", "other"} else f"{track.name} ({track.kind})"


def of_another(heard: RawLogFindings, at: int) -> str:
    """The name of the track of a report, in brackets; empty on the vessel's own."""
    found = next((track for track in heard.tracks if at in track.reports), None)
    return "" if found is None or found is heard.tracks[OWN] else f" ({found.name})"


def track_lines(heard: RawLogFindings | None) -> Iterable[Text]:
    """Each track with its fixes, times, distance from the vessel's own track, and the stations that heard it."""
    if heard is None or not heard.several:
        return
    yield Text()
    yield Text(f"Tracks under MMSI {heard.window.mmsi}", "bold")
    tracks = [track for track in heard.tracks if track.kind != "stray"]
    for track in tracks[:LINES_MOST]:
        yield _line(heard, track.name, [track])
    strays = [track for track in heard.tracks if track.kind == "stray"]
    for name, rest in (("others", tracks[LINES_MOST:]), ("strays", strays)):
        if rest:
            yield _line(heard, name if len(rest) > 1 else rest[0].name, rest)
    if heard.jumps:
        yield Text(f"  {_jumps(heard.jumps)}")
    if heard.judged_to_ms is not None:
        yield Text(
            f"  too many jumps: from {stamp(heard.judged_to_ms)} on, fixes are given to the nearest track", "dim"
        )


def _line(heard: RawLogFindings, name: str, tracks: Sequence[TrackFound]) -> Text:
    """One track, or several as one."""
    kinds = ", ".join(sorted({track.kind for track in tracks}))
    fixes = sum(len(track.sent) for track in tracks)
    reports: Places = np.sort(np.concatenate([track.reports for track in tracks]))
    words = f"  {name:<{_NAME_WIDTH}} {kinds:<{_KIND_WIDTH}} {fixes:>6,} {'fixes' if fixes != 1 else 'fix'}"
    if not len(reports):
        return Text(f"{words}: heard only before this time")
    words += f", {stamp(int(heard.times_ms[reports[0]]))} to {stamp(int(heard.times_ms[reports[-1]]))}"
    off = [nm for track in tracks if track.off_nm is not None for nm in track.off_nm]
    if off:
        least, most = min(off), max(off)
        words += f", {f'{least:.1f} to ' if least < most else ''}{most:.1f} nm from own"
    stations = sorted({station for track in tracks for station in track.stations})
    more = len(stations) - STATIONS_MOST
    heard_by = ", ".join(stations[:STATIONS_MOST]) + (f" and {more} more" if more > 0 else "")
    return Text(f"{words}, heard by {heard_by}")


def _jumps(jumps: Sequence[Jump]) -> str:
    if len(jumps) == 1:
        return f"one jump between them: {jumps[0].nm:.1f} nm, needs {jumps[0].needed_kn:,.0f} kn"
    lengths, speeds = sorted(jump.nm for jump in jumps), sorted(jump.needed_kn for jump in jumps)
    return (
        f"{len(jumps):,} jumps between them: {lengths[0]:.1f} to {lengths[-1]:.1f} nm, "
        f"need {speeds[0]:,.0f} to {speeds[-1]:,.0f} kn"
    )
