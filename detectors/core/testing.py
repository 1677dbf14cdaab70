"""For tests of detectors: makes batches and ticks from a story of ships, and runs an engine over them in any cut.

A ``Story`` is a list of reports in log order. ``run`` plays it: ``batch`` reports at a time, a tick every
``tick_s`` of event time (holes get ticks of their own, as in the real log), optionally through a snapshot after
every ``snapshot_every`` batches.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from detectors.core import message_types
from detectors.core.alert import Alert, encode
from detectors.core.engine.alert_writer import Emitted
from detectors.core.engine.engine import Engine
from detectors.core.engine.told import ToldRecord
from detectors.core.imo_notes import Note
from detectors.core.later_stages import LaterStages
from detectors.core.reports import HAS_IDENTITY, HAS_NAME, HAS_SHIP, HAS_VOYAGE, REPORT, STATIC, Batch
from detectors.core.testing_world import REFERENCE
from detectors.core.ticks import FeedRules, StationPlace, Tick
from detectors.core.units import MS
from detectors.core.vessels.capacity import FleetRules

START_MS = 1_700_000_000_000
SOURCE = "station"
TICK_S = 600.0
"""Ingest ticks every few seconds. Alerts are the same at any timing (the conformance suite verifies it), and ticks
are most of the cost of a story of many hours."""
_SPACING_S = 1.0
_STAGE_EVERY = 7  # without facts the state of a later stage continues by time alone
_MIX = 0x9E3779B97F4A7C15


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One report. ``at_s`` counts from START_MS."""

    at_s: float
    mmsi: int
    type: int = 1
    lat_deg: float = float("nan")
    lon_deg: float = float("nan")
    sog_kn: float = 10.0
    cog_deg: float = 0.0
    heading_deg: float = float("nan")
    status: int = 0
    imo: int = 0
    name: str = ""
    destination: str = ""
    ship_type: int = -1
    length_m: int = -1
    draught_m: float = float("nan")
    hull: int = 0
    """As in STATIC: ``detectors.core.hulls.bits_of`` makes it."""
    source: str = SOURCE
    station: str = ""
    """The ``s:`` of its tag block; the source if empty."""
    noted: tuple[float, float] | None = None
    """With ``imo``: ingest notes after it that the number is heard under this MMSI, at that place."""
    instead_of: int | None = None
    """... and which number it stated before."""
    told: ToldRecord | None = None
    """What others tell the engine after it."""
    payload: int = 0
    """0: a transmission of its own; equal numbers are receptions of one transmission."""


Story = list[Report]
Stations = Sequence[StationPlace]
LogItem = Batch | Tick | ToldRecord


def _columns(said: Story, first: int) -> Batch:
    reports, statics = np.zeros(len(said), REPORT), np.zeros(len(said), STATIC)
    lines, length, static = [], 0, 0
    for i, s in enumerate(said):
        line = b"\\c:%d,s:%s*00\\!AIVDM,1,1,,A,%d,0*00" % (
            START_MS + int(s.at_s * MS),
            (s.station or s.source).encode(),
            first + i,
        )
        lines.append(line)
        is_static = bool(s.imo or s.name or s.destination or s.type in message_types.STATIC - message_types.MOVING)
        payload = s.payload or (first + i + 1) * _MIX & 0xFFFFFFFFFFFFFFFF
        reports[i] = (
            START_MS + int(s.at_s * MS),
            s.mmsi,
            s.type,
            s.status,
            s.type in message_types.MOVING,
            s.type in message_types.OF_CLASS_B,
            s.lat_deg,
            s.lon_deg,
            s.sog_kn,
            s.cog_deg,
            s.heading_deg,
            static if is_static else -1,
            payload,
            length,
            length + len(line),
            first + i,
        )
        length += len(line) + 1
        if is_static:
            statics[static] = _static(s)
            static += 1
    return Batch(said[0].source, reports, statics[:static], b"\n".join(lines))


def _static(s: Report) -> tuple[object, ...]:
    """Its row of STATIC."""
    has = HAS_IDENTITY | HAS_NAME | HAS_SHIP | HAS_VOYAGE
    said = (s.imo, s.name, b"", s.destination, s.ship_type, s.length_m, -1, s.draught_m, 0, s.hull)
    return has, *said


def log(story: Story, *, batch: int, tick_s: float, stations: Stations = ()) -> Iterator[Batch | Tick]:
    """The story as in the log, without what others tell; its first tick states ``stations``."""
    for item in whole_log(story, batch=batch, tick_s=tick_s, stations=stations):
        if isinstance(item, Batch | Tick):
            yield item


def whole_log(story: Story, *, batch: int, tick_s: float, stations: Stations = ()) -> Iterator[LogItem]:
    """The same with that."""
    held: Story = []
    if stations:
        yield msgspec.structs.replace(_tick(START_MS, START_MS, START_MS), stations=tuple(stations))
    written_ms, heard_ms, first = START_MS, START_MS, 0
    next_ms = START_MS + int(tick_s * MS)
    for number, s in enumerate(story):
        now_ms = START_MS + int(s.at_s * MS)
        hole = now_ms - heard_ms > FeedRules().silent_limit_ms(_SPACING_S)
        if held and (hole or now_ms >= next_ms or len(held) >= batch or held[0].source != s.source):
            yield _columns(held, first)
            held, first = [], number
        if hole or now_ms >= next_ms:
            if heard_ms > written_ms:
                yield _tick(written_ms, heard_ms, heard_ms)
            written_ms = heard_ms
            if hole:
                yield _tick(heard_ms, now_ms - 1, heard_ms)
                yield _tick(now_ms - 1, now_ms, now_ms)
                written_ms = now_ms
            while next_ms <= now_ms:
                next_ms += int(tick_s * MS)
        held.append(s)
        heard_ms = max(heard_ms, now_ms)
        if s.noted is not None:
            yield _columns(held, first)
            held, first = [], number + 1
            yield msgspec.structs.replace(_tick(written_ms, heard_ms, heard_ms), notes=_notes(s, now_ms))
            written_ms = heard_ms
        if s.told is not None:
            yield from [_columns(held, first)] if held else []
            held, first = [], number + 1
            yield s.told
    if held:
        yield _columns(held, first)
    yield msgspec.structs.replace(_tick(written_ms, heard_ms, heard_ms), state="ended")


def _tick(from_ms: int, to_ms: int, heard_ms: int) -> Tick:
    return Tick(source=SOURCE, from_ms=from_ms, to_ms=to_ms, heard_ms=heard_ms, spacing_s=_SPACING_S)


def _notes(s: Report, now_ms: int) -> tuple[Note, Note]:
    """The notes that it states its number, and that it is at that place."""
    stated = Note(
        imo=s.imo,
        mmsi=s.mmsi,
        time_ms=now_ms,
        stated_ms=now_ms,
        name=s.name or None,
        instead_of=s.instead_of,
        ship_type=s.ship_type if s.ship_type > 0 else None,
        length_m=s.length_m if s.length_m > 0 else None,
    )
    lat_deg, lon_deg = s.noted or (None, None)
    return stated, msgspec.structs.replace(stated, lat_deg=lat_deg, lon_deg=lon_deg, sog_kn=s.sog_kn)


def engine(
    partition: int = 0, thresholds: Mapping[str, Mapping[str, object]] | None = None, fleet: FleetRules | None = None
) -> Engine:
    """An engine over REFERENCE with default settings."""
    return Engine.build(
        partition=partition,
        reference=REFERENCE,
        feed=FeedRules(),
        thresholds=thresholds or {},
        severities={},
        fleet=fleet,
    )


def revive(old: Engine, fleet: FleetRules | None = None, written: dict[int, bytes] | None = None) -> Engine:
    """The engine restored from a snapshot; of the shards ``written`` before only the dirty ones are new."""
    written = {} if written is None else written
    for number in range(old.shard_count()):
        if number not in written or number in old.dirty():
            written[number] = old.shard(number)
    old.mark_clean()
    shards = [written[number] for number in range(old.shard_count())]
    return engine(old.partition, fleet=fleet).restore(shards, old.manifest())


def run(
    story: Story,
    *,
    batch: int = 1000,
    tick_s: float = TICK_S,
    snapshot_every: int = 0,
    fleet: FleetRules | None = None,
    stations: Stations = (),
) -> list[Alert]:
    """The alerts of a story, of all stages. Raises AssertionError if a detector failed."""
    alerts: list[Alert] = []
    playing, stages, shards = engine(fleet=fleet), LaterStages.build(1, {}, {}), dict[int, bytes]()
    for number, item in enumerate(whole_log(story, batch=batch, tick_s=tick_s, stations=stations)):
        emitted = played(playing, item)
        gathered = stages.gather(playing)
        decided = stages.promise(playing)
        stages.tell([playing], decided)
        emitted += decided
        alerts += [e.alert for e in emitted]
        faults = playing.drain_faults()
        assert not faults, faults
        if snapshot_every and number % snapshot_every == 0:
            playing = revive(playing, fleet, shards)
            stages = _again(stages) if gathered or number % _STAGE_EVERY == 0 else stages
    return alerts


def _again(old: LaterStages) -> LaterStages:
    """The later stages restored from snapshots."""
    new = LaterStages.build(1, {}, {})
    for before, after in _pairs_of(old, new):
        after.restore([before.shard(n) for n in range(before.shard_count())], before.manifest())
    return new


def _pairs_of(old: LaterStages, new: LaterStages) -> tuple[tuple[Any, Any], ...]:
    return (old.histories, new.histories), (old.areas, new.areas), (old.meetings, new.meetings)


def played(playing: Engine, item: LogItem) -> list[Emitted]:
    """What an engine makes of it."""
    if isinstance(item, Batch):
        return playing.apply(item)
    if isinstance(item, Tick):
        return playing.tick(item, _ordinal(playing))
    return playing.tell(item, _ordinal(playing))


def _ordinal(playing: Engine) -> int:
    return playing.counts["reports"]


def written(alerts: list[Alert]) -> list[bytes]:
    """The alerts in their written form."""
    return [encode(alert) for alert in alerts]


def voyage(
    mmsi: int, times_s: npt.ArrayLike, start: tuple[float, float] = (38.0, 130.0), speed_kn: float = 10.0
) -> Story:
    """A ship that sails due north and reports at ``times_s``."""
    lat_deg, lon_deg = start
    times = np.asarray(times_s, np.float64)
    return [
        Report(at_s=float(t), mmsi=mmsi, lat_deg=lat_deg + speed_kn * t / 3600 / 60, lon_deg=lon_deg, sog_kn=speed_kn)
        for t in times.tolist()
    ]


def beside(*stories: Story) -> Story:
    """Several stories in order of time."""
    return sorted((s for story in stories for s in story), key=lambda s: (s.at_s, s.mmsi))
