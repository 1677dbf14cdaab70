"""The frame of these scenarios: invented ships, their honest reports, and ordinary traffic around each receiver.

MMSIs, names and IMO numbers are drawn from the seed: no scenario can be recognised by a number. The feed is thinned
to a report a minute under way and one in three minutes at rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from streams.scenario.honest import base_stations, ordinary, roams
from streams.scenario.model import (
    HOUR_MS,
    MINUTE_MS,
    SECOND_MS,
    Expected,
    Options,
    Scenario,
    ScenarioTruth,
    ShoreStation,
    at,
)
from streams.scenario.story import StoryScript, StoryShip
from streams.scenario.track import ANCHORED, CLASS_A, UNDER_WAY, Times, Track, every, positions, stay

START_MS: Final = at("2024-04-02 00:00")
UNDER_WAY_S, AT_REST_S, STATIC_S, BASE_S = 60.0, 180.0, 720.0, 60.0
_JITTER: Final = 0.1
"""Share of the interval by which a report comes earlier or later than regular."""
_NOISE_M: Final = 5.0
"""Scatter of an honest GNSS receiver, standard deviation along each axis."""
_M_A_DEG: Final = 111_120.0
_NM_A_DEG: Final = 60.0
_MIDS: Final = (209, 210, 229, 235, 248, 249, 255, 304, 311, 353, 371, 412, 477, 538, 563, 636)
_TAIL_FROM, _TAIL_TO = 100_000, 1_000_000
_SHIPS_MOST: Final = 40_000
_ORDINARY: Final = 9
_RESTS_EVERY: Final = 3
_ROADS: Final = 0.7
"""Ordinary ships are within this share of the receiver's range."""

Said = npt.NDArray[np.void]
Place = tuple[float, float]
"""Latitude and longitude, degrees."""
Bools = npt.NDArray[np.bool_]


class Scene:
    """Builds one scenario: ships, what they report, and the truth. Deterministic in ``options.seed``."""

    def __init__(
        self,
        options: Options,
        receivers: Sequence[ShoreStation],
        hours: float,
        around: Sequence[ShoreStation] | None = None,
    ) -> None:
        """Base stations transmit, and ``options.vessels`` ordinary ships sail and rest around the receivers.

        ``around``: ... within these ranges instead of the receivers' own.
        """
        self.story = StoryScript(options.seed, receivers)
        self.draw = self.story.draw
        self.from_ms, self.to_ms = START_MS, START_MS + int(hours * HOUR_MS)
        self._numbers = iter(self.draw.permutation(_SHIPS_MOST).tolist())
        self._mmsis: set[int] = set()
        base_stations(self.story, (self.from_ms, self.to_ms), BASE_S)
        disks = around or receivers
        for number in range(_ORDINARY * len(disks) if options.vessels is None else options.vessels):
            turn, which = divmod(number, len(disks))
            self.honest(self.ship(), self.track(disks[which], rests=turn % _RESTS_EVERY == 0))

    # -- ships and their ways -------------------------------------------------------------------------------------

    def ship(self) -> StoryShip:
        """A ship with numbers of its own."""
        mmsi = 0
        while not mmsi or mmsi in self._mmsis:
            mmsi = int(self.draw.choice(_MIDS)) * 1_000_000 + int(self.draw.integers(_TAIL_FROM, _TAIL_TO))
        self._mmsis.add(mmsi)
        return StoryShip(mmsi=mmsi, says=ordinary(next(self._numbers), _MIDS).says)

    def moment(self, earliest_h: float, latest_h: float) -> int:
        """A time drawn between these hours of the scene, Unix ms."""
        return self.from_ms + int(self.draw.uniform(earliest_h, latest_h) * HOUR_MS)

    def near(self, place: Place, within_nm: float) -> Place:
        """A place drawn from the disk around ``place``."""
        nm, angle = within_nm * np.sqrt(self.draw.random()), self.draw.uniform(0, 2 * np.pi)
        return offset(place, float(nm * np.cos(angle)), float(nm * np.sin(angle)))

    def track(self, receiver: ShoreStation, *, rests: bool = False, share: float = _ROADS) -> Track:
        """A way or an anchorage within ``share`` of the receiver's range, for the whole scene."""
        if rests:
            place = self.near((receiver.lat_deg, receiver.lon_deg), receiver.range_nm * share)
            return stay(place, self.from_ms, self.to_ms)
        return roams(self.story, receiver, self.from_ms, self.to_ms, share=share)

    # -- what is reported -----------------------------------------------------------------------------------------

    def times(self, interval_s: float, from_ms: int, to_ms: int) -> Times:
        """Times of reports in [from, to), in order: nearly regular, the phase drawn."""
        regular = every(from_ms, to_ms, interval_s, self.draw.random() * interval_s)
        most_ms = interval_s * SECOND_MS * _JITTER
        jittered = regular + self.draw.uniform(-most_ms, most_ms, len(regular)).astype(np.int64)
        return np.sort(jittered.clip(from_ms, to_ms - 1))

    def reports(self, ship: StoryShip, track: Track, from_ms: int | None = None, to_ms: int | None = None) -> Said:
        """Its honest reports along ``track`` in [from, to), dtype SAID: to be changed, and then given to ``add``."""
        from_ms, to_ms = self.from_ms if from_ms is None else from_ms, self.to_ms if to_ms is None else to_ms
        interval_s = AT_REST_S if _rests(track) else UNDER_WAY_S
        return self.reports_at(
            ship, track, self.times(interval_s, max(from_ms, track.from_ms), min(to_ms, track.to_ms))
        )

    def reports_at(self, ship: StoryShip, track: Track, times_ms: Times) -> Said:
        """Its honest reports along ``track`` at these times."""
        status = ANCHORED if _rests(track) else UNDER_WAY
        said = positions(track, times_ms, ship.mmsi, self.draw, kind=CLASS_A, status=status)
        noise = self.draw.normal(size=(2, len(said))) * _NOISE_M / _M_A_DEG
        said["error_lat_deg"], said["error_lon_deg"] = noise[0], noise[1] / np.cos(np.radians(said["lat_deg"]))
        return said

    def add(self, ship: StoryShip, track: Track, said: Said) -> None:
        """These positions are transmitted, and the ship's static reports in the time of them."""
        self.story.stands(said)
        if len(said):
            times_ms = said["time_ms"]
            self.story.introduces(ship, track, self.times(STATIC_S, int(times_ms.min()), int(times_ms.max()) + 1))

    def honest(self, ship: StoryShip, track: Track, from_ms: int | None = None) -> None:
        """It reports the truth, from ``from_ms`` to the end of the scene."""
        self.add(ship, track, self.reports(ship, track, from_ms))

    # -- the truth ------------------------------------------------------------------------------------------------

    def quiet(self, kind: str, note: str, ship: StoryShip, *, only: tuple[str, ...] = ()) -> ScenarioTruth:
        """Nothing may be reported about this ship; except by ``only``, and for the record."""
        return ScenarioTruth(
            kind=kind,
            note=note,
            mmsi=ship.mmsi,
            name=ship.says.name,
            from_ms=self.from_ms,
            to_ms=self.to_ms,
            only=only,
            at_most="log",
        )

    def scenario(
        self, name: str, title: str, truths: Sequence[ScenarioTruth], *, only: tuple[str, ...] = ()
    ) -> Scenario:
        """What has been built. Of ships without a truth, of areas and sources only detectors of ``only`` report."""
        others = ScenarioTruth(
            kind="honest",
            note="every other ship transmits its true positions",
            from_ms=self.from_ms,
            to_ms=self.to_ms,
            only=only,
        )
        lines = self.story.lines(self.from_ms, self.to_ms)
        return Scenario(name, title, self.story.receivers, lines, (others, *truths))


def expected(
    detector: str, severity: Literal["page", "ticket", "log"], from_ms: int, minutes: tuple[float, float]
) -> Expected:
    """An alert that must come within these minutes after ``from_ms``."""
    after_ms, before_ms = (from_ms + int(after * MINUTE_MS) for after in minutes)
    return Expected(detector=detector, severity=severity, after_ms=after_ms, before_ms=before_ms)


def offset(place: Place, north_nm: float, east_nm: float) -> Place:
    """The place that is so far north and east of ``place``; for distances of a few hundred miles."""
    lat_deg = place[0] + north_nm / _NM_A_DEG
    middle_deg = (place[0] + lat_deg) / 2
    return lat_deg, place[1] + east_nm / _NM_A_DEG / float(np.cos(np.radians(middle_deg)))


def within(said: Said, from_ms: int, to_ms: int) -> Bools:
    """Which reports are of [from, to)."""
    chosen: Bools = (from_ms <= said["time_ms"]) & (said["time_ms"] < to_ms)
    return chosen


def displace(said: Said, which: Bools, stated: Said) -> None:
    """``which`` of the reports state the place, speed and course of ``stated`` (one for each of them) instead."""
    for axis in ("lat_deg", "lon_deg"):
        said[f"error_{axis}"][which] = stated[axis] + stated[f"error_{axis}"] - said[axis][which]
    for name in ("sog_kn", "cog_deg", "status"):
        said[name][which] = stated[name]


def _rests(track: Track) -> bool:
    return bool(np.ptp(track.lat_deg) == 0 and np.ptp(track.lon_deg) == 0)
