"""One MMSI that several ships use at the same time, far from each other."""

from __future__ import annotations

from typing import Final

from streams.scenario.model import Options, Scenario, ScenarioTruth, ShoreStation
from streams.scenario.positions.scene import Scene, expected
from streams.scenario.story import StoryShip

TITLE_TWO: Final = "two ships 300 nm apart use one MMSI for hours"
TITLE_SEVEN: Final = "seven ships along a coast use one MMSI"
HOOK: Final = ShoreStation(name="hook", mmsi=2_449_981, lat_deg=52.05, lon_deg=3.7, range_nm=50)
THYBORON: Final = ShoreStation(name="thyboron", mmsi=2_199_981, lat_deg=56.7, lon_deg=7.3, range_nm=50)
COAST: Final = (
    ShoreStation(name="quanzhou", mmsi=4_129_971, lat_deg=24.6, lon_deg=118.9, range_nm=60),
    ShoreStation(name="shantou", mmsi=4_129_972, lat_deg=23.0, lon_deg=116.9, range_nm=60),
    ShoreStation(name="hongkong", mmsi=4_779_973, lat_deg=22.0, lon_deg=114.2, range_nm=60),
)
_HOURS_TWO, _HOURS_SEVEN = 8.0, 3.0
_SEVEN: Final = 7
_SECOND_H: Final = (1.0, 2.0)
"""When the second ship is heard first, h after the beginning."""
_WITHIN_MIN: Final = (29.0, 90.0)
"""When the alert must come, min after both have been heard."""
_SHARE: Final = 0.15
"""Two ships stay within this share of their receiver's range: 300 nm apart, to a few miles."""


def build_two(options: Options) -> Scenario:
    """The second ship is heard from one or two hours on; both transmit to the end."""
    scene = Scene(options, (HOOK, THYBORON), _HOURS_TWO)
    first, second = scene.ship(), scene.ship()
    both_ms = scene.moment(*_SECOND_H)
    scene.honest(first, scene.track(HOOK, share=_SHARE))
    scene.honest(_same_number(second, first), scene.track(THYBORON, share=_SHARE), both_ms)
    return scene.scenario("shared-two", TITLE_TWO, [_truth(scene, first, both_ms, "two ships transmit one MMSI")])


def build_seven(options: Options) -> Scenario:
    """All seven are under way and transmit from the beginning to the end, each with its own name."""
    scene = Scene(options, COAST, _HOURS_SEVEN)
    ships = [scene.ship() for _ in range(_SEVEN)]
    for number, ship in enumerate(ships):
        scene.honest(_same_number(ship, ships[0]), scene.track(COAST[number % len(COAST)]))
    truth = _truth(scene, ships[0], scene.from_ms, "seven ships transmit one MMSI")
    return scene.scenario("shared-seven", TITLE_SEVEN, [truth])


def _same_number(ship: StoryShip, other: StoryShip) -> StoryShip:
    return StoryShip(mmsi=other.mmsi, says=ship.says)


def _truth(scene: Scene, ship: StoryShip, from_ms: int, note: str) -> ScenarioTruth:
    return ScenarioTruth(
        kind="shared",
        note=note,
        mmsi=ship.mmsi,
        from_ms=from_ms,
        to_ms=scene.to_ms,
        expected=(expected("shared_mmsi", "log", from_ms, _WITHIN_MIN),),
        only=("shared_mmsi",),
    )
