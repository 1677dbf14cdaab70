"""How a change of identity is described: headline, facts and details of its alert."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from detectors.core.alert import Fact, Verification
from detectors.core.headlines import at
from detectors.core.identities.binding import AGAIN, STATED_EVERY_MS, Binding
from detectors.core.imo_stage.holders import Holder
from detectors.core.mid import flag_of, flagged
from detectors.core.units import MINUTE_MS, duration_text, hhmm_z, rfc3339

TENTHS = 1
_LONG_MS = 3 * STATED_EVERY_MS  # after this time it matters little that a binding is written once in TOLD_EVERY_MS
WOULD_CHANGE = (
    "A second report of the IMO number under this MMSI corroborates it",
    "Positions of two MMSIs that one vessel cannot reach make it possible identity misuse",
)


class Change(NamedTuple):
    """One change, as an alert describes it."""

    own: Binding
    """The binding of the MMSI that it is about."""
    told: Binding
    """The binding that caused it: of that MMSI, or of one that contradicts it."""
    former: Sequence[Holder]
    """The other holders of the number."""
    apart: Sequence[Holder]
    """Those among them that are too far apart for one ship."""
    reason: str
    changes: int


def reason_of(holder: Holder) -> str | None:
    """Why the open alert of a holder was opened; None if there is none."""
    return None if holder.alert is None else str(holder.alert.details["reason"])


def verification_of(told: Binding) -> Verification:
    """Whether the number was reported often enough under this MMSI to count."""
    return "corroborated" if told.statements >= AGAIN else "unverified"


def latest(former: Sequence[Holder]) -> Binding:
    """The newest binding of the former holders."""
    return max((holder.newest for holder in former), key=lambda told: (told.last_ms, told.mmsi))


def flag_facts(own: Binding, last: Binding) -> Iterable[Fact]:
    """The flag by MMSI, if it is another one now, or if the MMSI has none."""
    now, then = flag_of(own.mmsi), flag_of(last.mmsi)
    if now is None:
        yield Fact(fact="MMSI has no country code (MID)", value=own.mmsi // 1_000_000, source="ITU list of MIDs")
    elif now != then:
        yield Fact(fact="flag from MMSI", value=now, threshold=then, source="threshold: the previous one")


def title(told: Binding) -> str:
    """The vessel by name and IMO number."""
    return f"{told.name} (IMO {told.imo})" if told.name else f"IMO {told.imo}"


def headline(change: Change) -> str:
    """Which vessel is under which MMSI now, and its former MMSI."""
    own, told, who = change.own, change.told, title(change.own)
    if change.apart:
        other = told if told.mmsi != own.mmsi else change.apart[0].newest
        where = at(other.lat_deg, other.lon_deg)
        return f"{who} possible identity misuse, also used by MMSI {other.mmsi}{where}, {hhmm_z(told.last_ms)}"
    former = max(change.former, key=lambda holder: (seen_ms(holder), holder.newest.mmsi))
    last, heard_ms = former.newest, seen_ms(former)
    still, apart_ms = heard_ms >= own.first_ms, (own.appeared_ms or own.first_ms) - heard_ms
    known = former.heard_ms >= last.last_ms or apart_ms >= _LONG_MS
    ago = f" {duration_text(max(apart_ms, MINUTE_MS))} ago" if known and not still else ""
    return f"{who} under new MMSI {flagged(own.mmsi)}, {'also' if still else 'was'} {flagged(last.mmsi)}{ago}"


def seen_ms(holder: Holder) -> int:
    """When it was last heard, as far as is known: bindings are written hourly, not at every report."""
    return max(holder.heard_ms, holder.newest.last_ms)


def details_of(change: Change) -> dict[str, object]:
    """``details`` of the alert."""
    own = change.own
    made: dict[str, object] = {
        "imo": own.imo,
        "reason": change.reason,
        "flag": flag_of(own.mmsi),
        "first_stated": rfc3339(own.first_ms),
        "statements": own.statements,
        "source": own.source,
        "changes_in_90_days": change.changes,
        "former": [_former(holder) for holder in change.former],
        "former_cases": [f"mmsi/{holder.newest.mmsi}" for holder in change.former],
    }
    return {**made, "list": own.listed} if own.listed else made


def _former(holder: Holder) -> dict[str, object]:
    told = holder.newest
    made = {
        "mmsi": told.mmsi,
        "flag": flag_of(told.mmsi),
        "name": told.name,
        "source": told.source,
        "first_stated": rfc3339(holder.first_ms),
        "last_told": rfc3339(told.last_ms),
        "lat_deg": told.lat_deg,
        "lon_deg": told.lon_deg,
    }
    return {name: value for name, value in made.items() if value is not None}


def sentences_of(told: Binding) -> tuple[bytes, ...]:
    """The sentence that stated the number."""
    return (told.sentence.encode("ascii", "replace"),) if told.sentence else ()
