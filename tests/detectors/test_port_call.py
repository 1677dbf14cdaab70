"""port_call: a listed ship stops at a port, is seen to come and go, or falls silent there."""

import numpy as np
import pytest

from detectors.core.alert import Alert
from detectors.core.testing import Report, Story, beside, run, voyage

HOUR, MINUTE = 3600.0, 60.0
SHIP, LISTED = 205_000_002, 667_001_001
PORT = (35.0, 129.0)
KM_DEG = 1 / 111.2


def lies(from_h: float, to_h: float, north_km: float = 5.0, mmsi: int = LISTED, sog_kn: float = 0.1) -> Story:
    """Lies north of the port, which is nearer than ten miles."""
    return [
        Report(at_s=t, mmsi=mmsi, lat_deg=PORT[0] + north_km * KM_DEG, lon_deg=PORT[1], sog_kn=sog_kn)
        for t in np.arange(from_h * HOUR, to_h * HOUR, 10 * MINUTE).tolist()
    ]


def passes(from_h: float, to_h: float, north_km: float, mmsi: int = LISTED) -> Story:
    return lies(from_h, to_h, north_km, mmsi, sog_kn=8.0)


def calls(*stories: Story, hours: float = 14.0) -> list[Alert]:
    feed = voyage(205_000_001, np.arange(0, hours * HOUR, 50.0), (30.0, 120.0))
    return [a for a in run(beside(feed, *stories), tick_s=600.0) if a.detector == "port_call"]


WORLD = beside(passes(1.01, 2, 12.0), lies(2.01, 4), passes(4.01, 5, 12.0))


def test_entry_stop_and_exit_make_a_confidence_of_four() -> None:
    alerts = calls(WORLD)
    assert [(a.status, a.severity) for a in alerts] == [("opened", "ticket"), ("closed", "ticket")]
    assert [(a.details["confidence"], a.details["port"]) for a in alerts] == [(3, "Ordinary"), (4, "Ordinary")]
    assert alerts[1].details["for_s"] == pytest.approx(1.83 * HOUR, abs=MINUTE)


@pytest.mark.parametrize(
    ("stories", "ended", "confidence"),
    [
        ([lies(1, 3), passes(3, 4, 12.0)], "left", 3),  # AIS was switched on in port: no entry
        ([lies(1, 3), passes(9, 10, 12.0)], "left unseen", 2),  # ... and reappeared at sea: no exit either
        ([passes(0.1, 0.3, 30.0), lies(1, 3), passes(9, 10, 12.0)], "left unseen", 3),
    ],
)
def test_what_was_not_seen_costs_confidence(stories: list[Story], ended: str, confidence: int) -> None:
    last = calls(*stories)[-1]
    assert (last.details["ended"], last.details["confidence"]) == (ended, confidence)


def test_silence_in_port_leaves_the_call_open_and_is_said_once() -> None:
    alerts = calls(lies(1, 3))
    assert [a.status for a in alerts] == ["opened", "updated", "updated"]
    assert "last known at ORDINARY, silent since" in alerts[-1].headline
    heard_again = calls(lies(1, 3), lies(12, 13))
    assert [a.status for a in heard_again] == ["opened", "updated", "updated", "updated"]
    assert "silent_since" in heard_again[2].details and "silent_since" not in heard_again[3].details


def test_a_ship_that_moves_and_falls_silent_in_port_called_there_with_little_confidence() -> None:
    (alert,) = calls(passes(1, 2, 1.0))
    assert (alert.details["reason"], alert.details["confidence"], alert.details["stop_seen"]) == ("silence", 1, False)


@pytest.mark.parametrize(
    "story",
    [
        lies(1, 3, mmsi=SHIP),  # on no list
        lies(1, 3, north_km=60.0),  # no port is near
        passes(1, 3, 5.0),  # it does not stop, and is silent too far from the port's position
        lies(1, 3, sog_kn=0.3),
    ],
)
def test_what_is_nearly_one_is_none(story: Story) -> None:
    assert calls(story) == []


def test_swinging_at_anchor_and_shifting_berth_is_one_call() -> None:
    story = [lies(1 + n / 2, 1.5 + n / 2, 5.0 + n % 3, sog_kn=0.1 + 0.4 * (n % 2)) for n in range(8)]
    assert {a.id for a in calls(*story)} == {calls(*story)[0].id}
    assert not any(a.status == "closed" for a in calls(*story))


def test_echoes_late_reports_and_a_missing_speed_make_no_other_call() -> None:
    clean = calls(WORLD)
    messy = beside(WORLD, [Report(at_s=2.5 * HOUR + 1, mmsi=LISTED, lat_deg=float("nan"), sog_kn=0.0)])
    messy += [Report(at_s=2.6 * HOUR, mmsi=LISTED, lat_deg=PORT[0] + 5 * KM_DEG, lon_deg=PORT[1], sog_kn=float("nan"))]
    assert [(a.id, a.status) for a in calls(messy)] == [(a.id, a.status) for a in clean]
