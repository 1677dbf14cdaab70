"""drifting: a ship that moves sideways, and all that looks like it."""

from __future__ import annotations

import math
from pathlib import Path

import msgspec
import numpy as np
import pytest

from detectors.core.alert import Alert
from detectors.core.testing import Report, Story, beside, run, voyage, written
from detectors.core.units import unix_ms

HOUR = 3600.0
SHIP, LISTED = 205_000_091, 667_001_003
KN = 1852.0 / 3600
HERE = (12.0, 55.0)
FRIO = Path(__file__).parents[3] / "shared/data/tracks/dma-538004030-frio-drift.ais.gz"


def moves(
    from_h: float,
    to_h: float,
    *,
    speed_kn: float,
    course_deg: float = 90.0,
    heading_deg: float = 90.0,
    turns_deg_h: float = 0.0,
    yaws_deg: float = 2.0,
    every_s: float = 60.0,
    start: Report | None = None,
    **fields: object,
) -> Story:
    """Reports on one course; the heading yaws a little, as headings do, and may turn."""
    lat, lon = (start.lat_deg, start.lon_deg) if start is not None else HERE
    story = []
    for t in np.arange(from_h * HOUR, to_h * HOUR, every_s).tolist():
        way = speed_kn * KN * (t - from_h * HOUR) / 111_200
        turned = heading_deg + turns_deg_h * (t / HOUR - from_h) + yaws_deg * math.sin(t / 97.0)
        said = Report(
            at_s=t,
            mmsi=SHIP,
            lat_deg=lat + way * math.cos(math.radians(course_deg)),
            lon_deg=(lon + way * math.sin(math.radians(course_deg)) / math.cos(math.radians(lat)) + 180) % 360 - 180,
            sog_kn=round(speed_kn, 1),
            cog_deg=course_deg % 360,
            heading_deg=float(np.rint(turned) % 360),
        )
        story.append(msgspec.structs.replace(said, **fields))
    return story


def sails(to_h: float = 0.5, **fields: object) -> Story:
    """Under way at 12 kn: by then its heading is believed."""
    return moves(0.02, to_h, speed_kn=12.0, **fields)  # type: ignore[arg-type]


def drifts(from_h: float = 0.5, to_h: float = 1.5, *, after: Story | None = None, **fields: object) -> Story:
    """After sailing it drifts south, heading east."""
    before = sails(from_h) if after is None else after
    given = {"speed_kn": 2.0, "course_deg": 180.0, **fields}
    return before + moves(from_h, to_h, start=before[-1], **given)  # type: ignore[arg-type]


def feed(hours: float) -> Story:
    return voyage(205_000_001, np.arange(0, hours * HOUR, 55.0), (30.0, 120.0))


def said(story: Story, hours: float = 4.0, batch: int = 1000) -> list[Alert]:
    return [a for a in run(beside(feed(hours), story), batch=batch, tick_s=900.0) if a.detector == "drifting"]


def of(story: Story, mmsi: int) -> Story:
    return [msgspec.structs.replace(each, mmsi=mmsi) for each in story]


WORLD = drifts(0.5, 1.2)


# -- it opens and closes ------------------------------------------------------------------------------------------


def test_a_ship_that_moves_sideways_is_one_alert_until_it_makes_way() -> None:
    story = drifts()
    opened, closed = said([*story, *moves(1.5, 2.0, speed_kn=8.0, start=story[-1])])
    assert (opened.status, opened.severity, opened.verification) == ("opened", "log", "corroborated")
    assert opened.headline.startswith("MMSI 205000091 apparently drifting, 11-5")
    assert opened.headline.endswith(", 2.0 kn 180 degrees, heading 089") or "2.0 kn 180 degrees" in opened.headline
    facts = {fact.fact: fact for fact in opened.why}
    assert opened.why[0].fact == "least angle between heading and course made good"
    assert 86 <= float(opened.why[0].value) <= 93
    assert (opened.why[0].threshold, facts["distance made good"].threshold) == (45.0, 500.0)
    assert 600 <= int(facts["... in this time"].value) <= 660
    assert (closed.status, closed.details["ended"], closed.id) == ("closed", "makes way", opened.id)
    assert unix_ms(closed.time) - 1_700_000_000_000 == 5_940_000  # ten minutes after the last report of a drift
    assert "makes way again after drifting 59 min" in closed.headline


def test_of_a_listed_ship_it_is_a_ticket() -> None:
    (opened,) = said(of(drifts(), LISTED))
    assert (opened.severity, opened.headline.endswith(", listed: TEST")) == ("ticket", True)


@pytest.mark.parametrize("place", [(12.0, 179.99), (-63.0, 20.0), (71.0, 20.0)])
@pytest.mark.parametrize("every_s", [10.0, 60.0, 180.0, 600.0])
def test_it_is_found_at_any_reporting_interval_and_place(place: tuple[float, float], every_s: float) -> None:
    first = Report(at_s=0, mmsi=SHIP, lat_deg=place[0], lon_deg=place[1])
    story = drifts(after=moves(0.02, 0.5, speed_kn=12.0, start=first), every_s=every_s, yaws_deg=5.0)
    assert [a.status for a in said(story)] == ["opened"]


@pytest.mark.parametrize("speed_kn", [0.6, 0.9, 4.9])
def test_it_is_found_at_any_speed_of_a_drift(speed_kn: float) -> None:
    assert [a.status for a in said(drifts(0.5, 2.5, speed_kn=speed_kn))] == ["opened"]


def test_below_a_knot_the_reported_course_is_noise_and_not_compared() -> None:
    draw = np.random.default_rng(3)
    story = [
        msgspec.structs.replace(each, cog_deg=float(draw.integers(0, 360))) if each.sog_kn < 1 else each
        for each in drifts(0.5, 2.5, speed_kn=0.8)
    ]
    (opened,) = said(story)
    assert opened.details["course_deg"] in range(178, 183)


def test_a_drift_that_begins_long_after_a_turn_is_found() -> None:
    """The heading turned by 90 degrees in the first hour: the run begins again."""
    turning = drifts(0.5, 1.6, speed_kn=0.5, turns_deg_h=80.0, course_deg=160.0)
    steady = moves(1.6, 3.0, speed_kn=0.8, course_deg=250.0, heading_deg=160.0, start=turning[-1])
    assert "opened" in [a.status for a in said(turning + steady)]


@pytest.mark.parametrize(
    ("status", "how"),
    [(1, "states at anchor"), (2, "states not under command"), (5, "states moored"), (12, "states another status")],
)
def test_another_status_closes_it(status: int, how: str) -> None:
    story = drifts()
    ends = moves(1.5, 1.7, speed_kn=1.0, course_deg=180.0, start=story[-1], status=status)
    _, closed = said(story + ends)
    assert (closed.status, closed.details["ended"]) == ("closed", how)
    assert f"{how} after drifting 60 min" in closed.headline


def test_an_hour_in_one_place_closes_it_even_if_the_status_is_never_changed() -> None:
    story = drifts()
    _, closed = said(story + moves(1.5, 3.0, speed_kn=0.0, start=story[-1]))
    assert closed.details["ended"] == "stationary"


def test_a_calm_does_not_close_it() -> None:
    story = drifts()
    calm = moves(1.5, 2.2, speed_kn=0.1, start=story[-1])
    assert [a.status for a in said(story + calm + moves(2.2, 3.0, speed_kn=1.5, course_deg=200.0, start=calm[-1]))] == [
        "opened"
    ]


def test_one_report_of_way_does_not_close_it() -> None:
    story = drifts()
    wave = moves(1.5, 1.55, speed_kn=2.0, course_deg=100.0, start=story[-1])
    assert len(said(story + wave + moves(1.55, 2.5, speed_kn=2.0, course_deg=180.0, start=wave[-1]))) == 1


def test_silence_leaves_it_open_for_half_a_day_as_last_known() -> None:
    opened, closed = said(drifts(), hours=15.0)
    assert (closed.details["ended"], closed.id) == ("silent", opened.id)
    assert "last known drifting, silent since" in closed.headline
    assert (unix_ms(closed.time) - unix_ms(opened.time)) / 3_600_000 > 12


def test_two_drifts_are_two_alerts() -> None:
    one = drifts()
    way = moves(1.5, 2.2, speed_kn=8.0, start=one[-1])
    alerts = said(one + way + moves(2.2, 3.0, speed_kn=2.0, course_deg=0.0, start=way[-1]))
    assert [a.status for a in alerts] == ["opened", "closed", "opened"]
    assert len({a.id for a in alerts}) == 2


def test_a_pause_does_not_close_it() -> None:
    story = [each for each in drifts(0.5, 3.0) if not 1.2 * HOUR < each.at_s < 1.9 * HOUR]
    assert [a.status for a in said(story)] == ["opened"]


# -- what looks like it -------------------------------------------------------------------------------------------


def anchored(radius_m: float, *, hours: float = 6.0, status: int = 0) -> Story:
    """A ship swings to and fro by 90 degrees about its anchor; its bow points at it."""
    lat, lon = HERE
    story = sails(0.5, start=Report(at_s=0, mmsi=SHIP, lat_deg=lat, lon_deg=lon - 0.09))
    for t in np.arange(0.55 * HOUR, hours * HOUR, 120.0).tolist():
        angle = math.pi / 2 * math.sin(2 * math.pi * t / (4 * HOUR))
        rate = math.pi / 2 * math.cos(2 * math.pi * t / (4 * HOUR)) * 2 * math.pi / (4 * HOUR)
        story.append(
            Report(
                at_s=t,
                mmsi=SHIP,
                status=status,
                lat_deg=lat + radius_m * math.cos(angle) / 111_200,
                lon_deg=lon + radius_m * math.sin(angle) / 111_200 / math.cos(math.radians(lat)),
                sog_kn=round(max(0.3, abs(rate) * radius_m / KN), 1),
                cog_deg=math.degrees(angle + math.copysign(math.pi / 2, rate)) % 360,
                heading_deg=float(round(math.degrees(angle) + 180) % 360),
            )
        )
    return story


@pytest.mark.parametrize("radius_m", [150.0, 400.0, 700.0])
def test_swinging_at_anchor_is_no_drift_whatever_the_status(radius_m: float) -> None:
    assert said(anchored(radius_m), hours=6.0) == []


LOOK_ALIKES: dict[str, Story] = {
    "an anchored ship that drags nothing": drifts(status=1),
    "not under command, which is honest": drifts(status=2),
    "restricted, such as a ship that holds its position": drifts(status=3),
    "a strong current with headway": drifts(course_deg=132.0, speed_kn=4.5),
    "a ferry that crabs": drifts(course_deg=125.0, speed_kn=4.9),
    "too fast for a drift": drifts(speed_kn=5.4),
    "no heading sensor": drifts(heading_deg=float("nan")),
    "a gyro that is stuck": drifts(yaws_deg=0.0),
    "a gyro that is stuck while the ship turns": drifts(heading_deg=90.0, yaws_deg=0.0, course_deg=0.0, speed_kn=4.0),
    "a heading that was always wrong": drifts(after=sails(course_deg=180.0, heading_deg=90.0), heading_deg=90.0),
    "a heading that was never seen under way": drifts(after=moves(0.02, 0.5, speed_kn=3.0)),
    "a heading that is reversed, or a ship that goes astern": drifts(course_deg=275.0),
    "a ship that turns on the spot": drifts(speed_kn=0.4, turns_deg_h=900.0, to_h=1.2),
    "a fishing vessel that hauls": drifts(status=7),
    "under sail": drifts(status=8),
    "too short in time": drifts(to_h=0.66, speed_kn=4.5),
    "too short in distance": drifts(to_h=0.8, speed_kn=0.8),
    "a yacht of class B": drifts(type=18, status=-1),
}


@pytest.mark.parametrize("story", LOOK_ALIKES.values(), ids=LOOK_ALIKES.keys())
def test_what_looks_like_it_is_none(story: Story) -> None:
    assert said(story) == []


@pytest.mark.parametrize(("ship_type", "found"), [(80, 1), (70, 1), (52, 0), (31, 0), (30, 0), (36, 0), (55, 0)])
def test_tugs_that_push_sideways_and_boats_at_work_are_not_judged(ship_type: int, found: int) -> None:
    story = drifts()
    story.insert(3, Report(at_s=story[3].at_s - 1, mmsi=SHIP, type=5, name="WORKER", ship_type=ship_type))
    assert len(said(story)) == found


def test_a_gap_in_the_reports_is_no_drift() -> None:
    """It sailed about for forty minutes unheard, and is as before, two miles to the south."""
    before = sails(0.5)
    before += moves(0.5, 0.6, speed_kn=2.0, course_deg=180.0, start=before[-1])
    after = moves(
        1.27,
        1.4,
        speed_kn=2.0,
        course_deg=180.0,
        start=moves(0.6, 1.27, speed_kn=3.0, course_deg=180.0, start=before[-1])[-1],
    )
    assert said(before + after) == []


def test_a_ship_that_is_moored_and_pushed_about_by_noise_is_no_drift() -> None:
    draw = np.random.default_rng(5)
    lying = [
        msgspec.structs.replace(
            each,
            lat_deg=each.lat_deg + draw.normal(0, 0.0004),
            sog_kn=float(draw.choice([0.0, 0.1, 0.3, 0.4])),
            cog_deg=float(draw.integers(0, 360)),
        )
        for each in moves(0.5, 8.0, speed_kn=0.0, start=sails()[-1])
    ]
    assert said(sails() + lying, hours=8.0) == []


def test_a_drift_that_begins_where_the_ship_lay_counts_once_it_has_left_the_place() -> None:
    lying = moves(0.5, 1.0, speed_kn=0.0, start=sails()[-1])
    (opened,) = said(drifts(1.0, 2.0, after=sails() + lying))
    assert (unix_ms(opened.time) / 1000 - 1_700_000_000) / HOUR == pytest.approx(1.27, abs=0.04)


# -- it does not depend on how the input is cut -------------------------------------------------------------------


def messy() -> Story:
    """Many ways to begin and break off a drift, two ships, held-back fixes."""
    draw = np.random.default_rng(11)
    stories: list[Story] = []
    for n in range(8):
        story = sails(0.4, heading_deg=90.0 + 40 * (n == 7))
        hours = 0.4
        while hours < 8:
            lasts = float(draw.uniform(0.05, 0.9))
            story += moves(
                hours,
                hours + lasts,
                speed_kn=float(draw.choice([0.0, 0.2, 0.4, 0.8, 1.5, 3.0, 7.0])),
                course_deg=float(draw.choice([90.0, 150.0, 180.0, 200.0, 280.0])),
                yaws_deg=float(draw.choice([0.0, 3.0, 20.0])),
                every_s=float(draw.choice([20.0, 60.0, 170.0])),
                status=int(draw.choice([0, 0, 0, 0, 15, 5, 2])),
                start=story[-1],
            )
            hours += lasts + float(draw.choice([0.0, 0.0, 0.0, 0.3]))
        stories.append(of(story, 205_000_201 + n))
    return beside(*stories)


def test_the_alerts_are_the_same_in_any_batches_and_after_any_restart() -> None:
    story = beside(feed(9.0), messy())
    plain = run(story, batch=100_000, tick_s=3600.0)
    assert {a.status for a in plain if a.detector == "drifting"} == {"opened", "closed"}
    for batch, every in ((1, 0), (13, 0), (40, 2)):
        again = run(story, batch=batch, tick_s=3600.0, snapshot_every=every)
        assert sorted(written(again)) == sorted(written(plain)), batch


# -- a real recording ---------------------------------------------------------------------------------------------


@pytest.mark.skipif(not FRIO.exists(), reason="needs the recordings beside the checkout")
def test_a_labelled_recording_of_a_drifting_ship_is_found() -> None:
    from tests.rare_alerts import alerts_of

    opened, closed = [a for a in alerts_of(FRIO) if a.detector == "drifting"]
    assert (opened.vessel.name if opened.vessel else None, opened.time[:16]) == ("FRIO", "2014-09-28T16:48")
    assert (closed.details["ended"], closed.time[:16]) == ("makes way", "2014-09-28T17:07")
