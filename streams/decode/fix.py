"""From what was sent to what is known: sentinels become unknown, the implausible is refused, text is cleaned once.

| field | unknown (ITU-R M.1371-5) | refused |
|---|---|---|
| MMSI | | 0, and 999,999,999 or more |
| latitude, longitude | 91, 181 (either makes the place unknown) | beyond 90, 180 |
| sog | 102.3; type 9: 1,023; type 27: 63 | |
| cog | 360 and above (type 27: 511) | |
| heading | 360 and above (511) | |
| status | 15 | |
| IMO | 0; 10,000,000 and above are official numbers | |
| ship type, length, beam, draught | 0 | |
| ETA | no month and no day | |
A sog of 102.2 means that or more. The check digit of an IMO number is not judged here.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.core.reports import STATIC
from streams.errors import Reason

MMSI_MOST: Final = 999_999_998
IMO_MOST: Final = 9_999_999
NO_LAT_DEG, NO_LON_DEG = 91.0, 181.0
LAT_MOST_DEG, LON_MOST_DEG = 90.0, 180.0
FULL_CIRCLE_DEG: Final = 360.0
NO_STATUS: Final = 15
_SOG_MOST_KN: Final = np.full(64, 102.2)
"""By type: the highest speed that says something."""
_SOG_MOST_KN[9] = 1022.0
_SOG_MOST_KN[27] = 62.0
_SOG_SLACK_KN: Final = 0.05  # half a step
_ETA_DATE: Final = 11  # bits below the day
_AUXILIARY: Final = 98  # first digits of a craft that belongs to a ship: 98MIDxxxx

Rows = npt.NDArray[np.void]
Text = npt.NDArray[np.bytes_]


def refusals(sent: Rows) -> dict[int, tuple[Reason, str]]:
    """Rows of SENT whose values cannot be, each with the reason."""
    mmsi, lat, lon = sent["mmsi"], sent["lat_deg"], sent["lon_deg"]
    nobody = (mmsi == 0) | (mmsi > MMSI_MOST)
    nowhere = ((np.abs(lat) > LAT_MOST_DEG) & (lat != NO_LAT_DEG)) | (
        (np.abs(lon) > LON_MOST_DEG) & (lon != NO_LON_DEG)
    )
    found = {
        int(row): (Reason.POSITION_OUT_OF_RANGE, f"{lat[row]:.4f} {lon[row]:.4f}")
        for row in np.flatnonzero(nowhere & ~nobody)
    }
    found.update({int(row): (Reason.MMSI_INVALID, str(mmsi[row])) for row in np.flatnonzero(nobody)})
    return found


def kinematics(sent: Rows, reports: Rows) -> None:
    """Fills the columns of REPORT that SENT knows of; rows match."""
    lat, lon = sent["lat_deg"], sent["lon_deg"]
    placed = (lat != NO_LAT_DEG) & (lon != NO_LON_DEG) & ~np.isnan(lat + lon)
    reports["lat_deg"] = np.where(placed, lat, np.nan)
    reports["lon_deg"] = np.where(placed, lon, np.nan)
    said = sent["sog_kn"] < _SOG_MOST_KN[sent["type"]] + _SOG_SLACK_KN
    reports["sog_kn"] = np.where(said, sent["sog_kn"], np.nan)
    for name in ("cog_deg", "heading_deg"):
        reports[name] = np.where(sent[name] < FULL_CIRCLE_DEG, sent[name], np.nan)
    reports["status"] = np.where(sent["status"] == NO_STATUS, -1, sent["status"])


def statics(sent: Rows, mmsi: npt.NDArray[np.uint32]) -> Rows:
    """STATIC of SENT_STATIC; ``mmsi`` has the sender of each row."""
    known = np.zeros(len(sent), STATIC)
    known["has"] = sent["has"]
    known["imo"] = np.where(sent["imo"] <= IMO_MOST, sent["imo"], 0)
    for name in ("name", "call_sign", "destination"):
        known[name] = clean(sent[name])
    known["ship_type"] = _or_unknown(sent["ship_type"])
    # 24 B of an auxiliary craft has its mothership's MMSI where other craft have dimensions.
    own = mmsi // 10_000_000 != _AUXILIARY
    known["length_m"] = _or_unknown((sent["bow_m"] + sent["stern_m"]) * own)
    known["beam_m"] = _or_unknown((sent["port_m"] + sent["starboard_m"]) * own)
    known["draught_m"] = np.where(sent["draught_m"] > 0, sent["draught_m"], np.nan)
    known["eta"] = np.where(sent["eta"] >> _ETA_DATE, sent["eta"], 0)
    return known


def clean(text: Text) -> Text:
    """Printable ASCII up to the first "@", without blanks around it.

    "@" fills what is not used; some transponders leave rubbish behind it (about 1 name in 100 on the air).
    """
    width = text.dtype.itemsize
    codes = np.ascontiguousarray(text).view(np.uint8).reshape(len(text), width)
    ended = np.logical_or.accumulate(codes == ord("@"), axis=1)
    kept = np.where(ended, np.uint8(0), codes).view(f"S{width}").ravel()
    stripped: Text = np.strings.strip(kept, b" ")
    return stripped


def _or_unknown(column: npt.NDArray[np.int16]) -> npt.NDArray[np.int16]:
    return np.where(column == 0, np.int16(-1), column)
