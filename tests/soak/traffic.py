"""Traffic that never repeats itself: each lap other ships, some of them listed, some in a sanctioned port."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from streams.nmea.encoder import EncodedFix, Particulars, position, sentences, static

SHIPS: Final = 600
"""Ships of a lap."""
LAP_S: Final = 30.0
_ROUNDS: Final = 5
"""Times that each ship of a lap is heard: a static report once, positions else."""
_LISTED: Final = 2
"""Ships of a lap that are on the list of their minute. Ended alerts are kept for an hour at least: each is growth."""
IN_PORT: Final = 10
"""Ships that lie in a sanctioned port, the same in all laps: their alerts stay open."""
RENAMED: Final = 5
"""IMO numbers that come under another MMSI in each lap, until they are nobody's."""
LINES: Final = SHIPS * (_ROUNDS + 1)
"""Of a lap; a static report has two."""
_FIRST_MMSI: Final = 205_000_000
_OURS: Final = range(900_000, 990_000)
_STRANGERS: Final = range(800_000, 900_000)
OTHERS: Final = range(100_000, 800_000)
"""First six digits of the IMO numbers of these ships, of listed ones that are never heard, and of other sources'."""
_MMSIS: Final = 70_000_000
_PORT: Final = (42.2333, 130.3)  # Rajin
_COLUMNS: Final = 30
_WEIGHTS: Final = range(7, 1, -1)


class Ship(NamedTuple):
    """One ship of one lap."""

    mmsi: int
    imo: int
    lat_deg: float
    lon_deg: float


def imo_number(serial: int, among: range = _OURS) -> int:
    """A number of seven digits whose check digit is right and whose others are of ``among``, where they repeat."""
    body = f"{among[serial % len(among)]:06d}"
    check = sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True)) % 10
    return int(body + str(check))


def ship(lap: int, number: int) -> Ship:
    """The same for the same lap and number; but for those in port no MMSI twice in 100,000 laps."""
    serial = number if number >= SHIPS - IN_PORT else lap * SHIPS + number
    imo = imo_number(number if number >= SHIPS - IN_PORT - RENAMED else serial)
    lat_deg, lon_deg = (
        _PORT if number >= SHIPS - IN_PORT else (38.0 + number // _COLUMNS * 0.1, 132.0 + number % _COLUMNS * 0.1)
    )
    return Ship(_FIRST_MMSI + serial % _MMSIS, imo, lat_deg, lon_deg)


def lines(lap: int, ships: int = SHIPS) -> Iterator[bytes]:
    """What is heard in a lap of its last ``ships``, in the order in which it is sent; a line end after each."""
    for turn in range(_ROUNDS):
        for number in range(SHIPS - ships, SHIPS):
            one = ship(lap, number)
            if turn == 0:
                made = static(one.mmsi, Particulars(imo=one.imo, name=f"SOAK {number}", ship_type=70, length_m=120))
            else:
                moved_deg, sog_kn = (0.0, 0.1) if number >= SHIPS - IN_PORT else (turn * 0.001, 6.0)
                fix = EncodedFix(lat_deg=one.lat_deg + moved_deg, lon_deg=one.lon_deg, sog_kn=sog_kn, cog_deg=0.0)
                made = position(one.mmsi, fix, kind=1, status=0)
            yield from (line + b"\r\n" for line in sentences(made, sequence=number % 10))


def watchlist(lap: int, path: Path) -> None:
    """A list of 2,000 ships: two of the lap before, of this one and of the next, else strangers."""
    rows = ["imo,name,list"]
    for one_lap in (lap - 1, lap, lap + 1):
        rows += [f"{ship(one_lap, number).imo},SOAK {number},SOAK" for number in range(_LISTED)]
    rows += [f"{imo_number(lap * 7 + number, _STRANGERS)},STRANGER {number},SOAK" for number in range(1_940)]
    path.write_text("\n".join(dict.fromkeys(rows)) + "\n")


def pace(began_s: float, sent: int, lines_a_lap: int, lap_s: float) -> None:
    """Waits until as many lines are due."""
    due_s = began_s + sent / lines_a_lap * lap_s
    time.sleep(max(0.0, due_s - time.monotonic()))
