"""A listed ship whose track a machine has made is one alert; honest ships that resemble it are none."""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec
import numpy as np
import pytest

from detectors.core.alert import Alert
from detectors.core.engine.engine import Engine
from detectors.core.reports import Batch
from detectors.core.testing import Report, Story, beside, engine, log, run, voyage, written
from detectors.core.testing_world import REFERENCE
from detectors.core.units import HOUR_MS, unix_ms
from detectors.core.vessels.recent_fixes import FIX, Fixes
from detectors.smooth_track import SmoothTrack
from detectors.smooth_track.signs import CIRCLE, COURSE, NOISE, SPEED, signs_of
from detectors.smooth_track.thresholds import SmoothTrackThresholds

HOUR = 3600.0
LISTED, OTHER = 667_001_006, 205_000_071
NM, KN = 1852.0, 1852.0 / 3600
HERE = (10.0, 60.0)
Path = Callable[[float], tuple[float, float]]
"""Metres north and east at a time in seconds."""


def circle(across_nm: float, speed_kn: float, drift_kn: float = 0.0) -> Path:
    radius = across_nm * NM / 2
    rate = speed_kn * KN / radius
    return lambda t: (radius * math.sin(rate * t) + drift_kn * KN * t, -radius * math.cos(rate * t))


def line(speed_kn: float, course_deg: float = 30.0) -> Path:
    north, east = math.cos(math.radians(course_deg)), math.sin(math.radians(course_deg))
    return lambda t: (speed_kn * KN * t * north, speed_kn * KN * t * east)


def ship(
    path: Path,
    times_s: np.ndarray | list[float],
    *,
    sog_kn: float | None = None,
    cog_deg: float | None = None,
    noise_m: float = 0.0,
    mmsi: int = LISTED,
    place: tuple[float, float] = HERE,
    kind: int = 1,
) -> Story:
    """Reports at the resolution of AIS; speed and course as the ship makes them, unless given; white noise."""
    draw, story = np.random.default_rng(7), []
    for t in np.asarray(times_s, float).tolist():
        north, east = path(t)
        ahead = path(t + 1.0)
        made = complex(ahead[0] - north, ahead[1] - east)
        north, east = north + draw.normal(0, noise_m), east + draw.normal(0, noise_m)
        lat = place[0] + north / NM / 60
        lon = place[1] + east / NM / 60 / math.cos(math.radians(lat))
        story.append(
            Report(
                at_s=round(t, 3),
                mmsi=mmsi,
                type=kind,
                lat_deg=round(lat * 600_000) / 600_000,
                lon_deg=(round(lon * 600_000) / 600_000 + 180) % 360 - 180,
                sog_kn=round(abs(made) / KN, 1) if sog_kn is None else sog_kn,
                cog_deg=round(math.degrees(math.atan2(made.imag, made.real)) % 360, 1) if cog_deg is None else cog_deg,
            )
        )
    return story


def often(from_h: float, to_h: float, every_s: float = 10.0) -> np.ndarray:
    return np.arange(from_h * HOUR + 3.7, to_h * HOUR, every_s)


def background(hours: float) -> Story:
    return voyage(205_000_001, np.arange(0, hours * HOUR, 60.0), (30.0, 120.0))


WORLD = ship(circle(5, 12), often(0.5, 2.5, 30.0))
"""What makes the detector speak."""


def said(story: Story, hours: float = 4.0) -> list[Alert]:
    return [alert for alert in run(beside(background(hours), story)) if alert.detector == "smooth_track"]


def fixes(story: Story) -> Fixes:
    """The first fix of each minute of an hour."""
    kept: list[tuple[int, float, float, float, float]] = []
    for each in story:
        if not kept or each.at_s * 1000 - kept[-1][0] >= 60_000:
            kept.append((int(each.at_s * 1000), each.lat_deg, each.lon_deg, each.sog_kn, each.cog_deg))
    return np.array(kept[:60], FIX)


def shown(story: Story) -> list[str]:
    return [sign.name for sign in signs_of(fixes(story), SmoothTrackThresholds())]


# -- it opens -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", [HERE, (-62.0, 179.95), (74.0, 20.0)])
@pytest.mark.parametrize("every_s", [10.0, 60.0, 180.0])
def test_a_perfect_circle_without_noise_is_one_alert_for_the_record(place: tuple[float, float], every_s: float) -> None:
    (opened,) = said(ship(circle(5, 12), often(0, 3, every_s), place=place))
    assert (opened.status, opened.severity, opened.verification) == ("opened", "log", "corroborated")
    assert opened.headline.startswith("MMSI") or "EXAMPLE SIX" in opened.headline
    assert "reports a track without noise and in a perfect circle, " in opened.headline
    assert opened.details["signs"] == [NOISE, CIRCLE]
    facts = {fact.fact: fact for fact in opened.why}
    assert (opened.why[0].value, opened.why[0].threshold) == (2, 2)
    assert facts["radius of that circle"].value == 2.5
    assert all(fact.threshold is not None for fact in opened.why if not fact.fact.startswith("radius"))
    assert 50 <= (unix_ms(opened.time) - unix_ms(opened.details["from"])) / 60_000 <= 60  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("story", "signs"),
    [
        (ship(line(12), often(0, 2), sog_kn=0.0), [NOISE, SPEED]),
        (ship(line(12), often(0, 2), cog_deg=200.0), [NOISE, COURSE]),
        (ship(line(12), often(0, 2), sog_kn=3.5, cog_deg=200.0, noise_m=30), [SPEED, COURSE]),
        (ship(circle(5, 12), often(0, 2), sog_kn=1.0, noise_m=5.0), [CIRCLE, SPEED]),
        (ship(line(5), often(0, 2), sog_kn=12.0), [NOISE, SPEED]),
    ],
)
def test_any_two_signs_are_one_alert(story: Story, signs: list[str]) -> None:
    (opened,) = said(story, 2.0)
    assert opened.details["signs"] == signs


@pytest.mark.parametrize(("speed_kn", "sog_kn", "noise_m"), [(12, 0.0, 100.0), (5, 12.0, 20.0)])
def test_the_facts_have_both_speeds(speed_kn: float, sog_kn: float, noise_m: float) -> None:
    """The least that it can have made if it is too fast, the most if it is too slow."""
    story = ship(line(speed_kn), often(0, 2), sog_kn=sog_kn, noise_m=noise_m)
    (sign,) = signs_of(fixes(story), SmoothTrackThresholds())
    apart, reported, made = (float(fact.value) for fact in sign.facts)
    assert reported == sog_kn
    assert apart == pytest.approx(abs(reported - made), abs=0.11)
    assert speed_kn <= made < speed_kn + 0.5


def test_times_in_whole_seconds_do_not_hide_it() -> None:
    at_any_time = np.sort(np.random.default_rng(3).uniform(0, 2 * HOUR, 700))
    story = [
        Report(**{**_fields(each), "at_s": float(math.floor(each.at_s))}) for each in ship(circle(5, 12), at_any_time)
    ]
    assert shown(story) == [NOISE, CIRCLE]
    assert [alert.status for alert in said(story)] == ["opened"]


def test_a_line_on_any_chart_is_without_noise() -> None:
    """Even steps in degrees are neither a great circle nor a constant speed on the sphere."""
    story = [
        Report(at_s=60.0 * n, mmsi=LISTED, lat_deg=68.0 + n / 300, lon_deg=20.0 + n / 70, sog_kn=20.0)
        for n in range(60)
    ]
    assert shown(story) == [NOISE]


def _fields(report: Report) -> dict[str, object]:
    return {name: getattr(report, name) for name in report.__struct_fields__}


def test_a_ship_that_is_not_listed_is_not_judged() -> None:
    assert said(ship(circle(5, 12), often(0, 3), mmsi=OTHER)) == []


# -- what resembles it --------------------------------------------------------------------------------------------


def swinging(t: float) -> tuple[float, float]:
    """At anchor: 150 m of chain, the bow goes round with the tide."""
    angle = math.pi * t / (1.5 * HOUR)
    return 150 * math.cos(angle), 150 * math.sin(angle)


def ferry(t: float) -> tuple[float, float]:
    """Half an hour each way along one line, and ten minutes at each pier."""
    phase = t % (80 * 60)
    run_s, speed = 30 * 60, 16 * KN
    along = min(phase, run_s) if phase < 40 * 60 else max(0.0, run_s - (phase - 40 * 60))
    return 0.0, along * speed


HONEST: dict[str, tuple[Story, list[str]]] = {
    "on autopilot in a calm sea": (ship(line(14), often(0, 2.2), noise_m=2.0), []),
    "on autopilot, as a thinned feed has it": (ship(line(14), often(0, 2.2, 180.0), noise_m=2.0), []),
    "a ferry": (ship(ferry, often(0, 2.2), noise_m=2.0), []),
    "swinging at anchor": (ship(swinging, often(0, 2.2), sog_kn=0.1, noise_m=3.0), []),
    "adrift in a current": (ship(line(2), often(0, 2.2), sog_kn=0.0, cog_deg=211.0), []),
    "adrift in a strong current": (ship(line(3), often(0, 2.2), sog_kn=0.0, cog_deg=0.0, noise_m=2.0), []),
    "a tug that turns circles": (ship(circle(0.2, 6, drift_kn=0.3), often(0, 2.2), noise_m=2.0), []),
    "a tug, as a thinned feed has it": (ship(circle(0.2, 6), often(0, 2.2, 180.0), noise_m=2.0), []),
    "a tug in still water": (ship(circle(0.5, 6), often(0, 2.2), noise_m=2.0), [CIRCLE]),
    "class B at rest": (ship(line(0), often(0, 2.2, 180.0), sog_kn=0.0, noise_m=3.0, kind=18), []),
    "class B under way": (ship(line(6), often(0, 2.2, 30.0), noise_m=2.0, kind=18), []),
    "a device without log and compass": (ship(line(12), often(0, 2.2), sog_kn=0.0, cog_deg=0.0, noise_m=2.0), [SPEED]),
    "a course that is stuck": (ship(line(12), often(0, 2.2), cog_deg=200.0, noise_m=2.0), [COURSE]),
    "a course of 0.0 for none": (ship(line(12, 150), often(0, 2.2), cog_deg=0.0, noise_m=2.0), []),
    "reckoned positions": (ship(line(12), often(0, 2.2)), [NOISE]),
    "a course that is stuck, and no speed": (
        ship(line(12), often(0, 2.2), sog_kn=0.0, cog_deg=211.0, noise_m=2.0),
        [SPEED],
    ),
    "a fast boat that turns circles": (ship(circle(0.1, 20), often(0, 2.2), noise_m=3.0), []),
    "a fast tug, as a thinned feed has it": (ship(circle(0.2, 7.5), often(0, 2.2, 180.0), noise_m=3.0), []),
    "at a pier among cranes": (ship(line(0), often(0, 2.2), sog_kn=0.0, noise_m=90.0), []),
    "a position that is stuck": (ship(line(0), often(0, 2.2), sog_kn=14.0, cog_deg=80.0), [SPEED]),
    "an unknown speed and course": (
        ship(circle(5, 12), often(0, 2.2), sog_kn=math.nan, cog_deg=math.nan, noise_m=5.0),
        [CIRCLE],
    ),
}
"""By name, the reports and the one sign that they may show."""


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_ship_is_none(name: str) -> None:
    story, signs = HONEST[name]
    assert shown(story) == signs
    assert said(story, 2.3) == []


def test_too_few_fixes_are_not_judged() -> None:
    assert said(ship(circle(5, 12), often(0, 4, 240.0))) == []


def test_a_pause_restarts_the_hour() -> None:
    parts = [ship(circle(5, 12), often(from_h, from_h + 0.75)) for from_h in (0.0, 1.01, 2.02)]
    assert said(beside(*parts)) == []


def test_inconsistent_positions_are_left_out_and_the_hour_begins_after_them() -> None:
    story = ship(circle(5, 12), often(0, 4))
    wild = [Report(at_s=600.0 + n * 300, mmsi=LISTED, lat_deg=12.0 + n % 5, lon_deg=70.0 + n % 7) for n in range(12)]
    (opened,) = said(beside(story, wild))
    assert (unix_ms(opened.time) / 1000 - 1_700_000_000 - wild[-1].at_s) / HOUR > 1 + 50 / 60


# -- it closes ----------------------------------------------------------------------------------------------------


def test_it_closes_when_the_track_is_ordinary_again() -> None:
    end = circle(5, 12)(2 * HOUR)
    after = ship(lambda t: (end[0] + 12 * KN * (t - 2 * HOUR), end[1]), often(2, 4), noise_m=10.0)
    opened, closed = said(beside(ship(circle(5, 12), often(0, 2)), after))
    assert (opened.status, closed.status, closed.details["ended"]) == ("opened", "closed", "fewer signs")
    assert (closed.why[0].value, closed.why[0].threshold) == (0, 2)
    assert opened.id == closed.id
    assert "reports an ordinary track" in closed.headline
    assert unix_ms(closed.time) - unix_ms(opened.time) < 2 * HOUR_MS


def test_two_episodes_are_two_alerts() -> None:
    story = beside(*(ship(circle(5, 12), often(h, h + 1.5)) for h in (0, 30)))
    alerts = said(story, 34.0)
    assert [alert.status for alert in alerts] == ["opened", "closed", "opened"]
    assert alerts[0].id != alerts[2].id


def test_it_closes_after_a_day_of_silence() -> None:
    opened, closed = said(WORLD, 30.0)
    assert (opened.status, closed.status, closed.details["ended"]) == ("opened", "closed", "silent")
    assert 23.9 < (unix_ms(closed.time) / 1000 - 1_700_000_000 - WORLD[-1].at_s) / HOUR < 24.1


def played(playing: Engine, story: Story) -> list[Alert]:
    """What the engine says to a story, of this detector."""
    emitted = []
    for item in log(story, batch=500, tick_s=600.0):
        emitted += playing.apply(item) if isinstance(item, Batch) else playing.tick(item)
    return [each.alert for each in emitted if each.alert.detector == "smooth_track"]


def test_it_closes_after_a_day_of_silence_that_began_as_it_opened() -> None:
    (opened,) = said(WORLD, 3.0)
    last_s = unix_ms(opened.time) / 1000 - 1_700_000_000
    alerts = said([each for each in WORLD if each.at_s <= last_s + 0.01], 30.0)
    assert [alert.status for alert in alerts] == ["opened", "closed"]
    assert 23.9 < (unix_ms(alerts[1].time) - unix_ms(opened.time)) / HOUR_MS < 24.1


def test_it_closes_when_the_ship_is_no_longer_listed_and_nothing_is_kept() -> None:
    playing = engine()
    assert [alert.status for alert in played(playing, beside(background(2.6), WORLD))] == ["opened"]
    assert len(playing.fleet.recent) == 1
    others = tuple(entry for entry in REFERENCE.ships if entry.mmsi != LISTED)
    emitted = playing.adopt(msgspec.structs.replace(REFERENCE, ships=others, version="other"))
    late = [Report(at_s=2.7 * HOUR, mmsi=LISTED, lat_deg=10.0, lon_deg=60.0)]
    ended = [each.alert for each in emitted if each.alert.detector == "smooth_track"]
    (closed,) = ended + played(playing, late)
    assert (closed.status, closed.details["ended"]) == ("closed", "no longer listed")
    assert len(playing.fleet.recent) == 0


@pytest.mark.parametrize(("noise_m", "ends"), [(0.0, ["closed"]), (20.0, [])])
def test_a_ship_that_is_listed_by_what_it_states_and_states_something_else_leaves_nothing(
    noise_m: float, ends: list[str]
) -> None:
    named = Report(at_s=1.0, mmsi=OTHER, type=5, imo=9179842, name="ONE")
    playing, story = engine(), ship(line(12), often(0.1, 2, 30.0), sog_kn=0.0, noise_m=noise_m, mmsi=OTHER)
    assert len(played(playing, beside(background(2), [named, *story]))) == len(ends)
    assert len(playing.fleet.recent) == 1
    renamed = Report(at_s=2.01 * HOUR, mmsi=OTHER, type=5, imo=9074729, name="TWO")
    assert [alert.status for alert in played(playing, [renamed])] == ends
    assert len(playing.fleet.recent) == 0


# -- what every detector owes -------------------------------------------------------------------------------------


def test_any_batch_size_and_restart_gives_the_same_alerts() -> None:
    end = circle(5, 12)(2 * HOUR)
    after = ship(lambda t: (end[0] + 12 * KN * (t - 2 * HOUR), end[1]), often(2, 3, 47.0), noise_m=10.0)
    story = beside(background(3), ship(circle(5, 12), often(0.3, 2, 47.0)), after)
    expected = written(run(story))
    assert any(b'"smooth_track"' in alert for alert in expected)
    for batch, snapshot_every in ((1, 0), (7, 20), (100, 3)):
        assert written(run(story, batch=batch, snapshot_every=snapshot_every)) == expected


def test_an_ordinary_vessel_has_one_byte_and_no_fixes() -> None:
    playing = engine()
    assert played(playing, beside(background(2), ship(line(9), often(0, 2), mmsi=OTHER))) == []
    assert len(playing.fleet.recent) == 0
    assert sum(np.dtype(column.dtype).itemsize for column in SmoothTrack.columns) == 1
