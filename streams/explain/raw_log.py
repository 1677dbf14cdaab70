"""The raw log around an alert: when and where the ship was heard, and how many others were near it."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.core.alert import Alert
from detectors.core.sphere import distances_nm, unit_vectors
from detectors.core.units import DAY_MS, HOUR_MS, unix_ms
from streams.decode import decode

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


class Raw(NamedTuple):
    """A record of the log. The span of event time is None if its headers do not give it."""

    value: bytes
    source: str
    from_ms: int | None = None
    to_ms: int | None = None
    partition: int = 0
    tick: bool = False


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


class RawLogReader:
    """Reads the log once, record by record. ``wanted``: the sentences of the evidence."""

    def __init__(self, window: Window, wanted: frozenset[str]) -> None:
        self._window, self._wanted = window, wanted
        self._hers: list[npt.NDArray[np.void]] = []
        self._beside: list[Times] = []
        self._spans: list[tuple[int, int]] = []
        self._kept: set[str] = set()

    def take(self, record: Raw) -> None:
        """Processes the next record; records without sentences are ignored."""
        window = self._window
        if record.tick:
            return
        if record.from_ms is not None and record.to_ms is not None:
            self._spans.append((record.from_ms, record.to_ms))
            if record.to_ms < window.from_ms or record.from_ms > window.to_ms:
                return
        text = record.value.decode("ascii", "replace")
        self._kept |= {sentence for sentence in self._wanted - self._kept if sentence in text}
        reports = decode(record.value, record.source).batch.reports
        if len(reports):
            self._spans.append((int(reports["time_ms"].min()), int(reports["time_ms"].max())))
        reports = reports[(reports["time_ms"] >= window.from_ms) & (reports["time_ms"] <= window.to_ms)]
        mine = reports["mmsi"] == window.mmsi
        self._hers.append(reports[mine])
        self._beside.append(_beside(reports[~mine], window))

    def heard(self) -> RawLogFindings:
        """What was found so far."""
        log_ms = (min(a for a, _ in self._spans), max(b for _, b in self._spans)) if self._spans else None
        return _heard(self._window, log_ms, self._hers, self._beside, frozenset(self._kept))


def _heard(
    window: Window,
    log_ms: tuple[int, int] | None,
    own_reports: list[npt.NDArray[np.void]],
    beside: list[Times],
    kept: frozenset[str],
) -> RawLogFindings:
    keys = np.unique(np.concatenate(beside)) if beside else np.zeros(0, np.int64)
    peers = np.bincount(keys >> _MMSI_BITS, minlength=BINS)[:BINS]
    if not own_reports:
        none = np.zeros(0)
        return RawLogFindings(window, log_ms, np.zeros(0, np.int64), none, none, none, peers, kept)
    reports = np.concatenate(own_reports)
    reports = reports[np.argsort(reports["time_ms"], kind="stable")]
    lat, lon, sog = (reports[name].astype(np.float64) for name in ("lat_deg", "lon_deg", "sog_kn"))
    return RawLogFindings(window, log_ms, reports["time_ms"].astype(np.int64), lat, lon, sog, peers, kept)


def _beside(reports: npt.NDArray[np.void], window: Window) -> Times:
    """Bin and MMSI, as one number, of others that are near enough."""
    if window.place is None:
        return np.zeros(0, np.int64)
    reports = reports[~np.isnan(reports["lat_deg"] + reports["lon_deg"])]
    here = unit_vectors(np.array([window.place[0]]), np.array([window.place[1]]))
    near = distances_nm(here, unit_vectors(reports["lat_deg"], reports["lon_deg"])) <= PEERS_NM
    bins = (reports["time_ms"][near].astype(np.int64) - window.from_ms) // window.bin_ms
    return (bins << _MMSI_BITS) | reports["mmsi"][near].astype(np.int64)
