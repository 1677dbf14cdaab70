"""Satellites that could show a vessel, and what satellite images show, as text and as GeoJSON.

Details may have been written by another version: what has another form is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeVar

import msgspec
from rich.text import Text

from detectors.core.alert import Alert
from detectors.core.orbits.model import Pass
from detectors.core.sphere import place
from detectors.core.units import rfc3339, unix_ms
from detectors.core.vessels.sightings import SIGHTINGS, Sighting
from streams.explain.shapes import Feature, area, point, rings_of
from streams.explain.track_text import stamp

IMAGERY: Final = "imagery"
"""The name in the details of an alert."""
Form = TypeVar("Form")
_SIDES: Final = {"right": "right of its track", "left": "left of its track", "below": "below its track"}
_ID_DIGITS: Final = 12
_TIERS: Final = {
    "possible": "possible by its orbit",
    "planned": "planned by its operator",
    "catalogued": "the image is in the catalogue",
}
_OUTCOMES: Final = {
    "possible": "possible match",
    "seen": "seen at its reported position",
    "absent": "not in the image at its reported position",
}


def passes_of(alert: Alert) -> list[Pass]:
    """The passes that an alert names."""
    told = alert.details.get(IMAGERY)
    return list(_read(told.get("passes"), Pass)) if isinstance(told, dict) else []


def sightings_of(alert: Alert) -> list[Sighting]:
    """What images show, as an alert states it."""
    told = alert.details.get(SIGHTINGS)
    return list(_read([_with_ms(one) for one in told] if isinstance(told, list) else (), Sighting))


def _read(told: object, form: type[Form]) -> Iterable[Form]:
    for one in told if isinstance(told, list | tuple) else ():
        try:
            yield msgspec.convert(one, form)
        except msgspec.ValidationError:
            continue


def _with_ms(one: object) -> object:
    """A sighting with its time as a number, as its type has it."""
    if not isinstance(one, dict) or not isinstance(one.get("time"), str):
        return one
    try:
        return {**one, "time_ms": unix_ms(one["time"])}
    except ValueError:
        return None


# -- text ---------------------------------------------------------------------------------------------------------


def image_sections(alert: Alert) -> Iterable[Text]:
    """How to check an alert by satellite, and what images show; nothing where it names neither."""
    if passes := passes_of(alert):
        yield Text()
        yield Text("How to check: satellites that could see the place", "bold")
        yield from (Text(f"  {_plain(_pass_text(each))}") for each in passes)
        if isinstance(age_h := alert.details[IMAGERY].get("elements_age_h"), int | float):
            yield Text(f"  computed from orbital elements {age_h:.0f} h old", "dim")
        yield Text(f"  `wakewatch imagery order {alert.id[:_ID_DIGITS]}` prints an order", "dim")
    if sightings := sightings_of(alert):
        yield Text()
        yield Text("Satellite images", "bold")
        yield from (Text(f"  {_plain(_sighting_text(each))}") for each in sightings)


def _pass_text(each: Pass) -> str:
    begin, end = (_minute(time) for time in (each.begin, each.end))
    until = end if end[:10] != begin[:10] else end[11:]
    light = {True: ", by day", False: ", at night", None: ""}[each.daylight]
    tier = _TIERS[each.tier] + (f" ({each.item})" if each.item else "")
    pointed = ", could be pointed there if ordered" if each.pointable else ""
    return (
        f"{begin} to {until}  {each.satellite}, {each.sensor} ({each.kind}): {_SIDES[each.side]} "
        f"(course {round(each.track_deg) % 360:03d}), covers {each.covers:.0%}{light}{pointed}; {tier}"
    )


def _plain(text: str) -> str:
    """A name from a catalogue, without characters that steer a terminal."""
    return "".join(c if c.isprintable() else " " for c in text)


def _minute(time: str) -> str:
    try:
        return stamp(unix_ms(time))
    except ValueError:
        return time[:20]


def _sighting_text(each: Sighting) -> str:
    where = place(each.lat_deg, each.lon_deg)
    length = f", contact of {each.length_m:.0f} m" if each.length_m is not None else ""
    away = f", {each.distance_nm:.1f} nm from its reported position" if each.distance_nm is not None else ""
    several = "s" if each.others != 1 else ""
    others = f", {each.others} other silent vessel{several} could be it" if each.others else ""
    return (
        f"{stamp(each.time_ms)}  {each.sensor}: {_OUTCOMES[each.outcome]}, score {each.score:.2g}, "
        f"{where}{length}{away}{others}; image {each.image}"
    )


# -- GeoJSON ------------------------------------------------------------------------------------------------------


def image_features(alert: Alert) -> Iterable[Feature]:
    """Areas that passes can cover, outlines of images (each once), and contacts."""
    for each in passes_of(alert):
        said = _said(
            each, ("satellite", "sensor", "begin", "end", "covers", "side", "daylight", "pointable", "tier", "item")
        )
        drawn = area(rings_of(each.area), {"kind": "pass", "image": each.kind, **said})
        if drawn is not None:
            yield drawn
    outlines: set[str] = set()
    for one in sightings_of(alert):
        said = {"image": one.image, "sensor": one.sensor, "time": rfc3339(one.time_ms)}
        outline = None if one.image in outlines else area(rings_of(one.footprint), {"kind": "image", **said})
        if outline is not None:
            outlines.add(one.image)
            yield outline
        more = _said(one, ("outcome", "score", "contact", "length_m", "distance_nm", "others"))
        yield point(
            (one.lon_deg, one.lat_deg), {"kind": "contact" if one.outcome != "absent" else "no contact", **said, **more}
        )


def _said(one: Pass | Sighting, names: Iterable[str]) -> Mapping[str, Any]:
    known = ((name, getattr(one, name)) for name in names)
    return {name: value for name, value in known if value is not None}
