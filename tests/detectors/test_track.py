"""Fixes that are not of one track: one alert stays one alert while positions flap, and a wild fix is not seen."""

import numpy as np
import pytest

from detectors.core.alert import Alert
from detectors.core.reports import Batch
from detectors.core.testing import Report, Story, beside, engine, log, run, voyage, written
from detectors.core.vessels.other_tracks import OnItsWay, TrackFix
from detectors.core.vessels.ship import read_ship
from detectors.core.vessels.track_verdict import Seen, TrackRules, TrackState, agree, decide

HOUR = 3600.0
SHIP, LISTED = 205_000_002, 667_001_001
ZONE, ELSEWHERE = (42.0, 131.0), (40.0, 131.5)
NOWHERE = TrackFix(float("nan"), float("nan"), 0)


def background(hours: float) -> Story:
    return voyage(205_000_001, np.arange(0, hours * HOUR, 30.0), (30.0, 120.0))


def lying(mmsi: int, times_s: np.ndarray, place: tuple[float, float]) -> Story:
    return voyage(mmsi, times_s, place, 0.1)


def shared(mmsi: int, hours: float = 5.0, every_s: float = 60.0) -> Story:
    """One number that two ships use: one of them in a zone, the other 120 nm away."""
    times = np.arange(5, hours * HOUR, every_s)
    return beside(lying(mmsi, times[::2], ZONE), lying(mmsi, times[1::2], ELSEWHERE))


def jammed(mmsi: int, hours: float = 4.0, seed: int = 1) -> Story:
    """A ship at rest off the zone; for one to six reports at a time its receiver is led to a place inside it."""
    rng, story, false = np.random.default_rng(seed), Story(), 0
    for n, t in enumerate(np.arange(5 + seed, hours * HOUR, 30.0)):
        if n > 20 and not false and rng.random() < 0.15:
            false = int(rng.integers(1, 7))
        place = ZONE if false else ELSEWHERE
        story += lying(mmsi, np.asarray([t]), place)
        false = max(false - 1, 0)
    return story


def about_zones(story: Story, hours: float = 5.0) -> list[Alert]:
    return [a for a in run(beside(background(hours), story)) if a.detector == "port_proximity"]


@pytest.mark.parametrize("mmsi", [SHIP, LISTED])
@pytest.mark.parametrize("every_s", [20.0, 60.0, 170.0])
def test_one_number_in_two_places_is_one_alert_that_is_said_to_be_unreliable(mmsi: int, every_s: float) -> None:
    alerts = about_zones(shared(mmsi, every_s=every_s))
    assert len({a.id for a in alerts}) == 1
    assert alerts[-1].details["inconsistent"] and alerts[-1].verification == "unverified"
    assert "inconsistent" in alerts[-1].headline
    assert {a.severity for a in alerts} <= {"ticket", "log"}
    assert len(alerts) <= 3


def test_ships_whose_receivers_are_led_to_one_place_have_one_alert_each_and_none_corroborated() -> None:
    ships = [jammed(SHIP + n, seed=n + 1) for n in range(12)]
    alerts = about_zones(beside(*ships, jammed(LISTED, seed=40)))
    for mmsi in {a.mmsi for a in alerts}:
        assert len({a.id for a in alerts if a.mmsi == mmsi}) == 1
    assert {a.verification for a in alerts} == {"unverified"}
    assert {a.severity for a in alerts} == {"log"}


@pytest.mark.parametrize("every_s", [10.0, 60.0, 300.0])
def test_a_single_wild_fix_neither_opens_nor_closes(every_s: float) -> None:
    times = np.arange(5, 3 * HOUR, every_s)
    wild = len(times) // 2
    outside, inside = lying(SHIP, times, ELSEWHERE), lying(LISTED, times, ZONE)
    outside[wild : wild + 1] = lying(SHIP, times[wild : wild + 1], ZONE)
    inside[wild : wild + 1] = lying(LISTED, times[wild : wild + 1], ELSEWHERE)
    alerts = about_zones(beside(outside, inside), 3.0)
    assert {a.mmsi for a in alerts} == {LISTED}
    assert [a.status for a in alerts] == ["opened", "updated"] and alerts[-1].verification == "corroborated"


def test_a_wild_fix_that_comes_first_gives_way_to_two_that_agree() -> None:
    times = np.arange(5, 3 * HOUR, 60.0)
    story = lying(SHIP, times, ELSEWHERE)
    story[0] = lying(SHIP, times[:1], ZONE)[0]
    alerts = about_zones(story)
    assert [a.status for a in alerts] == ["opened", "closed"]
    assert alerts[0].verification == "unverified"


@pytest.mark.parametrize("silent_h", [2.5, 20.0])
def test_a_ship_that_has_moved_in_a_long_silence_is_not_held(silent_h: float) -> None:
    there = lying(LISTED, np.arange(5, HOUR, 60.0), ZONE)
    again = lying(LISTED, (1 + silent_h) * HOUR + np.arange(0, HOUR, 60.0), ELSEWHERE)
    closed = about_zones(beside(there, again), silent_h + 3)[-1]
    assert (closed.status, closed.details["ended"]) == ("closed", "left")
    assert "inconsistent" not in closed.details


def test_what_was_held_is_decided_an_hour_after_the_last_impossible_speed() -> None:
    gone = beside(shared(SHIP, 2.0), lying(SHIP, np.arange(2 * HOUR + 30, 5 * HOUR, 60.0), ELSEWHERE))
    stays = beside(shared(SHIP, 2.0), lying(SHIP, np.arange(2 * HOUR + 30, 5 * HOUR, 60.0), ZONE))
    for story, status in ((gone, "closed"), (stays, "updated")):
        alerts = about_zones(story)
        assert len({a.id for a in alerts}) == 1 and alerts[-1].status == status
    assert alerts[-1].verification == "corroborated" and "inconsistent" not in alerts[-1].details


@pytest.mark.parametrize("skew_s", [-600.0, -90.0, 90.0, 600.0])
def test_two_stations_whose_clocks_differ_keep_one_alert(skew_s: float) -> None:
    times = np.arange(5, 5 * HOUR, 40.0)
    right = voyage(LISTED, times, (41.6, 131.0), 15.0)
    wrong = [Report(**{**_fields(s), "at_s": s.at_s + skew_s + 3}) for s in right[50::3]]
    alerts = about_zones(sorted([*right, *wrong], key=lambda s: (s.at_s - skew_s * (s in wrong), s.mmsi)))
    inside = {a.id for a in alerts if a.details["reason"] == "inside"}
    assert len(inside) == 1


def _fields(said: Report) -> dict[str, object]:
    return {name: getattr(said, name) for name in said.__struct_fields__}


def test_any_batch_size_and_restart_gives_the_same_alerts() -> None:
    story = beside(
        background(1.5), shared(SHIP, 1.5), jammed(LISTED, 1.5, 5), *(jammed(SHIP + 1 + n, 1.5, n) for n in range(3))
    )
    expected = written(run(story))
    assert expected
    for batch, snapshot_every in ((1, 0), (7, 20), (100, 3)):
        assert written(run(story, batch=batch, snapshot_every=snapshot_every)) == expected


# -- the rule itself ---------------------------------------------------------------------------------------------------

RULES = TrackRules()
AT_MS = 1_700_000_000_000
HERE, FAR, FAR_TOO = (
    TrackFix(42.0, 131.0, AT_MS),
    TrackFix(40.0, 131.0, AT_MS + 60_000),
    TrackFix(40.001, 131.0, AT_MS + 120_000),
)
AGREED = TrackState(unsure_step=0, track=0, stray_ms=0, trusted=NOWHERE)


@pytest.mark.parametrize(
    ("other", "agreed"),
    [
        (TrackFix(42.0, 131.0, AT_MS + 1), True),
        (TrackFix(42.0165, 131.0, AT_MS + 1000), True),  # 0.99 nm: positions err
        (TrackFix(42.0170, 131.0, AT_MS + 1000), False),
        (TrackFix(42.99, 131.0, AT_MS + 3_600_000), True),  # 59.4 nm in an hour
        (TrackFix(43.02, 131.0, AT_MS + 3_600_000), False),
        (TrackFix(42.99, 131.0, AT_MS - 3_600_000), True),
    ],
)
def test_fixes_agree_below_a_speed_that_no_ship_makes(other: TrackFix, *, agreed: bool) -> None:
    assert agree(HERE, other, RULES, RULES.track_most_kn) is agreed


def test_a_fix_off_the_track_is_held_back_until_the_next_one_decides() -> None:
    held = decide(AGREED, Seen(HERE, FAR, 60.0, OnItsWay.NO, wrong_bit=False), RULES)
    assert not held.taken
    back = decide(
        held.standing, Seen(HERE, TrackFix(42.0, 131.0, AT_MS + 120_000), 60.0, OnItsWay.NO, wrong_bit=False), RULES
    )
    assert back.taken and back.standing.unsure_step == 0
    on = decide(held.standing, Seen(HERE, FAR_TOO, 60.0, OnItsWay.NO, wrong_bit=False), RULES)
    assert not on.taken
    assert on.standing.trusted == HERE
    assert on.standing.unsure_step * 300_000 > FAR_TOO.time_ms + 3_600_000 - 300_000


def test_a_verdict_states_the_track_that_a_fix_is_of() -> None:
    held = decide(AGREED, Seen(HERE, FAR, 60.0, OnItsWay.NO, wrong_bit=False), RULES)
    (begun,) = held.standing.others
    assert held.of == begun and begun.fixes == 1
    on = decide(held.standing, Seen(HERE, FAR_TOO, 60.0, OnItsWay.NO, wrong_bit=False), RULES)
    assert on.of == begun and on.standing.others[-1].fixes == 2
    own = decide(
        held.standing, Seen(HERE, HERE._replace(time_ms=AT_MS + 120_000), 60.0, OnItsWay.NO, wrong_bit=False), RULES
    )
    assert own.of is None and own.rejoined == ()


def test_a_stray_that_the_track_reaches_was_of_the_track() -> None:
    fast = TrackFix(HERE.lat_deg + 0.05, HERE.lon_deg, HERE.time_ms + 60_000)  # 3 nm in a minute
    held = decide(AGREED, Seen(HERE, fast, 60.0, OnItsWay.NO, wrong_bit=False), RULES)
    assert not held.taken
    later = TrackFix(HERE.lat_deg + 0.06, HERE.lon_deg, HERE.time_ms + 600_000)
    on = decide(held.standing, Seen(HERE, later, 60.0, OnItsWay.NO, wrong_bit=False), RULES)
    assert on.taken and on.of is None
    assert on.rejoined == held.standing.others


@pytest.mark.parametrize(
    ("minutes", "sog_kn", "seen_displaced"),
    [(20.0, 0.1, True), (20.0, 8.0, True), (20.0, 30.0, False), (20.0, float("nan"), False), (70.0, 0.1, False)],
)
def test_a_ship_at_rest_is_not_18_nm_away_after_20_minutes(minutes: float, sog_kn: float, seen_displaced: bool) -> None:
    """54 kn is less than the limit, but such a ship does not make it, unless it reports a high speed."""
    times = [*np.arange(0, 7200, 600.0), *np.arange(6600 + minutes * 60, 6600 + minutes * 60 + 3600, 300.0)]
    at = len(np.arange(0, 7200, 600.0))
    places = [(ELSEWHERE if n < at else (ELSEWHERE[0] + 0.3, ELSEWHERE[1])) for n in range(len(times))]
    story = [
        Report(at_s=float(t), mmsi=SHIP, lat_deg=lat, lon_deg=lon, sog_kn=sog_kn, name="SHIP")
        for t, (lat, lon) in zip(times, places, strict=True)
    ]
    playing = engine()
    for item in log(beside(background(3.5), story), batch=100, tick_s=60.0):
        if isinstance(item, Batch):
            playing.apply(item)
    row = int(np.flatnonzero(playing.fleet.core.mmsi[: playing.fleet.size] == SHIP)[0])
    assert read_ship(playing.fleet.core, row, playing.reference).displaced is seen_displaced
