"""A vessel's history over years: silences that ended, and stays.

Sparse: only a vessel with a history uses memory, one string of packed records (41 bytes per silence, 27 per stay), so
vessels that were never silent cost nothing. Bounded: the oldest records are dropped first, and a listed vessel keeps
more. It is stored in the vessel's shard, and dropped with the vessel (never while an alert is open).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.core.vessels.row_bytes import RowBytes, RowBytesError

DARK, AT_REST, CANNOT_TELL, UNSURE = 0, 1, 2, 3
VERDICTS: Final = ("dark", "at rest", "cannot tell", "possibly dark")
"""The verdict of ``gap`` on a silence, by number."""
WEIGHT: Final = (0, 1, 3, 2)
"""For each verdict: the smallest is the strongest."""

PORT_CALL, LONG_STAY = 0, 1
KINDS: Final = ("port call", "long stay")

SILENCE: Final = np.dtype(
    [
        ("fix_ms", "<i8"),  # last fix before it, 0 when none
        ("from_ms", "<i8"),  # last report before it
        ("to_ms", "<i8"),  # first report after it
        ("lat_deg", "<f4"),  # of the last fix; NaN unknown
        ("lon_deg", "<f4"),
        ("after_lat_deg", "<f4"),  # of the first fix after it
        ("after_lon_deg", "<f4"),
        ("verdict", "u1"),
    ]
)
STAY: Final = np.dtype(
    [
        ("from_ms", "<i8"),
        ("to_ms", "<i8"),  # last seen there
        ("lat_deg", "<f4"),
        ("lon_deg", "<f4"),
        ("kind", "u1"),
        ("confidence", "u1"),  # of a port call 1 to 4, otherwise 0
        ("seen_leaving", "?"),
    ]
)
SILENCES_MOST, SILENCES_MOST_LISTED = 8, 128
STAYS_MOST, STAYS_MOST_LISTED = 4, 64
PAST_FORMAT: Final = 1
_COUNT_BYTES: Final = 1
_DIGITS: Final = 4

Records = npt.NDArray[np.void]


class PastError(RowBytesError):
    """Bytes that no version up to this one wrote."""


class PastSilence(NamedTuple):
    """A silence that ended. Unknown places are None."""

    fix_ms: int
    from_ms: int
    to_ms: int
    before: tuple[float, float] | None
    after: tuple[float, float] | None
    """Latitude and longitude of the fixes next to it."""
    verdict: int
    """DARK, AT_REST, CANNOT_TELL, UNSURE."""


class Stay(NamedTuple):
    """A call or a stay that ended."""

    from_ms: int
    to_ms: int
    where: tuple[float, float]
    kind: int
    confidence: int
    seen_leaving: bool


class VesselPasts(RowBytes):
    """The histories of the vessels of one fleet, by row."""

    def silences(self, row: int) -> list[PastSilence]:
        """The silences, oldest first."""
        return [_silence(record) for record in _unpack(self._held.get(row, b""))[0]]

    def stays(self, row: int) -> list[Stay]:
        """The stays, oldest first."""
        return [_stay(record) for record in _unpack(self._held.get(row, b""))[1]]

    def add_silence(self, row: int, silence: PastSilence, *, listed: bool) -> None:
        """Adds a silence; of two verdicts on the same silence the stronger one is kept."""
        silences, stays = _unpack(self._held.get(row, b""))
        if len(silences) and int(silences["from_ms"][-1]) == silence.from_ms:
            silence = silence._replace(
                verdict=min(silence.verdict, int(silences["verdict"][-1]), key=WEIGHT.__getitem__)
            )
            silences = silences[:-1]
        most = SILENCES_MOST_LISTED if listed else SILENCES_MOST
        self._put(row, np.append(silences, _silence_record(silence))[-most:], stays)

    def complete(self, row: int, after: tuple[float, float]) -> None:
        """Sets the first position after the newest silence, which ended with a report without one."""
        silences, stays = _unpack(self._held.get(row, b""))
        if len(silences):
            silences["after_lat_deg"][-1], silences["after_lon_deg"][-1] = after
            self._put(row, silences, stays)

    def add_stay(self, row: int, stay: Stay, *, listed: bool) -> None:
        """Adds a stay."""
        silences, stays = _unpack(self._held.get(row, b""))
        most = STAYS_MOST_LISTED if listed else STAYS_MOST
        self._put(row, silences, np.append(stays, _stay_record(stay))[-most:])

    def has_stay(self, row: int, from_ms: int, kind: int) -> bool:
        """Whether a stay of this kind and beginning was reported and has ended: a new alert needs another id."""
        return any(stay.from_ms == from_ms and stay.kind == kind for stay in self.stays(row))

    def _put(self, row: int, silences: Records, stays: Records) -> None:
        self._held[row] = bytes((PAST_FORMAT, len(silences))) + silences.tobytes() + stays.tobytes()

    def _check(self, packed: bytes) -> None:
        _unpack(packed)


def _unpack(packed: bytes) -> tuple[Records, Records]:
    """Copies, to be changed."""
    if not packed:
        return np.zeros(0, SILENCE), np.zeros(0, STAY)
    head, split = 1 + _COUNT_BYTES, 1 + _COUNT_BYTES + packed[1] * SILENCE.itemsize
    if packed[0] != PAST_FORMAT or split > len(packed) or (len(packed) - split) % STAY.itemsize:
        raise PastError(f"memory of {len(packed)} bytes in format {packed[0]}, expected format {PAST_FORMAT}")
    return np.frombuffer(packed[head:split], SILENCE).copy(), np.frombuffer(packed[split:], STAY).copy()


def _place(lat_deg: float, lon_deg: float) -> tuple[float, float] | None:
    known = lat_deg == lat_deg and lon_deg == lon_deg  # noqa: PLR0124 - NaN is not itself
    return (round(float(lat_deg), _DIGITS), round(float(lon_deg), _DIGITS)) if known else None


def _silence(record: np.void) -> PastSilence:
    fix_ms, from_ms, to_ms, lat, lon, after_lat, after_lon, verdict = record.item()
    return PastSilence(fix_ms, from_ms, to_ms, _place(lat, lon), _place(after_lat, after_lon), verdict)


def _silence_record(s: PastSilence) -> Records:
    unknown = (np.nan, np.nan)
    places = (*(s.before or unknown), *(s.after or unknown))
    return np.array([(s.fix_ms, s.from_ms, s.to_ms, *places, s.verdict)], SILENCE)


def _stay(record: np.void) -> Stay:
    from_ms, to_ms, lat, lon, kind, confidence, leaving = record.item()
    return Stay(from_ms, to_ms, (round(lat, _DIGITS), round(lon, _DIGITS)), kind, confidence, bool(leaving))


def _stay_record(s: Stay) -> Records:
    return np.array([(s.from_ms, s.to_ms, *s.where, s.kind, s.confidence, s.seen_leaving)], STAY)
