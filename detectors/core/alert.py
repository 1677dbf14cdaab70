"""The alert, version 1: the output of the detectors, on which users and their tools depend.

No record here can be part of a reference cycle: ``gc=False`` keeps the garbage collector from visiting a million open
alerts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

Status = Literal["opened", "updated", "closed", "retracted"]
Severity = Literal["page", "ticket", "log"]
HEIGHT: Final[Mapping[Severity, int]] = {"log": 0, "ticket": 1, "page": 2}
Verification = Literal["unverified", "corroborated"]
Scalar = str | int | float | bool


class Fact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One number that decided, against its threshold."""

    fact: str
    value: Scalar
    threshold: Scalar | None = None
    unit: str | None = None
    source: str | None = None


class Vessel(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A vessel as last known; what is unknown is absent."""

    name: str | None = None
    imo: int | None = None
    call_sign: str | None = None
    flag: str | None = None
    ship_type: int | None = None
    length_m: int | None = None


class Position(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The last fix; of an alert about an area its centre."""

    lat_deg: float
    lon_deg: float
    sog_kn: float | None = None
    cog_deg: float | None = None
    time: str


class Evidence(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One raw NMEA sentence that decided; ``sha256`` is of ``sentence``."""

    time: str
    source: str
    sentence: str
    sha256: str
    re_encoded: bool = False
    """The sentence was not received by radio: it was written from a row of a table or from JSON fields."""


class Alert(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One revision of one alert. Times are event times, RFC 3339 UTC with milliseconds."""

    id: str
    """32 hex digits, fixed at opening: hash of detector, rule version, subject, key and episode start."""
    revision: int
    status: Status
    detector: str
    rule_version: int
    severity: Severity
    subject: str
    """``mmsi/273999001``, ``imo/9179842``, ``source/kystverket`` or ``place/36.5N027.0E``: what the alert is about, and
    the record's key. A place is named by the south-west corner of a cell of half a degree."""
    case_id: str
    related: tuple[str, ...] = ()
    mmsi: int | None = None
    vessel: Vessel | None = None
    episode_start: str
    time: str
    position: Position | None = None
    headline: str
    """At most 100 characters, for a phone at night: which vessel (or how many), what, where, since when."""
    why: tuple[Fact, ...] = ()
    would_change: tuple[str, ...] = ()
    verification: Verification = "corroborated"
    details: dict[str, Any] = {}
    evidence: tuple[Evidence, ...] = ()
    replayed: bool = False
    """True if the input is a recording: for the record, never for a pager."""
    same_as: int | None = None
    """The revision that this one repeats, except for what it states of satellites: feedback on that one counts for this
    one too."""

    @property
    def news(self) -> int:
        """The last revision that was news."""
        return self.revision if self.same_as is None else self.same_as


def encode(alert: Alert) -> bytes:
    """The alert's only JSON form, UTF-8: fields in the order above, absent if unknown."""
    return msgspec.json.encode(alert)
