"""Converts sent values to known ones: sentinels become unknown, impossible values are refused, text is cleaned once.

| field | unknown (ITU-R M.1371-5) | refused |
|---|---|---|
| MMSI | | |
| latitude, longitude | 91, 181 (either makes the place unknown); 0, 0 and 1, 1 exactly | beyond 90, 180 |
| sog | 102.3; type 9: 1,023; type 27: 63 | |
| cog | 360 and above (type 27: 511) | |
| heading | 360 and above (511) | |
| status | 15 | |
| IMO | 0; 10,000,000 and above are official numbers | |
| ship type, length, beam, draught | 0 | |
| ETA | no month and no day | |
Any MMSI of 30 bits is accepted: one in an invalid form was set by hand, and its ship is judged like others. A sog of
102.2 means that or more. Devices without a fix send 0, 0 or 1, 1; a ship is within 3 m of either by chance only. The
check digit of an IMO number is not judged here.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.core import message_types
from detectors.core.reports import STATIC
from streams.decode.bits import number
from streams.decode.model import NO_STATUS, TEXT_CHARS, Sent, SentStatic
from streams.errors import Reason

IMO_MOST: Final = 9_999_999
NO_LAT_DEG, NO_LON_DEG = 91.0, 181.0
LAT_MOST_DEG, LON_MOST_DEG = 90.0, 180.0
FULL_CIRCLE_DEG: Final = 360.0
_NO_SOG_KN: Final = np.full(64, 102.25)
"""By type: half a tenth of a knot above the highest value that is a speed."""
_NO_SOG_KN[message_types.AIRCRAFT_TYPE], _NO_SOG_KN[message_types.LONG_RANGE_TYPE] = 1022.05, 62.05
_IMO_MOST, _SERIALS, _UNKNOWN = (number(value, np.uint32) for value in (IMO_MOST, 10_000_000, 0))
_PLACE_MOST, _NO_PLACE = np.array([[LON_MOST_DEG], [LAT_MOST_DEG]]), np.array([[NO_LON_DEG], [NO_LAT_DEG]])
_DEFAULTS_DEG: Final = np.array([[[0.0]], [[1.0]]])
"""Latitude and longitude, each, of devices that have no fix."""
_DEFAULT_WITHIN_DEG: Final = 1 / 36_000
_FULL_CIRCLE: Final = np.array(FULL_CIRCLE_DEG)
_NO_STATUS, _AT = number(NO_STATUS, np.int8), number(ord("@"), np.uint8)
_ETA_DATE: Final = number(1 << 11, np.uint32)  # bits below the day
_AUXILIARY: Final = number(98, np.uint32)  # first digits of a craft that belongs to a ship: 98MIDxxxx
_SIDE_SHIFTS, _SIDES = np.array((21, 12, 6, 0), np.uint32), np.array((511, 511, 63, 63), np.uint32)

Rows = npt.NDArray[np.void]
Codes = npt.NDArray[np.uint8]
Text = npt.NDArray[np.bytes_]


class PlaceChecks(NamedTuple):
    """Which sent values are impossible, and which are unknown."""

    refused: dict[int, tuple[Reason, str]]
    """Rows with impossible values, each with the reason."""
    unplaced: npt.NDArray[np.int64]
    """Rows without a position."""


def judged(sent: Sent) -> PlaceChecks:
    """Which rows have no position, and which have an impossible one. NaN is unknown."""
    distance = np.abs(sent.place_deg)
    placed = distance <= _PLACE_MOST
    placed[0] &= placed[1]
    equal = np.abs(sent.place_deg[0] - sent.place_deg[1]) <= _DEFAULT_WITHIN_DEG  # as both defaults are; few others
    if np.count_nonzero(equal):
        placed[0] &= ~_defaults(sent.place_deg)
    unplaced = (~placed[0]).nonzero()[0]
    beyond = distance > _PLACE_MOST
    beyond &= sent.place_deg != _NO_PLACE
    refused = {}
    if np.count_nonzero(beyond):
        for row in (beyond[0] | beyond[1]).nonzero()[0].tolist():
            lon_deg, lat_deg = sent.place_deg[:, row]
            refused[row] = Reason.POSITION_OUT_OF_RANGE, f"{lat_deg:.4f} {lon_deg:.4f}"
    return PlaceChecks(refused, unplaced)


def _defaults(place_deg: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Which places are those of a device without a fix."""
    near: npt.NDArray[np.bool_] = (np.abs(place_deg - _DEFAULTS_DEG) <= _DEFAULT_WITHIN_DEG).all(axis=1).any(axis=0)
    return near


def kinematics(sent: Sent, unplaced: npt.NDArray[np.int64], reports: Rows) -> None:
    """Fills the columns of REPORT that ``sent`` contains; the rows match."""
    lon_deg, lat_deg = sent.place_deg
    for name, column in (("lat_deg", lat_deg), ("lon_deg", lon_deg)):
        reports[name] = column
        reports[name][unplaced] = np.nan
    for name, column, most in (
        ("sog_kn", sent.sog_kn, _NO_SOG_KN[sent.type]),
        ("cog_deg", sent.cog_deg, _FULL_CIRCLE),
        ("heading_deg", sent.heading_deg, _FULL_CIRCLE),
    ):
        reports[name] = column
        reports[name][column >= most] = np.nan
    reports["status"] = sent.status
    reports["status"][sent.status == _NO_STATUS] = -1


def statics(parts: SentStatic, mmsi: npt.NDArray[np.uint32]) -> Rows:
    """STATIC of static parts; ``mmsi`` has the sender of each row."""
    known = np.zeros(len(parts.has), STATIC)
    known["has"] = parts.has
    known["imo"] = parts.imo * (parts.imo <= _IMO_MOST)
    known["name"], known["call_sign"], known["destination"] = clean(parts.text).T
    # 24 B of an auxiliary craft has its mothership's MMSI where other craft have dimensions.
    hull = parts.hull * (mmsi // _SERIALS != _AUXILIARY)
    sides = hull[:, None] >> _SIDE_SHIFTS
    sides &= _SIDES
    for name, column in (
        ("ship_type", parts.ship_type),
        ("length_m", sides[:, 0] + sides[:, 1]),
        ("beam_m", sides[:, 2] + sides[:, 3]),
    ):
        known[name] = column
        known[name][column == _UNKNOWN] = -1
    known["draught_m"] = parts.draught_m
    known["draught_m"][parts.draught_m == _UNKNOWN] = np.nan
    known["eta"] = parts.eta * (parts.eta >= _ETA_DATE)
    known["hull"] = hull
    return known


def clean(text: Codes) -> Text:
    """Printable ASCII up to the first "@", without surrounding blanks: (n, 60) codes become (n, 3) texts of 20.

    "@" fills unused characters; some transponders leave rubbish after it (about 1 name in 100 on the air).
    """
    codes = text.reshape(-1, TEXT_CHARS)
    kept = codes != _AT
    np.logical_and.accumulate(kept, axis=1, out=kept)
    codes = codes * kept
    stripped: Text = np.strings.strip(codes.view(f"S{TEXT_CHARS}"), b" ").reshape(len(text), -1)
    return stripped
