"""Destination text read as a zone: typed by hand in twenty letters."""

import numpy as np
import pytest

from detectors.core.geography.zone_columns import NO_ZONE, ZoneColumns
from detectors.core.reference import Port, Reference, Zone
from detectors.core.testing import Report, beside, run, voyage


def zone(name: str, **known: object) -> Zone:
    return Zone(name=name, kind="sanctioned", lat_deg=42.2, lon_deg=130.3, **known)  # type: ignore[arg-type]


PLACES = ZoneColumns(
    Reference(
        zones=(
            zone("Rajin", aliases=("NAJIN", "RAJIN-SONBONG"), locode="KPRJN"),
            zone("Zhoushan", locode="CNZOS"),
            zone("Bandar Abbas", locode="IRBND"),
        ),
        ports=(
            Port(name="Zhousan", lat_deg=1.0, lon_deg=2.0, locode="XXZSN"),
            Port(name="Kerala", lat_deg=9, lon_deg=76),
        ),
    )
)


@pytest.mark.parametrize(
    ("text", "name", "by"),
    [
        ("KRPUS>CNZOS", "Zhoushan", "locode"),
        ("CNZOS>KRPUS", "", ""),
        ("KP RJN", "Rajin", "locode"),
        ("RU VYP=>KP RJN", "Rajin", "locode"),
        ("RAJIN", "Rajin", "name"),
        ("RAJIN SONBONG ANCH", "Rajin", "name"),
        ("RAJ1N", "Rajin", "likeness"),
        ("NAJ1N", "Rajin", "likeness"),
        ("RAJAN", "", ""),
        ("BANDAR ABAS", "Bandar Abbas", "likeness"),
        ("BANDARABBAS", "Bandar Abbas", "likeness"),
        ("ZHUSHAN,CHINA", "Zhoushan", "likeness"),
        ("ZHOUSAN", "", ""),
        ("KERALA", "", ""),
        ("FOR ORDERS", "", ""),
        ("<SCRIPT>", "", ""),
        ("", "", ""),
    ],
)
def test_a_destination_names_a_zone(text: str, name: str, by: str) -> None:
    found = PLACES.naming(text)
    assert ("" if found.zone == NO_ZONE else PLACES.zones[found.zone].name, found.by) == (name, by)
    assert PLACES.named_by(text) == found.zone


def test_an_alert_says_how_the_destination_was_read() -> None:
    ship = voyage(667_001_001, np.arange(0, 300, 30.0), (30.0, 120.0))
    said = [Report(at_s=40, mmsi=667_001_001, type=5, destination="F0RBIDDEN")]
    (alert, *_) = [a for a in run(beside(ship, said)) if a.detector == "port_proximity"]
    assert (alert.details["reason"], alert.details["destination_by"]) == ("destination", "likeness")
    (fact,) = (fact for fact in alert.why if fact.fact == "reported destination")
    assert (fact.value, fact.threshold, fact.source) == (
        "F0RBIDDEN",
        "Forbidden",
        "by similar spelling: possibly a typing error",
    )
