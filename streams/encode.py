"""AIS messages as NMEA sentences: for generated feeds and for tables of positions. Our own writer, no decoder's.

Fields are packed into one integer, most significant first (ITU-R M.1371-5, annex 8), and armoured six bits a
character (IEC 61162-1). Unknown (None) becomes the message's own sentinel.
"""

from __future__ import annotations

from typing import Final, NamedTuple

_ARMOUR: Final = b"0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVW`abcdefghijklmnopqrstuvw"
_PAYLOAD_MOST: Final = 60
_MINUTES: Final = 600_000  # a ten-thousandth of a minute
_TEXT: Final = "@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_ !\"#$%&'()*+,-./0123456789:;<=>?"
_NO_LON, _NO_LAT, _NO_COG, _NO_HEADING, _NO_SOG = 181, 91, 3600, 511, 1023


class Bits(NamedTuple):
    """Fields packed so far."""

    value: int = 0
    size: int = 0

    def put(self, value: int, size: int) -> Bits:
        """Appends ``value``, two's complement when negative."""
        return Bits(self.value << size | value & (1 << size) - 1, self.size + size)

    def text(self, text: str, characters: int) -> Bits:
        """Appends six-bit text, padded with @; what the code cannot say becomes a blank."""
        padded = text.upper()[:characters].ljust(characters, "@")
        bits = self
        for character in padded:
            bits = bits.put(max(_TEXT.find(character), 0) if character in _TEXT else 32, 6)
        return bits


def checksum(body: bytes) -> int:
    """XOR of all bytes between ! (or \\) and *."""
    total = 0
    for byte in body:
        total ^= byte
    return total


def sentences(bits: Bits, *, channel: str = "A", sequence: int = 0) -> list[bytes]:
    """The message as one or more ``!AIVDM`` sentences with checksums."""
    fill = -bits.size % 6
    count = (bits.size + fill) // 6
    padded = bits.value << fill
    payload = bytes(_ARMOUR[padded >> 6 * (count - 1 - i) & 63] for i in range(count))
    parts = [payload[i : i + _PAYLOAD_MOST] for i in range(0, count, _PAYLOAD_MOST)]
    total, number = len(parts), str(sequence % 10) if len(parts) > 1 else ""
    out = []
    for i, part in enumerate(parts, 1):
        filled = fill if i == total else 0
        body = f"AIVDM,{total},{i},{number},{channel},".encode() + part + b",%d" % filled
        out.append(b"!%s*%02X" % (body, checksum(body)))
    return out


def tagged(lines: list[bytes], time_ms: int, station: str) -> list[bytes]:
    """Each sentence behind a tag block with station and time in ms."""
    tag = b"s:%s,c:%d" % (station.encode("ascii", "replace"), time_ms)
    head = b"\\%s*%02X\\" % (tag, checksum(tag))
    return [head + line for line in lines]


class Fix(NamedTuple):
    """Where a vessel is and how it moves; None is unknown."""

    lat_deg: float | None = None
    lon_deg: float | None = None
    sog_kn: float | None = None
    cog_deg: float | None = None
    heading_deg: float | None = None
    second: int = 60


def _lon(fix: Fix) -> int:
    return round((_NO_LON if fix.lon_deg is None else fix.lon_deg) * _MINUTES)


def _lat(fix: Fix) -> int:
    return round((_NO_LAT if fix.lat_deg is None else fix.lat_deg) * _MINUTES)


def _sog(fix: Fix) -> int:
    return _NO_SOG if fix.sog_kn is None else min(1022, round(fix.sog_kn * 10))


def _cog(fix: Fix) -> int:
    return _NO_COG if fix.cog_deg is None else round(fix.cog_deg * 10) % 3600


def _heading(fix: Fix) -> int:
    return _NO_HEADING if fix.heading_deg is None else round(fix.heading_deg) % 360


def position(mmsi: int, fix: Fix, *, kind: int = 1, status: int = 15) -> Bits:
    """Types 1, 2 and 3: a class A position."""
    bits = Bits().put(kind, 6).put(0, 2).put(mmsi, 30).put(status, 4).put(-128, 8).put(_sog(fix), 10).put(0, 1)
    bits = bits.put(_lon(fix), 28).put(_lat(fix), 27).put(_cog(fix), 12).put(_heading(fix), 9)
    return bits.put(fix.second, 6).put(0, 2).put(0, 3).put(0, 1).put(0, 19)


def position_b(mmsi: int, fix: Fix) -> Bits:
    """Type 18: a class B position."""
    bits = Bits().put(18, 6).put(0, 2).put(mmsi, 30).put(0, 8).put(_sog(fix), 10).put(0, 1)
    bits = bits.put(_lon(fix), 28).put(_lat(fix), 27).put(_cog(fix), 12).put(_heading(fix), 9).put(fix.second, 6)
    return bits.put(0, 2).put(1, 1).put(0, 1).put(1, 1).put(1, 1).put(1, 1).put(0, 1).put(0, 1).put(0, 20)


def base_station(mmsi: int, fix: Fix) -> Bits:
    """Type 4: a base station, without its clock."""
    bits = Bits().put(4, 6).put(0, 2).put(mmsi, 30).put(0, 14).put(0, 4).put(0, 5).put(24, 5).put(60, 6).put(60, 6)
    return bits.put(0, 1).put(_lon(fix), 28).put(_lat(fix), 27).put(1, 4).put(0, 10).put(0, 1).put(0, 19)


class Particulars(NamedTuple):
    """What a ship says of herself."""

    imo: int = 0
    call_sign: str = ""
    name: str = ""
    ship_type: int = 0
    length_m: int = 0
    beam_m: int = 0
    draught_m: float = 0.0
    destination: str = ""


def static(mmsi: int, ship: Particulars) -> Bits:
    """Type 5: static and voyage data (two sentences)."""
    bits = (
        Bits().put(5, 6).put(0, 2).put(mmsi, 30).put(0, 2).put(ship.imo, 30).text(ship.call_sign, 7).text(ship.name, 20)
    )
    bow, port = ship.length_m * 2 // 3, ship.beam_m // 2
    bits = bits.put(ship.ship_type, 8).put(bow, 9).put(ship.length_m - bow, 9).put(port, 6).put(ship.beam_m - port, 6)
    bits = bits.put(1, 4).put(0, 4).put(0, 5).put(24, 5).put(60, 6).put(round(ship.draught_m * 10), 8)
    return bits.text(ship.destination, 20).put(0, 1).put(0, 1)
