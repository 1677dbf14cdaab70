"""Writes AIS sentences from fields, for feeds that give decoded values and no sentence.

The log, evidence and replay stay what they are: sentences. The station in the tag block ends with RE_ENCODED, so that
no alert passes them off as radio. Every value that AIS uses for unknown (latitude 91, longitude 181, sog 102.3, cog
360, heading 511, turn -128, draught 0, IMO 0), and every absent one, becomes unknown. A message whose MMSI, position
or time is of a wrong kind raises MessageError; of other fields a wrong value is unknown.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, Literal, NamedTuple, TypeVar

from detectors.core.reports import RE_ENCODED
from streams.ingest.json_fields import FieldError, number, shown, whole, within, words
from streams.nmea import encoder
from streams.nmea.checksum import tag_block
from streams.nmea.encoder import Bits, EncodedFix, Particulars
from streams.nmea.sentence import STATION_MOST, clean_station

_MMSI_MOST: Final = 999_999_999
_IMO_MOST: Final = 2**30 - 1
_LAT_MOST_DEG, _LON_MOST_DEG = 90.0, 180.0
_NO_LAT_DEG, _NO_LON_DEG = 91.0, 181.0
_SENT_EXACTLY: Final = 1e-4  # single precision writes 181 as 180.99999
_FULL_CIRCLE_DEG: Final = 360.0
_NO_SOG_KN: Final = 102.25
"""102.3 is unknown, and single precision writes 102.300003."""
_NO_SOG_27_KN: Final = 62.5
"""63 is unknown."""
_NO_TURN: Final = 127
_TURN_CODE: Final = 4.733  # ROT_AIS = 4.733 sqrt(ROT), ITU-R M.1371-5 table 48
_DRAUGHT_END_M: Final = 25.55
_SIDE_END_M: Final = 512
_STATUS_UNKNOWN, _SECOND_UNKNOWN = 15, 60
_ETA_UNKNOWN: Final = (0, 0, 24, 60)
_ETA_ENDS: Final = (13, 32, 25, 61)
_STATEMENTS_MOST: Final = 200_000
REPEAT_MS: Final = 30 * 60_000
"""Particulars that have not changed are written again after this time, so that the log always has them."""

T = TypeVar("T")
Mobile = Literal["A", "B", "base", "aid", "long range"]


class MessageError(ValueError):
    """A message from which no sentence can be written; ``str()`` gives the reason."""


class PositionFields(NamedTuple):
    """A position as a feed states it: values of any kind, in these units."""

    mmsi: object = None
    lat_deg: object = None
    lon_deg: object = None
    sog_kn: object = None
    cog_deg: object = None
    heading_deg: object = None
    turn_deg_min: object = None
    status: object = None
    second: object = None
    mobile: Mobile = "A"
    name: object = None
    """Of an aid to navigation."""
    aid_type: object = None


class StaticFields(NamedTuple):
    """What a vessel states about itself: values of any kind, in these units."""

    mmsi: object = None
    imo: object = None
    call_sign: object = None
    name: object = None
    ship_type: object = None
    length_m: object = None
    beam_m: object = None
    sides_m: tuple[object, object, object, object] = (None, None, None, None)
    """Bow, stern, port, starboard: used where ``length_m`` or ``beam_m`` is unknown."""
    draught_m: object = None
    destination: object = None
    eta: tuple[object, object, object, object] = _ETA_UNKNOWN
    """Month, day, hour, minute."""
    class_b: bool = False


class ReEncoder:
    """Writes the sentences of one source. Remembers what each vessel last stated about itself."""

    def __init__(self, station: str, *, every_static: bool = False) -> None:
        """``every_static``: also particulars that were written already."""
        self._station = re_encoded(station)
        self._every_static = every_static
        self._stated: dict[tuple[int, int], tuple[Bits, int]] = {}
        """By MMSI and part: what was written last, and when."""
        self._sequence = 0

    def position(self, sent: PositionFields, time_ms: int | None) -> list[bytes]:
        """The sentences of a position; ``time_ms`` None: it counts as received when it is read."""
        return self._lines([_position(sent)], time_ms)

    def static(self, sent: StaticFields, time_ms: int | None) -> list[bytes]:
        """The sentences of particulars; none if they are known and unchanged, or if nothing is stated."""
        mmsi, ship = mmsi_of(sent.mmsi), _particulars(sent)
        stated = _static_b(mmsi, ship) if sent.class_b else _static(mmsi, ship)
        at_ms = int(time.time() * 1000) if time_ms is None else time_ms  # only for when to write them again
        news = [bits for part, bits in enumerate(stated) if bits and self._is_news((mmsi, part), bits, at_ms)]
        return self._lines(news, time_ms)

    def extended_b(self, sent: PositionFields, ship: StaticFields, time_ms: int | None) -> list[bytes]:
        """The sentences of an extended class B report: a position with the particulars of the same vessel."""
        return self._lines([encoder.position_b_extended(mmsi_of(sent.mmsi), _fix(sent), _particulars(ship))], time_ms)

    def _is_news(self, key: tuple[int, int], stated: Bits, time_ms: int) -> bool:
        before, stated_ms = self._stated.get(key, (None, 0))
        if not self._every_static and before == stated and abs(time_ms - stated_ms) < REPEAT_MS:
            return False
        if len(self._stated) >= _STATEMENTS_MOST:
            self._stated.clear()
        self._stated[key] = stated, time_ms
        return True

    def _lines(self, messages: list[Bits], time_ms: int | None) -> list[bytes]:
        fields = b"s:" + self._station + (b"" if time_ms is None else b",c:%d" % time_ms)
        head, lines = tag_block(fields), []
        for bits in messages:
            self._sequence = (self._sequence + 1) % 10
            lines += [head + line for line in encoder.sentences(bits, sequence=self._sequence)]
        return lines


def re_encoded(station: str) -> bytes:
    """The name of a station with the mark, never longer than a name may be."""
    return clean_station(station.encode("ascii", "replace"))[: STATION_MOST - len(RE_ENCODED)] + RE_ENCODED.encode()


def has_particulars(sent: StaticFields) -> bool:
    """Whether anything is stated that a sentence can hold."""
    return _particulars(sent) != Particulars()


def mmsi_of(value: object) -> int:
    """An MMSI. Raises MessageError."""
    found = _named("MMSI", whole, value)
    if found is None or not 0 < found <= _MMSI_MOST:
        raise MessageError("no MMSI" if not found else f"MMSI {shown(value)} is out of range")
    return found


def turn_deg_min(code: object) -> float | None:
    """Rate of turn in degrees per minute, from the number that is sent (-128 to 127)."""
    sent = within(code, -_NO_TURN + 1, _NO_TURN)  # beyond 126 there is no indicator on board
    return None if sent is None else (sent / _TURN_CODE) ** 2 * (1 if sent >= 0 else -1)


def _position(sent: PositionFields) -> Bits:
    mmsi, fix = mmsi_of(sent.mmsi), _fix(sent)
    status = int(_or(within(sent.status, 0, _STATUS_UNKNOWN + 1), _STATUS_UNKNOWN))
    if sent.mobile == "B":
        return encoder.position_b(mmsi, fix)
    if sent.mobile == "base":
        return encoder.base_station(mmsi, fix)
    if sent.mobile == "aid":
        return encoder.aid(mmsi, fix, words(sent.name), kind=int(_or(within(sent.aid_type, 0, 32), 0)))
    if sent.mobile == "long range":
        return encoder.position_long_range(mmsi, fix, status=status)
    return encoder.position(mmsi, fix, status=status)


def _static(mmsi: int, ship: Particulars) -> list[Bits | None]:
    return [None if ship == Particulars() else encoder.static(mmsi, ship)]


def _static_b(mmsi: int, ship: Particulars) -> list[Bits | None]:
    """Only what is stated: the other part would say that its fields are unknown."""
    hull = ship.call_sign or ship.ship_type or ship.length_m or ship.beam_m
    return [
        encoder.static_b_name(mmsi, ship) if ship.name else None,
        encoder.static_b_hull(mmsi, ship) if hull else None,
    ]


def _fix(sent: PositionFields) -> EncodedFix:
    lat_deg = _degrees("latitude", sent.lat_deg, _LAT_MOST_DEG, _NO_LAT_DEG)
    lon_deg = _degrees("longitude", sent.lon_deg, _LON_MOST_DEG, _NO_LON_DEG)
    placed = lat_deg is not None and lon_deg is not None
    return EncodedFix(
        lat_deg=lat_deg if placed else None,
        lon_deg=lon_deg if placed else None,
        sog_kn=within(sent.sog_kn, 0, _NO_SOG_27_KN if sent.mobile == "long range" else _NO_SOG_KN),
        cog_deg=within(sent.cog_deg, 0, _FULL_CIRCLE_DEG),
        heading_deg=within(sent.heading_deg, 0, _FULL_CIRCLE_DEG),
        second=int(_or(within(sent.second, 0, _SECOND_UNKNOWN), _SECOND_UNKNOWN)),
        turn_deg_min=within(sent.turn_deg_min, -1e4, 1e4),
    )


def _degrees(name: str, value: object, most: float, unknown: float) -> float | None:
    found = _named(name, number, value)
    if found is None or abs(abs(found) - unknown) < _SENT_EXACTLY:
        return None
    if abs(found) > most:
        raise MessageError(f"{name} {shown(value)} is beyond {most:.0f} degrees")
    return found


def _particulars(sent: StaticFields) -> Particulars:
    imo = within(sent.imo, 0, _IMO_MOST + 1)
    bow, stern, port, starboard = (within(side, 0, _SIDE_END_M) or 0.0 for side in sent.sides_m)
    return Particulars(
        imo=int(imo or 0),
        call_sign=words(sent.call_sign),
        name=words(sent.name),
        ship_type=int(within(sent.ship_type, 0, 256) or 0),
        length_m=round(within(sent.length_m, 0, 2 * _SIDE_END_M) or bow + stern),
        beam_m=round(within(sent.beam_m, 0, _SIDE_END_M) or port + starboard),
        draught_m=within(sent.draught_m, 0, _DRAUGHT_END_M) or 0.0,
        destination=words(sent.destination),
        eta=_eta(sent.eta),
    )


def _eta(parts: tuple[object, object, object, object]) -> tuple[int, int, int, int]:
    read = (within(part, 0, end) for part, end in zip(parts, _ETA_ENDS, strict=True))
    month, day, hour, minute = (int(_or(part, unknown)) for part, unknown in zip(read, _ETA_UNKNOWN, strict=True))
    return month, day, hour, minute


def _named(name: str, read: Callable[[object], T], value: object) -> T:
    try:
        return read(value)
    except FieldError as error:
        raise MessageError(f"{name}: {error}") from error


def _or(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value
