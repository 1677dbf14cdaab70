"""bench load: who is listed, who goes dark, and how what is said is counted."""

import pytest
from msgspec.structs import replace

from detectors.core.alert import Alert, Severity
from detectors.core.units import rfc3339
from streams.bench.load import RULES, Rule, Scene, found, heard, highest, joined, ports_of, reason_of, scene
from streams.bench.through_engine import number_of, say, time_of
from streams.scenario.worlds import Station, World, WorldShape, generate

SMALL = WorldShape("small", (Station(0, 0, 50),), 24, 4, days=1)


@pytest.fixture(scope="module")
def world() -> World:
    return generate(SMALL, 3)


@pytest.fixture(scope="module")
def one(world: World) -> Scene:
    return scene(world, ports_of(SMALL), 8, 1)


def alert(number: int, severity: Severity, minute: int, mmsi: int = 1, **details: object) -> Alert:
    at = f"2024-01-01T00:{minute:02}:00.000Z"
    return Alert(
        id=str(number),
        revision=1,
        status="opened",
        detector="gap",
        rule_version=1,
        severity=severity,
        subject="",
        case_id="",
        mmsi=mmsi,
        episode_start=at,
        time=at,
        headline="",
        details=details,
    )


def test_a_seed_makes_one_list_of_honest_and_dark_ships(world: World, one: Scene) -> None:
    again, other = scene(world, ports_of(SMALL), 8, 1), scene(world, ports_of(SMALL), 8, 2)
    assert again.honest == one.honest != other.honest
    dark = {number_of(world, d.ship) for d in one.dark}
    assert dark and not dark & one.honest
    assert {ship.mmsi for ship in one.reference.ships} == dark | one.honest
    for d in one.dark:
        assert not one.received[:, d.first : d.last, d.ship].any() and d.first > world.warm_slots


def test_an_alert_counts_once_by_its_highest_severity_after_the_warm_up() -> None:
    said = [
        alert(1, "ticket", 1),
        alert(1, "page", 20, verdict="dark"),
        alert(1, "page", 30),
        alert(2, "page", 1),
        alert(2, "page", 30),
        alert(3, "ticket", 1),
        alert(3, "ticket", 30),
        alert(4, "log", 30),
    ]
    (raised,) = highest(said, time_of(2))
    assert (raised.id, raised.severity, reason_of(raised)) == ("1", "page", "gap dark")


def test_a_reason_is_the_detector_and_what_it_says() -> None:
    assert reason_of(alert(1, "page", 1, reason="reappeared", absence="dark")) == "gap reappeared dark"
    assert reason_of(alert(1, "log", 1, verdict="cannot tell", out_of_range=True)) == "gap out of range"


def test_who_is_paged_about_while_dark_is_found_and_who_at_its_return_is_told_apart(world: World, one: Scene) -> None:
    d = one.dark[0]
    scored = one._replace(dark=(d,))
    of = number_of(world, d.ship)
    during, after = time_of(d.first) + 25 * 60_000, time_of(d.last) + 60_000
    page = alert(1, "page", 1, of)
    assert found(scored, [replace(page, time=rfc3339(during))]) == ((25.0,), 0)
    assert found(scored, [replace(page, time=rfc3339(after))]) == ((), 1)
    assert found(scored, []) == ((), 0)


def test_the_engine_hears_what_the_world_holds(one: Scene) -> None:
    told = heard(one, Rule())
    assert told.ship_days > 0 and told.dark == len(one.dark)
    assert any(reason.startswith("watchlist") for _, reason in told.notices)
    assert joined([told, told]).ship_days == 2 * told.ship_days
    assert joined([told, told]).per_50("page") == told.per_50("page")


def test_the_same_scene_gives_the_same_alerts_and_rules_change_only_severities_or_thresholds(one: Scene) -> None:
    half = one.received[:, : one.received.shape[1] // 2]
    first, again = (say(one.world, half, one.reference, {}, {}) for _ in range(2))
    assert first == again != []
    assert all(rule.thresholds or rule.severities for rule in RULES.values())
