"""A ship changes its MMSI: one ship at any count of partitions and at any batch, with nothing left open about it."""

from __future__ import annotations

import io
from functools import cache

import pytest

from detectors.core.alert import Alert, encode
from detectors.core.engine.alert_writer import Emitted
from streams.ingest.core import SourceKind
from streams.messages.log_records import partition_of
from streams.nmea.encoder import EncodedFix, Particulars, position, sentences, static, tagged
from streams.pipeline.replay import InProcessPipeline, ReplayPlan, play
from streams.reference.loading import load_reference
from streams.settings.model import Settings

IMO, START_S, HOUR = 9_179_842, 1_704_067_200, 3600
FORMER, LATER, MISTYPED = 273_111_000, 613_222_000, 273_111_900
SETTINGS = Settings()
REFERENCE = load_reference(SETTINGS.reference)
Line = tuple[int, list[bytes]]


def ship(
    mmsi: int, begin_s: int, end_s: int, *, kind: int = 79, length_m: int = 119, lat_deg: float = 34.5
) -> list[Line]:
    """A listed ship that drifts north and states its number every six minutes."""
    said = []
    for second in range(begin_s, end_s, 60):
        fix = EncodedFix(lat_deg=lat_deg + second / 720_000, lon_deg=129.4, sog_kn=3.0, cog_deg=0.0, second=second % 60)
        said.append((second, sentences(position(mmsi, fix))))
        if second % 360 == 0:
            who = Particulars(imo=IMO, name="ANGARA", ship_type=kind, length_m=length_m)
            said.append((second + 1, sentences(static(mmsi, who), sequence=second // 360 % 10)))
    return said


def feed(*stories: list[Line], hours: float = 24) -> bytes:
    """With twelve ships beside it, so that a silence can be judged."""
    said = [line for story in stories for line in story]
    for n in range(12):
        for second in range(n, int(hours * HOUR), 120):
            fix = EncodedFix(
                lat_deg=34.3 + n / 50, lon_deg=129.3 + n / 100, sog_kn=8.0, cog_deg=90.0, second=second % 60
            )
            said.append((second, sentences(position(440_000_100 + n, fix))))
    said.sort(key=lambda each: each[0])
    tags = (tagged(lines, (START_S + second) * 1000, "pier") for second, lines in said)
    return b"\n".join([*(line for lines in tags for line in lines), b""])


def played(content: bytes, partitions: int, batch: int = 1000, tick_ms: int | None = None) -> list[Alert]:
    plan = ReplayPlan(
        source="x", partitions=partitions, source_kind=SourceKind(replayed=True, batch=batch, tick_ms=tick_ms)
    )
    items = play([io.BytesIO(content)], plan, InProcessPipeline(SETTINGS, REFERENCE, partitions), SETTINGS)
    return [item.alert for item in items if isinstance(item, Emitted)]


@cache
def changed() -> bytes:
    """Another MMSI after one minute."""
    return feed(ship(FORMER, 0, 4 * HOUR), ship(LATER, 4 * HOUR + 60, 6 * HOUR), hours=6)


@cache
def dark() -> bytes:
    """Another MMSI after nine hours."""
    return feed(ship(FORMER, 0, 3 * HOUR), ship(LATER, 12 * HOUR, 13 * HOUR), hours=13)


def of(alerts: list[Alert], detector: str, mmsi: int | None = None) -> list[Alert]:
    return [a for a in alerts if a.detector == detector and mmsi in {None, a.mmsi}]


def left_open(alerts: list[Alert], mmsi: int) -> set[str]:
    newest = {a.id: a for a in alerts if a.subject == f"mmsi/{mmsi}"}
    return {a.detector for a in newest.values() if a.status in {"opened", "updated"}}


@pytest.mark.parametrize("partitions", [1, 4])
def test_a_change_of_the_mmsi_is_one_identity_change_and_no_gap(partitions: int) -> None:
    assert partition_of(FORMER, 4) != partition_of(LATER, 4)
    alerts = played(changed(), partitions)
    assert not of(alerts, "gap") and not of(alerts, "port_proximity") and not of(alerts, "heard_as")
    (opened,) = [a for a in of(alerts, "identity_change") if a.status == "opened"]
    assert f"was {FORMER} RU 2 min ago" in opened.headline
    assert left_open(alerts, FORMER) == set()


@pytest.mark.parametrize("partitions", [1, 4])
def test_a_return_under_another_mmsi_after_a_dark_silence_is_a_page_and_the_gap_closes(partitions: int) -> None:
    alerts = played(dark(), partitions)
    assert [a.status for a in of(alerts, "gap", FORMER)] == ["opened", "closed"]
    (page,) = of(alerts, "heard_as")
    assert (page.severity, page.status, page.case_id) == ("page", "opened", f"imo/{IMO}")
    assert f"heard under MMSI {LATER}" in page.headline and "after 9 h dark" in page.headline
    assert {e.sentence.split(",")[0] for e in page.evidence} == {"!AIVDM"} and len(page.evidence) == 2
    assert left_open(alerts, FORMER) == {"heard_as"}


@pytest.mark.parametrize("tick_s", [None, 1, 30, 3600])
@pytest.mark.parametrize("lies_s", [0, 1800])
def test_when_the_former_mmsi_was_heard_is_known_wherever_the_ticks_stand(tick_s: int | None, lies_s: int) -> None:
    """The first statement of all may come before the first tick, so that nothing is told to be past."""
    content = feed(ship(FORMER, lies_s, lies_s + 60), ship(LATER, lies_s + 360, lies_s + 720), hours=0.75)
    (opened, *_) = of(played(content, 4, tick_ms=tick_s and tick_s * 1000), "identity_change")
    assert f"was {FORMER} RU 5 min ago" in opened.headline


@pytest.mark.parametrize("content", [changed, pytest.param(dark, marks=pytest.mark.full)])
def test_the_alerts_are_the_same_at_any_batch(content: object) -> None:
    whole = [encode(a) for a in played(content(), 4)]  # type: ignore[operator]
    for batch in (1, 7):
        assert [encode(a) for a in played(content(), 4, batch)] == whole  # type: ignore[operator]


def test_an_mmsi_that_was_mistyped_for_an_hour_and_corrected_leaves_one_ship() -> None:
    story = (ship(FORMER, 0, 2 * HOUR), ship(MISTYPED, 2 * HOUR, 3 * HOUR), ship(FORMER, 3 * HOUR, 6 * HOUR))
    alerts = played(feed(*story, hours=6), 4)
    assert not of(alerts, "gap") and not of(alerts, "heard_as")
    assert left_open(alerts, MISTYPED) == set()
    assert left_open(alerts, FORMER) == {"watchlist"}


@pytest.mark.parametrize("partitions", [1, 4])
def test_a_ship_that_takes_turns_with_two_mmsis_is_told_of_once_each(partitions: int) -> None:
    """Half an hour under each: the watch is told of both numbers, and not of each turn."""
    turns = [ship(LATER if n % 2 else FORMER, n * 1800, (n + 1) * 1800) for n in range(8)]
    alerts = played(feed(*turns, hours=4), partitions)
    tickets = {a.id for a in alerts if a.severity != "log" and a.mmsi in {FORMER, LATER}}
    assert len(tickets) <= 3 and not of(alerts, "gap")
    assert "resumed" in {a.details["reason"] for a in of(alerts, "watchlist", FORMER)}


def test_two_transponders_of_which_one_is_switched_off_are_one_ship() -> None:
    alerts = played(feed(ship(FORMER, 0, 6 * HOUR), ship(LATER, 60, 3 * HOUR), hours=6), 4)
    assert not of(alerts, "gap") and not of(alerts, "heard_as")
    assert left_open(alerts, LATER) == set()


@pytest.mark.parametrize(
    "impostor",
    [ship(LATER, 10 * HOUR, 11 * HOUR, lat_deg=-20.0), ship(LATER, 10 * HOUR, 11 * HOUR, kind=37, length_m=14)],
    ids=["far away", "a yacht"],
)
def test_an_impostor_ends_nothing_and_pages_nobody(impostor: list[Line]) -> None:
    alerts = played(feed(ship(FORMER, 0, 3 * HOUR), impostor, hours=11), 4)
    assert [a.status for a in of(alerts, "gap", FORMER)] == ["opened"]
    assert not of(alerts, "heard_as")
