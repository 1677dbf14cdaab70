"""The raw log around an alert: when and where the ship was heard, and how many others were near it."""

from __future__ import annotations

import contextlib
from functools import cached_property
from typing import Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from detectors.core.alert import Alert
from detectors.core.coverage.stations import Stations
from detectors.core.reports import RE_ENCODED, REPORT, Batch
from detectors.core.sphere import distances_nm, unit_vectors
from detectors.core.ticks import Tick
from detectors.core.units import DAY_MS, HOUR_MS, unix_ms
from detectors.core.vessels.track_verdict import TrackRules
from streams.decode import decode
from streams.errors import InputError
from streams.explain.track_replay import JUDGED, Judged, TrackReplay
from streams.explain.tracks import Jump, Reception, TrackFound, jumps_of, tracks_of
from streams.messages.values import decoded

WARM_MS: Final = 3 * DAY_MS
"""Coverage uses two days, and a vessel appears displaced for one: older data change little."""
PEERS_NM: Final = 60.0
BINS: Final = 40
_LEAD_SHARE: Final = 0.2
_LEAD_LEAST_MS, _LEAD_MOST_MS = HOUR_MS, DAY_MS
_MMSI_BITS: Final = 32

Times = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Window(NamedTuple):
    """What to search for: a ship (0: none, the alert is about a source or an area), a span of event time, a place."""

    mmsi: int
    from_ms: int
    to_ms: int
    place: tuple[float, float] | None
    """The place around which others count as its peers, degrees: its last fix."""

    @property
    def bin_ms(self) -> int:
        """Width of one of BINS."""
        return max(1, -(-(self.to_ms - self.from_ms) // BINS))


class Raw(msgspec.Struct, frozen=True, dict=True):
    """A record of the log. The span of event time is None if its headers do not give it."""

    value: bytes
    source: str
    from_ms: int | None = None
    to_ms: int | None = None
    partition: int = 0
    tick: bool = False

    @cached_property
    def batch(self) -> Batch:
        """Its reports, decoded once for all that read it."""
        return decode(self.value, self.source).batch

    def is_within(self, from_ms: int, to_ms: int) -> bool:
        """Whether it may hold reports of that time."""
        return (self.to_ms is None or self.to_ms >= from_ms) and (self.from_ms is None or self.from_ms <= to_ms)


class Chance(NamedTuple):
    """The chance calculated when a slot closed."""

    time_ms: int
    chance: float
    """The chance of such a silence within a day if the ship transmitted; 1 while it is heard."""


class RawLogFindings(NamedTuple):
    """What was found: reports by time; ``fixes`` are the places of those with a position."""

    window: Window
    log_ms: tuple[int, int] | None
    """First and last event time that the log still holds; None if it is empty."""
    times_ms: Times
    lat_deg: Floats
    lon_deg: Floats
    sog_kn: Floats
    peers: npt.NDArray[np.intp]
    """In each bin, other MMSIs heard within PEERS_NM."""
    kept: frozenset[str]
    """Number of sentences of the evidence that the log still holds."""
    tracks: tuple[TrackFound, ...] = ()
    """The vessel's own first."""
    jumps: tuple[Jump, ...] = ()
    judged_to_ms: int | None = None
    """From then on fixes are of the nearest track, because there were too many jumps; None if there were not."""

    @property
    def several(self) -> bool:
        """Whether there are other tracks under the number."""
        return len(self.tracks) > 1

    @property
    def fixes(self) -> npt.NDArray[np.intp]:
        """Reports with a position."""
        return np.flatnonzero(~np.isnan(self.lat_deg + self.lon_deg))

    @property
    def own_reports(self) -> npt.NDArray[np.intp]:
        """Its reports in each bin."""
        at = (self.times_ms - self.window.from_ms) // self.window.bin_ms
        return np.bincount(at, minlength=BINS)[:BINS]

    @property
    def whole(self) -> bool:
        """Whether the log reaches back to the beginning of the window."""
        return self.log_ms is not None and self.log_ms[0] <= self.window.from_ms


def window_of(revisions: list[Alert]) -> Window:
    """From before the episode, or the last fix before it, to after its newest revision."""
    newest = revisions[-1]
    first = next((alert.position for alert in revisions if alert.position is not None), None)
    start_ms, end_ms = unix_ms(newest.episode_start), max(unix_ms(alert.time) for alert in revisions)
    start_ms = start_ms if first is None else min(start_ms, unix_ms(first.time))
    lead_ms = int(min(max((end_ms - start_ms) * _LEAD_SHARE, _LEAD_LEAST_MS), _LEAD_MOST_MS))
    place = None if first is None else (first.lat_deg, first.lon_deg)
    return Window(newest.mmsi or 0, start_ms - lead_ms, end_ms + lead_ms, place)


class _Own(NamedTuple):
    """Reports of the vessel in log order, with the core's decisions and the stations that heard them."""

    reports: npt.NDArray[np.void]
    judged: Judged
    stations: list[str]


class RawLogReader:
    """Reads the log once, record by record, from WARM_MS before the window to its end.

    ``wanted``: the sentences of the evidence; ``rules``: those by which tracks are kept apart. ``partition``: that of
    the vessel, None for any; records of others are not read before the window.
    """

    def __init__(
        self, window: Window, wanted: frozenset[str], rules: TrackRules | None = None, partition: int | None = None
    ) -> None:
        self._window, self._wanted, self._partition = window, wanted, partition
        self._tracks = TrackReplay(rules or TrackRules())
        self._own: list[_Own] = []
        self._beside: list[Times] = []
        self._spans: list[tuple[int, int]] = []
        self._kept: set[str] = set()

    def take(self, record: Raw) -> None:
        """Processes the next record; of ticks only those count that state where stations are."""
        window = self._window
        if record.tick:
            if b'"stations"' in record.value and self._partition in {None, record.partition}:
                with contextlib.suppress(InputError):  # written by another program
                    self._tracks.tick(decoded(record.value, Tick))
            return
        if record.from_ms is not None and record.to_ms is not None:
            self._spans.append((record.from_ms, record.to_ms))
        if not record.is_within(window.from_ms, window.to_ms):
            self._warm(record)
            return
        text = record.value.decode("ascii", "replace")
        self._kept |= {sentence for sentence in self._wanted - self._kept if sentence in text}
        reports = record.batch.reports
        if len(reports):
            self._spans.append((int(reports["time_ms"].min()), int(reports["time_ms"].max())))
        self._follow(record)
        reports = reports[(reports["time_ms"] >= window.from_ms) & (reports["time_ms"] <= window.to_ms)]
        self._beside.append(_beside(reports[reports["mmsi"] != window.mmsi], window))

    def _warm(self, record: Raw) -> None:
        """A record before the window shows which track is the vessel's own."""
        near = record.is_within(self._window.from_ms - WARM_MS, self._window.from_ms)
        if self._window.mmsi and near and self._partition in {None, record.partition}:
            self._follow(record)

    def _follow(self, record: Raw) -> None:
        batch, window = record.batch, self._window
        own = batch.reports[batch.reports["mmsi"] == window.mmsi]
        if not len(own):
            return
        judged = self._tracks.take(batch._replace(reports=own))
        within = (own["time_ms"] >= window.from_ms) & (own["time_ms"] <= window.to_ms)
        if within.any():
            self._own.append(_Own(own[within], judged[within], _stations(batch, own[within])))

    def heard(self) -> RawLogFindings:
        """What was found so far."""
        log_ms = (min(a for a, _ in self._spans), max(b for _, b in self._spans)) if self._spans else None
        keys = np.unique(np.concatenate(self._beside)) if self._beside else np.zeros(0, np.int64)
        peers = np.bincount(keys >> _MMSI_BITS, minlength=BINS)[:BINS]
        own = _in_time_order(self._own)
        lat, lon, sog = (own.reports[name].astype(np.float64) for name in ("lat_deg", "lon_deg", "sog_kn"))
        reception = Reception(own.reports["time_ms"].astype(np.int64), lat, lon, own.judged, own.stations)
        tracks = tracks_of(reception, self._tracks)
        return RawLogFindings(
            window=self._window,
            log_ms=log_ms,
            times_ms=reception.times_ms,
            lat_deg=lat,
            lon_deg=lon,
            sog_kn=sog,
            peers=peers,
            kept=frozenset(self._kept),
            tracks=tracks,
            jumps=tuple(jumps_of(reception, tracks)),
            judged_to_ms=self._tracks.judged_to_ms,
        )


def _in_time_order(found: list[_Own]) -> _Own:
    if not found:
        return _Own(np.zeros(0, REPORT), np.zeros(0, JUDGED), [])
    reports, judged = (np.concatenate(each) for each in list(zip(*found, strict=True))[:2])
    stations = [station for own in found for station in own.stations]
    order = np.argsort(reports["time_ms"], kind="stable")
    return _Own(reports[order], judged[order], [stations[at] for at in order.tolist()])


def _stations(batch: Batch, reports: npt.NDArray[np.void]) -> list[str]:
    """The station of each report: that of its tag block, or the source."""
    known = Stations()
    numbers = known.numbers(batch.raw, reports["start"].astype(np.int64), batch.source)
    return [known.names[number - 1].removesuffix(RE_ENCODED) for number in numbers.tolist()]


def _beside(reports: npt.NDArray[np.void], window: Window) -> Times:
    """Bin and MMSI, as one number, of others that are near enough."""
    if window.place is None:
        return np.zeros(0, np.int64)
    reports = reports[~np.isnan(reports["lat_deg"] + reports["lon_deg"])]
    here = unit_vectors(np.array([window.place[0]]), np.array([window.place[1]]))
    near = distances_nm(here, unit_vectors(reports["lat_deg"], reports["lon_deg"])) <= PEERS_NM
    bins = (reports["time_ms"][near].astype(np.int64) - window.from_ms) // window.bin_ms
    return (bins << _MMSI_BITS) | reports["mmsi"][near].astype(np.int64)
