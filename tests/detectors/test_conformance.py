"""What every detector owes: the same alerts however the input is cut, timed, restarted or repeated.

``make unit`` shows each property on the first hours of a world, or on one world. Whole worlds, the other seeds and the
finest cuts are marked ``full``: ``make test`` and CI run them too.
"""

import importlib
from functools import cache
from pathlib import Path

import msgspec
import numpy as np
import pytest

from detectors.core.alert import Alert
from detectors.core.registry import detectors
from detectors.core.reports import Batch
from detectors.core.testing import START_MS, Report, Story, beside, engine, log, run, voyage, written
from detectors.core.units import HOUR_MS, unix_ms
from detectors.core.vessels.capacity import FleetRules
from detectors.core.vessels.sightings import SIGHTINGS, Sighting, SightingRecord
from tests.detectors import test_blip, test_station_clock

HOUR = 3600.0
MORNING_H = 14.0
"""By then ships went dark and came back, and came to zones, and one is listed."""


@cache
def world(seed: int) -> Story:
    """Ships that sail, stop, go dark, are listed, enter zones; an outage of two hours; 40 hours."""
    draw = np.random.default_rng(seed)
    ships: list[Story] = []
    for n in range(10):
        times = np.arange(draw.uniform(0, 60), 40 * HOUR, draw.choice([240.0, 400.0, 600.0]))
        dark = draw.uniform(0, 36 * HOUR), draw.uniform(0.3 * HOUR, 20 * HOUR)
        keep = (times < dark[0]) | (times > dark[0] + dark[1]) if n % 2 else np.ones(len(times), bool)
        ships.append(voyage(205_000_001 + n, np.round(times[keep], 1), (38.0 + n / 10, 130.0), draw.uniform(0, 14)))
    ships.append(voyage(667_001_001, np.append(np.arange(0, HOUR, 120.0), np.arange(20 * HOUR, 22 * HOUR, 120.0))))
    listed = voyage(273_000_009, np.arange(30.0, 30 * HOUR, 300.0), (41.0, 131.0), 8.0)
    listed.insert(
        5, Report(at_s=listed[5].at_s - 1, mmsi=273_000_009, type=5, imo=9179842, name="ONE", destination="XXFBD")
    )
    ships.append([s for s in listed if not 3 * HOUR < s.at_s < 17 * HOUR])
    return [s for s in beside(*ships, *contributed()) if not 25 * HOUR < s.at_s < 27 * HOUR]


def contributed() -> list[Story]:
    """What makes a detector speak that the world's own ships do not: the ``WORLD`` of its test module."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("test_*.py") if path.stem != Path(__file__).stem)
    modules = [importlib.import_module(f"tests.detectors.{name}") for name in names]
    return [module.WORLD for module in modules if hasattr(module, "WORLD")]


def mess(seed: int) -> Story:
    """Few ships, many reports each: heard again by other stations, late, out of order, from elsewhere, renamed."""
    draw = np.random.default_rng(seed)
    sailing: Story = []
    for n in range(6):
        sailing += voyage(205_000_001 + n, np.sort(draw.uniform(0, 4000, 90)), (41.8 + n / 20, 131.0), 9.0)
    sailing += [
        Report(at_s=float(t), mmsi=205_000_001 + int(t) % 6, type=5, destination=name, imo=9_000_000 + int(t) % 2)
        for t, name in zip(np.sort(draw.uniform(0, 4000, 60)), ["XXFBD", "BUSAN", "", "FORBIDDEN"] * 15, strict=True)
    ]
    numbered = [msgspec.structs.replace(s, payload=n // 2 * 2 + 1) for n, s in enumerate(beside(sailing))]
    heard: list[tuple[float, Report]] = []
    for s in numbered:
        for _ in range(draw.integers(1, 7)):
            delay_s = draw.choice([0.0, 0.5, 3.0, 12.0, 45.0], p=[0.4, 0.3, 0.15, 0.1, 0.05])
            wrong = draw.random() < 0.02
            at_s = round(s.at_s + draw.uniform(0, 2), 3)
            heard.append(
                (s.at_s + delay_s, msgspec.structs.replace(s, at_s=at_s, lat_deg=10.0 if wrong else s.lat_deg))
            )
    return [s for _, s in sorted(heard, key=lambda pair: (pair[0], pair[1].mmsi, pair[1].at_s))]


def full(*values: object) -> object:
    """More of the same: too long for ``make unit``."""
    return pytest.param(*values, marks=pytest.mark.full)


@pytest.mark.parametrize("seed", [0, full(1), full(2), full(3)])
def test_the_worst_feed_gives_the_same_bytes_one_report_at_a_time(seed: int) -> None:
    story = mess(seed)
    whole, halves, single = (run(story, batch=batch, tick_s=600.0) for batch in (100_000, 37, 1))
    assert whole
    assert written(whole) == written(single) == written(halves)


SMALL = FleetRules(vessels_most=24)


def crowded(seed: int, hours: float = 9.0) -> Story:
    """The world's first ships, and three hundred MMSIs invented in two of its hours."""
    draw = np.random.default_rng(seed)
    invented = [
        Report(at_s=float(t), mmsi=int(m), lat_deg=50.0, lon_deg=-20.0)
        for t, m in zip(np.sort(draw.uniform(6 * HOUR, 8 * HOUR, 300)), draw.integers(300e6, 700e6, 300), strict=True)
    ]
    return beside(early(seed, hours), invented)


@pytest.mark.parametrize(("seed", "hours"), [(1, 9.0), full(1, MORNING_H), full(2, MORNING_H)])
def test_a_full_fleet_gives_the_same_bytes_at_any_cut_and_after_any_restart(seed: int, hours: float) -> None:
    story = crowded(seed, hours)
    plain = written(run(story, fleet=SMALL, tick_s=TICK_S))
    assert any(b'"flood"' in alert for alert in plain)
    assert written(run(story, fleet=SMALL, batch=7, tick_s=TICK_S)) == plain
    assert written(run(story, fleet=SMALL, batch=40, snapshot_every=3, tick_s=TICK_S)) == plain


SEEDS = (1, 2)
ALL_H = 40.0
TICK_S = 1800.0
"""Ticks cost more than reports here; another timing gives the same alerts, as is tested."""


def early(seed: int, hours: float) -> Story:
    """The first hours of a world."""
    return [said for said in world(seed) if said.at_s < hours * HOUR]


@cache
def played(seed: int, hours: float = ALL_H) -> list[Alert]:
    """The alerts of a world that is not cut at all between two ticks."""
    return run(early(seed, hours), batch=100_000, tick_s=TICK_S)


def test_the_worlds_make_every_detector_speak() -> None:
    spoken = {a.detector for seed in SEEDS for a in played(seed)}
    # The worlds' outage leaves a blip's second silence unjudged within its twelve hours: it has its water to itself.
    alone = run(beside(test_blip.peers(40.0), test_blip.WORLD), tick_s=600.0)
    quiet = {a.detector for story in (alone, run(crowded(1), fleet=SMALL)) for a in story}
    # Ingest finds wrong clocks, and states them in ticks: no report of a world does.
    clocks = {
        alert.detector
        for alert in test_station_clock.alerts(test_station_clock.tick(2, test_station_clock.clock(3600.0)))
    }
    assert spoken | quiet | clocks == set(detectors())


@pytest.mark.parametrize("seed", SEEDS)
def test_every_alert_reads_like_a_note_of_an_analyst(seed: int) -> None:
    """Numbers first, what would change it while it is open, and nothing that a court would have to say."""
    for alert in played(seed):
        assert alert.why and alert.why[0].fact, alert
        assert any(isinstance(fact.value, int | float) for fact in alert.why), alert
        assert alert.would_change or alert.status in {"closed", "retracted"}, alert
        said = " ".join((alert.headline, *alert.would_change, *(fact.fact for fact in alert.why))).lower()
        assert not [word for word in ("illegal", "guilt", "criminal", "violat", "smuggl") if word in said], said
        assert len(alert.headline) <= 100 and not alert.headline.endswith(" ")


@pytest.mark.parametrize(
    ("seed", "hours", "batch"), [(1, MORNING_H, 7), full(1, ALL_H, 1), full(1, ALL_H, 7), full(2, ALL_H, 7)]
)
def test_any_cut_into_batches_gives_the_same_bytes(seed: int, hours: float, batch: int) -> None:
    assert written(run(early(seed, hours), batch=batch, tick_s=TICK_S)) == written(played(seed, hours))


@pytest.mark.parametrize(
    ("seed", "hours", "tick_s"),
    [
        (1, MORNING_H, 61.7),
        full(1, ALL_H, 10.0),
        full(1, ALL_H, 60.0),
        full(2, ALL_H, 61.7),
        full(1, ALL_H, 900.0),
        full(2, ALL_H, 900.0),
    ],
)
def test_any_tick_timing_gives_the_same_alerts(seed: int, hours: float, tick_s: float) -> None:
    assert sorted(written(run(early(seed, hours), tick_s=tick_s))) == sorted(written(played(seed, hours)))


@pytest.mark.parametrize(
    ("seed", "hours", "every", "tick_s"),
    [(1, MORNING_H, 2, 600.0), full(1, MORNING_H, 1, 60.0), full(2, ALL_H, 3, 60.0)],
)
def test_state_survives_a_snapshot_at_every_point(seed: int, hours: float, every: int, tick_s: float) -> None:
    """At every record and tick of one world's first hours, at every third of another's; in short: every second."""
    story = early(seed, hours)
    assert written(run(story, batch=50, snapshot_every=every, tick_s=tick_s)) == written(run(story, tick_s=tick_s))


@pytest.mark.parametrize(("seed", "hours"), [(1, MORNING_H), full(1, ALL_H), full(2, ALL_H)])
def test_receptions_by_several_stations_change_nothing(seed: int, hours: float) -> None:
    numbered = [msgspec.structs.replace(s, payload=i + 1) for i, s in enumerate(early(seed, hours))]
    twice = run([copy for s in numbered for copy in (s, s)], tick_s=TICK_S)
    drop = {"evidence": ()}
    bare = [[msgspec.structs.replace(a, **drop) for a in alerts] for alerts in (played(seed, hours), twice)]
    assert bare[0] == bare[1]


@pytest.mark.parametrize(("seed", "hours"), [(1, MORNING_H), full(1, ALL_H), full(2, ALL_H)])
def test_inputs_are_left_untouched(seed: int, hours: float) -> None:
    playing = engine()
    for item in log(early(seed, hours), batch=500, tick_s=TICK_S):
        if isinstance(item, Batch):
            was = item.reports.tobytes(), item.statics.tobytes()
            playing.apply(item)
            assert (item.reports.tobytes(), item.statics.tobytes()) == was
        else:
            playing.tick(item)


@pytest.mark.parametrize("seed", SEEDS)
def test_ids_and_revisions_are_unique_and_episodes_run_in_order(seed: int) -> None:
    seen: dict[str, list[tuple[int, str]]] = {}
    for alert in played(seed):
        seen.setdefault(alert.id, []).append((alert.revision, alert.status))
    for revisions in seen.values():
        assert [r for r, _ in revisions] == list(range(1, len(revisions) + 1))
        assert revisions[0][1] == "opened"
        later = [status for _, status in revisions[1:]]
        open_for = next((n for n, status in enumerate(later) if status in {"closed", "retracted"}), len(later))
        assert set(later[:open_for]) <= {"updated"}
        assert set(later[open_for + 1 :]) <= {"closed"}  # satellite images revise ended alerts too


def sighted(seed: int, hours: float) -> Story:
    """A world in which satellite images show every vessel that fell silent: while it is silent, or an hour later."""
    told: list[Report] = []
    for number, alert in enumerate(a for a in played(seed, hours) if a.detector == "gap" and a.status != "retracted"):
        at_ms = unix_ms(alert.time) + (HOUR_MS if alert.status == "closed" else 1000)
        sighting = Sighting(
            image=f"S1A-{number}",
            sensor="Sentinel-1",
            time_ms=unix_ms(alert.episode_start) + 60_000,
            outcome="possible",
            score=0.5,
            lat_deg=41.0,
            lon_deg=131.0,
        )
        record = SightingRecord(mmsi=alert.mmsi or 0, told_ms=at_ms, sightings=(sighting,), alert=alert)
        told.append(Report(at_s=(at_ms - START_MS) / 1000, mmsi=205_000_392, lat_deg=30.0, lon_deg=120.0, told=record))
    return beside(early(seed, hours), told)


@pytest.mark.parametrize(("seed", "hours"), [(1, MORNING_H), full(1, ALL_H), full(2, ALL_H)])
def test_what_images_show_is_stated_at_any_cut_and_restart(seed: int, hours: float) -> None:
    """Not at any timing of ticks: what is told about an alert is in the log behind the tick that opened it."""
    story = sighted(seed, hours)
    plain = run(story, batch=100_000, tick_s=TICK_S)
    stating = {alert.id for alert in plain if SIGHTINGS in alert.details}
    assert stating and {alert.detector for alert in plain if alert.id in stating} <= {"gap", "not_in_image"}
    assert written(run(story, batch=7, tick_s=TICK_S)) == written(plain)
    assert written(run(story, batch=50, snapshot_every=3, tick_s=TICK_S)) == written(
        run(story, batch=50, tick_s=TICK_S)
    )


def bare(alerts: list[Alert]) -> list[Alert]:
    """Without the sentences that decided, whose numbers depend on how often something was told."""
    return [msgspec.structs.replace(alert, evidence=()) for alert in alerts]


@pytest.mark.parametrize(("seed", "hours"), [(1, MORNING_H), full(2, ALL_H)])
def test_what_images_show_twice_changes_nothing(seed: int, hours: float) -> None:
    story = sighted(seed, hours)
    again = [copy for said in story for copy in ((said, said) if said.told is not None else (said,))]
    assert bare(run(again, tick_s=TICK_S)) == bare(run(story, tick_s=TICK_S))
