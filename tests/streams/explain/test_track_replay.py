"""The tracks of explain are those of the engine: the same fixes are held back, at any cut of the log."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from detectors.core.engine.engine import Engine
from detectors.core.reports import Batch
from detectors.core.testing import SOURCE, START_MS, Report, Story, beside, engine, log, voyage
from detectors.core.ticks import StationPlace, Tick
from detectors.core.vessels.capacity import FleetRules
from streams.explain import track_replay
from streams.explain.track_replay import JUDGED, UNJUDGED, Judged, TrackReplay
from streams.explain.tracks import Reception, TrackFound, tracks_of

HOUR = 3600.0
SHIP = 205_000_002
HERE, THERE, NEAR = (38.0, 130.0), (38.0, 134.0), (38.3, 130.0)


def sailing(hours: float = 6.0, every_s: float = 60.0) -> Story:
    return voyage(SHIP, np.arange(5, hours * HOUR, every_s), HERE, 12.0)


def jammed(seed: int) -> Story:
    """Positions are displaced for a number of fixes, to one of three places or to any; some come late, some twice."""
    draw, story, left, place = np.random.default_rng(seed), Story(), 0, HERE
    for number, own in enumerate(sailing(12.0, 90.0), 1):
        if not left and draw.random() < 0.06:
            left = int(draw.integers(1, 60))
            place = [THERE, NEAR, (draw.uniform(30, 45), draw.uniform(125, 135))][int(draw.integers(3))]
        where = place if left else (own.lat_deg, own.lon_deg)
        left = max(left - 1, 0)
        report = msgspec.structs.replace(own, lat_deg=where[0], lon_deg=where[1], payload=number)
        story.append(report)
        if draw.random() < 0.1:
            story.append(msgspec.structs.replace(report, at_s=report.at_s + float(draw.choice([2, 5, 200]))))
    delayed = [report.at_s + (40 if number % 7 == 3 else 0) for number, report in enumerate(story)]
    return [story[at] for at in np.argsort(delayed, kind="stable").tolist()]


def batches(story: Story, size: int) -> list[Batch]:
    return [item for item in log(story, batch=size, tick_s=HOUR) if isinstance(item, Batch)]


RANGES = Tick(
    source=SOURCE,
    from_ms=START_MS,
    to_ms=START_MS,
    stations=(StationPlace(station=SOURCE, lat_deg=HERE[0], lon_deg=HERE[1], origin="settings", range_nm=(50.0,) * 8),),
)
"""The station is where the vessel begins; some of the places to which it is displaced are beyond its range."""


def judged(story: Story, size: int, *ticks: Tick) -> tuple[Judged, TrackReplay]:
    replay = TrackReplay(FleetRules())
    for tick in ticks:
        replay.tick(tick)
    return np.concatenate([replay.take(batch) for batch in batches(story, size)]), replay


def found(story: Story, size: int = 1000) -> tuple[TrackFound, ...]:
    decided, replay = judged(story, size)
    reports = np.concatenate([batch.reports for batch in batches(story, size)])
    columns = (reports[name].astype(np.float64) for name in ("lat_deg", "lon_deg"))
    return tracks_of(Reception(reports["time_ms"], *columns, decided, ["north"] * len(reports)), replay)


def numbers(story: Story, size: int) -> list[int]:
    decided, replay = judged(story, size)
    return [replay.number_of(track) for track in decided["track"].tolist()]


@pytest.mark.parametrize("seed", range(6))
def test_any_cut_of_the_log_gives_the_same_tracks(seed: int) -> None:
    story = jammed(seed)
    one, whole = numbers(story, 1), numbers(story, 1000)
    assert one == whole == numbers(story, 37)
    assert len(set(whole)) > 2


@pytest.mark.parametrize("ticks", [(), (RANGES,)], ids=["no ranges", "ranges"])
@pytest.mark.parametrize("seed", range(6))
def test_the_engine_holds_back_the_same_fixes(seed: int, ticks: tuple[Tick, ...]) -> None:
    story, playing, moved = jammed(seed), engine(), []
    for tick in ticks:
        playing.tick(tick)
    for batch in batches(story, 1):
        before = fix_of(playing)
        playing.apply(batch)
        moved.append(fix_of(playing) != before)
    decided, _ = judged(story, 1000, *ticks)
    fixes = (decided["track"] != UNJUDGED) & ~decided["again"]
    assert decided["held"].any() and decided["again"].any() and not fixes.all()
    np.testing.assert_array_equal(moved, fixes & ~decided["held"])


def test_ranges_hold_back_more() -> None:
    held = [int(judged(jammed(0), 1000, *ticks)[0]["held"].sum()) for ticks in ((), (RANGES,))]
    assert held[0] < held[1]


def fix_of(playing: Engine) -> tuple[float, float, int]:
    core = playing.fleet.core
    return float(core.lat_deg[0]), float(core.lon_deg[0]), int(core.fix_ms[0])


def test_the_first_fix_gives_way_to_two_that_agree() -> None:
    story = sailing()
    story[0] = msgspec.structs.replace(story[0], lat_deg=THERE[0], lon_deg=THERE[1])
    own, stray = found(story)
    assert (own.kind, len(own.sent), stray.kind, len(stray.sent)) == ("own", 359, "stray", 1)


def test_two_ships_are_no_displacement_though_one_was_heard_alone_at_first() -> None:
    """The first fixes of the second ship come in a row: it is accepted there before the two alternate."""
    times = np.arange(5, 4 * HOUR, 60.0)
    alone = (times > HOUR) & (times < 1.2 * HOUR)
    turns = ~alone & (np.arange(len(times)) % 2 == 0)
    first = voyage(SHIP, times[(times < HOUR) | turns], HERE, 10.0)
    story = beside(first, voyage(SHIP, times[(times > HOUR) & ~turns], THERE, 10.0))
    own, other = found(story)
    assert (own.kind, other.kind) == ("own", "other")
    shorter = [report for report in story if report.at_s < 1.25 * HOUR]
    assert [track.kind for track in found(shorter)] == ["own", "displaced"]


def test_fixes_that_one_wrong_bit_has_moved_are_strays() -> None:
    story = sailing()
    for at in range(30, 330, 5):
        story[at] = msgspec.structs.replace(story[at], lon_deg=story[at].lon_deg + 2**20 / 600_000)
    own, *strays = found(story)
    assert len(own.sent) == 300 and {track.kind for track in strays} == {"stray"}
    assert sum(len(track.sent) for track in strays) == 60 and max(len(track.sent) for track in strays) > 2


def test_a_late_report_is_of_the_nearest_track() -> None:
    times = np.arange(5, 3 * HOUR, 60.0)
    story = beside(voyage(SHIP, times[::2], HERE, 10.0), voyage(SHIP, times[1::2], THERE, 10.0))
    late = [msgspec.structs.replace(story[at], lat_deg=story[at].lat_deg + 0.001) for at in (100, 101)]
    own, other = found([*story, *late], 1)
    assert (len(own.sent), len(other.sent)) == (91, 91)


def test_a_report_without_a_position_is_of_no_track() -> None:
    story = [*sailing(1.0), Report(at_s=HOUR + 5, mmsi=SHIP, name="SHIP")]
    decided, _ = judged(story, 1000)
    assert decided["track"][-1] == UNJUDGED and decided.dtype == JUDGED
    assert len(found(story)) == 1


def test_too_many_jumps_are_judged_no_further_and_given_to_the_nearest_track(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(track_replay, "SINGLY_MOST", 300)
    times = np.arange(5, 24 * HOUR, 60.0)
    story = beside(voyage(SHIP, times[::2], HERE, 0.1), voyage(SHIP, times[1::2], THERE, 0.1))
    decided, replay = judged(story, 1000)
    unjudged = np.flatnonzero(decided["track"] == UNJUDGED)
    assert replay.judged_to_ms == START_MS + int(story[unjudged[0]].at_s * 1000)
    assert 300 <= unjudged[0] <= 600
    assert [len(track.sent) for track in found(story)] == [720, 720]
