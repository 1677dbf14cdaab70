"""What the operations room is shown: three hours of twenty ships up to this minute, and then live.

A live feed's times are those of the wall clock, or it counts as down; so the past comes in one piece, as after an
outage of the line, and ends now. ANGARA has been silent for the last hour of it.
"""

from __future__ import annotations

from collections.abc import Iterator

from pyais.encode import encode_dict

ANGARA = 273_999_001
PAST_MIN = 180
SILENT_FOR_MIN = 60
_SHIPS = 20
_DAMAGED_SHARE = 0.25
"""Of live beats, those that end in a damaged line."""
_DARK = 5
"""An unlisted ship that has been silent for two hours."""
_ALONE = 205_000_900
"""Far from all others, heard every seven minutes until an hour and a half ago: nobody can say why it is silent."""
_ALONE_SILENT_FOR_MIN = 90
_RAJIN = {"lat": 42.2333, "lon": 130.3000, "speed": 0.1}


def past(now_s: int) -> bytes:
    """Every minute of the last three hours, and some damaged lines."""
    return b"".join(line for ago in range(PAST_MIN, 0, -1) for line in _minute(now_s - 60 * ago, ago))


def now(now_s: float, *, angara: bool) -> bytes:
    """Every ship that sends, the first of them heard by two stations."""
    senders = [ship for ship in range(_SHIPS) if ship != _DARK and (ship or angara)]
    lines = [line for ship in senders for line in _position(now_s, ship, 0)]
    damaged = [_damaged(int(now_s))] if now_s % 1 < _DAMAGED_SHARE else []
    return b"".join([*lines, lines[0], *damaged, *(_static(now_s) if angara else ())])


def moored(now_s: float, mmsi: int) -> bytes:
    """A ship that lies in Rajin."""
    return b"".join(
        _said(now_s, {"msg_type": 1, "mmsi": mmsi, "course": 0.0, "status": 5, "second": int(now_s) % 60, **_RAJIN})
    )


def _minute(at_s: int, ago: int) -> Iterator[bytes]:
    for ship in range(_SHIPS):
        dark = (ship == 0 and ago <= SILENT_FOR_MIN) or (ship == _DARK and ago <= 2 * SILENT_FOR_MIN)
        if not dark:
            yield from _position(at_s + ship, ship, ago)
    if ago % 7 == 0 and ago > _ALONE_SILENT_FOR_MIN:
        far = {"lat": 20.0, "lon": 150.0, "speed": 10.0, "course": 0.0, "second": 25}
        yield from _said(at_s + 25, {"msg_type": 1, "mmsi": _ALONE, **far})
    if ago % 6 == 0 and ago > SILENT_FOR_MIN:
        yield from _static(at_s + 30)
    if ago % 10 == 0:
        yield _damaged(at_s + 40)


def _damaged(at_s: int) -> bytes:
    return b"\\s:pier,c:%d*00\\!AIVDM,1,1,,A,13HOI:0P0000VOHLCnHQKwvL05Ip,0*00\n" % at_s


def _position(at_s: float, ship: int, ago: int) -> Iterator[bytes]:
    under_way = {"lat": 38.0 + ship / 10 - ago / 360, "lon": 132.0, "speed": 10.0}
    mmsi = ANGARA if ship == 0 else 205_000_000 + ship
    place = _RAJIN if ship == 3 else under_way
    yield from _said(at_s, {"msg_type": 1, "mmsi": mmsi, "course": 0.0, "second": int(at_s) % 60, **place})


def _static(at_s: float) -> Iterator[bytes]:
    ship = {"imo": 9179842, "shipname": "ANGARA", "ship_type": 70, "destination": "CNZOS", "to_bow": 100}
    yield from _said(at_s, {"msg_type": 5, "mmsi": ANGARA, **ship})


def _said(at_s: float, fields: dict[str, object]) -> Iterator[bytes]:
    for sentence in encode_dict({"repeat": 0, **fields}, talker_id="AI", radio_channel="A"):
        yield b"\\s:pier,c:%d*00\\%s\n" % (round(at_s * 1000), sentence.encode())
