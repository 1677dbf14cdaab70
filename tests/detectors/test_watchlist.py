"""watchlist: a listed ship is heard."""

import numpy as np

from detectors.core.alert import Alert
from detectors.core.testing import Said, Story, beside, run, voyage

HOUR = 3600.0
SHIP, LISTED_IMO = 273_000_009, 9_179_842


def states(at_s: float, **said: object) -> Said:
    return Said(at_s=at_s, mmsi=SHIP, type=5, imo=LISTED_IMO, **said)  # type: ignore[arg-type]


def hits(*stories: Story) -> list[Alert]:
    background = voyage(205_000_001, np.arange(0, max(s[-1].at_s for s in stories) + 60, 30.0), (30.0, 120.0))
    return [a for a in run(beside(background, *stories)) if a.detector == "watchlist"]


def test_the_imo_of_a_static_report_is_a_hit_and_its_mmsi_stays_bound() -> None:
    first = [*voyage(SHIP, [10.0]), states(20, name="EXAMPLE"), *voyage(SHIP, [30.0])]
    later = voyage(SHIP, [30 * HOUR, 30 * HOUR + 10])
    alerts = hits(first, later)
    assert [(a.status, a.verification, a.severity) for a in alerts] == [
        ("opened", "corroborated", "ticket"),
        ("closed", "corroborated", "ticket"),
        ("opened", "unverified", "ticket"),
        ("updated", "corroborated", "page"),
    ]
    again = alerts[-1]
    assert again.details["reason"] == "reappeared" and again.details["matched_on"] == ["imo"]
    assert again.headline.startswith("EXAMPLE IMO9179842 TEST heard after 30h dark") or "dark" in again.headline
    assert any(f.fact.startswith("age of the static report") for f in again.why)


def test_a_single_report_pages_nobody() -> None:
    (alert,) = hits(voyage(667_001_001, [10.0]))
    assert (alert.verification, alert.severity, alert.details["matched_on"]) == ("unverified", "ticket", ["mmsi"])


def test_a_second_report_from_elsewhere_does_not_support_the_first() -> None:
    story = [*voyage(667_001_001, [10.0]), Said(at_s=20, mmsi=667_001_001, lat_deg=10, lon_deg=10)]
    assert [a.verification for a in hits(story)] == ["unverified"]


def test_a_yacht_with_a_freighters_imo_is_possible_misuse() -> None:
    story = [*voyage(SHIP, [10.0, 40.0]), states(50, ship_type=37, length_m=12), *voyage(SHIP, [60.0, 70.0])]
    alerts = hits(story)
    assert [(a.severity, a.details["misuse"]) for a in alerts] == [("ticket", True)]


def test_another_imo_is_another_ship() -> None:
    story = [*voyage(SHIP, [10.0]), Said(at_s=20, mmsi=SHIP, type=5, imo=9_124_043, name="EXAMPLE ONE")]
    assert hits(story) == []
