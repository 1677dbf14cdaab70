"""The AIS message types, a row each: senders, contents, and places of fields (ITU-R M.1371-5, annex 8).

Everything that depends on a type is derived from this table: which reports move a vessel, which senders count as
vessels, and which bits decoding and ingest read. A type that is not here only identifies its sender.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

LAST_TYPE: Final = 27
MMSI_BITS: Final = 38
"""Type, repeat indicator and MMSI: the beginning of every message."""

CLASS_A, CLASS_B, LONG_RANGE = "class A", "class B", "long range"
BASE, AIRCRAFT, AID, MOBILE = "base station", "search and rescue aircraft", "aid to navigation", "mobile station"
SHIPS: Final = frozenset({CLASS_A, CLASS_B, LONG_RANGE})
"""Senders that are vessels."""
STATIONS: Final = frozenset({BASE, AIRCRAFT, AID})
"""Senders that are not vessels. A mobile station's answer (11) shows neither."""


class MessageType(NamedTuple):
    """A message type, and the bits at which its fields begin, counted from 0.

    From the position on, all types but 27 have the same fields: longitude in 28 bits, latitude 27, course 12, heading
    9; the speed, in 10 bits, ends one bit before the place.
    """

    number: int
    sender: str
    bits: int = MMSI_BITS
    """This number of bits contains all that is read of it; for type 24 see ``PART_BITS``."""
    place: int | None = None
    """Where the longitude begins; None: it has no position of its sender."""
    knot: int = 0
    """Steps of the speed per knot; 0: it has no speed."""
    degree: int = 0
    """Steps of the course per degree."""
    heading: bool = False
    status: int | None = None
    """Where the navigational status begins."""
    static: bool = False
    """It states a name, and perhaps other data that does not change with the position."""

    @property
    def moves(self) -> bool:
        """Whether it states how its sender moves."""
        return self.knot > 0


PART_BITS: Final = (160, 162)
"""These numbers of bits contain all that is read of part A and of part B of type 24."""

TABLE: Final = (
    *(MessageType(n, CLASS_A, 168, 61, knot=10, degree=10, heading=True, status=38) for n in (1, 2, 3)),
    MessageType(4, BASE, 134, 79),
    MessageType(5, CLASS_A, 422, static=True),
    MessageType(9, AIRCRAFT, 128, 61, knot=1, degree=10),
    MessageType(11, MOBILE, 134, 79),
    *(MessageType(n, BASE) for n in (16, 17, 20, 22, 23)),
    MessageType(18, CLASS_B, 168, 57, knot=10, degree=10, heading=True),
    MessageType(19, CLASS_B, 301, 57, knot=10, degree=10, heading=True, static=True),
    MessageType(21, AID, 219, 164),
    MessageType(24, CLASS_B, static=True),
    # Longitude in 18 bits, latitude 17, speed 6, course 9: a tenth of a minute, for satellites.
    MessageType(27, LONG_RANGE, 94, 44, knot=1, degree=1, status=40),
)


def are(chosen: frozenset[int]) -> npt.NDArray[np.bool_]:
    """By type (256,): whether it is one of these."""
    return np.isin(np.arange(256), sorted(chosen))


def numbers(*, sender: frozenset[str] = SHIPS | STATIONS | {MOBILE}) -> frozenset[int]:
    """The types that these senders send."""
    return frozenset(row.number for row in TABLE if row.sender in sender)


MOVING: Final = frozenset(row.number for row in TABLE if row.moves)
PLACED: Final = frozenset(row.number for row in TABLE if row.place is not None)
STATIC: Final = frozenset(row.number for row in TABLE if row.static)
OF_CLASS_A: Final = MOVING & numbers(sender=frozenset({CLASS_A}))
OF_CLASS_B: Final = numbers(sender=frozenset({CLASS_B}))
OF_STATIONS: Final = numbers(sender=STATIONS)
AIRCRAFT_TYPE, LONG_RANGE_TYPE = 9, 27
"""Types whose speeds and positions are in other steps."""
POSITIONS_OF_SHIPS: Final = MOVING & numbers(sender=SHIPS)
