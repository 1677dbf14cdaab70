"""Cues: where and when to search for a silent listed ship, made from the passes in its alert.

Pure: the same alert gives the same bytes. Passes come from ``details.imagery`` of the alert; what they can cover is
given without land (``water``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Final, Literal

import msgspec
import shapely
from msgspec import Meta
from shapely.geometry.base import BaseGeometry

from detectors.core.alert import Alert, Fact, Severity
from detectors.core.engine.imagery_advice import IMAGERY
from detectors.core.headlines import listed_by
from detectors.core.orbits.model import Pass
from streams.errors import InputError, Reason
from streams.imagery.outlines import geojson_of, on_grid, polygon_of
from streams.imagery.water import water_of
from streams.messages.cue import Cue, CuePass, CueProperties, CueShip, CueWindow
from streams.messages.fact_wording import chance_in_words
from streams.messages.values import ms_of, time_ms

_PRIORITY: Final[Mapping[Severity, Literal[1, 2, 3]]] = {"page": 1, "ticket": 2, "log": 3}
_ENDED: Final = frozenset({"closed", "retracted"})
_PASSES_MOST: Final = 100
_CORNERS_MOST: Final = 1000


class _Imagery(msgspec.Struct, frozen=True):
    """What is read of ``details.imagery``."""

    passes: Annotated[tuple[Pass, ...], Meta(max_length=_PASSES_MOST)]


def cue_of(alert: Alert) -> Cue | None:
    """The cue of one revision; None if it says nothing of passes.

    It is withdrawn if the alert has ended, or if no pass covers water. Raises InputError if ``details.imagery`` is not
    of its form, which an alert from a file may have.
    """
    if IMAGERY not in alert.details:
        return None
    found = [] if alert.status in _ENDED else list(_over_water(alert))
    passes = tuple(one for one, _ in found)
    whole = geojson_of(on_grid(shapely.union_all([water for _, water in found])))
    return Cue(id=alert.id, geometry=whole, properties=_properties(alert, passes))


def _over_water(alert: Alert) -> Iterator[tuple[CuePass, BaseGeometry]]:
    """The passes that cover water, each with it. A pass over a place of which no area is known is left out."""
    position = alert.position
    heard_at = None if position is None else (position.lon_deg, position.lat_deg)
    zones = _zones(alert)
    for number, one in enumerate(_passes(alert), 1):
        area = polygon_of(one.area)
        water = water_of(area, heard_at)
        if water.is_empty and one.target in zones:
            water = area  # a port far up a river, which the coastlines do not have
        shape = geojson_of(water)
        if shape is not None:
            said = msgspec.structs.asdict(one)
            del said["area"]
            share = said.pop("covers")
            yield CuePass(number=number, **said, share=share, geometry=shape), water


def _passes(alert: Alert) -> tuple[Pass, ...]:
    try:
        passes = msgspec.convert(alert.details[IMAGERY], _Imagery).passes
    except (msgspec.ValidationError, RecursionError) as error:
        raise InputError(Reason.RECORD_UNREADABLE, f"details.{IMAGERY} of alert {alert.id}: {error}") from error
    for one in passes:
        begin_ms, end_ms = ms_of(one.begin), ms_of(one.end)
        placed = len(one.area) <= _CORNERS_MOST and all(abs(lon) <= 360 and abs(lat) <= 90 for lon, lat in one.area)  # noqa: PLR2004
        if begin_ms is None or end_ms is None or end_ms < begin_ms or not placed:
            raise InputError(
                Reason.RECORD_UNREADABLE, f"details.{IMAGERY} of alert {alert.id}: a pass without time or place"
            )
    return passes


def _zones(alert: Alert) -> frozenset[object]:
    """The zones and ports that the alert names."""
    ports = alert.details.get("feasible_ports")
    reached = [port.get("zone") for port in ports if isinstance(port, dict)] if isinstance(ports, list) else []
    named = [*reached, alert.details.get("zone"), alert.details.get("port")]
    return frozenset(name for name in named if isinstance(name, str))


def _properties(alert: Alert, passes: tuple[CuePass, ...]) -> CueProperties:
    speed_kn = alert.details.get("v_max_kn")
    return CueProperties(
        id=alert.id,
        revision=alert.revision,
        status="wanted" if passes else "withdrawn",
        priority=_PRIORITY[alert.severity],
        detector=alert.detector,
        time=alert.time,
        why=(alert.headline, *(_reason(fact) for fact in alert.why)),
        ship=_ship(alert),
        last_heard=_last_heard(alert),
        v_max_kn=speed_kn if isinstance(speed_kn, int | float) else None,
        window=_window(passes) if passes else None,
        passes=passes,
        replayed=alert.replayed,
        made_by="wakewatch",
    )


def _window(passes: Sequence[CuePass]) -> CueWindow:
    times = [text for one in passes for text in (one.begin, one.end)]
    return CueWindow(begin=min(times, key=time_ms), end=max(times, key=time_ms))


def _ship(alert: Alert) -> CueShip:
    listed, vessel = listed_by(alert.headline), alert.vessel
    if vessel is None:
        return CueShip(mmsi=alert.mmsi, listed=listed)
    return CueShip(
        name=vessel.name,
        imo=vessel.imo,
        mmsi=alert.mmsi,
        flag=vessel.flag,
        ship_type=vessel.ship_type,
        length_m=vessel.length_m,
        listed=listed,
    )


def _last_heard(alert: Alert) -> str | None:
    """As the detector states it; otherwise the time of the last position."""
    for key in ("last_heard", "silent_since"):
        said = alert.details.get(key)
        if isinstance(said, str) and ms_of(said) is not None:
            return said
    return alert.position.time if alert.position is not None else None


def _reason(fact: Fact) -> str:
    """``highest expected speed: 11.9 kn``: a number, its threshold, and its source or what it means."""
    unit = f" {fact.unit}" if fact.unit else ""
    threshold = "" if fact.threshold is None else f", threshold {fact.threshold}{unit}"
    said = fact.source or chance_in_words(fact)
    return f"{fact.fact}: {fact.value}{unit}{threshold}{f' ({said})' if said else ''}"
