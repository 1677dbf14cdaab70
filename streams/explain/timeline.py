"""An alert for a terminal: a timeline, the numbers, the ports, what would change it, the evidence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from detectors.core.alert import Alert, Fact
from detectors.core.sphere import place
from detectors.core.units import HOUR_MS, MINUTE_MS, duration_text, unix_ms
from streams.explain.area import area_section, is_about_area, limited_by
from streams.explain.images import image_sections
from streams.explain.raw_log import BINS, PEERS_NM, Chance, RawLogFindings, Window
from streams.explain.revisions import Gathered
from streams.explain.shapes import leg_nm
from streams.explain.track_text import Event, of_another, stamp, track_events, track_lines
from streams.messages.alert_line import line
from streams.messages.fact_wording import chance_in_words

SILENT_LEAST_MS: Final = 20 * MINUTE_MS
EVENTS_MOST: Final = 40
LEVELS: Final = (0.5, 0.2, 0.05, 0.01)
_PER_MILLE: Final = 1000
_HEADINGS: Final = {"arrive_by": "earliest arrival", "longest_stay_s": "longest stay"}
"""Headings of the columns of places in reach."""
_BARS: Final = " ▁▂▃▄▅▆▇█"


def render(gathered: Gathered, heard: RawLogFindings | None, no_log: str = "", chances: Sequence[Chance] = ()) -> Group:
    """``heard`` is what was found in the raw log; None if there is no log, for the reason ``no_log``.

    ``chances`` are the chances of its silence, slot by slot.
    """
    newest = gathered.revisions[-1]
    return Group(
        Text(newest.headline, "bold"),
        Text(f"{newest.detector} v{newest.rule_version} · {newest.severity} · {newest.verification} · {newest.id}"),
        Text(f"case {newest.case_id} · subject {newest.subject} · episode since {newest.episode_start}"),
        *limited_by(gathered.revisions),
        Text(),
        Text("History", "bold"),
        *_timeline(gathered, heard),
        *_log_notes(heard, no_log),
        *track_lines(heard),
        *_charts(heard, chances),
        Text(),
        _numbers(newest.why),
        *_ports(newest),
        *area_section(newest),
        *image_sections(newest),
        Text(),
        Text("What would change it", "bold"),
        *(Text(f"  {sentence}") for sentence in newest.would_change or ("nothing: it is closed",)),
        Text(),
        Text("Evidence", "bold"),
        *_evidence(gathered.revisions, heard),
    )


# -- the timeline -------------------------------------------------------------------------------------------------


def _timeline(gathered: Gathered, heard: RawLogFindings | None) -> Iterable[Text]:
    events = [*_said(gathered.revisions, ""), *(_heard_events(heard) if heard is not None else ())]
    if heard is not None:
        around = [a for a in gathered.case if heard.window.from_ms <= unix_ms(a.time) <= heard.window.to_ms]
        events += _said(around, "dim")
    events.sort(key=lambda event: event[:2])
    yield from (text for _, _, text in events[:EVENTS_MOST])
    if len(events) > EVENTS_MOST:
        yield Text(f"  and {len(events) - EVENTS_MOST} more: see `wakewatch alerts`", "dim")


def _said(alerts: Iterable[Alert], style: str) -> list[Event]:
    return [(unix_ms(alert.time), 1, _styled(line(alert), style)) for alert in alerts]


def _styled(text: Text, style: str) -> Text:
    return Text(text.plain, style) if style else text


def _heard_events(heard: RawLogFindings) -> list[Event]:
    """Spans in which it was heard, and the silences between."""
    times = heard.times_ms
    if not len(times):
        return []
    breaks = np.flatnonzero(np.diff(times) > SILENT_LEAST_MS)
    starts, ends = np.append(0, breaks + 1), np.append(breaks, len(times) - 1)
    events = [_stretch(heard, int(start), int(end)) for start, end in zip(starts, ends, strict=True)]
    return [*events, *(_silence(heard, int(at)) for at in breaks), *track_events(heard)]


def _stretch(heard: RawLogFindings, start: int, end: int) -> Event:
    times = heard.times_ms[start : end + 1]
    pauses = np.diff(times) / 1000
    every = f", every {np.median(pauses):.0f} s, longest pause {pauses.max():.0f} s" if len(pauses) else ""
    text = f"{stamp(int(times[0]))}   heard to {stamp(int(times[-1]))}: {len(times)} reports{every}{_where(heard, end)}"
    return int(times[0]), 0, Text(text, "green")


def _silence(heard: RawLogFindings, at: int) -> Event:
    from_ms, to_ms = int(heard.times_ms[at]), int(heard.times_ms[at + 1])
    known = heard.fixes
    before, after = known[known <= at], known[known > at]
    moved = ""
    if len(before) and len(after):
        ends = [(float(heard.lon_deg[i]), float(heard.lat_deg[i])) for i in (before[-1], after[0])]
        hours = (int(heard.times_ms[after[0]]) - int(heard.times_ms[before[-1]])) / HOUR_MS
        nm = leg_nm(ends[0], ends[1])
        moved = f", then {nm:.1f} nm on{of_another(heard, int(after[0]))}, {nm / hours:.1f} kn in a straight line"
    return from_ms, 2, Text(f"{stamp(from_ms)}   silent {duration_text(to_ms - from_ms)}{moved}", "red")


def _where(heard: RawLogFindings, at: int) -> str:
    known = heard.fixes[heard.fixes <= at]
    if not len(known):
        return ""
    last = known[-1]
    sog = heard.sog_kn[last]
    speed = "" if np.isnan(sog) else f" at {sog:.0f} kn"
    return (
        f"; last {place(float(heard.lat_deg[last]), float(heard.lon_deg[last]))}{speed}{of_another(heard, int(last))}"
    )


def _log_notes(heard: RawLogFindings | None, no_log: str) -> Iterable[Text]:
    if heard is None:
        yield Text(f"  {no_log}", "dim")
    elif heard.log_ms is None:
        yield Text("  the raw log no longer has this time: everything shown is from the alert itself", "dim")
    elif not heard.whole:
        yield Text(f"  the raw log begins {stamp(heard.log_ms[0])}: earlier sentences are deleted", "dim")


# -- what was heard -----------------------------------------------------------------------------------------------


def _charts(heard: RawLogFindings | None, chances: Sequence[Chance]) -> Iterable[RenderableType]:
    if heard is None or heard.log_ms is None or not heard.window.mmsi:
        return
    window = heard.window
    yield Text()
    width = duration_text(window.bin_ms) if window.bin_ms >= MINUTE_MS else f"{window.bin_ms // 1000}s"
    yield Text(f"Reports heard, {stamp(window.from_ms)} to {stamp(window.to_ms)}, {width} a column", "bold")
    table = Table(box=None, show_header=False)
    for label, counts in (("its reports", heard.own_reports), (f"others within {PEERS_NM:.0f} nm", heard.peers)):
        table.add_row(label, Text(_bars(counts)), f"at most {int(counts.max(initial=0))}")
    if chances:
        least = _least_chances(chances, window)
        lowest = f"least {min(chance.chance for chance in chances):.2g}"
        table.add_row("chance if transmitting", Text(_bars(np.round(least * _PER_MILLE).astype(np.intp))), lowest)
    yield table
    if told := _fell(chances):
        yield Text(f"  the chance that a transmitting vessel is silent this long within a day fell below {told}")


def _least_chances(chances: Sequence[Chance], window: Window) -> npt.NDArray[np.float64]:
    """The least chance in each bin; 0 if none was calculated, which is shown as a blank."""
    least = np.full(BINS, np.inf)
    at = np.clip([(c.time_ms - window.from_ms) // window.bin_ms for c in chances], 0, BINS - 1).astype(np.intp)
    np.minimum.at(least, at, [c.chance for c in chances])
    return np.where(np.isinf(least), 0.0, least)


def _fell(chances: Sequence[Chance]) -> str:
    """When the chance first fell below each of LEVELS in the longest silence."""
    if not chances:
        return ""
    lowest = min(range(len(chances)), key=lambda n: chances[n].chance)
    since = next((n for n in range(lowest, -1, -1) if chances[n].chance >= 1), 0)
    silence = chances[since : lowest + 1]
    fell = [(level, next((c.time_ms for c in silence if c.chance < level), None)) for level in LEVELS]
    return ", ".join(f"{level} at {stamp(when)[11:]}" for level, when in fell if when is not None)


def _bars(counts: npt.NDArray[np.intp]) -> str:
    """A bar per bin; any count above zero is visible."""
    most = int(counts.max(initial=0))
    steps = len(_BARS) - 1
    return "".join(_BARS[0 if not n else max(1, round(steps * n / most))] for n in counts.tolist())


# -- numbers ------------------------------------------------------------------------------------------------------


def _numbers(facts: Iterable[Fact]) -> Table:
    table = Table(title="The numbers", title_justify="left", title_style="bold", box=None)
    for name in ("fact", "value", "threshold", "times", "unit", "source"):
        table.add_column(name, justify="right" if name in {"value", "threshold", "times"} else "left")
    for fact in facts:
        threshold = "" if fact.threshold is None else str(fact.threshold)
        said = fact.source or chance_in_words(fact)
        cells = (fact.fact, str(fact.value), threshold, _margin(fact), fact.unit or "", said)
        table.add_row(*(Text(cell) for cell in cells))
    return table


def _margin(fact: Fact) -> str:
    """How many times its threshold a value is: the value that was needed."""
    value, threshold = fact.value, fact.threshold
    if isinstance(value, int | float) and isinstance(threshold, int | float) and threshold:
        return f"{value / threshold:.2g}"
    return ""


def _ports(newest: Alert) -> Iterable[RenderableType]:
    ports = [port for port in newest.details.get("feasible_ports", []) if isinstance(port, dict)]
    if "feasible_ports" not in newest.details:
        return
    yield Text()
    innocent = newest.details.get("innocent_ports")
    beside = "" if innocent is None else f"; {innocent} other ports also in reach"
    yield Text(f"Sanctioned places it could have called at{beside}", "bold")
    if not ports:
        yield Text("  none by then")
        return
    table = Table(box=None)
    names = list(dict.fromkeys(name for port in ports for name in port))
    for name in names:
        heading = _HEADINGS.get(name, name.replace("_", " "))
        table.add_column(heading, justify="left" if name == "zone" else "right", no_wrap=True)
    for port in ports:
        table.add_row(*(Text(_cell(name, port.get(name))) for name in names))
    yield table
    for pair in newest.details.get("round_trips", []):
        one, other = pair["between"]
        yield Text(f"  at most {pair['round_trips_at_most']} round trips between {one} and {other}")


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name == "arrive_by":
        return stamp(unix_ms(value))
    return f"{value * 1000 / HOUR_MS:.1f} h" if name == "longest_stay_s" else str(value)


def _evidence(revisions: list[Alert], heard: RawLogFindings | None) -> Iterable[Text]:
    said: set[str] = set()
    for alert in revisions:
        for piece in alert.evidence:
            if piece.sha256 not in said:
                said.add(piece.sha256)
                gone = heard is not None and piece.sentence not in heard.kept
                remarks = "  (re-encoded, not received by radio)" if piece.re_encoded else ""
                remarks += "  (no longer in the raw log)" if gone else ""
                yield Text(f"  {piece.time} {piece.source} {piece.sentence}{remarks}")
    if not said:
        yield Text(f"  none: this alert is about {'an area' if is_about_area(revisions[-1]) else 'a source'}")
