"""Deliveries of what a world's ships transmit: in order, late, out of order, twice, or with a wrong clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.core.units import HOUR_MS, MINUTE_MS
from streams.bench.faults import Draw

Ints = npt.NDArray[np.int64]


class Receptions(NamedTuple):
    """Sentences of one source: one a row."""

    source: str
    transmission: Ints
    """Which transmission it is of."""
    station: Ints
    stamp_ms: Ints
    """The time in its tag block."""
    arrival_ms: Ints


class Transmissions(NamedTuple):
    """What the ships of a world transmitted and some station heard, in order of time."""

    time_ms: Ints
    sentence: list[bytes]
    heard: npt.NDArray[np.bool_]
    """(stations, transmissions)"""


Delivery = Callable[[Transmissions, Draw], list[Receptions]]


def _direct(sent: Transmissions, draw: Draw, source: str = "shore") -> Receptions:
    """Every reception, a second or two after the transmission."""
    station, transmission = np.nonzero(sent.heard)
    time_ms = sent.time_ms[transmission]
    return Receptions(source, transmission, station, time_ms, time_ms + draw.integers(200, 2000, len(time_ms)))


def _in_order(sent: Transmissions, draw: Draw) -> list[Receptions]:
    return [_direct(sent, draw)]


def _shuffled(sent: Transmissions, draw: Draw) -> list[Receptions]:
    """Each arrives up to ten minutes late, as from an aggregator that collects from many receivers."""
    shore = _direct(sent, draw)
    return [shore._replace(arrival_ms=shore.stamp_ms + draw.integers(0, 10 * MINUTE_MS, len(shore.station)))]


def _with_satellite(sent: Transmissions, draw: Draw) -> list[Receptions]:
    """A second source hears one transmission in ten, and is an hour late."""
    heard = np.flatnonzero(draw.random(len(sent.time_ms)) < 0.1)  # noqa: PLR2004 - one in ten
    time_ms = sent.time_ms[heard]
    arrival_ms = time_ms + HOUR_MS + draw.integers(0, MINUTE_MS, len(heard))
    return [_direct(sent, draw), Receptions("satellite", heard, np.full(len(heard), -1), time_ms, arrival_ms)]


def _clock_off(hours: int) -> Delivery:
    def deliver(sent: Transmissions, draw: Draw) -> list[Receptions]:
        """The times of the last station are off by that many hours."""
        shore = _direct(sent, draw)
        wrong = shore.station == len(sent.heard) - 1
        return [shore._replace(stamp_ms=shore.stamp_ms + np.where(wrong, hours * HOUR_MS, 0))]

    return deliver


def _copies(sent: Transmissions, draw: Draw) -> list[Receptions]:
    """2 % of the sentences come again, up to ten minutes later."""
    shore = _direct(sent, draw)
    again = np.flatnonzero(draw.random(len(shore.station)) < 0.02)  # noqa: PLR2004 - 2 %
    later_ms = shore.arrival_ms[again] + draw.integers(0, 10 * MINUTE_MS, len(again))
    rows = np.append(np.arange(len(shore.station)), again)
    transmission, station, stamp_ms = shore.transmission[rows], shore.station[rows], shore.stamp_ms[rows]
    return [Receptions("shore", transmission, station, stamp_ms, np.append(shore.arrival_ms, later_ms))]


DELIVERIES: Final[dict[str, Delivery]] = {
    "in order": _in_order,
    "shuffled by 10 min": _shuffled,
    "with a satellite source, 1 h late": _with_satellite,
    "one of the stations 1 h ahead": _clock_off(1),
    "one of the stations 1 h behind": _clock_off(-1),
    "2 % copies": _copies,
}
