"""What lists state of a ship's registration and owners, beside what it transmits."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from detectors.core.alert import Alert
from detectors.core.engine.engine import Engine
from detectors.core.identities import linked_owners
from detectors.core.identities.linked_owners import linked_owners_of, owner_key
from detectors.core.identities.registration import RegistrationFacts
from detectors.core.reference import FlagPeriod, ListedShip, Reference
from detectors.core.reports import Batch
from detectors.core.testing import Report, Story, beside, log, voyage
from detectors.core.ticks import FeedRules
from tests.wording import faults_of

RUSSIAN, TOGOLESE, FLAGLESS = 273_000_009, 671_000_009, 999_000_009
FIX = "2024-02-07"


def entry(**stated: object) -> ListedShip:
    return ListedShip(**{"list": "UN 1718", "entry_id": "1", "name": "STAR", "imo": 9074729, **stated})  # type: ignore[arg-type]


def period(flag: str, from_date: str | None = None, to_date: str | None = None) -> FlagPeriod:
    return FlagPeriod(flag=flag, from_date=from_date, to_date=to_date)


def facts(mmsi: int, *listings: ListedShip, day: str = FIX) -> list[tuple[str, object, object]]:
    made = RegistrationFacts(mmsi=mmsi, day=day, listings=listings)
    return [(fact.fact, fact.value, fact.threshold) for fact in made.why()]


def details(mmsi: int, *listings: ListedShip, day: str = FIX) -> dict[str, object]:
    return RegistrationFacts(mmsi=mmsi, day=day, listings=listings).details()


def test_a_registered_flag_that_had_ended_is_stated_with_the_flag_that_it_transmits() -> None:
    ended = entry(flag_history=(period("TG", "2015", "2017-10-05"),), former_flags=("TG",))
    assert facts(RUSSIAN, ended) == [
        ("registered flag TG until 2017-10-05, transmits MID 273 (flag RU)", "2017-10-05", FIX)
    ]
    assert details(RUSSIAN, ended) == {
        "registration": {
            "mid": 273,
            "flag": "RU",
            "flags": [
                {
                    "list": "UN 1718",
                    "entry_id": "1",
                    "flag": "TG",
                    "from": "2015",
                    "to": "2017-10-05",
                    "ended_before_fix": True,
                }
            ],
        }
    }


def test_a_flag_that_it_still_transmits_after_its_end_is_stated() -> None:
    history = (period("TG", "2015", "2017-10-05"), period("NU", "2018"))
    assert facts(TOGOLESE, entry(flag="NU", former_flags=("TG",), flag_history=history)) == [
        ("registered flag TG until 2017-10-05, transmits MID 671 (flag TG)", "2017-10-05", FIX)
    ]


@pytest.mark.parametrize(
    ("day", "said"),
    [
        ("2017-10-05", []),  # the last day counts
        ("2017-10-06", ["registered flag TG until 2017-10-05, transmits MID 671 (flag TG)"]),
    ],
)
def test_the_date_of_the_report_decides(day: str, said: list[str]) -> None:
    assert [
        fact
        for fact, *_ in facts(TOGOLESE, entry(flag="TG", flag_history=(period("TG", None, "2017-10-05"),)), day=day)
    ] == said


@pytest.mark.parametrize(
    ("to_date", "ended"),
    [("2024", None), ("2024-02", None), ("2024-02-07", False), ("2023", True), ("2024-01", True), ("2024-03", False)],
)
def test_a_date_that_is_not_known_to_the_day_decides_only_what_it_can(to_date: str, ended: bool | None) -> None:
    stated = entry(flag="TG", flag_history=(period("TG", None, to_date),))
    assert bool(facts(TOGOLESE, stated)) is (ended is True)
    (flag,) = details(TOGOLESE, stated)["registration"]["flags"]  # type: ignore[index]
    assert flag.get("ended_before_fix") is ended


def test_another_flag_than_the_registered_one_is_stated_and_the_same_is_not() -> None:
    assert facts(RUSSIAN, entry(flag="TG")) == [("registered flag TG, transmits MID 273 (flag RU)", "RU", "TG")]
    assert facts(FLAGLESS, entry(flag="TG")) == [
        ("registered flag TG, transmits an MMSI without a flag", FLAGLESS, "TG")
    ]
    assert facts(RUSSIAN, entry(flag="RU")) == []
    assert facts(RUSSIAN, entry()) == []
    assert details(RUSSIAN, entry(flag="TG")) == {}, "a flag without dates is in the list's entry"


def test_the_flag_at_the_time_of_the_report_is_the_registered_one() -> None:
    history = (period("TG", "2015", "2017-10-05"), period("RU", "2017-10-06"))
    assert facts(RUSSIAN, entry(flag="RU", flag_history=history)) == []
    assert facts(RUSSIAN, entry(flag="RU", flag_history=history), day="2016-05-01") == [
        ("registered flag TG, transmits MID 273 (flag RU)", "RU", "TG")
    ]


def test_a_de_registration_is_stated_before_and_after_the_report() -> None:
    stated = entry(flag="TG", deregistered_on="2017-10-05", deregistered_by="TG")
    assert facts(RUSSIAN, stated) == [("de-registered on 2017-10-05 by TG, transmits flag RU", "2017-10-05", FIX)]
    assert [fact for fact, *_ in facts(RUSSIAN, stated, day="2017-10-04")] == [
        "registered flag TG, transmits MID 273 (flag RU)",
        "de-registered on 2017-10-05 by TG, after this report",
    ]
    assert facts(FLAGLESS, stated)[0][0] == "de-registered on 2017-10-05 by TG, transmits no flag"
    assert details(RUSSIAN, stated) == {
        "registration": {
            "mid": 273,
            "flag": "RU",
            "deregistered": [{"list": "UN 1718", "entry_id": "1", "on": "2017-10-05", "by": "TG", "before_fix": True}],
        }
    }


def test_what_is_unknown_of_a_de_registration_stays_unknown() -> None:
    assert facts(TOGOLESE, entry(deregistered_by="TG")) == [
        ("de-registered on an unknown date by TG, transmits flag TG", "unknown", FIX)
    ]
    assert facts(TOGOLESE, entry(deregistered_on="2024-02"))[0][0] == "de-registered on 2024-02, transmits flag TG"
    for stated in (entry(deregistered_by="TG"), entry(deregistered_on="2024-02")):
        (end,) = details(TOGOLESE, stated)["registration"]["deregistered"]  # type: ignore[index]
        assert "before_fix" not in end


def test_a_flag_that_ended_by_de_registration_is_stated_once() -> None:
    stated = entry(
        flag_history=(period("TG", "2015", "2017-10-05"),), deregistered_on="2017-10-05", deregistered_by="TG"
    )
    assert [fact for fact, *_ in facts(RUSSIAN, stated)] == ["de-registered on 2017-10-05 by TG, transmits flag RU"]


def test_several_lists_that_state_the_same_are_one_fact() -> None:
    stated = [entry(list=name, deregistered_on="2017-10-05", deregistered_by="TG") for name in ("UN 1718", "UK")]
    (fact,) = RegistrationFacts(mmsi=RUSSIAN, day=FIX, listings=tuple(stated)).why()
    assert fact.source == "UN 1718, UK"


# -- owners ----------------------------------------------------------------------------------------------------------


def owned(number: int, name: str, *owners: str, **stated: object) -> ListedShip:
    return entry(entry_id=str(number), name=name, imo=9_000_000 + number, linked_to=owners, **stated)


FLEET = (
    owned(1, "STAR", "A CO., LTD", "OTHER CO"),
    owned(2, "MOON", "a co ltd"),
    owned(2, "Moon", "A CO LTD", list="EU"),  # the same ship on another list
    owned(1, "Star", "A CO LTD", list="EU"),
    owned(3, "SUN", "A CO LTD", delisted_on="2023-01-01"),
    owned(4, "EARTH", "A CO LIMITED"),
    entry(entry_id="5", name="MARS", imo=9_000_005, owner="A CO LTD"),
    owned(6, "HULK", "A CO LTD", broken_up_on="2015-01-01"),
    owned(7, "VENUS", "OTHER CO"),
)


def test_ships_of_the_same_linked_owner_are_counted_once_each_and_without_itself() -> None:
    shared = linked_owners_of(Reference(ships=FLEET)).shared([FLEET[0], FLEET[3]], FIX)
    assert shared is not None
    assert (shared.owner, [ship.name for ship in shared.ships]) == ("A CO., LTD", ["MOON", "MARS"])
    earlier = linked_owners_of(Reference(ships=FLEET)).shared([FLEET[0]], "2022-01-01")
    assert earlier is not None and [ship.name for ship in earlier.ships] == ["MOON", "SUN", "MARS"]
    assert linked_owners_of(Reference(ships=FLEET)).shared([FLEET[5]], FIX) is None
    assert linked_owners_of(Reference()).shared([FLEET[5]], FIX) is None


def test_the_owner_with_the_most_ships_is_stated_with_at_most_three_names() -> None:
    ships = tuple(owned(n, f"SHIP {n}", "BIG CO", "SMALL CO" if n < 3 else "X") for n in range(1, 7))
    shared = linked_owners_of(Reference(ships=ships)).shared([ships[0]], FIX)
    made = RegistrationFacts(mmsi=RUSSIAN, day=FIX, listings=ships[:1], shared=shared)
    (fact,) = made.why()
    assert (fact.fact, fact.value) == ("same linked owner as 5 listed ships", "BIG CO")
    assert made.details() == {
        "linked_owner": {"name": "BIG CO", "listed_ships": 5, "ships": ["SHIP 2", "SHIP 3", "SHIP 4"]}
    }


def test_owners_of_one_hash_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linked_owners, "_hash", lambda _: np.uint64(2**64 - 1))
    found = linked_owners.LinkedOwners(Reference(ships=FLEET)).shared([FLEET[6]], FIX)
    assert found is not None and [ship.name for ship in found.ships] == ["STAR", "MOON"]


@pytest.mark.parametrize("name", ["M LEASING LLC", "m-leasing, l.l.c", "Компания", "***", ""])
def test_a_name_is_its_letters_and_digits(name: str) -> None:
    assert owner_key(f" {name.lower()}") == owner_key(f"{name.upper()}.")


def test_an_index_of_many_owners_finds_each() -> None:
    ships = tuple(owned(n, f"SHIP {n}", f"OWNER {n // 2}") for n in range(5000))
    index = linked_owners_of(Reference(ships=ships))
    found = [index.shared([ship], FIX) for ship in ships]
    assert [each and [ship.imo for ship in each.ships] for each in found] == [
        [9_000_000 + (n ^ 1)] for n in range(5000)
    ]


# -- in alerts -------------------------------------------------------------------------------------------------------


def hits(ships: tuple[ListedShip, ...], *stories: Story) -> list[Alert]:
    background = voyage(205_000_001, np.arange(0, 120, 30.0), (30.0, 120.0))
    reference = Reference(ships=ships, version="test")
    playing = Engine.build(partition=0, reference=reference, feed=FeedRules(), thresholds={}, severities={})
    alerts: list[Alert] = []
    for item in log(beside(background, *stories), batch=100, tick_s=60):
        emitted = playing.apply(item) if isinstance(item, Batch) else playing.tick(item)
        alerts += [each.alert for each in emitted if each.alert.detector == "watchlist"]
    return alerts


def test_a_hit_states_the_registration_and_the_owner_and_is_no_more_severe() -> None:
    star = entry(flag="TG", linked_to=("A CO",), flag_history=(period("TG", None, "2017-10-05"),))
    moon = owned(2, "MOON", "A CO")
    story = [*voyage(RUSSIAN, [10.0]), Report(at_s=20, mmsi=RUSSIAN, type=5, imo=9074729), *voyage(RUSSIAN, [30.0])]
    plain = hits((entry(flag="TG"),), story)
    alerts = hits((star, moon), story)
    assert [(a.status, a.severity, a.headline) for a in alerts] == [(a.status, a.severity, a.headline) for a in plain]
    said = {fact.fact: fact for fact in alerts[-1].why}
    assert said["registered flag TG until 2017-10-05, transmits MID 273 (flag RU)"].source == "UN 1718"
    assert said["same linked owner as 1 listed ship"].source == "MOON"
    assert alerts[-1].details["linked_owner"] == {"name": "A CO", "listed_ships": 1, "ships": ["MOON"]}
    assert alerts[-1].details["registration"]["flag"] == "RU"
    assert [fault for alert in alerts for fault in faults_of(alert)] == []
    assert "registration" not in plain[-1].details and "linked_owner" not in plain[-1].details
    assert msgspec.json.encode(alerts[-1])
