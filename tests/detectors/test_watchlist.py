"""watchlist: a listed ship is heard."""

import numpy as np
import pytest

from detectors.core.alert import Alert
from detectors.core.identities import listing
from detectors.core.reference import ListedShip, Reference
from detectors.core.testing import Report, Story, beside, engine, run, voyage
from detectors.core.vessels.ship import read_ship

HOUR = 3600.0
SHIP, LISTED_IMO = 273_000_009, 9_179_842


def states(at_s: float, **said: object) -> Report:
    return Report(at_s=at_s, mmsi=SHIP, type=5, imo=LISTED_IMO, **said)  # type: ignore[arg-type]


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
        ("updated", "corroborated", "ticket"),
    ]
    again = alerts[-1]
    assert again.details["reason"] == "reappeared" and again.details["matched_on"] == ["imo"]
    assert "out of receiver range" in again.headline and "dark" not in again.headline  # nobody is heard around
    assert any(f.fact.startswith("age of the report") for f in again.why)


def test_a_single_report_pages_nobody() -> None:
    (alert,) = hits(voyage(667_001_001, [10.0]))
    assert (alert.verification, alert.severity, alert.details["matched_on"]) == ("unverified", "ticket", ["mmsi"])


def test_a_second_report_from_elsewhere_does_not_support_the_first() -> None:
    story = [*voyage(667_001_001, [10.0]), Report(at_s=20, mmsi=667_001_001, lat_deg=10, lon_deg=10)]
    assert [a.verification for a in hits(story)] == ["unverified"]


def test_a_yacht_with_a_freighters_imo_is_possible_misuse() -> None:
    story = [*voyage(SHIP, [10.0, 40.0]), states(50, ship_type=37, length_m=12), *voyage(SHIP, [60.0, 70.0])]
    alerts = hits(story)
    assert [(a.severity, a.details["misuse"]) for a in alerts] == [("ticket", True)]


def test_another_imo_is_another_ship() -> None:
    story = [*voyage(SHIP, [10.0]), Report(at_s=20, mmsi=SHIP, type=5, imo=9_124_043, name="EXAMPLE ONE")]
    assert hits(story) == []


def test_an_alert_says_what_it_rests_on_and_by_which_version_of_the_list() -> None:
    story = [*voyage(SHIP, [10.0]), states(20, name="EXAMPLE"), *voyage(SHIP, [30.0])]
    alert = hits(story)[-1]
    assert alert.details["list_version"] == "test"
    facts = {fact.fact: fact for fact in alert.why}
    assert (facts["match score"].value, facts["match score"].source) == (1.0, "imo 1")


def test_listings_of_one_ship_are_told_together_with_their_dates() -> None:
    entries = [
        ListedShip(list="OFAC", entry_id="1", name="ANGARA", imo=9179842, listed_on="2022-05-08", programme="X"),
        ListedShip(list="EU", entry_id="2", name="Angara", imo=9179842, listed_on="2024-06-24"),
        ListedShip(
            list="UK", entry_id="3", name="ANGARA", imo=9179842, listed_on="2022-05-01", delisted_on="2023-01-01"
        ),
    ]
    fleet = engine().fleet
    (row,) = fleet.admit(np.array([999_000_009], np.uint32)).tolist()
    fleet.core.imo[row], fleet.core.listed[row] = 9179842, 1
    fleet.core.last_ms[row] = 1_707_000_000_000  # in February 2024
    ship = read_ship(fleet.core, row, Reference(ships=tuple(entries)))
    said = listing.details(ship, entries, "first_heard", verdict=None, reference=Reference(version="v7"))
    assert (said["list"], said["listed_before_fix"], said["programme"]) == ("OFAC", True, "X")
    told = {each["list"]: each for each in said["listings"]}  # type: ignore[attr-defined]
    assert (told["EU"]["listed_before_fix"], told["UK"]["delisted_before_fix"]) == (False, True)
    facts = [(fact.fact, fact.value, fact.source) for fact in listing.reasons(ship, entries, None, 0)]
    assert facts[-4:] == [
        ("MMSI has no country code (MID)", 999, "ITU list of MIDs"),
        ("listed before this report", "2022-05-08", "OFAC 1, X"),
        ("listed after this report", "2024-06-24", "EU 2"),
        ("delisted before this report", "2023-01-01", "UK 3"),
    ]


@pytest.mark.parametrize(
    ("flags", "says", "threshold"),
    [
        ({"flag": "RU", "former_flags": ("MT",)}, "flag from MMSI, same as listed", "RU"),
        ({"flag": "MT", "former_flags": ("RU",)}, "a former flag on the list: possibly de-registered", "MT"),
        ({"former_flags": ("RU",)}, "a former flag on the list: possibly de-registered", "RU"),
        ({"flag": "MT", "former_flags": ("PA",)}, "not on the list for this vessel", "MT, PA"),
        ({}, "flag from MMSI; the list gives no flag", None),
    ],
)
def test_her_flag_is_held_against_the_entry(flags: dict[str, object], says: str, threshold: str | None) -> None:
    entry = ListedShip(list="OFAC", entry_id="1", name="X", mmsi=SHIP, **flags)  # type: ignore[arg-type]
    fleet = engine().fleet
    (row,) = fleet.admit(np.array([SHIP], np.uint32)).tolist()
    fleet.core.listed[row] = 1
    facts = list(listing.reasons(read_ship(fleet.core, row, Reference(ships=(entry,))), [entry], None, 0))
    (flag,) = [fact for fact in facts if says in fact.fact]
    assert (flag.value, flag.threshold) == ("RU", threshold)
    assert facts[-1].fact.startswith("listed; the list gives no date")


def test_a_ship_listed_after_she_was_seen_is_told_so() -> None:
    """The fix decides, not the time at which the list came into force."""
    fleet = engine().fleet
    (row,) = fleet.admit(np.array([SHIP], np.uint32)).tolist()
    entry = ListedShip(list="OFAC", entry_id="1", name="X", mmsi=SHIP, listed_on="2024-02-01")
    fleet.core.listed[row], fleet.core.last_ms[row] = 1, 1_706_000_000_000  # 23 January 2024
    ship = read_ship(fleet.core, row, Reference(ships=(entry,)))
    said = listing.details(ship, [entry], "listed_now", verdict=None, reference=Reference())
    assert said["listed_before_fix"] is False


def test_a_register_is_made_once_for_a_reference() -> None:
    reference = Reference(ships=(ListedShip(list="X", entry_id="1", name="X", mmsi=273_000_001),))
    assert listing.register_of(reference) is listing.register_of(reference)
