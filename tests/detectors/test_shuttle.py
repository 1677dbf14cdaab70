"""shuttle: vanish here, reappear there, again and again, with the same two places between."""

import numpy as np
import pytest

from detectors.core.alert import Alert
from detectors.core.testing import Report, Story, beside, run

HOUR = 3600.0
SHIP, LISTED = 205_000_002, 273_000_033
OFF = (42.8, 131.2)  # 48 nm from Closed and 49 from Forbidden, which are 97 nm apart
FAST = 40  # high-speed craft: 30 kn where nothing is known of a ship


def heard(mmsi: int, spans_h: list[tuple[float, float]], place: tuple[float, float] = OFF) -> Story:
    return [
        Report(at_s=t, mmsi=mmsi, lat_deg=place[0] + t % 600 / 1e5, lon_deg=place[1], sog_kn=1.0)
        for from_h, to_h in spans_h
        for t in np.arange(from_h * HOUR, to_h * HOUR, 120.0).tolist()
    ]


def states(mmsi: int, imo: int = 9179842) -> Story:
    return [Report(at_s=61.0, mmsi=mmsi, type=5, imo=imo, ship_type=FAST, length_m=90)]


def legs(count: int, dark_h: float, learned_h: float = 5.0) -> list[tuple[float, float]]:
    """Heard for some hours, then for half an hour after each of ``count`` silences."""
    begins = [learned_h + n * (dark_h + 0.5) + dark_h for n in range(count)]
    return [(0.0, learned_h), *((h, h + 0.5) for h in begins)]


def shuttles(*stories: Story) -> list[Alert]:
    last_h = max(s[-1].at_s for s in stories) / HOUR
    last_h = min(last_h, 40.0)
    peers = [heard(205_001_001 + n, [(n / 70, last_h)], (42.75 + n / 50, 131.2)) for n in range(5)]
    return [a for a in run(beside(*peers, *stories), tick_s=900.0) if a.detector == "shuttle"]


WORLD = beside(
    heard(LISTED, legs(4, 7.5)),
    states(LISTED),
    *(heard(205_001_041 + n, [(n / 30, 40)], (42.8 + n / 50, 131.2))[::2] for n in range(3)),
)


def test_the_third_dark_leg_that_could_hold_both_places_is_a_shuttle_and_the_fourth_adds_to_it() -> None:
    opened, updated = shuttles(heard(LISTED, legs(4, 7.5)), states(LISTED))
    assert (opened.status, opened.severity, opened.details["between"]) == ("opened", "ticket", ["Forbidden", "Closed"])
    assert [len(a.details["leg_list"]) for a in (opened, updated)] == [3, 4]
    leg = opened.details["leg_list"][0]
    assert leg["hours"] == pytest.approx(7.5, abs=0.1) and leg["needed_kn"] == pytest.approx(194 / 7.5, abs=1)
    assert leg["round_trips_at_most"] == 0
    assert opened.headline.endswith("3 dark legs in 1 d, could include FORBIDDEN and CLOSED (XY), listed: TEST")


def test_an_unlisted_ship_s_is_for_the_record() -> None:
    assert [a.severity for a in shuttles(heard(SHIP, legs(3, 9)), states(SHIP, imo=0))] == ["log"]


@pytest.mark.parametrize(
    "spans",
    [
        legs(2, 7.5),  # two legs are no pattern
        legs(3, 5.5),  # long enough for one of the two places, not for both
        [*legs(2, 7.5), (21.1, 29.0)],  # dark twice, heard the third time
    ],
)
def test_what_is_nearly_one_is_none(spans: list[tuple[float, float]]) -> None:
    assert shuttles(heard(LISTED, spans), states(LISTED)) == []


def test_a_leg_that_ends_with_a_name_alone_counts_at_the_first_position() -> None:
    spans = legs(3, 7.5)
    name_first = Report(at_s=spans[-1][0] * HOUR - 90, mmsi=LISTED, type=5, imo=9179842, ship_type=FAST)
    alerts = shuttles(beside(heard(LISTED, spans), states(LISTED), [name_first]))
    assert [(a.status, a.details["legs"]) for a in alerts] == [("opened", 3)]
    assert alerts[0].position is not None and alerts[0].time == alerts[0].position.time


def test_it_closes_when_ninety_days_have_passed_without_a_further_leg() -> None:
    later = heard(205_001_001, [(95 * 24.0, 95 * 24 + 0.1)])
    *_, closed = shuttles(heard(SHIP, [*legs(3, 9)[:-1], (33, 41)]), states(SHIP, imo=0), later)
    assert (closed.status, closed.details["ended"]) == ("closed", "no further leg")
