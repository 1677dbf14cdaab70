"""A listed ship goes silent, and another waits within its reach: they could have met, until it is heard again."""

from __future__ import annotations

import msgspec
import pytest

from detectors.core.alert import Alert
from detectors.core.testing import Report, Story, beside, run, written
from detectors.core.units import unix_ms
from tests.detectors.slow_scenes import HOUR, NM, at, drifting, ids, of, ship
from tests.wording import faults_of

SILENT, TANKER, HULL = 667_001_009, 205_000_095, 205_000_096
PLACE = (-25.0, 45.0)
DARK_H = 1.0


def peers(hours: float = 12.0, count: int = 8) -> Story:
    """Other ships where the silent one was last heard."""
    return beside(
        *(
            ship(
                205_000_400 + n,
                drifting(n * 2000.0, 0, 3.0, 0.0),
                (0, hours),
                every_s=60.0,
                phase_s=float(n),
                place=PLACE,
                ship_type=70,
            )
            for n in range(count)
        )
    )


def silent(again: tuple[float, float] | None = None, north_m: float = 0.0) -> Story:
    """The listed ship, under way at 3 kn, silent after DARK_H; ``again``: hours in which it is heard, at a place."""

    def path(t: float) -> tuple[float, float]:
        return (3 * NM * t / HOUR, 3000.0) if t <= DARK_H * HOUR else (north_m, 3000.0)

    story = ship(SILENT, path, (0, DARK_H), every_s=30.0, place=PLACE, name="DARK ONE")
    if again is not None:
        story += ship(SILENT, path, again, every_s=30.0, place=PLACE, name="DARK ONE")
    return story


def waits(
    mmsi: int = TANKER, north_nm: float = 30.0, hours: tuple[float, float] = (0.0, 12.0), **more: object
) -> Story:
    """A ship that drifts so far north of the place."""
    return ship(mmsi, drifting(north_nm * NM, 5000.0, 0.5), hours, place=PLACE, **more)  # type: ignore[arg-type]


def innocents() -> Story:
    """Three beside it: a tug at work, a yacht, and one that sails."""
    return beside(
        waits(205_000_097, 31.5, ship_type=52, length_m=30),
        waits(205_000_098, 33.0, ship_type=37, length_m=15),
        ship(205_000_099, drifting(32 * NM, 0, 7.0), (0, 12), place=PLACE, ship_type=70),
    )


def rendezvous(story: Story, **more: object) -> list[Alert]:
    return of(run(beside(peers(), story), **more), "rendezvous")  # type: ignore[arg-type]


WORLD = beside(peers(9.0), silent(), waits(hours=(0.0, 9.0)))


def test_a_tanker_that_waits_within_reach_could_have_met_it() -> None:
    opened, *more = rendezvous(beside(silent(), waits(), innocents()))
    assert ids([opened, *more]) == {opened.id} and opened.subject == f"mmsi/{SILENT}"
    assert opened.headline.startswith("DARK ONE, silent ") and "could have met SHIP 205000095" in opened.headline
    assert opened.headline.endswith("listed: TEST") and opened.severity == "ticket"
    last = (more or [opened])[-1]
    assert [one["mmsi"] for one in last.details["could_have_met"]] == [TANKER]
    assert last.details["others_within_reach"] == 2
    assert last.why[0].value >= 3.0 and last.why[0].threshold == 3.0
    silent_h = (unix_ms(opened.time) - unix_ms(opened.episode_start)) / 1000 / HOUR
    assert 5 < silent_h < 7.1, "the silence is reported after six hours"


def test_innocent_ships_alone_are_none() -> None:
    assert rendezvous(beside(silent(), innocents())) == []


SIMILAR: dict[str, Story] = {
    "beyond its reach": waits(north_nm=190.0, hours=(0.0, 6.0)),
    "gone before it could come": waits(hours=(0.0, 4.5)),
    "came too late": waits(hours=(10.0, 12.0)),
    "under way": ship(TANKER, drifting(30 * NM, 0, 6.0), (0, 12), place=PLACE),
    "where others stop": beside(
        *(
            ship(205_000_500 + n, at(30 * NM + 50.0 * n, 100.0 * n), (0, 12), place=PLACE, status=1, every_s=180.0)
            for n in range(6)
        )
    ),
}


@pytest.mark.parametrize("name", SIMILAR)
def test_what_is_similar_is_none(name: str) -> None:
    assert rendezvous(beside(silent(), SIMILAR[name])) == []


def test_a_silent_ship_that_is_not_listed_is_none() -> None:
    story = [Report(**{**_fields(s), "mmsi": HULL}) for s in silent()]
    assert rendezvous(beside(story, waits())) == []


def _fields(report: Report) -> dict[str, object]:
    return {name: getattr(report, name) for name in report.__struct_fields__}


def test_heard_again_where_it_can_have_come_from_there_it_closes_with_the_claim() -> None:
    found = rendezvous(beside(silent((9.5, 10.5), 30 * NM), waits(), innocents()))
    assert found[-1].status == "closed" and "could have met" in found[-1].headline
    assert found[-1].details["could_have_met"][0]["mmsi"] == TANKER and found[-1].details["reappeared_at"]


def test_heard_again_too_far_away_it_is_retracted() -> None:
    away = ship(SILENT, at(-75 * NM, 3000.0), (9.5, 10.5), every_s=30.0, place=PLACE, name="DARK ONE")
    found = rendezvous(beside(silent(), away, waits()))
    assert found[-1].status == "retracted" and found[-1].why[0].value == 0


def test_many_ships_that_wait_are_for_the_record_and_three_are_named() -> None:
    crowd = beside(*(waits(205_000_600 + n, 20.0 + 2 * n) for n in range(7)))
    found = rendezvous(beside(silent(), crowd))
    assert {a.severity for a in found[-1:]} == {"log"}
    assert len(found[-1].details["could_have_met"]) == 3 and found[-1].details["others_within_reach"] == 4


def test_ships_without_a_type_that_wait_may_be_sought_as_well() -> None:
    unknown = beside(*(waits(205_000_600 + n, 24.0 + 2 * n, ship_type=-1) for n in range(4)))
    found = rendezvous(beside(silent(), waits(), unknown))
    assert {a.severity for a in found[-1:]} == {"log"}
    assert [one["mmsi"] for one in found[-1].details["could_have_met"]] == [TANKER]
    two = beside(*(waits(205_000_600 + n, 24.0 + 2 * n, ship_type=-1) for n in range(2)))
    assert {a.severity for a in rendezvous(beside(silent(), waits(), two))[-1:]} == {"ticket"}


def test_a_ship_that_waits_in_the_zone_of_a_port_is_none() -> None:
    near = (35.0, 129.0)

    def beside_port(north_nm: float) -> list[Alert]:
        dark = [msgspec.structs.replace(r, lat_deg=r.lat_deg - PLACE[0] + near[0] - 0.5) for r in silent()]
        dark = [msgspec.structs.replace(r, lon_deg=r.lon_deg - PLACE[1] + near[1]) for r in dark]
        return rendezvous(beside(dark, ship(TANKER, at(north_nm * NM, 0), (0, 12), place=near)))

    assert beside_port(3.5) == []
    assert beside_port(7.0) != []


def test_of_a_long_silence_a_meeting_shows_little() -> None:
    """In 6 h a meeting that needs 5 h is likely; in two days the ship could have been anywhere."""
    late = waits(hours=(20.0, 30.0))
    (opened, *_) = rendezvous(beside(peers(30.0), silent(), late))
    share = next(fact for fact in opened.why if fact.fact.startswith("share"))
    assert share.value < share.threshold == 0.25 and opened.severity == "log"


def several_silent(count: int) -> Story:
    """So many listed ships fall silent near each other at one time."""
    return beside(
        silent(),
        *(
            ship(
                667_001_001 + number,
                lambda t, number=number: (3 * NM * t / HOUR, 4000.0 + 1500.0 * number),  # type: ignore[misc]
                (0, DARK_H),
                every_s=30.0,
                place=PLACE,
            )
            for number in (0, 2, 3, 4)[: count - 1]
        ),
    )


@pytest.mark.parametrize(("count", "wanted"), [(2, "ticket"), (5, "log")])
def test_a_ship_that_many_silent_ones_could_have_met_is_for_the_record(count: int, wanted: str) -> None:
    found = [a for a in rendezvous(beside(several_silent(count), waits())) if a.status != "retracted"]
    newest = {a.id: a for a in found}
    assert len(newest) == count and {a.severity for a in newest.values()} == {wanted}
    assert max(a.details["silent_ships_within_reach"] for a in newest.values()) == count


def test_snapshots_change_nothing() -> None:
    assert written(run(WORLD, batch=200, snapshot_every=5, tick_s=300.0)) == written(run(WORLD, tick_s=300.0))


def test_alerts_are_worded_as_the_others() -> None:
    found = [*rendezvous(beside(silent((9.5, 10.5), 30 * NM), waits(), innocents())), *rendezvous(WORLD)]
    assert found and not [fault for alert in found for fault in faults_of(alert)]
