"""What the detectors know about the world: listed ships and places. Loaded by ``streams.reference``."""

from __future__ import annotations

from typing import Literal

import msgspec


class FlagPeriod(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A time in which a ship was registered under a flag, as a list gives it. One of the dates is known."""

    flag: str
    """ISO 3166 code of two letters."""
    from_date: str | None = None
    to_date: str | None = None
    """ISO dates, the last day included; ``2017-10`` or ``2017`` if the list gives no day. None means unknown, and is
    never guessed."""


class ListedShip(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One entry of a watchlist. At least one of imo, mmsi, call_sign is known."""

    list: str
    """Usual name of the list: ``OFAC``, ``EU``."""
    entry_id: str
    """The entry's identity within its list."""
    name: str
    former_names: tuple[str, ...] = ()
    """Former names and aliases."""
    imo: int | None = None
    imo_wrong: bool = False
    """The list's IMO number has a wrong check digit: kept for display, never matched."""
    mmsi: int | None = None
    more_mmsis: tuple[int, ...] = ()
    call_sign: str | None = None
    more_call_signs: tuple[str, ...] = ()
    flag: str | None = None
    former_flags: tuple[str, ...] = ()
    """All other flags, also those of ``flag_history``."""
    flag_history: tuple[FlagPeriod, ...] = ()
    """Flags with dates, where the list gives them, in its order."""
    deregistered_on: str | None = None
    """When its last de-registration was, as in ``FlagPeriod``; None if it is not known."""
    deregistered_by: str | None = None
    """The flag that de-registered it, ISO code."""
    ship_type: str | None = None
    """In the words of the list."""
    length_m: int | None = None
    tonnage_gt: int | None = None
    deadweight_t: int | None = None
    programme: str | None = None
    topics: tuple[str, ...] | None = None
    """Reasons for listing, in OpenSanctions terms (``sanction``); None if the list does not distinguish entries by
    them."""
    owner: str | None = None
    linked_to: tuple[str, ...] = ()
    """Companies and people to which the list links it, mostly owners and managers."""
    built: int | None = None
    """Year."""
    listed_on: str | None = None
    """ISO date; None means unknown, and is never guessed."""
    delisted_on: str | None = None
    source: str | None = None
    """The start of the SHA-256 of its file, hex."""
    broken_up_on: str | None = None
    """ISO date on which the ship came to the yard, by a list of broken-up ships. Such an entry is on no watchlist and
    matches no vessel: it is there for ``broken_up`` alone."""
    broken_up_at: str | None = None
    """That yard, in the words of the list."""
    yard_lat_deg: float | None = None
    yard_lon_deg: float | None = None
    """Where the yard is, if known."""
    note: str | None = None
    added_by: str | None = None
    added_at: str | None = None
    """Of a ship of one's own list: why, by which person and when it was added, wall clock, RFC 3339."""


class Zone(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A place that matters. A circle when ``polygon`` is None."""

    name: str
    kind: Literal["sanctioned", "associated", "watched"]
    """``associated`` counts for listed vessels only; ``watched`` as ``sanctioned``, but no silence is measured against
    it."""
    lat_deg: float
    lon_deg: float
    radius_nm: float = 5.0
    """Radius of the circle; of a circle around all polygons."""
    polygon: tuple[tuple[tuple[float, float], ...], ...] | None = None
    """Rings of (lon_deg, lat_deg), the first the outer one, then holes; None for a circle.

    Across the antimeridian longitudes continue beyond 180 (or below -180)."""
    more_polygons: tuple[tuple[tuple[tuple[float, float], ...], ...], ...] = ()
    """The other parts of an area in several parts, each as ``polygon``."""
    aliases: tuple[str, ...] = ()
    locode: str | None = None
    """UN/LOCODE without a blank, such as KPRJN."""
    country: str | None = None
    programme: str | None = None
    legal_basis: str | None = None
    from_date: str | None = None
    to_date: str | None = None
    """ISO dates between which the zone is in force, including the last day."""
    horizon_h: float = 6.0
    source: str | None = None
    """Where the position comes from."""
    precision_nm: float | None = None
    severity: Literal["page", "ticket", "log"] | None = None
    """For an alert that a ship is inside, instead of the settings'; alerts of other reasons are not higher."""
    note: str | None = None
    added_by: str | None = None
    added_at: str | None = None
    """Of a zone of one's own: why, by which person and when it was added, wall clock, RFC 3339."""


class Port(msgspec.Struct, frozen=True, kw_only=True):
    """A port of the world, to name places."""

    name: str
    lat_deg: float
    lon_deg: float
    locode: str = ""
    country: str = ""
    size: int = 1
    """1 very small to 4 large; 5 for a zone of ours."""
    aliases: tuple[str, ...] = ()


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the detectors know besides the feed. ``version`` names it in alerts."""

    ships: tuple[ListedShip, ...] = ()
    zones: tuple[Zone, ...] = ()
    ports: tuple[Port, ...] = ()
    """For wording, and for ``port_call``: whether a listed ship stopped within 10 nm of one."""
    version: str = ""
