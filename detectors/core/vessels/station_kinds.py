"""Which transmitters are vessels: decided by their messages first, and by the form of their MMSI second.

A transmitter that sends position reports of a ship (types 1, 2, 3, 18, 19, 27) or states an IMO number is a vessel,
under any MMSI: the number is set by hand, and in some waters half of class B sends an invalid one. Base stations, aids
to navigation and aircraft have their own types. If types do not decide, the form does: a beacon (970, 972, 974) sends
type 1 with the status of a beacon, and static data alone may be a station's. A vessel stays one: sending a station's
type later has no effect.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from detectors.core import message_types as types
from detectors.core.imo_number import are_imo_numbers

if TYPE_CHECKING:
    from detectors.core.vessels.history import History

_POSITIONS: Final = types.are(types.POSITIONS_OF_SHIPS)
_CLASS_A: Final = types.are(types.OF_CLASS_A)
_STATIC: Final = types.are(types.STATIC - types.MOVING)
_STATIONS: Final = types.are(types.OF_STATIONS)
_BEACON_STATUS: Final = np.isin(
    np.arange(256).astype(np.int8), [14, -1]
)  # active; under test it is 15, which reads as unknown
_SHIPS: Final = range(200_000_000, 800_000_000)  # ITU-R M.585
_MILLION: Final = np.uint32(1_000_000)
_BEACONS: Final = (970, 972, 974)
_AIRCRAFT: Final = 111
_AIDS: Final = range(990, 1000)
_COAST_BELOW: Final = 10_000_000  # nine digits that begin with 00
_IS_BEACON: Final = np.isin(np.arange(1 + np.iinfo(np.uint32).max // _MILLION), _BEACONS)
"""By an MMSI's first digits, all before its last six."""

Bools = npt.NDArray[np.bool_]
Reports = npt.NDArray[np.void]
Numbers = npt.NDArray[np.unsignedinteger[Any]]


def first_met(mmsis: Numbers, kinds: npt.NDArray[np.uint8]) -> Bools:
    """Which new vessels count as ships before a report shows it, by MMSI and the type of the first message."""
    found: Bools = ~_STATIONS[kinds] & (mmsis >= _SHIPS.start) & (mmsis < _SHIPS.stop)
    return found


def show_vessels(reports: Reports, imos: Numbers) -> Bools:
    """Which reports only a vessel sends. ``imos`` has the IMO number stated in each, 0 for none."""
    kinds, mmsis = reports["type"], reports["mmsi"]
    numbers = mmsis // _MILLION
    beacon = _IS_BEACON[numbers]
    shown = _POSITIONS[kinds] & ~(beacon & _CLASS_A[kinds] & _BEACON_STATUS[reports["status"]])
    station = beacon | (numbers == _AIRCRAFT) | ((numbers >= _AIDS.start) & (numbers < _AIDS.stop))
    station |= mmsis < _COAST_BELOW
    shown |= _STATIC[kinds] & ~station
    return np.asarray(shown | are_imo_numbers(imos))


def vessels_in(history: History) -> Bools:
    """For each report of a history whether its sender is known to be a vessel by then."""
    known: Bools = history.fleet("vessel")
    others = (~known).nonzero()[0]
    if not len(others):
        return known
    at, values = history.brings("imo")
    imos = np.zeros(len(known), np.uint32)
    imos[at] = values
    shown = np.zeros(len(known), bool)
    shown[others] = show_vessels(history.reports[others], imos[others])
    return history.held(shown, shown, "vessel")
