"""Precision and recall on 500 identity reports with known truth, built from a list of invented ships and from OFAC's.

Half are listed ships, as they are heard: renamed, reflagged, with typing slips and other romanisations, without a
number, with an old call sign. Half are others: namesakes, neighbours by one digit, borrowed numbers, yachts.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from detectors.core.identities.matching import MatchVerdict, Register, StatedIdentity
from detectors.core.imo_number import is_imo_number
from detectors.core.reference import ListedShip
from streams.reference.loading import ships_of

LISTED_COUNT, REPORTS = 200, 500
PUBLISHED = Path(__file__).parents[3] / "shared/data/watchlists/ofac-sdn-2019.csv.gz"
FLAGS = {"RU": 273, "KP": 445, "IR": 422, "PA": 352, "TG": 671, "LR": 636}
TYPES = {"Crude Oil Tanker": 80, "General Cargo": 70, "Bulk Carrier": 70, "Container Ship": 71, "Products Tanker": 82}
SYLLABLES = tuple(
    "VOS TOK CHNY ZHE LEN SHA KHA RAN PO MIR YA GO BEL SUN JONG CHON MA REI KUN TSU AND OR LIN".split()  # noqa: SIM905
)


class Labelled(NamedTuple):
    """A report and who it is; ``page`` is False for what may not wake anybody, whoever it is."""

    told: StatedIdentity
    truth: int | None
    kind: str


def imo_numbers(rng: random.Random) -> Iterator[int]:
    seen = set()
    while True:
        number = rng.randrange(8_000_000, 9_999_999)
        if is_imo_number(number) and number not in seen:
            seen.add(number)
            yield number


def names(rng: random.Random) -> Iterator[str]:
    while True:
        name = "".join(rng.sample(SYLLABLES, 2)) + rng.choice(["", "", " STAR", " 1", " 2", " II"])
        yield name[:18]


def make_list(rng: random.Random, imos: Iterator[int]) -> list[ListedShip]:
    spoken = names(rng)
    ships = []
    for number in range(LISTED_COUNT):
        flag = rng.choice(list(FLAGS))
        ships.append(
            ListedShip(
                list=rng.choice(["OFAC", "EU", "UK"]),
                entry_id=str(number),
                name=next(spoken),
                former_names=(next(spoken),),
                imo=next(imos),
                flag=flag,
                ship_type=rng.choice(list(TYPES)),
                mmsi=FLAGS[flag] * 1_000_000 + number if rng.random() < 0.6 else None,
                call_sign=f"{flag}X{number:03d}" if rng.random() < 0.6 else None,
                length_m=rng.randrange(90, 330),
            )
        )
    return ships


def of_ofac(rng: random.Random) -> list[ListedShip]:
    """Ships of a published list that have a number; where it is silent, what many ships are."""
    if not PUBLISHED.exists():
        pytest.skip("../shared/data/watchlists is missing")
    ships = [ship for ship in ships_of([str(PUBLISHED)]) if ship.imo]
    known = [
        msgspec.structs.replace(
            ship,
            ship_type=ship.ship_type if ship.ship_type in TYPES else "General Cargo",
            flag=ship.flag if ship.flag in FLAGS else "IR",
            length_m=ship.length_m or 180,
        )
        for ship in ships
    ]
    return rng.sample(known, LISTED_COUNT)


def slip(name: str, rng: random.Random) -> str:
    """One typing slip."""
    at = rng.randrange(len(name))
    letter = rng.choice("ABCDEFGHIKLMNOPRSTU")
    return rng.choice([name[:at] + name[at + 1 :], name[:at] + letter + name[at + 1 :], name[:at] + letter + name[at:]])


def romanised(name: str, rng: random.Random) -> str:
    for one, other in rng.sample([("Y", "I"), ("ZH", "J"), ("KH", "H"), ("TS", "C"), ("CH", "TCH")], 4):
        name = name.replace(one, other)
    return name


def whole(ship: ListedShip, mmsi: int) -> StatedIdentity:
    return StatedIdentity(
        mmsi=ship.mmsi or mmsi,
        imo=ship.imo,
        call_sign=ship.call_sign,
        name=ship.name,
        ship_type=TYPES[ship.ship_type or ""],
        length_m=ship.length_m,
    )


def reports(ships: list[ListedShip], rng: random.Random, imos: Iterator[int]) -> Iterator[Labelled]:
    others = iter(range(100_000, 900_000))

    def abroad() -> int:
        return rng.choice(list(FLAGS.values())) * 1_000_000 + next(others)

    def told(**known: object) -> StatedIdentity:
        return StatedIdentity(**known)  # type: ignore[arg-type]

    def listed(
        make: Callable[[ListedShip], StatedIdentity], wanted: Callable[[ListedShip], object], kind: str
    ) -> Labelled:
        number = rng.choice([n for n, ship in enumerate(ships) if wanted(ship)])
        return Labelled(make(ships[number]), number, kind)

    def other(make: Callable[[ListedShip], StatedIdentity], kind: str) -> Labelled:
        return Labelled(make(rng.choice([ship for ship in ships if ship.mmsi and ship.call_sign])), None, kind)

    while True:
        yield listed(lambda s: whole(s, abroad()), lambda s: s, "imo")
        yield listed(lambda s: told(mmsi=abroad(), imo=s.imo, name=slip(s.name, rng)), lambda s: s, "imo")
        yield listed(lambda s: told(mmsi=abroad(), imo=s.imo, name="RENAMED", length_m=s.length_m), lambda s: s, "imo")
        yield listed(lambda s: told(mmsi=s.mmsi, name=romanised(s.name, rng)), lambda s: s.mmsi, "mmsi")
        yield listed(lambda s: told(mmsi=s.mmsi), lambda s: s.mmsi, "mmsi")
        yield listed(
            lambda s: told(mmsi=FLAGS[s.flag or ""] * 1_000_000 + next(others), call_sign=s.call_sign),
            lambda s: s.call_sign,
            "call_sign",
        )
        yield other(
            lambda s: told(mmsi=abroad(), imo=next(imos), name=s.name, ship_type=70, length_m=s.length_m), "namesake"
        )
        yield other(lambda s: told(mmsi=s.mmsi, imo=next(imos), name=s.name), "mmsi handed on")
        yield other(lambda s: told(mmsi=abroad(), imo=s.imo, ship_type=37, length_m=12), "borrowed number")
        yield other(lambda s: told(mmsi=(s.mmsi or 0) + 500, name=s.name), "neighbour")
        yield other(lambda s: told(mmsi=412_000_000 + next(others), call_sign=s.call_sign), "call sign of another flag")
        yield other(
            lambda s: told(mmsi=abroad(), name=s.name, ship_type=30, length_m=15, class_b=True), "small namesake"
        )


def labelled(source: str) -> tuple[Register, list[Labelled]]:
    rng = random.Random(9_179_842)
    imos = imo_numbers(rng)
    ships = make_list(rng, imos) if source == "invented" else of_ofac(rng)
    made = reports(ships, rng, imos)
    return Register(ships), [next(made) for _ in range(REPORTS)]


def pages(verdict: MatchVerdict | None) -> bool:
    """What may wake somebody: a sure identity that nothing contradicts."""
    return verdict is not None and not verdict.contradictions


@pytest.fixture(scope="module", params=["invented", "OFAC"])
def judged(request: pytest.FixtureRequest) -> list[tuple[Labelled, MatchVerdict | None]]:
    register, all_reports = labelled(request.param)
    return [(report, register.find(report.told)) for report in all_reports]


@pytest.mark.parametrize("kind", ["imo", "mmsi", "call_sign"])
def test_recall_by_number_and_call_sign(judged: list[tuple[Labelled, MatchVerdict | None]], kind: str) -> None:
    of_kind = [(report, verdict) for report, verdict in judged if report.kind == kind]
    found = sum(verdict is not None and verdict.entry == report.truth for report, verdict in of_kind)
    assert len(of_kind) >= 40
    assert found / len(of_kind) >= 0.98


def test_precision_of_what_may_page(judged: list[tuple[Labelled, MatchVerdict | None]]) -> None:
    paging = [(report, verdict) for report, verdict in judged if pages(verdict)]
    right = sum(verdict is not None and verdict.entry == report.truth for report, verdict in paging)
    assert len(paging) >= 200
    assert right / len(paging) >= 0.99


def test_a_borrowed_number_is_told_but_pages_nobody(judged: list[tuple[Labelled, MatchVerdict | None]]) -> None:
    borrowed = [verdict for report, verdict in judged if report.kind == "borrowed number"]
    assert borrowed and all(verdict is not None and verdict.contradictions for verdict in borrowed)


def test_the_set_is_the_same_everywhere() -> None:
    assert labelled("invented")[1] == labelled("invented")[1]
