"""gap: silence that means something, and silence that does not."""

import msgspec
import numpy as np
import pytest

from detectors.core.alert import Alert
from detectors.core.reports import Batch
from detectors.core.testing import Report, Story, beside, engine, log, run, voyage

HOUR = 3600.0
SHIP, PEER = 205_000_002, 205_000_100
LISTED = 667_001_001
DARK_FROM = 4 * HOUR


def peers(hours: float, count: int = 8) -> Story:
    """Ships that creep along in one place and are well heard there."""
    return beside(
        *(voyage(PEER + n, np.arange(n, hours * HOUR, 60.0), (38.0 + n / 100, 130.0), 1.0) for n in range(count))
    )


def ship(until_s: float = DARK_FROM, again_s: tuple[float, float] | None = None, mmsi: int = SHIP) -> Story:
    times = np.arange(5, until_s, 30.0)  # so well heard that it would be at its berth too
    if again_s is not None:
        times = np.append(times, np.arange(*again_s, 60.0))
    return voyage(mmsi, times, (38.0, 130.0), 1.0)


def gaps(story: Story) -> list[Alert]:
    return [a for a in run(story) if a.detector == "gap"]


def test_a_ship_that_falls_silent_is_reported_while_still_silent() -> None:
    (alert,) = gaps(beside(peers(7), ship()))
    assert (alert.status, alert.mmsi, alert.severity) == ("opened", SHIP, "log")
    assert 3600 <= alert.details["silent_for_s"] <= 3900 and alert.details["category"] == "under_way"
    assert alert.details["p_silence"] < 0.1 and alert.details["peers_heard"] == 8
    assert alert.details["source"] == "station"
    assert alert.evidence[0].sentence.startswith("!AIVDM")


def test_the_gap_closes_when_she_is_heard_with_distance_and_speed() -> None:
    opened, closed = gaps(beside(peers(9), ship(again_s=(8 * HOUR, 8.5 * HOUR))))
    assert (closed.id, closed.revision, closed.status) == (opened.id, 2, "closed")
    assert closed.details["distance_nm"] == 4.01 and closed.details["implied_speed_kn"] == 1.0


def test_a_report_that_comes_too_late_takes_the_gap_back_and_her_silence_since_is_judged_anew() -> None:
    """Of half past four, told at six: it was not silent at five, when the gap was opened; at seven it is."""
    late = voyage(SHIP, [DARK_FROM + 0.5 * HOUR], (38.0, 130.0), 1.0)
    others = peers(9)
    told_at = next(n for n, s in enumerate(others) if s.at_s > DARK_FROM + 2 * HOUR)
    opened, retracted, again = gaps([*beside(others[:told_at], ship()), *late, *others[told_at:]])
    assert (retracted.id, retracted.revision, retracted.status) == (opened.id, 2, "retracted")
    assert retracted.details["reason"] == "late_report" and retracted.details["silent_for_s"] < 3600
    assert retracted.headline.endswith("reported late: it was not silent")
    assert (again.status, again.episode_start) == ("opened", retracted.details["reappeared_at"])
    assert 2.4 * HOUR <= again.details["silent_for_s"] <= 2.7 * HOUR  # an hour in which it could have been heard


def test_fifty_nine_minutes_are_no_gap() -> None:
    assert gaps(beside(peers(6), ship(again_s=(DARK_FROM + 0.98 * HOUR, 6 * HOUR)))) == []


def bursts(hours: float) -> Story:
    """Peers as ``peers``, of whom after DARK_FROM five minutes in every 50 are heard."""
    return [s for s in peers(hours) if s.at_s < DARK_FROM or (s.at_s - DARK_FROM) % 3000 < 300]


def test_no_gap_is_reported_later_than_twelve_hours_after_the_last_report() -> None:
    """Where it could be heard in one slot or two of fifty minutes, an hour of silence that counts takes longer."""
    (alert,) = gaps(beside(bursts(30), ship()))
    assert 6 * HOUR <= alert.details["silent_for_s"] <= 11 * HOUR
    sparser = [s for s in bursts(30) if s.at_s < DARK_FROM or (s.at_s - DARK_FROM) % 6000 < 300]
    assert gaps(beside(sparser, ship())) == []


def test_a_dead_source_makes_no_ship_dark() -> None:
    story = [s for s in peers(12) if not 4 * HOUR < s.at_s < 10 * HOUR]
    assert [(a.detector, a.status) for a in run(story)] == [
        ("feed_outage", status) for status in ("opened", "updated", "closed")
    ]


def test_silence_before_an_outage_still_counts_after_it() -> None:
    story = [s for s in beside(peers(9), ship()) if not 4.5 * HOUR < s.at_s < 6 * HOUR]
    (alert,) = gaps(story)
    silent_s = alert.details["silent_for_s"]
    assert 2.4 * HOUR <= silent_s <= 2.75 * HOUR  # half an hour before the outage, as long after it


def test_a_ship_lost_from_sight_by_a_long_outage_is_not_called_dark() -> None:
    story = [s for s in beside(peers(12), ship()) if not 4.2 * HOUR < s.at_s < 8 * HOUR]
    assert gaps(story) == []


def test_several_ships_that_go_dark_together_are_all_found() -> None:
    dark = [ship(mmsi=SHIP + n) for n in range(3)]
    assert {a.mmsi for a in gaps(beside(peers(10), *dark))} == {SHIP, SHIP + 1, SHIP + 2}


def test_a_receiver_of_two_that_dies_makes_nobody_dark() -> None:
    far = [
        Report(at_s=s.at_s, mmsi=s.mmsi + 100, lat_deg=s.lat_deg + 0.2, lon_deg=130.3, sog_kn=1.0, station="second")
        for s in peers(9, 3)
        if s.at_s < DARK_FROM
    ]
    assert gaps(beside(peers(9), far)) == []


def test_a_moored_ship_is_given_four_hours() -> None:
    moored = [
        Report(at_s=s.at_s, mmsi=s.mmsi, lat_deg=38, lon_deg=130, sog_kn=0.0, status=5)
        for s in beside(peers(14), ship())
    ]
    alerts = gaps(moored)
    assert [(a.mmsi, a.details["category"]) for a in alerts] == [(SHIP, "at_rest")]
    assert alerts[0].details["silent_for_s"] >= 4 * HOUR and alerts[0].severity == "log"


def test_class_b_aids_and_ships_heard_twice_are_not_judged() -> None:
    craft = [Report(at_s=5 + 30 * n, mmsi=SHIP, type=18, lat_deg=38, lon_deg=130) for n in range(400)]
    aid = [Report(at_s=5 + 180 * n, mmsi=992_111_111, type=21, lat_deg=38, lon_deg=130) for n in range(80)]
    twice = voyage(SHIP + 1, [5.0, 15.0], (38.0, 130.0))
    assert gaps(beside(peers(8), craft, aid, twice)) == []


def test_a_listed_ship_is_paged_after_twenty_minutes() -> None:
    (alert,) = gaps(beside(peers(5), ship(mmsi=LISTED)))
    assert alert.severity == "page" and 1200 <= alert.details["silent_for_s"] <= 1800


def test_a_listed_ship_that_left_range_as_others_do_is_for_the_record() -> None:
    """It is heard by a receiver of its own, which then hears nobody."""
    alone = [msgspec.structs.replace(s, station="second") for s in ship(mmsi=LISTED)]
    (alert,) = gaps(beside(peers(14), alone))
    assert (alert.severity, alert.details["category"]) == ("log", "cannot_tell")
    assert alert.details["silent_for_s"] >= 6 * HOUR


def test_silences_that_cannot_be_judged_are_counted() -> None:
    sails_out = [msgspec.structs.replace(s, station="second") for s in ship()]
    playing = engine()
    for item in log(beside(peers(8), sails_out), batch=500, tick_s=60.0):
        _ = playing.apply(item) if isinstance(item, Batch) else playing.tick(item, 0)
    assert sum(playing.cannot_tell.values()) == 1


@pytest.mark.parametrize("ticks_s", [10.0, 900.0])
def test_a_silence_that_ends_just_after_a_slot_gives_the_same_however_ticks_lie(ticks_s: float) -> None:
    story = beside(peers(6), ship(again_s=(DARK_FROM + 1.1 * HOUR, 6 * HOUR)))
    assert sorted(a.id for a in run(story, tick_s=ticks_s)) == sorted(a.id for a in run(story))


def test_an_outage_of_years_costs_nothing_and_makes_nobody_dark() -> None:
    years = 800 * 24 * HOUR
    again = voyage(PEER, np.arange(years, years + HOUR, 10.0), (38.0, 130.0), 0.0)
    assert gaps([*beside(peers(4.9), ship()), *again]) == []
