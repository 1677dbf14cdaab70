"""An IMO number under an MMSI as a source has stated it, and the note in a tick that reports it."""

from __future__ import annotations

from typing import Final

from detectors.core.imo_notes import Note
from streams.ingest.payload import Point, place_of, statement_of

LONG_AGO: Final = -(1 << 40)


class StatedPair:
    """An IMO number under an MMSI."""

    __slots__ = ("due_ms", "imo", "instead_of", "mmsi", "reported_ms", "said", "stated_ms")

    def __init__(self, imo: int, mmsi: int) -> None:
        self.imo, self.mmsi = imo, mmsi
        self.reported_ms: int | None = None
        self.due_ms = LONG_AGO
        """A statement is reported from this time on."""
        self.stated_ms = 0
        self.said = b""
        """The payload of that statement."""
        self.instead_of: int | None = None


class AwaitedPosition:
    """The wait for positions of an MMSI."""

    __slots__ = ("from_ms", "pair", "payload", "point", "since_ms", "time_ms", "tries")

    def __init__(self, pair: StatedPair, since_ms: int) -> None:
        self.pair, self.since_ms = pair, since_ms
        self.from_ms = LONG_AGO
        """Earlier positions do not count."""
        self.point: Point | None = None
        """The position that the next one must agree with, and its report."""
        self.time_ms, self.payload = 0, b""
        self.tries = 0


def note_of(
    pair: StatedPair, time_ms: int, payload: bytes = b"", point: Point | None = None, text: bytes = b""
) -> Note:
    """The note about a pair; with a position if ``payload``, its ``point`` and its sentence are given."""
    name, ship_type, length_m = statement_of(pair.said)
    lat_deg, lon_deg, sog_kn, cog_deg = (None,) * 4 if point is None else place_of(payload, point)
    return Note(
        imo=pair.imo,
        mmsi=pair.mmsi,
        time_ms=time_ms,
        stated_ms=pair.stated_ms,
        instead_of=pair.instead_of,
        name=name,
        ship_type=ship_type,
        length_m=length_m,
        lat_deg=lat_deg,
        lon_deg=lon_deg,
        sog_kn=sog_kn,
        cog_deg=cog_deg,
        sentence=text.decode("ascii", "replace"),
    )
