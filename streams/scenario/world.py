"""The parts of a generated feed: receivers that hear within a disk, ships that report, and the resulting truth."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from detectors.core.sphere import bearing_deg, distance_nm
from streams.nmea import encoder
from streams.nmea.encoder import EncodedFix, Particulars

HOUR_MS = 3_600_000


class DiskReceiver(msgspec.Struct, frozen=True, kw_only=True):
    """Hears everything within its disk, and is heard itself as a base station."""

    name: str
    mmsi: int
    lat_deg: float
    lon_deg: float
    range_nm: float


class Transmission(msgspec.Struct, frozen=True, kw_only=True):
    """One message on the air."""

    time_ms: int
    mmsi: int
    fix: EncodedFix
    status: int = 0
    class_b: bool = False
    base: bool = False
    ship: Particulars | None = None
    """Static data instead of a position."""


class WorldTruth(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened, for checks of a detector."""

    kind: str
    mmsi: int
    from_ms: int
    to_ms: int
    note: str
    expected: tuple[str, ...] = ()
    """Alerts that must come: ``detector severity``."""


class StraightLeg(msgspec.Struct, frozen=True, kw_only=True):
    """A ship on a straight way (or at rest) that reports at regular times."""

    mmsi: int
    from_ms: int
    to_ms: int
    start: tuple[float, float]
    end: tuple[float, float]
    every_s: float
    class_b: bool = False
    status: int = 0

    def say(self) -> Iterator[Transmission]:
        """Its position reports; latitude and longitude change in proportion to time."""
        span_ms = max(1, self.to_ms - self.from_ms)
        far_nm = distance_nm(*self.start, *self.end)
        sog_kn = far_nm / (span_ms / HOUR_MS)
        cog_deg = bearing_deg(*self.start, *self.end) if far_nm else None
        time_ms = float(self.from_ms)
        while time_ms <= self.to_ms:
            share = (time_ms - self.from_ms) / span_ms
            lat, lon = (a + (b - a) * share for a, b in zip(self.start, self.end, strict=True))
            second = int(time_ms / 1000) % 60
            yield Transmission(
                time_ms=int(time_ms),
                mmsi=self.mmsi,
                fix=EncodedFix(lat, lon, sog_kn, cog_deg, cog_deg, second),
                status=self.status,
                class_b=self.class_b,
            )
            time_ms += self.every_s * 1000


def on_the_air(spoken: Iterable[Transmission], receivers: tuple[DiskReceiver, ...]) -> Iterator[bytes]:
    """The sentences that some receiver hears, in order of time, each with a tag block."""
    for number, message in enumerate(sorted(spoken, key=lambda s: (s.time_ms, s.mmsi, s.ship is not None))):
        heard = _heard_by(message, receivers)
        if heard is not None:
            lines = encoder.sentences(_bits(message), channel="AB"[number % 2], sequence=number)
            yield from encoder.tagged(lines, message.time_ms, heard)


def _heard_by(message: Transmission, receivers: tuple[DiskReceiver, ...]) -> str | None:
    fix = message.fix
    if fix.lat_deg is None or fix.lon_deg is None:
        return None
    for receiver in receivers:
        near = abs(fix.lat_deg - receiver.lat_deg) * 60 <= receiver.range_nm  # saves the trigonometry
        if near and distance_nm(fix.lat_deg, fix.lon_deg, receiver.lat_deg, receiver.lon_deg) <= receiver.range_nm:
            return receiver.name
    return None


def _bits(message: Transmission) -> encoder.Bits:
    if message.ship is not None:
        return encoder.static(message.mmsi, message.ship)
    if message.base:
        return encoder.base_station(message.mmsi, message.fix)
    if message.class_b:
        return encoder.position_b(message.mmsi, message.fix)
    return encoder.position(message.mmsi, message.fix, status=message.status)
