"""Images of recorded traffic: contacts where ships were by AIS, matched with fixes from before and after alone.

The recording knows where each ship was when the image was taken. Matching must not: the fixes around that time are
withheld, as if receivers had missed them. So this measures what real ships do between two fixes.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from streams.imagery.generated.scene import Scene, SceneSpec
from streams.imagery.images import Contact, Fixes, Image
from streams.imagery.matching.expected import expected
from streams.imagery.matching.plane import degrees, moved
from streams.imagery.matching.radar_shift import SHIFT_S
from streams.imagery.matching.rules import MatchRules

_NEAR_S: Final = 60.0
"""A ship with fixes no farther apart than this around the time has a true place."""
_FOUND: Final = 0.9
_ERROR_KM: Final = 0.06
_LENGTH_M: Final = 200.0
_DECOYS: Final = 10
_TRACK_DEG: Final = 190.0
_EDGE_DEG: Final = 0.2


def recorded_scene(fixes: Fixes, time_ms: int, withheld_s: float, seed: int) -> Scene | None:
    """An image at a time of a recording; None if fewer than five ships have a true place then."""
    draw = np.random.default_rng(seed)
    true, _ = expected(fixes, time_ms, MatchRules(interpolate_most_s=_NEAR_S, dead_reckon_most_s=1.0))
    ships = (true.mmsi >= 200_000_000) & (true.mmsi < 800_000_000)  # noqa: PLR2004
    at = np.flatnonzero(ships & (draw.random(len(true.mmsi)) < _FOUND))
    if len(at) < 5:  # noqa: PLR2004
        return None
    track = np.radians(_TRACK_DEG)
    look = track + np.pi / 2
    along = (
        -SHIFT_S
        * (true.east_km_s[at] * np.sin(look) + true.north_km_s[at] * np.cos(look))
        * draw.normal(1, 0.15, len(at))
    )
    late_s, noise = draw.uniform(-12, 12), draw.normal(0, _ERROR_KM, (2, len(at)))
    lat, lon = degrees(
        moved(
            true.places[at],
            along * np.sin(track) + true.east_km_s[at] * late_s + noise[0],
            along * np.cos(track) + true.north_km_s[at] * late_s + noise[1],
        )
    )
    bounds = lon.min() - _EDGE_DEG, lat.min() - _EDGE_DEG, lon.max() + _EDGE_DEG, lat.max() + _EDGE_DEG
    west, south, east, north = map(float, bounds)
    spare = np.stack([draw.uniform(south, north, _DECOYS), draw.uniform(west, east, _DECOYS)])
    places = np.concatenate([np.stack([lat, lon]), spare], axis=1).T.tolist()
    contacts = tuple(Contact(id=f"c{n}", lat_deg=place[0], lon_deg=place[1]) for n, place in enumerate(places))
    image = Image(
        id=f"recorded-{seed}",
        sensor="Sentinel-1",
        kind="radar",
        time_ms=time_ms,
        footprint=((west, south), (east, south), (east, north), (west, north), (west, south)),
        contacts=contacts,
        track_deg=_TRACK_DEG,
        looks="right",
    )
    heard = fixes.rows(np.abs(fixes.time_ms - time_ms) > withheld_s * 1000)
    truth = {f"c{n}": int(mmsi) for n, mmsi in enumerate(true.mmsi[at].tolist())}
    spec = SceneSpec("recorded", heard=len(at))
    return Scene(spec, image, heard, (), {}, truth, frozenset())


def all_long(scene: Scene) -> Scene:
    """The same, with lengths of the ships that are contacts: whichever of them matching calls absent is there."""
    return scene._replace(lengths=dict.fromkeys(scene.truth.values(), _LENGTH_M))


def times_of(fixes: Fixes, count: int) -> list[int]:
    """Times spread over a recording, from three hours after its begin to three hours before its end."""
    first, last = (int(end(fixes.time_ms)) for end in (np.min, np.max))
    room = 3 * 3_600_000
    return [int(each) for each in np.linspace(first + room, max(last - room, first + room), count)]
