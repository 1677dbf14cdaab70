"""watchlist: a ship that bears a listed ship's name, and little else."""

import numpy as np
import pytest

from detectors.core.alert import Alert, encode
from detectors.core.engine.engine import Engine
from detectors.core.reference import ListedShip, Reference
from detectors.core.reports import Batch
from detectors.core.testing import Report, Story, beside, log, voyage
from detectors.core.testing_world import REFERENCE
from detectors.core.ticks import FeedRules

SHIP = 671_000_009  # of Togo
KHURAN = ListedShip(
    list="OWN",
    entry_id="k",
    name="KHURAN",
    imo=9161003,
    mmsi=671_000_001,
    flag="TG",
    ship_type="Products Tanker",
    length_m=120,
    listed_on="2023-01-01",
)
ALSO = ListedShip(list="EU", entry_id="k2", name="Khuran", imo=9161003)
LISTS = Reference(ships=(*REFERENCE.ships, KHURAN, ALSO), zones=REFERENCE.zones, version="lists")
LIKE = {"name": "HURAN", "ship_type": 80}


def states(at_s: float, **said: object) -> Report:
    return Report(at_s=at_s, mmsi=SHIP, type=5, **said)  # type: ignore[arg-type]


def hits(
    story: Story, reference: Reference = LISTS, *, batch: int = 1000, then: Reference | None = None
) -> list[Alert]:
    """Watchlist alerts; after half of the log ``then`` comes into force."""
    engine = Engine.build(partition=0, reference=reference, feed=FeedRules(), thresholds={}, severities={})
    items = list(log(story, batch=batch, tick_s=600.0))
    emitted = []
    for number, item in enumerate(items):
        if then is not None and number == len(items) // 2:
            emitted += engine.adopt(then)
        emitted += engine.apply(item) if isinstance(item, Batch) else engine.tick(item)
    assert not engine.drain_faults()
    assert not any(each.alert.severity == "page" for each in emitted)
    return [each.alert for each in emitted if each.alert.detector == "watchlist"]


def told(alerts: list[Alert]) -> list[tuple[str, str, str, object]]:
    return [(a.status, a.severity, a.verification, " ".join(a.details["matched_on"])) for a in alerts]  # type: ignore[arg-type]


def test_a_name_with_flag_and_type_is_told_for_the_record_with_its_score() -> None:
    (alert,) = hits([*voyage(SHIP, [0.0, 30.0]), states(40, **LIKE), *voyage(SHIP, [60.0])])
    assert told([alert]) == [("opened", "log", "corroborated", "name")]
    assert alert.headline.startswith("HURAN (name like KHURAN, OWN) heard, 38")
    facts = {fact.fact: fact for fact in alert.why}
    assert facts["name similar to the listed name"].threshold == "KHURAN"
    score = facts["match score"]
    assert score.value == alert.details["score"] == pytest.approx(0.692, abs=0.01)
    assert score.source and score.source.endswith("flag 0.15, type 0.15")
    assert alert.details["entry_id"] == "k" and alert.details["listed_before_fix"] is True
    assert alert.case_id == f"mmsi/{SHIP}"


@pytest.mark.parametrize(
    ("then", "ends"),
    [
        ({"imo": 9161003, "name": "HURAN"}, ("updated", "ticket", "corroborated", "imo")),
        ({"imo": 9124043, "name": "HURAN"}, ("retracted", "log", "corroborated", "name")),
        ({"name": "MORNING STAR"}, ("retracted", "log", "corroborated", "name")),
        ({"name": "HURAN", "ship_type": 70}, ("retracted", "log", "corroborated", "name")),
        ({"name": "HURAN", "ship_type": 80, "length_m": 121}, None),
    ],
)
def test_a_stronger_identity_upgrades_or_retracts(then: dict[str, object], ends: tuple[str, ...] | None) -> None:
    story = [
        *voyage(SHIP, [0.0, 30.0]),
        states(40, **LIKE),
        *voyage(SHIP, [60.0, 90.0]),
        states(400, **then),
        *voyage(SHIP, [420.0]),
    ]
    first, *rest = hits(story)
    assert told([first]) == [("opened", "log", "corroborated", "name")]
    assert told(rest) == ([] if ends is None else [ends])
    assert all(alert.id == first.id for alert in rest)


@pytest.mark.parametrize(
    "said",
    [
        {"name": "HURAN"},
        {"name": "HURAN", "ship_type": 70},
        {"name": "MARIA", "ship_type": 80},
        {"name": "HURAN", "ship_type": 80, "imo": 9124043},
        {"name": "KHURAN STAR", "ship_type": 80},
    ],
)
def test_a_name_without_two_supports_is_nobodys(said: dict[str, object]) -> None:
    assert hits([*voyage(SHIP, [0.0, 30.0]), states(40, **said), *voyage(SHIP, [60.0])]) == []


def test_a_likeness_comes_and_goes_with_the_list_and_after_a_silence() -> None:
    without = Reference(ships=REFERENCE.ships, zones=REFERENCE.zones, version="without")
    others = voyage(205_000_001, np.arange(0, 36 * 3600, 50.0), (30.0, 120.0))
    story = beside(others, [*voyage(SHIP, np.arange(0, 36 * 3600, 900.0)), states(40, **LIKE)])
    (now,) = hits(story, without, then=LISTS)
    assert (now.status, now.details["reason"], now.severity) == ("opened", "listed_now", "log")
    assert [a.details.get("ended") for a in hits(story, then=without)] == [None, "removed from the list"]
    away = beside(others, [*voyage(SHIP, [0.0, 30.0, 35 * 3600.0, 35 * 3600.0 + 60]), states(40, **LIKE)])
    _, closed, again, *_ = hits(away)
    assert (closed.details["ended"], again.details["reason"], again.severity) == ("silent", "reappeared", "log")


def test_the_same_in_any_cut() -> None:
    many = [voyage(SHIP + n, np.arange(0, 1800, 20.0)) for n in range(3)]
    names = [
        Report(
            at_s=60.0 * n + 5,
            mmsi=SHIP + n % 3,
            type=5,
            name=("KHURAN", "HURAN", "MIRA")[n % 4 % 3],
            ship_type=80,
            imo=0 if n < 20 else 9161003,
        )
        for n in range(28)
    ]
    whole = hits(beside(*many, names))
    assert len(whole) > 10
    for batch in (1, 7):
        assert [encode(a) for a in hits(beside(*many, names), batch=batch)] == [encode(a) for a in whole]
