"""What a vessel is listed for bounds how severe an alert about it can be; a list's name is never cut in a headline."""

import msgspec
import pytest

from detectors.core.alert import Alert, Severity
from detectors.core.engine.engine import Engine
from detectors.core.headlines import LIST_LETTERS, list_word
from detectors.core.listing_reasons import SEVERITIES, highest, keys_of, listed_for
from detectors.core.reference import ListedShip, Reference
from detectors.core.reports import Batch
from detectors.core.testing import Report, beside, log, voyage
from detectors.core.testing_world import REFERENCE
from detectors.core.ticks import FeedRules

LISTED = 667_001_001
ENTRY = ListedShip(list="OpenSanctions", entry_id="1", name="EXAMPLE", mmsi=LISTED)


def inside(*entries: ListedShip, severities: dict[str, Severity] | None = None) -> Alert:
    """What is said of a listed vessel that lies in a sanctioned zone, at its highest."""
    reference = msgspec.structs.replace(REFERENCE, ships=entries)
    playing = Engine.build(
        partition=0, reference=reference, feed=FeedRules(), thresholds={}, severities=severities or {}
    )
    there = [Report(at_s=5 + 30 * n, mmsi=LISTED, lat_deg=42.0, lon_deg=131.0, sog_kn=0) for n in range(20)]
    alerts: list[Alert] = []
    for item in log(beside(voyage(205_000_001, range(0, 900, 30), (30.0, 120.0)), there), batch=100, tick_s=60):
        emitted = playing.apply(item) if isinstance(item, Batch) else playing.tick(item)
        alerts += [e.alert for e in emitted if e.alert.detector == "port_proximity" and e.alert.mmsi == LISTED]
    return max(alerts, key=lambda a: ("log", "ticket", "page").index(a.severity))


def listed(*topics: str) -> ListedShip:
    return msgspec.structs.replace(ENTRY, topics=topics)


@pytest.mark.parametrize(
    ("entry", "severity"),
    [
        (ENTRY, "page"),
        (listed("sanction"), "page"),
        (listed("sanction", "mare.detained"), "page"),
        (listed("mare.detained"), "ticket"),
        (listed("mare.shadow"), "ticket"),
        (listed("sanction.linked"), "ticket"),
        (listed("sanction.counter"), "ticket"),
        (listed("debarment"), "ticket"),
        (listed("a.topic.of.tomorrow"), "ticket"),
        (listed(), "ticket"),
    ],
)
def test_what_a_vessel_is_listed_for_bounds_the_severity(entry: ListedShip, severity: Severity) -> None:
    assert inside(entry).severity == severity


def test_settings_say_what_a_topic_is_worth() -> None:
    assert inside(listed("mare.shadow"), severities={"list.mare_shadow": "page"}).severity == "page"
    assert inside(listed("sanction"), severities={"list.sanction": "log"}).severity == "log"


def test_of_several_entries_about_one_vessel_the_highest_counts() -> None:
    other = msgspec.structs.replace(ENTRY, list="EU", topics=None)
    assert inside(listed("mare.detained"), other).severity == "page"
    assert inside(other, listed("mare.detained")).severity == "page"


def test_entries_about_other_vessels_do_not_count() -> None:
    two = (msgspec.structs.replace(listed("mare.detained"), imo=9_179_842), ENTRY)
    assert listed_for(Reference(ships=two, zones=())) == (("list.mare_detained",), ("list.unstated",))


def test_every_topic_has_a_setting_and_none_makes_a_severity_higher() -> None:
    assert keys_of(("sanction", "crime.traffick")) == ("list.other", "list.sanction")
    assert {highest((key,), SEVERITIES) for key in SEVERITIES} == {"page", "ticket"}


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("OFAC", "OFAC"),
        ("OpenSanctions", "OpenSanctions"),
        ("EU consolidated list", "EU"),
        ("Tokyo MOU detentions", "Tokyo MOU"),
        ("Sanktionsverzeichnis", "listed"),
        ("", "listed"),
    ],
)
def test_a_lists_name_is_as_many_whole_words_as_fit(name: str, word: str) -> None:
    assert list_word(name) == word and len(word) <= LIST_LETTERS


def test_a_headline_names_the_list_in_full() -> None:
    assert inside(listed("sanction")).headline.endswith(", listed: OpenSanctions")
