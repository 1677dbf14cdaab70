"""The input of the harness: every detector speaks in it, from its first hours to its last.

Listed ships fall silent now and then, among others that do not (gap); some ships go in and out of a sanctioned port
(port_proximity); one after another comes up under a listed IMO (watchlist); one after another changes its MMSI and
keeps its IMO number (identity_change, of the second stage); ships in a roadstead appear displaced now and then, all at
once (interference, of the third stage); now and then the whole station is silent (feed_outage).
"""

import random
from collections.abc import Iterator
from typing import Final

from streams.nmea import encoder

START_MS: Final = 1_700_000_000_000
_STATION: Final = "pier"
_LISTED_IMO: Final = 9_179_842
_FIRST_MMSI: Final = 205_000_000
_CHANGED: Final = 1_000
"""Added to an MMSI that is changed."""
_APART_DEG: Final = 3.0
"""Those that change it are elsewhere: that the old MMSI falls silent would say that silences are ordinary."""
_ROADS, _AWAY = (33.0, 131.0), (33.4, 131.5)
_DISPLACED_EVERY_S, _DISPLACED_S = 1.7 * 3600, 1500
"""Counted back from the end, so that the end has such a time. Between two of them the area is quiet for an hour."""
_FIRST_IMO: Final = 910_000
"""Without the check digit."""
_EVERY_S: Final = 180
_OUTAGE_EVERY_S, _OUTAGE_S = 1.5 * 3600, 300
_PORT_LAT_DEG, _PORT_LON_DEG = 42.2333, 130.3
_ROUND_H: Final = 1.5
"""A visitor leaves the port and is back after so long."""


def lines(ships: int, hours: float, seed: int) -> list[bytes]:
    """NMEA with tag blocks, in order of time. One report of a ship every three minutes while it is heard."""
    draw = random.Random(seed)
    spoken = [entry for ship in range(ships) for entry in _ship(ship, ships, hours, draw)]
    spoken = [(at_s, line) for at_s, line in spoken if at_s % _OUTAGE_EVERY_S < _OUTAGE_EVERY_S - _OUTAGE_S]
    return [line for _, line in sorted(spoken, key=lambda entry: entry[0])]


def _ship(number: int, ships: int, hours: float, draw: random.Random) -> Iterator[tuple[float, bytes]]:
    """One ship. Of ten two are listed, each comes up later than the one before; one visits the port; one changes its
    MMSI, later than the one before; one is in the roadstead."""
    listed, visits, changes, anchored = number % 5 == 0, number % 10 == 1, number % 10 == 3, number % 10 == 7
    changes_s = hours * 3600 * number / ships if changes else float("inf")
    imo = _LISTED_IMO if listed else _imo(number) if changes else None
    lat_deg, lon_deg = 36.0 + draw.random() / 3, 131.0 + draw.random() / 3  # near others: else its silence says nothing
    lat_deg += _APART_DEG if changes else 0.0
    silences = [(hour + draw.random(), draw.uniform(0.7, 1.2)) for hour in range(1, int(hours), 2)] if listed else []
    at_s = draw.uniform(0, _EVERY_S) + (hours * 3600 * number / ships if listed else 0)
    phase_h = draw.uniform(0, _ROUND_H)
    while at_s < hours * 3600:
        hour = at_s / 3600
        if visits or not any(start < hour < start + length for start, length in silences):
            place = (_out_and_back_deg(hour + phase_h), _PORT_LON_DEG) if visits else (lat_deg + hour / 60, lon_deg)
            if anchored:
                displaced = (hours * 3600 - at_s) % _DISPLACED_EVERY_S < _DISPLACED_S
                place = _AWAY if displaced else (_ROADS[0] + number / 1000, _ROADS[1])
            speed_kn = 10.0 if visits else 0.0 if anchored else 1.0
            fix = encoder.EncodedFix(*place, speed_kn, 0.0, 0.0, int(at_s) % 60)
            mmsi = _FIRST_MMSI + number + (_CHANGED if at_s >= changes_s else 0)
            yield _say(at_s, encoder.position(mmsi, fix, status=0))
            if imo is not None:
                name, port = ("ANGARA", "KPRJN") if listed else (f"CHANGER {number}", "JPNGO")
                ship = encoder.Particulars(imo=imo, name=name, ship_type=70, destination=port)
                yield _say(at_s + 1, encoder.static(mmsi, ship))
        at_s += _EVERY_S


def _imo(number: int) -> int:
    """A number of its own for each ship, with its check digit."""
    digits = [int(digit) for digit in str(_FIRST_IMO + number)]
    check = sum(place * digit for place, digit in zip(range(7, 1, -1), digits, strict=True)) % 10
    return (_FIRST_IMO + number) * 10 + check


def _out_and_back_deg(hour: float) -> float:
    """Latitude of a visitor: at most 12 nm off the port, at 16 kn."""
    share = hour % _ROUND_H / _ROUND_H
    return _PORT_LAT_DEG - 0.4 * min(share, 1 - share)


def _say(at_s: float, bits: encoder.Bits) -> tuple[float, bytes]:
    time_ms = START_MS + int(at_s * 1000)
    spoken = encoder.tagged(encoder.sentences(bits, sequence=int(at_s) % 10), time_ms, _STATION)
    return at_s, b"\n".join(spoken)
