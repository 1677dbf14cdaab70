"""An IMO number under another MMSI: found whatever the order in which bindings come, and however they are told."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
import pytest

from detectors.core.alert import Alert, encode
from detectors.core.identities.binding import Binding, SeenUnder
from detectors.core.imo_number import are_imo_numbers
from detectors.core.imo_stage.histories import ImoHistories
from detectors.core.promises import PartitionWatermark
from detectors.core.reports import Batch
from detectors.core.testing import START_MS, Report, Story, beside, engine, log, revive, voyage
from detectors.core.units import HOUR_MS

HOUR = 3600.0
IMO, OTHER_IMO = 9179842, 9161003
RUSSIAN, LIBERIAN, COOK = 273_999_001, 636_012_345, 518_100_200
Told = Binding | SeenUnder | PartitionWatermark


def bound(mmsi: int, hours: float, *, lat_deg: float | None = 38.0, imo: int = IMO, **more: object) -> Binding:
    """A binding told ``hours`` after the beginning."""
    at_ms = START_MS + int(hours * HOUR_MS)
    said: dict[str, object] = {"first_ms": at_ms, "stamp_ms": at_ms, "statements": 1, "support": 5, **more}
    return Binding(
        imo=imo,
        mmsi=mmsi,
        last_ms=at_ms,
        source="pier",
        lat_deg=lat_deg,
        lon_deg=130.0,
        fix_ms=at_ms,
        name="ANGARA",
        **said,  # type: ignore[arg-type]
    )


def heard(hours: float, *partitions: int) -> list[PartitionWatermark]:
    return [PartitionWatermark(partition=p, heard_ms=START_MS + int(hours * HOUR_MS)) for p in partitions or (0, 1)]


def histories(partitions: int = 2, **thresholds: object) -> ImoHistories:
    return ImoHistories.build(partitions, {"identity_change": thresholds}, {})


def alerts_of(told: Sequence[Told], stage: ImoHistories | None = None) -> list[Alert]:
    stage = stage or histories()
    return [emitted.alert for each in told for emitted in stage.take(each)]


def facts(alert: Alert) -> dict[str, object]:
    return {fact.fact: fact.value for fact in alert.why}


def test_a_reflagged_ship_is_one_case_with_her_former_alerts_and_is_corroborated_when_stated_again() -> None:
    gap = "0" * 32
    told = [
        bound(RUSSIAN, 0),
        bound(RUSSIAN, 1, alerts=(gap,)),
        bound(LIBERIAN, 20),
        bound(LIBERIAN, 20.1, statements=2),
    ]
    opened, updated = alerts_of([*told, *heard(21)])
    assert (opened.subject, opened.case_id, opened.mmsi) == (f"imo/{IMO}", f"imo/{IMO}", LIBERIAN)
    assert (opened.status, opened.severity, opened.verification) == ("opened", "log", "unverified")
    assert opened.related == (gap,) and opened.details["former_cases"] == [f"mmsi/{RUSSIAN}"]
    assert opened.headline == f"ANGARA (IMO {IMO}) under new MMSI {LIBERIAN} LR, was {RUSSIAN} RU 19 h ago"
    assert facts(opened)["flag from MMSI"] == "LR"
    assert (updated.id, updated.revision, updated.verification) == (opened.id, 2, "corroborated")


@pytest.mark.parametrize(
    ("told", "reason", "severity"),
    [
        ([bound(RUSSIAN, 0), bound(LIBERIAN, 1, listed="OFAC")], "listed", "ticket"),
        ([bound(RUSSIAN, 0), bound(LIBERIAN, 1, lat_deg=48.0)], "shared", "ticket"),
        ([bound(RUSSIAN, 0), bound(LIBERIAN, 1, lat_deg=38.9)], "new_mmsi", "log"),
        ([bound(RUSSIAN, 0), bound(LIBERIAN, 1, lat_deg=None)], "new_mmsi", "log"),
        ([bound(RUSSIAN + n, n) for n in range(4)], "frequent", "ticket"),
        ([bound(RUSSIAN + n, n * 24 * 60) for n in range(4)], "new_mmsi", "log"),
    ],
    ids=["listed", "two places at once", "near enough", "no position", "three changes", "three in half a year"],
)
def test_what_speaks_against_a_change_decides_its_severity(told: list[Told], reason: str, severity: str) -> None:
    last = alerts_of([*told, *heard(100_000)])
    opened = [alert for alert in last if alert.status == "opened"][-1]
    assert (opened.details["reason"], opened.severity) == (reason, severity)


def test_a_former_mmsi_heard_far_away_makes_it_possible_misuse_and_keeps_the_alert_open() -> None:
    told = [bound(RUSSIAN, 0), bound(LIBERIAN, 1), bound(RUSSIAN, 2, lat_deg=-30.0)]
    told += [b for day in range(1, 31) for b in (bound(RUSSIAN, 24 * day, lat_deg=-30.0), bound(LIBERIAN, 24 * day))]
    opened, updated = alerts_of([*told, *heard(725)])
    assert (updated.id, updated.status, updated.severity) == (opened.id, "updated", "ticket")
    assert updated.details["reason"] == "shared" and updated.mmsi == LIBERIAN
    assert "possible identity misuse" in updated.headline and str(RUSSIAN) in updated.headline
    assert facts(updated)[f"distance to the position of MMSI {RUSSIAN}"] == 4082.8


def test_a_change_closes_when_it_has_settled() -> None:
    *_, closed = alerts_of([bound(RUSSIAN, 0), bound(LIBERIAN, 1), *heard(722)])
    assert (closed.status, closed.details["ended"]) == ("closed", "settled")
    assert closed.time == "2023-12-14T23:13:20.000Z"


def test_a_placeholder_makes_no_alerts_beyond_the_bound_and_no_memory_without_one() -> None:
    stage = histories(placeholder_over=3, holders_most=4, ships_most=100)
    told = [bound(RUSSIAN + n, n) for n in range(50)]
    assert len({alert.id for alert in alerts_of([*told, *heard(60)], stage)}) == 2
    many = [bound(RUSSIAN, 61 + n, imo=1_000_000 + n) for n in range(500)]
    alerts_of([*many, *heard(1000)], stage)
    assert stage.ships <= 100
    assert stage.open_alerts() == {} or stage.open_alerts() == {"identity_change": 2}


def world() -> list[Binding]:
    """Two ships that change their MMSIs, one of them heard from two places, told by three partitions."""
    draw = np.random.default_rng(5)
    told = []
    for n in range(60):
        mmsi = (RUSSIAN, LIBERIAN, COOK)[min(2, n // 20) if n % 7 else n % 3]
        far = -30.0 if n % 11 == 0 else 38.0
        told.append(bound(mmsi, n * 0.7, lat_deg=far, statements=1 + n % 3, imo=IMO if n % 2 else OTHER_IMO))
    return [told[n] for n in draw.permutation(len(told))]


def test_any_order_of_arrival_any_repetition_and_any_restart_give_the_same_alerts() -> None:
    told = world()
    wanted = [encode(alert) for alert in alerts_of([*told, *heard(2000, 0, 1, 2)], histories(3))]
    assert len(wanted) > 10
    for seed in range(20):
        draw = np.random.default_rng(seed)
        lanes: list[list[Told]] = [[], [], []]
        for binding in sorted(told, key=lambda b: b.stamp_ms):
            lanes[binding.mmsi % 3] += [binding]
        for number, lane in enumerate(lanes):  # a promise follows whatever it promises, at any distance
            for at in sorted(draw.choice(len(lane), 5, replace=False).tolist(), reverse=True):
                stamp_ms = max(b.stamp_ms for b in lane[: at + 1] if isinstance(b, Binding))
                lane.insert(at + 1, PartitionWatermark(partition=number, heard_ms=stamp_ms))
            again = int(draw.integers(1, len(lane)))  # a worker was killed and says the last of it anew
            lane[again:again] = lane[max(0, again - 8) : again]
            lane.extend(heard(2000, number))
        stage, out = histories(3), list[bytes]()
        while any(lanes):
            lane = lanes[int(draw.choice([n for n, lane in enumerate(lanes) if lane]))]
            out += [encode(emitted.alert) for emitted in stage.take(lane.pop(0))]
            if draw.random() < 0.05:
                shards = [stage.shard(n) for n in range(stage.shard_count())]
                stage = histories(3).restore(shards, stage.manifest())
        assert out == wanted


def bindings_of(story: Story, *, batch: int, tick_s: float = 600.0, snapshot_every: int = 0) -> list[bytes]:
    """What the first stage tells, without the stamps, which may follow ticks."""
    told: list[Binding] = []
    playing, promised = engine(), 0
    for number, item in enumerate(log(story, batch=batch, tick_s=tick_s)):
        if isinstance(item, Batch):
            playing.apply(item)
        else:
            playing.tick(item)
            promised = playing.heard_ms
        new = playing.drain_bindings()
        assert all(b.stamp_ms > promised for b in new)
        told += new
        if snapshot_every and number % snapshot_every == 0:
            playing = revive(playing)
    told.sort(key=lambda b: (b.last_ms, b.mmsi, b.imo))
    return [msgspec.json.encode(msgspec.structs.replace(b, stamp_ms=0)) for b in told]


def stating(mmsi: int, hours: float, imo: int = IMO) -> Story:
    """A ship that sails and states its number every six minutes."""
    said = voyage(mmsi, np.arange(0, hours * HOUR, 120.0))
    return beside(
        said,
        [
            Report(at_s=t, mmsi=mmsi, type=5, imo=imo, name="ANGARA")
            for t in np.arange(60.0, hours * HOUR, 360.0).tolist()
        ],
    )


WORLD = beside(
    stating(COOK, 5, 9358010),
    [msgspec.structs.replace(s, at_s=s.at_s + 2 * HOUR, lat_deg=s.lat_deg - 50) for s in stating(RUSSIAN, 4, 9358010)],
)
"""For the conformance suite: two ships state one number, at one time, far apart."""


def test_bindings_are_told_when_new_when_supported_and_hourly_at_any_cut() -> None:
    story = beside(
        stating(RUSSIAN, 3), stating(LIBERIAN, 2, OTHER_IMO), stating(992_310_001, 1), stating(COOK, 1, 9179843)
    )
    whole = bindings_of(story, batch=100_000)
    told = [msgspec.json.decode(each, type=Binding) for each in whole]
    mine = [b for b in told if b.mmsi == RUSSIAN]
    assert [((b.last_ms - START_MS) // 1000, b.statements) for b in mine] == [(60, 1), (420, 2), (4020, 12), (7620, 22)]
    assert {b.mmsi for b in told} == {RUSSIAN, LIBERIAN, 992_310_001}, "under any MMSI, but for a wrong check digit"
    assert all(b.first_ms == START_MS + 60_000 and b.lat_deg and b.listed == "TEST" for b in mine)
    assert all(len(b.alerts) == 1 for b in mine), "the watchlist's alert about it"
    for batch, tick_s, snapshot_every in ((1, 600.0, 0), (7, 60.0, 3), (100, 61.7, 1)):
        assert bindings_of(story, batch=batch, tick_s=tick_s, snapshot_every=snapshot_every) == whole


def test_a_ship_that_states_another_number_is_told_at_once() -> None:
    story = beside(stating(RUSSIAN, 0.3), [Report(at_s=1200.0, mmsi=RUSSIAN, type=5, imo=OTHER_IMO)])
    told = [msgspec.json.decode(each, type=Binding) for each in bindings_of(story, batch=1000)]
    assert [b.imo for b in told] == [IMO, IMO, OTHER_IMO]


def test_check_digits_in_a_column() -> None:
    numbers = np.asarray([9179842, 9161003, 9179843, 0, 12, 99_999_999], np.uint32)
    assert are_imo_numbers(numbers).tolist() == [True, True, False, False, False, False]


@pytest.mark.parametrize(
    ("heard_min", "words"), [(60, "was 273999001 RU 1 min ago"), (None, "was 273999001 RU"), (62, "also 273999001 RU")]
)
def test_the_headline_says_when_the_former_mmsi_was_last_heard_and_not_when_it_was_last_told(
    heard_min: int | None, words: str
) -> None:
    told: list[Told] = [bound(RUSSIAN, 0), bound(LIBERIAN, 61 / 60)]
    if heard_min is not None:
        at_ms = START_MS + heard_min * HOUR_MS // 60
        told.append(SeenUnder(imo=IMO, mmsi=RUSSIAN, heard_ms=at_ms, stamp_ms=START_MS + 61 * HOUR_MS // 60))
    (opened,) = alerts_of([*told, *heard(2)])
    assert opened.headline.endswith(words)


def test_reports_of_one_stamp_are_taken_up_in_the_order_of_their_own_times() -> None:
    stamp_ms = START_MS + HOUR_MS
    told = [bound(RUSSIAN, 0.5, stamp_ms=stamp_ms), bound(LIBERIAN, 0.2, stamp_ms=stamp_ms)]
    seen = SeenUnder(
        imo=IMO, mmsi=LIBERIAN, heard_ms=START_MS + HOUR_MS // 4, stamp_ms=stamp_ms, noted_ms=START_MS + HOUR_MS // 2
    )
    for order in ([*told, seen], [seen, *told], [seen, *told[::-1]]):
        (opened,) = alerts_of([*order, *heard(2)])
        assert opened.mmsi == RUSSIAN and opened.headline.endswith(f"was {LIBERIAN} LR 15 min ago")


def test_invalid_mmsis_and_doubtful_imo_numbers_are_facts_as_in_every_other_alert() -> None:
    invented, pattern = 500_123_456, 1_234_567
    told = [bound(RUSSIAN, 0, imo=pattern), bound(invented, 20, imo=pattern), *heard(21)]
    (alert,) = alerts_of(told)
    assert facts(alert)["invalid MMSI: 500 is not a country code"] == invented
    assert facts(alert)["doubtful IMO number: a pattern of digits, often a placeholder"] == pattern
    (usual,) = alerts_of([bound(RUSSIAN, 0), bound(LIBERIAN, 20), *heard(21)])
    assert not [fact for fact in facts(usual) if fact.startswith(("invalid", "doubtful"))]
