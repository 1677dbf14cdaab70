"""The input of the harness: ships that report, fall silent for hours, are heard again, and one that is listed."""

import random
from collections.abc import Iterator

from streams import encode

START_MS = 1_700_000_000_000
_STATION = "pier"
_LISTED_MMSI, _LISTED_IMO = 273_999_001, 9_179_842
_FIRST_MMSI = 205_000_000


def lines(ships: int, hours: float, seed: int) -> list[bytes]:
    """NMEA with tag blocks, in order of time. One report of a ship every three minutes while it is heard."""
    draw = random.Random(seed)
    spoken = [entry for ship in range(ships) for entry in _ship(ship, hours, draw)]
    return [line for _, line in sorted(spoken, key=lambda entry: entry[0])]


def _ship(number: int, hours: float, draw: random.Random) -> Iterator[tuple[int, bytes]]:
    mmsi = _LISTED_MMSI if number == 0 else _FIRST_MMSI + number
    lat_deg, lon_deg = 34.0 + draw.random() * 4, 130.0 + draw.random() * 4
    silences = [(draw.uniform(1, hours), draw.uniform(0.5, 3)) for _ in range(2)]
    at_s = draw.uniform(0, 180)
    while at_s < hours * 3600:
        hour = at_s / 3600
        if not any(start < hour < start + length for start, length in silences):
            fix = encode.Fix(lat_deg + hour / 6, lon_deg, 10.0, 0.0, 0.0, int(at_s) % 60)
            yield from _say(at_s, encode.position(mmsi, fix, status=0))
            if number == 0:
                ship = encode.Particulars(imo=_LISTED_IMO, name="ANGARA", ship_type=70, destination="KPRJN")
                yield from _say(at_s + 1, encode.static(mmsi, ship))
        at_s += 180


def _say(at_s: float, bits: encode.Bits) -> Iterator[tuple[int, bytes]]:
    time_ms = START_MS + int(at_s * 1000)
    sequence = int(at_s) % 10
    yield time_ms, b"\n".join(encode.tagged(encode.sentences(bits, sequence=sequence), time_ms, _STATION))
