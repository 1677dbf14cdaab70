"""AIS messages as NMEA sentences: for generated feeds and for tables of positions. It shares no code with a decoder.

A message function (``position``, ``static``, ...) packs its fields into one integer, most significant first
(ITU-R M.1371-5, annex 8); ``sentences`` armours it, six bits per character (IEC 61162-1); ``tagged`` puts a tag block
before each sentence. Unknown (None) becomes the message's own sentinel. A value that does not fit its field raises
ValueError: nothing is written that would read back as something else.
"""

from __future__ import annotations

from binascii import b2a_base64
from math import copysign, isnan, sqrt
from typing import Final, NamedTuple

from streams.nmea.checksum import checksum, tag_block

_ARMOUR: Final = bytes.maketrans(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    b"0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVW`abcdefghijklmnopqrstuvw",
)
"""Base64's alphabet to AIS's: the C encoder of the standard library then writes a payload in 0.2 us."""
_PAYLOAD_MOST: Final = 60  # characters; a sentence may have 82 in all
_TEXT: Final = "@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_ !\"#$%&'()*+,-./0123456789:;<=>?"
_CODES: Final = {character: code for code, character in enumerate(_TEXT)}
_BLANK: Final = _CODES[" "]
_MINUTES: Final = 600_000  # a ten-thousandth of a minute, in degrees
_COARSE: Final = 600  # a tenth of a minute: type 27
_NO_LON, _NO_LAT, _NO_COG, _NO_HEADING, _NO_SOG, _NO_TURN = 181, 91, 3600, 511, 1023, -128
_NO_SOG_27, _NO_COG_27 = 63, 511
_END_MOST, _SIDE_MOST = 511, 63  # m
_TURN_CODE: Final = 4.733  # ROT_AIS = 4.733 sqrt(ROT), ITU-R M.1371-5 table 48
_NO_DATE: Final = (0, 0, 0, 24, 60, 60)


class Bits(NamedTuple):
    """A message: its fields as one integer of ``size`` bits."""

    value: int = 0
    size: int = 0


def pack(*fields: tuple[int, int]) -> Bits:
    """Packs fields of (value, width in bits), the first most significant; two's complement if negative."""
    value = size = 0
    for number, width in fields:
        if number >> width not in (0, -1):
            raise ValueError(f"{number} does not fit {width} bits")
        value = value << width | number & (1 << width) - 1
        size += width
    return Bits(value, size)


def six_bit(text: str, characters: int) -> tuple[int, int]:
    """Text as a field: cut or padded with @ to ``characters``; characters outside the code become blanks."""
    value = 0
    for character in text.upper()[:characters].ljust(characters, "@"):
        value = value << 6 | _CODES.get(character, _BLANK)
    return value, 6 * characters


def payload(bits: Bits) -> tuple[bytes, int]:
    """The armoured characters and the number of fill bits in the last one."""
    count = -(-bits.size // 6)
    octets = -(-bits.size // 8)
    packed = (bits.value << 8 * octets - bits.size).to_bytes(octets, "big")
    return b2a_base64(packed, newline=False)[:count].translate(_ARMOUR), 6 * count - bits.size


def sentences(bits: Bits, *, channel: str = "A", sequence: int = 0, talker: str = "AI") -> list[bytes]:
    """The message as one or more ``!AIVDM`` sentences with checksums; if several, they have ``sequence`` modulo 10."""
    characters, fill = payload(bits)
    if len(characters) <= _PAYLOAD_MOST:
        body = b"%sVDM,1,1,,%s,%s,%d" % (talker.encode(), channel.encode(), characters, fill)
        return [b"!%s*%02X" % (body, checksum(body))]
    parts = [characters[i : i + _PAYLOAD_MOST] for i in range(0, len(characters), _PAYLOAD_MOST)]
    head = f"{talker}VDM,{len(parts)},%d,{sequence % 10},{channel},".encode()
    bodies = [b"%s%s,%d" % (head % i, part, fill if i == len(parts) else 0) for i, part in enumerate(parts, 1)]
    return [b"!%s*%02X" % (body, checksum(body)) for body in bodies]


def tagged(lines: list[bytes], time_ms: int, station: str) -> list[bytes]:
    """Each sentence after a tag block with station and time in ms."""
    tag = b"s:%s,c:%d" % (station.encode("ascii", "replace"), time_ms)
    head = tag_block(tag)
    return [head + line for line in lines]


class EncodedFix(NamedTuple):
    """Where a vessel is and how it moves; None is unknown. ``second`` is the UTC second, 60 unknown."""

    lat_deg: float | None = None
    lon_deg: float | None = None
    sog_kn: float | None = None
    cog_deg: float | None = None
    heading_deg: float | None = None
    second: int = 60
    turn_deg_min: float | None = None
    """Rate of turn, degrees per minute, positive to starboard."""


class Particulars(NamedTuple):
    """What a ship states about itself; 0 and "" are unknown."""

    imo: int = 0
    call_sign: str = ""
    name: str = ""
    ship_type: int = 0
    length_m: int = 0
    beam_m: int = 0
    draught_m: float = 0.0
    destination: str = ""
    eta: tuple[int, int, int, int] = (0, 0, 24, 60)
    """Month, day, hour, minute."""


def _place(fix: EncodedFix, per_deg: int = _MINUTES) -> tuple[int, int]:
    """Longitude and latitude as sent."""
    lon_deg = _NO_LON if fix.lon_deg is None else fix.lon_deg
    lat_deg = _NO_LAT if fix.lat_deg is None else fix.lat_deg
    if not (abs(lon_deg) <= _NO_LON and abs(lat_deg) <= _NO_LAT):
        raise ValueError(f"not a position on Earth: latitude {lat_deg}, longitude {lon_deg}")
    return round(lon_deg * per_deg), round(lat_deg * per_deg)


def _sog(fix: EncodedFix) -> int:
    return _NO_SOG if fix.sog_kn is None else max(0, min(_NO_SOG - 1, round(fix.sog_kn * 10)))


def _cog(fix: EncodedFix) -> int:
    return _NO_COG if fix.cog_deg is None else round(fix.cog_deg * 10) % 3600


def _heading(fix: EncodedFix) -> int:
    return _NO_HEADING if fix.heading_deg is None else round(fix.heading_deg) % 360


def _turn(fix: EncodedFix) -> int:
    if fix.turn_deg_min is None or isnan(fix.turn_deg_min):
        return _NO_TURN
    code = round(min(126.0, _TURN_CODE * sqrt(abs(fix.turn_deg_min))))  # 127 would mean: no indicator on board
    return int(copysign(code, fix.turn_deg_min))


def _hull(ship: Particulars) -> tuple[tuple[int, int], ...]:
    """Bow, stern, port and starboard: the antenna two thirds aft and amidships. The maximum means that or more."""
    bow, port = ship.length_m * 2 // 3, ship.beam_m // 2
    ends = (min(_END_MOST, bow), 9), (min(_END_MOST, ship.length_m - bow), 9)
    return *ends, (min(_SIDE_MOST, port), 6), (min(_SIDE_MOST, ship.beam_m - port), 6)


def position(mmsi: int, fix: EncodedFix, *, kind: int = 1, status: int = 15) -> Bits:
    """Types 1, 2 and 3 (``kind``): a class A position; ``status`` is the navigational status."""
    lon, lat = _place(fix)
    return pack(
        (kind, 6), (0, 2), (mmsi, 30), (status, 4), (_turn(fix), 8), (_sog(fix), 10), (0, 1), (lon, 28), (lat, 27),
        (_cog(fix), 12), (_heading(fix), 9), (fix.second, 6), (0, 25),
    )  # fmt: skip


def position_b(mmsi: int, fix: EncodedFix) -> Bits:
    """Type 18: a class B position, from a carrier-sense unit."""
    lon, lat = _place(fix)
    return pack(
        (18, 6), (0, 2), (mmsi, 30), (0, 8), (_sog(fix), 10), (0, 1), (lon, 28), (lat, 27), (_cog(fix), 12),
        (_heading(fix), 9), (fix.second, 6), (0, 2), (0b10111, 5), (0, 22),
    )  # fmt: skip


def position_b_extended(mmsi: int, fix: EncodedFix, ship: Particulars) -> Bits:
    """Type 19: a class B position with name, type and size (two sentences)."""
    lon, lat = _place(fix)
    return pack(
        (19, 6), (0, 2), (mmsi, 30), (0, 8), (_sog(fix), 10), (0, 1), (lon, 28), (lat, 27), (_cog(fix), 12),
        (_heading(fix), 9), (fix.second, 6), (0, 4), six_bit(ship.name, 20), (ship.ship_type, 8), *_hull(ship), (1, 4),
        (0, 7),
    )  # fmt: skip


def position_long_range(mmsi: int, fix: EncodedFix, *, status: int = 15) -> Bits:
    """Type 27: a coarse position for satellites (a tenth of a minute, whole knots and degrees)."""
    lon, lat = _place(fix, _COARSE)
    sog = _NO_SOG_27 if fix.sog_kn is None else max(0, min(_NO_SOG_27 - 1, round(fix.sog_kn)))
    cog = _NO_COG_27 if fix.cog_deg is None else round(fix.cog_deg) % 360
    return pack((27, 6), (3, 2), (mmsi, 30), (0, 2), (status, 4), (lon, 18), (lat, 17), (sog, 6), (cog, 9), (0, 2))


def base_station(mmsi: int, fix: EncodedFix, date: tuple[int, int, int, int, int, int] = _NO_DATE) -> Bits:
    """Type 4: a base station; ``date`` is its UTC clock: year, month, day, hour, minute, second."""
    lon, lat = _place(fix)
    clock = zip(date, (14, 4, 5, 5, 6, 6), strict=True)
    return pack((4, 6), (0, 2), (mmsi, 30), *clock, (1, 1), (lon, 28), (lat, 27), (7, 4), (0, 30))


def aid(mmsi: int, fix: EncodedFix, name: str, *, kind: int = 1) -> Bits:
    """Type 21: an aid to navigation of ITU's aid type ``kind``."""
    lon, lat = _place(fix)
    return pack(
        (21, 6), (0, 2), (mmsi, 30), (kind, 5), six_bit(name, 20), (1, 1), (lon, 28), (lat, 27), (0, 30), (7, 4),
        (fix.second, 6), (0, 13),
    )  # fmt: skip


def static(mmsi: int, ship: Particulars) -> Bits:
    """Type 5: static and voyage data (two sentences)."""
    month, day, hour, minute = ship.eta
    return pack(
        (5, 6), (0, 2), (mmsi, 30), (0, 2), (ship.imo, 30), six_bit(ship.call_sign, 7), six_bit(ship.name, 20),
        (ship.ship_type, 8), *_hull(ship), (1, 4), (month, 4), (day, 5), (hour, 5), (minute, 6),
        (min(255, round(ship.draught_m * 10)), 8), six_bit(ship.destination, 20), (0, 2),
    )  # fmt: skip


def static_b_name(mmsi: int, ship: Particulars) -> Bits:
    """Type 24, part A: the name of a class B vessel."""
    return pack((24, 6), (0, 2), (mmsi, 30), (0, 2), six_bit(ship.name, 20), (0, 8))


def static_b_hull(mmsi: int, ship: Particulars) -> Bits:
    """Type 24, part B: type, call sign and size of a class B vessel."""
    return pack(
        (24, 6), (0, 2), (mmsi, 30), (1, 2), (ship.ship_type, 8), six_bit("", 7), six_bit(ship.call_sign, 7),
        *_hull(ship), (0, 6),
    )  # fmt: skip
