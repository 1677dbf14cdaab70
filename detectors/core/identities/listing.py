"""What an alert states about a listing: the basis of the match, dates, programme, and contradictions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec.structs import replace

from detectors.core.alert import Alert, Fact
from detectors.core.geography.gazetteer import Gazetteer, gazetteer_of
from detectors.core.headlines import at, list_word
from detectors.core.identities.linked_owners import linked_owners_of
from detectors.core.identities.matching import MatchVerdict, Register, StatedIdentity
from detectors.core.identities.registration import RegistrationFacts
from detectors.core.mid import flag_of
from detectors.core.reference import ListedShip, Reference
from detectors.core.shared_cache import Once
from detectors.core.sphere import course
from detectors.core.units import MS, duration_text, hhmm_z, rfc3339
from detectors.core.vessels.ship import MATCHED_NAME, VesselState

ABSENCES: Final = {
    "dark": "dark",
    "moved": "silent, has moved",
    "long": "silent",
    "at rest": "silent at rest",
    "possibly dark": "silent, possibly dark",
    "out of range": "out of receiver range",
}
"""The silence before a return in words of a headline, by ``details.absence`` of the alert."""
PAGED: Final = frozenset({"dark", "moved", "long"})
"""Absences after which a return is a page."""
_DAY_LETTERS: Final = 10
_DESTINATION_LETTERS: Final = 10
_LIKE_LETTERS: Final = 14
_MID: Final = 1_000_000
register_of: Final = Once(lambda reference: Register(reference.ships))
"""The register of a reference; made once for all partitions and detectors that share it."""


def stated_identity(ship: VesselState) -> StatedIdentity:
    """What a vessel has reported about itself."""
    return StatedIdentity(
        mmsi=ship.mmsi,
        imo=ship.imo,
        call_sign=ship.call_sign,
        name=ship.name,
        ship_type=ship.ship_type,
        length_m=ship.length_m,
        class_b=ship.class_b,
    )


def reasons(
    ship: VesselState,
    listings: Sequence[ListedShip],
    verdict: MatchVerdict | None,
    dark_ms: int,
    *,
    bound_by: str | None = None,
    reference: Reference | None = None,
) -> Iterable[Fact]:
    """The deciding facts, in the order of weight; the first of ``listings`` is the entry that was matched.

    ``dark_ms``: the silence before, 0 if there was none. ``bound_by`` names the source that heard the IMO number. With
    ``reference`` other ships of the same linked owner are counted.
    """
    entry = listings[0]
    if "imo" in ship.matched_on:
        age_s = (ship.last_ms - ship.bound_ms) // MS
        yield Fact(fact="IMO", value=ship.imo or 0, threshold=entry.imo, source=entry.list)
        yield Fact(
            fact="age of the report that states the IMO number",
            value=age_s,
            unit="s",
            source=f"AIS message 5 from {bound_by}" if bound_by else "AIS message 5",
        )
    if "mmsi" in ship.matched_on:
        yield Fact(fact="MMSI", value=ship.mmsi, threshold=entry.mmsi, source=entry.list)
    if "name" in ship.matched_on:
        yield Fact(
            fact="name similar to the listed name", value=ship.name or "", threshold=entry.name, source=entry.list
        )
    if "call_sign" in ship.matched_on:
        yield Fact(fact="call sign", value=ship.call_sign or "", threshold=entry.call_sign, source=entry.list)
    if dark_ms:
        yield Fact(fact="silence before this report", value=dark_ms // MS, unit="s")
    yield Fact(fact="consistent reports received", value=ship.support)
    if ship.destination:
        yield Fact(fact="reported destination", value=ship.destination)
    if verdict is not None:
        yield from _score(verdict)
    yield from _flags(ship, entry)
    yield from registration_of(ship.mmsi, ship.last_ms, listings, reference).why()
    for each in listings:
        yield _listed(each, _day(ship))


def _score(verdict: MatchVerdict) -> Iterable[Fact]:
    if verdict.contradictions:
        yield Fact(fact="contradicts the list entry", value=", ".join(verdict.contradictions))
    parts = ", ".join(f"{what} {weight:g}" for what, weight in verdict.parts)
    yield Fact(fact="match score", value=verdict.score, source=parts)


def _flags(ship: VesselState, entry: ListedShip) -> Iterable[Fact]:
    """The flag from its MMSI compared with the entry: possibly de-registered if only a former flag agrees."""
    flag, former = flag_of(ship.mmsi), ", ".join(entry.former_flags) or None
    if flag is None:
        listed = entry.flag or former
        mid = ship.mmsi // _MID
        yield Fact(fact="MMSI has no country code (MID)", value=mid, threshold=listed, source="ITU list of MIDs")
    elif flag == entry.flag:
        yield Fact(fact="flag from MMSI, same as listed", value=flag, threshold=entry.flag, source=entry.list)
    elif flag in entry.former_flags:
        said = "flag from MMSI is a former flag on the list: possibly de-registered"
        yield Fact(fact=said, value=flag, threshold=entry.flag or former, source=entry.list)
    elif entry.flag or former:
        listed = ", ".join(each for each in (entry.flag, *entry.former_flags) if each)
        said = "flag from MMSI is not on the list for this vessel"
        yield Fact(fact=said, value=flag, threshold=listed, source=entry.list)
    else:
        yield Fact(fact="flag from MMSI; the list gives no flag", value=flag, source=entry.list)


def _listed(entry: ListedShip, day: str) -> Fact:
    """Whether an entry counted on the day of the fix; the programme is as in the list."""
    by = f"{entry.list} {entry.entry_id}" + (f", {entry.programme}" if entry.programme else "")
    if entry.delisted_on and entry.delisted_on <= day:
        return Fact(fact="delisted before this report", value=entry.delisted_on, threshold=day, source=by)
    if entry.listed_on is None:
        return Fact(fact="listed; the list gives no date", value=day, source=by)
    said = "listed before this report" if entry.listed_on <= day else "listed after this report"
    return Fact(fact=said, value=entry.listed_on, threshold=day, source=by)


def _day(ship: VesselState) -> str:
    """ISO date of its last report, which is compared with the date of the listing."""
    return rfc3339(ship.last_ms)[:_DAY_LETTERS]


def registration_of(
    mmsi: int, time_ms: int, listings: Sequence[ListedShip], reference: Reference | None
) -> RegistrationFacts:
    """What the entries about a vessel state of its registration and owners, compared with a report under ``mmsi``."""
    day = rfc3339(time_ms)[:_DAY_LETTERS]
    shared = linked_owners_of(reference).shared(listings, day) if reference is not None else None
    return RegistrationFacts(mmsi=mmsi, day=day, listings=tuple(listings), shared=shared)


def all_listings(reference: Reference, number: int) -> list[ListedShip]:
    """The entry of 1 + ``number``, then the others about the same ship."""
    others = [n for n in register_of(reference).listings(number - 1) if n != number - 1]
    return [reference.ships[n] for n in (number - 1, *others)]


def as_listed(ship: VesselState) -> VesselState:
    """The vessel with the entry whose name is similar, if it matches none; otherwise unchanged."""
    if ship.listed is not None or ship.like is None:
        return ship
    return replace(ship, listed=ship.like, matched=MATCHED_NAME, misuse=False)


def verdict_on(ship: VesselState, reference: Reference) -> MatchVerdict | None:
    """The match of a vessel and its score; None if there is none."""
    register, told = register_of(reference), stated_identity(ship)
    return register.find(told) or register.resembling(told)


def title(ship: VesselState) -> str:
    """The vessel in a headline; for a similar name also the listed name."""
    if ship.matched != MATCHED_NAME or ship.listed is None:
        return ship.title
    return f"{ship.name} (name like {ship.listed.name[:_LIKE_LETTERS]}, {list_word(ship.listed.list)})"


def headline(ship: VesselState, away: tuple[int, str] | None, now_ms: int) -> str:
    """The vessel that was heard, its absence (ms and a key of ABSENCES; None: no long one), place and course."""
    what = "possible identity misuse, heard" if ship.misuse else "heard"
    since = f" after {duration_text(away[0])} {ABSENCES[away[1]]}" if away else ""
    sails = f", {ship.sog_kn:.0f} kn" if ship.sog_kn is not None else ""
    sails += f" {course(ship.cog_deg)}" if ship.cog_deg is not None and (ship.sog_kn or 0) >= 1 else ""
    to = f", for {ship.destination[:_DESTINATION_LETTERS]}" if ship.destination else ""
    return f"{title(ship)} {what}{since}{at(ship.lat_deg, ship.lon_deg)}, {hhmm_z(now_ms)}{to}{sails}"


def awaits_return(opened: Alert) -> bool:
    """Whether a hit is open about a vessel that has long been silent: its next reports are a return."""
    return opened.details["reason"] == "listed_now" or "silent_since" in opened.details


def absence_of(opened: Alert) -> str | None:
    """The absence that an open hit reports; alerts of earlier versions always mean dark."""
    if opened.details["reason"] != "reappeared":
        return None
    return str(opened.details.get("absence", "dark"))


def would_change(ship: VesselState) -> tuple[str, ...]:
    """What would close the alert, or change its match."""
    if ship.matched != MATCHED_NAME:
        return (
            "A type, length or second position that contradicts the list entry makes it possible identity misuse",
            "Another IMO number reported under this MMSI closes it",
        )
    return (
        "The IMO number, MMSI or call sign of the list entry makes it a match",
        "Another name, or the IMO number of another vessel, retracts it",
    )


def details(
    ship: VesselState,
    listings: Sequence[ListedShip],
    reason: str,
    *,
    verdict: MatchVerdict | None,
    reference: Reference,
) -> dict[str, object]:
    """The details of a hit by the first of ``listings``; all of them are about this ship."""
    entry, today = listings[0], _day(ship)
    said: dict[str, object] = {
        "list": entry.list,
        "entry_id": entry.entry_id,
        "list_version": reference.version,
        "matched_on": ship.matched_on,
        "reason": reason,
        "misuse": ship.misuse,
        **dates(entry, today),
    }
    if verdict is not None:
        said["score"] = verdict.score
    if len(listings) > 1:
        said["listings"] = [{"list": e.list, "entry_id": e.entry_id, **dates(e, today)} for e in listings]
    if ship.heard_before_ms:
        said["heard_before"] = rfc3339(ship.heard_before_ms)
    said |= registration_of(ship.mmsi, ship.last_ms, listings, reference).details()
    return {**said, **whereabouts(ship, gazetteer_of(reference))}


def whereabouts(ship: VesselState, gazetteer: Gazetteer) -> dict[str, object]:
    """Where it is and its reported destination, by port names; empty if unknown."""
    said: dict[str, object] = {}
    if ship.lat_deg is not None and ship.lon_deg is not None:
        near = gazetteer.where(ship.lat_deg, ship.lon_deg)
        said = {"near": near} if near else {}
    if ship.destination:
        said["destination"] = ship.destination
        if (named := gazetteer.named(ship.destination)) is not None:
            port = named.port
            said["destination_port"] = {"name": port.name, "locode": port.locode, "by": named.by}
    return said


def dates(entry: ListedShip, today: str) -> dict[str, object]:
    """Since when an entry is listed, and whether it was on an ISO date; empty if the list gives no date."""
    said: dict[str, object] = {}
    if entry.listed_on:
        said["listed_on"] = entry.listed_on
        said["listed_before_fix"] = entry.listed_on <= today
    if entry.delisted_on:
        said["delisted_on"] = entry.delisted_on
        said["delisted_before_fix"] = entry.delisted_on <= today
    if entry.programme:
        said["programme"] = entry.programme
    if entry.topics is not None:
        said["topics"] = list(entry.topics)
    return said
