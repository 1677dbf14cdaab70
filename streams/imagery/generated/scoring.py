"""What matching found in generated scenes, against their truth; and the scenes that are measured."""

from __future__ import annotations

from typing import Final, NamedTuple

from streams.imagery.generated.scene import Scene, SceneSpec
from streams.imagery.matching.matching import Outcomes

SCENES: Final = (
    SceneSpec("open-sea", heard=15, silent=2, elsewhere=3, dark=3, decoys=6),
    SceneSpec("coast", heard=60),
    SceneSpec("strait", heard=150, dark=20, decoys=30),
    SceneSpec("roadstead", heard=200, crowded=0.6, dark=15),
    SceneSpec("crowded", heard=400, crowded=0.3, silent=10, elsewhere=12, dark=40, decoys=60),
    SceneSpec("wind-farm", heard=60, turbines=64),
    SceneSpec("optical", heard=80, kind="optical"),
    SceneSpec("no-track", heard=120, tracked=False),
    SceneSpec("false-positions", heard=60, displaced=8),
    SceneSpec("fishing-fleet", heard=40, dark=80, silent=6),
    SceneSpec("high-north", heard=50, lat_deg=71.0, lon_deg=25.0),
    SceneSpec("antimeridian", heard=50, lat_deg=-17.0, lon_deg=179.9),
)
"""Kinds of scenes; each is measured with several seeds."""
WRONG: Final = (SceneSpec("wrong-time", heard=80, wrong_time_min=60.0),)


class Score(NamedTuple):
    """Counts of one or more scenes; ``+`` adds."""

    images: int = 0
    there: int = 0
    """Ships with AIS, not displaced, that are a contact."""
    seen: int = 0
    seen_right: int = 0
    absent: int = 0
    absent_right: int = 0
    """Displaced ships among them. The others were there, and the sensor missed them."""
    displaced: int = 0
    silent: int = 0
    """Silent ships that are a contact."""
    possible: int = 0
    possible_right: int = 0
    promised: float = 0.0
    """Sum of the scores of possible ones: with honest scores as much as ``possible_right``."""

    def plus(self, other: Score) -> Score:
        """Both together."""
        return Score(*(a + b for a, b in zip(self, other, strict=True)))  # type: ignore[arg-type]

    @property
    def precision(self) -> float:
        """Share of the ships seen that are right."""
        return self.seen_right / max(self.seen, 1)

    @property
    def recall(self) -> float:
        """Share of the ships with AIS among the contacts that are seen."""
        return self.seen_right / max(self.there, 1)


def score_of(scene: Scene, outcomes: Outcomes) -> Score:
    """Compares outcomes with the truth."""
    heard = {*scene.fixes.mmsi.tolist()} - scene.displaced
    silent = {silence.mmsi for silence in scene.silences}
    shown = [*scene.truth.values()]
    by = {
        kind: [each for each in outcomes.found if each.sighting.outcome == kind]
        for kind in ("seen", "absent", "possible")
    }

    def right(kind: str) -> int:
        return sum(scene.truth.get(each.sighting.contact or "") == each.mmsi for each in by[kind])

    return Score(
        images=1,
        there=sum(mmsi in heard for mmsi in shown),
        seen=len(by["seen"]),
        seen_right=right("seen"),
        absent=len(by["absent"]),
        absent_right=sum(each.mmsi in scene.displaced for each in by["absent"]),
        displaced=len(scene.displaced),
        silent=sum(mmsi in silent for mmsi in shown),
        possible=len(by["possible"]),
        possible_right=right("possible"),
        promised=sum(each.sighting.score for each in by["possible"]),
    )
