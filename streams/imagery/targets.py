"""What is to be seen: the reach of the ship of an alert and the zones that it could have reached, a zone, or a box."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from detectors.core.alert import Alert, Position
from detectors.core.orbits.model import Target
from detectors.core.reference import Zone
from detectors.core.sphere import distance_nm
from detectors.core.units import DAY_MS, HOUR_MS, MS, rfc3339, unix_ms
from streams.errors import ConfigError
from streams.messages.values import ms_of

REACH: Final = "reach"
"""The name of the target that is the ship's reach."""
REACH_BACK: Final = "reach before its return"
REACH_MOST_NM: Final = 300.0
"""A wider reach holds nearly every pass of every satellite: then only zones are told."""
AHEAD_MS: Final = 3 * DAY_MS
LONGEST_MS: Final = 60 * DAY_MS
_UNTIL_MS: Final = 4_133_980_800_000  # the year 2101
_SPEEDS_KN: Final = 0.1, 110.0
_STAY_MOST_S: Final = 1e9
ENDED: Final = frozenset({"closed", "retracted"})


class Asked(NamedTuple):
    """A target, and from when to when passes over it count, Unix ms."""

    target: Target
    from_ms: int
    to_ms: int


class Window(NamedTuple):
    """A time as the user gave it; None: as is usual for what is asked."""

    from_ms: int | None = None
    to_ms: int | None = None


def window_of(from_ms: int | None, to_ms: int | None) -> Window:
    """Raises ConfigError for a time that ends before it begins, or is longer than passes are looked for."""
    for option, at_ms in (("--from", from_ms), ("--to", to_ms)):
        if at_ms is not None and at_ms >= _UNTIL_MS:
            raise ConfigError(f"{option} is after the year 2100; give a time for which there are elements")
    if from_ms is not None and to_ms is not None and not from_ms < to_ms <= from_ms + LONGEST_MS:
        raise ConfigError(f"--to must be after --from, and at most {LONGEST_MS // DAY_MS} days; correct one of them")
    return Window(from_ms, to_ms)


class AlertTargets(NamedTuple):
    """The targets of an alert, and what a reader must know of them."""

    asked: list[Asked]
    said: list[str]


def of_alert(revisions: Sequence[Alert], zones: Mapping[str, Zone], window: Window, fallback_kn: float) -> AlertTargets:
    """The ship's reach since its last report, and the sanctioned zones that it could have reached.

    Usually from the last report to the next, or while the alert is open to three days after its newest revision.
    ``fallback_kn`` is the speed if the alert states none. Raises ConfigError if it states no position.
    """
    last, newest = revisions[0].position, revisions[-1]
    if last is None:
        raise ConfigError(f"alert {newest.id} states no position; give --box or --zone")
    since_ms = unix_ms(last.time)
    from_ms = max(since_ms, since_ms if window.from_ms is None else window.from_ms)
    to_ms = _end_ms(newest) if window.to_ms is None else window.to_ms
    if to_ms <= from_ms:
        raise ConfigError(f"--to is not after the last report or --from ({rfc3339(from_ms)}); give a later time")
    said: list[str] = []
    if to_ms > from_ms + LONGEST_MS:
        to_ms = from_ms + LONGEST_MS
        said.append(f"only the first {LONGEST_MS // DAY_MS} days, to {rfc3339(to_ms)}; --from and --to give others")
    speed_kn = newest.details.get("v_max_kn")
    if not isinstance(speed_kn, int | float) or not _SPEEDS_KN[0] <= speed_kn <= _SPEEDS_KN[1]:
        speed_kn = fallback_kn
        said.append(f"the alert states no greatest speed; {speed_kn:g} kn is assumed")
    reach = _reach(last, newest, speed_kn)
    for wide_from_ms, wide_to_ms in _too_wide(reach, from_ms, to_ms):
        span = f"from {rfc3339(wide_from_ms)} to {rfc3339(wide_to_ms)}"
        said.append(f"{span} the reach is wider than {REACH_MOST_NM:g} nm: only zones are listed")
    within = [Asked(one.target, max(one.from_ms, from_ms), min(one.to_ms, to_ms)) for one in reach]
    asked = [*within, *_zones(newest, zones, from_ms, to_ms)]
    return AlertTargets([one for one in asked if one.from_ms < one.to_ms], said)


def _reach(last: Position, newest: Alert, speed_kn: float) -> list[Asked]:
    """Where the ship can be: a circle that grows from its last report; in the second half of the time until it was
    heard again, one that shrinks to that place. Each while it is not wider than ``REACH_MOST_NM``.
    """
    since_ms, widest_ms = unix_ms(last.time), int(REACH_MOST_NM / speed_kn * HOUR_MS)
    grows = Target(
        name=REACH, lat_deg=last.lat_deg, lon_deg=last.lon_deg, radius_nm=0.0, since_ms=since_ms, growth_kn=speed_kn
    )
    again = newest.position
    if newest.status not in ENDED or again is None or unix_ms(again.time) <= since_ms:
        return [Asked(grows, since_ms, since_ms + widest_ms)]
    end_ms = unix_ms(again.time)
    middle_ms = (since_ms + end_ms) // 2
    shrinks = Target(
        name=REACH_BACK,
        lat_deg=again.lat_deg,
        lon_deg=again.lon_deg,
        radius_nm=speed_kn * (end_ms - since_ms) / HOUR_MS,
        since_ms=since_ms,
        growth_kn=-speed_kn,
    )
    return [
        Asked(grows, since_ms, min(middle_ms, since_ms + widest_ms)),
        Asked(shrinks, max(middle_ms, end_ms - widest_ms), end_ms),
    ]


def _too_wide(reach: Sequence[Asked], from_ms: int, to_ms: int) -> list[tuple[int, int]]:
    """The part of the time, if any, in which no reach is asked for."""
    gap = reach[0].to_ms, reach[1].from_ms if len(reach) > 1 else to_ms
    clipped = max(gap[0], from_ms), min(gap[1], to_ms)
    return [clipped] if clipped[0] < clipped[1] else []


def _end_ms(newest: Alert) -> int:
    if newest.status in ENDED:
        return unix_ms(newest.position.time if newest.position is not None else newest.time)
    return unix_ms(newest.time) + AHEAD_MS


def _zones(newest: Alert, zones: Mapping[str, Zone], from_ms: int, to_ms: int) -> list[Asked]:
    """The zones that the alert names, each from the earliest arrival of the ship to its latest departure."""
    ports = newest.details.get("feasible_ports")
    named: list[dict[str, Any]] = [one for one in ports if isinstance(one, dict)] if isinstance(ports, list) else []
    found = []
    for one in named:
        zone = zones.get(str(one.get("zone")))
        if zone is not None:
            arrival_ms = ms_of(one.get("arrive_by")) or from_ms
            stay_s = one.get("longest_stay_s")
            stays = isinstance(stay_s, int | float) and 0 <= stay_s <= _STAY_MOST_S
            leave_ms = arrival_ms + round(stay_s * MS) if stays and stay_s is not None else to_ms
            found.append(Asked(zone_target(zone), max(from_ms, arrival_ms), min(to_ms, leave_ms)))
    return found


def zone_target(zone: Zone) -> Target:
    """A zone, as the circle around it."""
    return Target(name=zone.name, lat_deg=zone.lat_deg, lon_deg=zone.lon_deg, radius_nm=zone.radius_nm, since_ms=0)


def box_target(text: str) -> Target:
    """The circle around a box ``S,W,N,E``, degrees; W is greater than E across 180 degrees. Raises ConfigError."""
    try:
        south, west, north, east = map(float, text.split(","))
        if not (-90 <= south < north <= 90 and abs(west) <= 180 and abs(east) <= 180 and west != east):  # noqa: PLR2004 - the globe
            raise ValueError
    except ValueError:
        raise ConfigError(
            f"--box {text!r}: write SOUTH,WEST,NORTH,EAST in degrees, such as --box 34.5,23.0,36.0,25.5"
        ) from None
    wide = (east - west) % 360 or (360 if east > west else 0)
    lat, lon = (south + north) / 2, (west + wide / 2 + 180) % 360 - 180
    radius_nm = max(distance_nm(lat, lon, corner, side) for corner in (south, north) for side in (west, east))
    if radius_nm > REACH_MOST_NM:
        raise ConfigError(
            f"--box {text!r} is {radius_nm:.0f} nm from its middle to a corner; {REACH_MOST_NM:g} at most"
        )
    return Target(name="box", lat_deg=lat, lon_deg=lon, radius_nm=radius_nm, since_ms=0)
