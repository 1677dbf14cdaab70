"""Ships of several partitions meet, linger and could have met: the same alerts in replay and through Kafka."""

from __future__ import annotations

import signal
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from detectors.core.alert import Alert, encode
from detectors.core.meeting_stage.stage import MeetingStage
from detectors.core.promises import PartitionWatermark
from detectors.core.slow_ships import BIN_MS, SlowShip, SlowShips
from streams.broker.node import free_port
from streams.broker.reading import read
from streams.broker.stop_places import StopPlace, features, near, stop_places
from streams.cli import build
from streams.errors import Reason
from streams.messages.log_records import partition_of
from streams.messages.topics import ALERTS, AREAS, FLEET, HISTORIES, IDENTITIES, MEETINGS, PLACES, SENTENCES, SLOW
from streams.nmea.encoder import EncodedFix, Particulars, position, sentences, static, tagged
from streams.settings.model import KafkaSettings, Settings
from streams.worker.codec import entry
from streams.worker.meetings import INPUT
from tests.streams.worker.conftest import StartWorker, Worker, alerts_in_process, key_of, send, shown_by, written
from tests.streams.worker.test_places import is_saved

START_S = 1_700_000_000
HOUR_S = 3600
PARTITIONS = 4
PAIR = 244_000_301, 244_000_302
DARK, WAITING = 244_000_303, 244_000_304
ALONE = tuple(244_000_310 + n for n in range(4))
ANCHORED = 244_000_320, 244_000_321
HERE = (-34.99999, 18.0)
END_S = 9 * HOUR_S


def roads(*anchored: tuple[float, float]) -> bytes:
    """Two tankers side by side, one of them listed; a listed ship that falls silent, and one that waits near it.

    ``anchored``: where other ships lie still, degrees north and east of HERE.
    """
    said = []
    ships = {
        PAIR[0]: (0.0, 0.0, 0),
        PAIR[1]: (0.0002, 0.0005, 9_358_010),
        DARK: (0.3, 0.3, 9_179_842),
        WAITING: (0.4, 0.3, 0),
        **{mmsi: (0.3 + number / 50, 0.35, 0) for number, mmsi in enumerate(ALONE)},
        **{mmsi: (*place, 0) for mmsi, place in zip(ANCHORED, anchored, strict=False)},
    }
    for number, (mmsi, (north, east, imo)) in enumerate(ships.items()):
        for second in range(number, HOUR_S if mmsi == DARK else END_S, 120):
            drift = second / HOUR_S / 200 if mmsi != DARK and mmsi not in ANCHORED else 0.0
            fix = EncodedFix(
                lat_deg=HERE[0] + north + drift, lon_deg=HERE[1] + east, sog_kn=0.3, cog_deg=0.0, second=second % 60
            )
            said.append((second, sentences(position(mmsi, fix))))
            if second // 120 % 20 == 1:
                who = Particulars(imo=imo, name=f"ROADS {number}", ship_type=80 if number < 4 else 70, length_m=180)
                said.append((second, sentences(static(mmsi, who), sequence=number)))
    said.sort(key=lambda each: each[0])
    return (
        b"\n".join(line for second, lines in said for line in tagged(lines, (START_S + second) * 1000, "pier")) + b"\n"
    )


def about_meetings(alerts: list[Alert]) -> list[Alert]:
    return [alert for alert in alerts if alert.detector in {"encounter", "loitering", "rendezvous"}]


def test_replay_finds_the_same_at_any_number_of_partitions() -> None:
    assert partition_of(PAIR[0], PARTITIONS) != partition_of(PAIR[1], PARTITIONS)
    feed = roads()
    found = [about_meetings(alerts_in_process(feed, partitions)) for partitions in (1, PARTITIONS, 12)]
    same = [[encode(a) for a in alerts if a.detector != "rendezvous"] for alerts in found]  # ``gap`` is of a partition
    assert same[0] == same[1] == same[2] and all(len(alerts) > len(same[0]) for alerts in found)
    opened = {a.detector: a for a in found[0] if a.status == "opened" and a.mmsi in {PAIR[1], DARK}}
    assert set(opened) == {"encounter", "loitering", "rendezvous"}
    assert opened["encounter"].severity == "ticket" and opened["encounter"].subject == f"mmsi/{PAIR[1]}"
    assert {one["mmsi"] for one in opened["encounter"].details["vessels"]} == set(PAIR)
    assert len({a.id for a in found[0] if a.detector == "encounter"}) == 1
    named = [one["mmsi"] for one in opened["rendezvous"].details["could_have_met"]]
    assert WAITING in named and PAIR[1] in named


@pytest.mark.broker
@pytest.mark.parametrize("partitions", [1, PARTITIONS, pytest.param(12, marks=pytest.mark.full)])
def test_kafka_gives_what_replay_gives_also_over_kill_9(
    kafka_settings: KafkaSettings, start_worker: StartWorker, tmp_path: Path, partitions: int
) -> None:
    kafka, feed = msgspec.structs.replace(kafka_settings, partitions=partitions), roads()
    wanted = {key_of(encode(alert)) for alert in alerts_in_process(feed, partitions)}
    meetings = {key_of(encode(alert)) for alert in about_meetings(alerts_in_process(feed, partitions))}
    assert len(meetings) >= 4 and meetings < wanted
    send(kafka, feed, tmp_path, pack=20)
    worker = start_worker(kafka)
    worker.until(lambda: slow_ships_in(kafka) > 20)
    worker.stop(signal.SIGKILL)
    worker = start_worker(kafka)
    worker.until(lambda: wanted <= set(written(kafka)) and is_saved(kafka, (SLOW, MEETINGS)))
    worker.stop(signal.SIGKILL)
    worker = start_worker(kafka)
    worker.until(
        lambda: is_saved(kafka, (SENTENCES, FLEET), (IDENTITIES, HISTORIES), (PLACES, AREAS), (SLOW, MEETINGS))
    )
    assert worker.stop() == 0
    assert set(written(kafka)) == wanted
    assert list(read(kafka, "ais.dead.v1")) == []
    before = len(written(kafka))
    again = start_worker(kafka)  # all states are whole: nothing is written again
    again.until(lambda: again.said().count("partitions taken over") == 4)
    assert again.stop() == 0
    assert len(written(kafka)) == before


def slow_ships_in(kafka: KafkaSettings) -> int:
    return sum(b'"slow"' in (record.value or b"") for record in read(kafka, "ais.slow.v1"))


def drawn_by_explain(kafka: KafkaSettings, home: Path) -> set[tuple[float, float]]:
    """The south-west corners of the stop places in the GeoJSON of the encounter."""
    alerts = [msgspec.json.decode(record.value or b"", type=Alert) for record in read(kafka, ALERTS)]
    encounter = next(alert.id for alert in alerts if alert.detector == "encounter")
    settings = home / "settings.toml"
    settings.write_text(
        f'[kafka]\nbootstrap_servers = "{kafka.bootstrap_servers}"\ntopic_prefix = "{kafka.topic_prefix}"\n'
        f"partitions = {kafka.partitions}\n[detectors.encounter]\nstops_least = 2\n"
    )
    shown = CliRunner().invoke(build(), ["explain", encounter, "--geojson", "--settings", str(settings)])
    assert shown.exit_code == 0, shown.output
    drawn = msgspec.json.decode(shown.stdout)["features"]
    places = [each for each in drawn if each["properties"]["kind"] == "stop_place"]
    assert all(each["properties"]["ships"] == 2 for each in places)
    return {tuple(each["geometry"]["coordinates"][0][0]) for each in places}


@pytest.mark.broker
def test_a_fact_through_a_running_worker_has_its_key_its_metrics_and_its_snapshot(
    kafka_settings: KafkaSettings, start_worker: StartWorker, tmp_path: Path
) -> None:
    kafka = msgspec.structs.replace(kafka_settings, partitions=PARTITIONS)
    send(kafka, roads((0.50101, 0.501), (0.50801, 0.508)), tmp_path)
    port = free_port()
    worker: Worker = start_worker(kafka, WAKEWATCH_WORKER_METRICS_PORT=str(port))
    worker.until(lambda: slow_ships_in(kafka) > 0)
    wanted = [f'wakewatch_{name}{{partition="slow"}}' for name in ("lag_records", "watermark_timestamp_seconds")]
    worker.until(lambda: all(name in shown_by(port) for name in wanted))
    worker.until(lambda: 'wakewatch_alerts_open{detector="encounter"} 1.0' in shown_by(port))
    assert worker.stop() == 0
    facts = [record for record in read(kafka, "ais.slow.v1") if b'"slow"' in (record.value or b"")]
    assert {record.key for record in facts} <= {b"%d" % mmsi for mmsi in (*PAIR, DARK, WAITING, *ALONE, *ANCHORED)}
    ships = [ship for record in facts for ship in msgspec.json.decode(record.value, type=SlowShips).ships]
    places = stop_places(Settings(kafka=kafka, detectors={"encounter": {"stops_least": 2}}))
    assert places == [StopPlace(south_deg=-34.5, west_deg=18.5, ships=2)]
    assert near(places, -34.1, 18.9) == places and near(places, -33.9, 18.5) == near(places, -34.5, 19.2) == []
    assert {feature["geometry"]["type"] for feature in features(places)} == {"Polygon"}
    assert stop_places(Settings(kafka=kafka)) == [], "five ships make a stop place"
    assert drawn_by_explain(kafka, tmp_path) == {(18.5, -34.5)}
    assert all(len(msgspec.json.encode(ship)) < 450 for ship in ships)
    assert len({(ship.mmsi, ship.at_ms) for ship in ships}) == len(ships)


SHIP = {
    "mmsi": 244_000_301,
    "at_ms": BIN_MS,
    "time_ms": BIN_MS + 5,
    "stamp_ms": BIN_MS + 5,
    "lat_deg": 1.0,
    "lon_deg": 2.0,
}
SILENCE = {
    "type": "silence",
    "alert": "a" * 32,
    "revision": 1,
    "mmsi": 244_000_301,
    "since_ms": 5,
    "known_ms": 6,
    "stamp_ms": 6,
    "lat_deg": 1.0,
    "lon_deg": 2.0,
    "fix_ms": 5,
}
DRAUGHT = {"type": "draught", "mmsi": 244_000_301, "time_ms": 5, "stamp_ms": 6, "draught_m": 9.5}


def record(**changed: object) -> bytes:
    return msgspec.json.encode({"type": "slow", "ships": [SHIP, {**SHIP, **changed}]})


REJECTED = {
    "no JSON": b"\xff",
    "nothing": b"",
    "another type": b'{"type":"binding","imo":9179842}',
    "no time": record(stamp_ms=2**62),
    "a moment between steps": record(at_ms=BIN_MS + 1),
    "a moment long before its fix": record(at_ms=0, time_ms=2 * 24 * HOUR_S * 1000),
    "a moment after its fix": record(at_ms=2 * BIN_MS),
    "no vessel": record(mmsi=2**40),
    "no place": record(lat_deg=91.0),
    "no longitude": record(lon_deg=1e300),
    "a name of 512 kB": record(name="n" * 524_288),
    "a silence without time": msgspec.json.encode({**SILENCE, "since_ms": -1}),
    "a silence at no speed": msgspec.json.encode({**SILENCE, "v_max_kn": 1e9}),
    "a silence nowhere": msgspec.json.encode({**SILENCE, "lat_deg": -100.0}),
    "no hull": record(hull=1 << 30),
    "a draught of a kilometre": msgspec.json.encode({**DRAUGHT, "draught_m": 1000.0}),
    "a draught of nothing": msgspec.json.encode({**DRAUGHT, "mmsi": 2**40}),
    "a draught at no time": msgspec.json.encode({**DRAUGHT, "time_ms": -1}),
    "a promise without end": msgspec.json.encode({"type": "heard", "partition": 0, "heard_ms": 2**62}),
    "brackets": b"[" * 100_000,
}


@pytest.mark.parametrize("name", REJECTED)
def test_what_is_no_slow_ship_is_a_dead_letter_and_changes_nothing(name: str) -> None:
    stage = MeetingStage.build(PARTITIONS, {}, {})
    before = stage.manifest()
    alerts, letters = INPUT.learn(stage, entry(3, REJECTED[name], (), 0))
    assert not alerts and [(one.reason, one.offset) for one in letters] == [(Reason.RECORD_UNREADABLE, 3)]
    assert letters[0].detail.startswith("slow ship: ")
    assert stage.manifest() == before and not stage.dirty()


def test_a_slow_ship_is_added_and_an_unknown_partition_is_ignored() -> None:
    stage = MeetingStage.build(PARTITIONS, {}, {})
    strange = msgspec.json.encode(PartitionWatermark(partition=7, heard_ms=9))
    assert INPUT.learn(stage, entry(3, strange, (), 0)) == ([], []) and not stage.dirty()
    assert INPUT.learn(stage, entry(4, record(mmsi=244_000_302), (), 0)) == ([], []) and stage.dirty()
    assert INPUT.learn(stage, entry(5, msgspec.json.encode(SILENCE), (), 0)) == ([], [])
    assert INPUT.learn(stage, entry(6, msgspec.json.encode(DRAUGHT), (), 0)) == ([], [])


def test_a_fact_that_cannot_wait_becomes_a_dead_letter_with_its_own_reason() -> None:
    stage = MeetingStage.build(1, {"encounter": {"waiting_most": 1000}}, {})
    ships = tuple(msgspec.convert({**SHIP, "mmsi": 244_000_000 + n}, SlowShip) for n in range(1000))
    stage.take(SlowShips(ships=ships))
    late = record(mmsi=245_000_000)
    alerts, letters = INPUT.learn(stage, entry(8, late, (), 0))
    assert not alerts and [(one.reason, one.raw) for one in letters] == [(Reason.STAGE_FULL, late)]
    stage.take(PartitionWatermark(partition=0, heard_ms=10 * BIN_MS))
    assert INPUT.learn(stage, entry(9, late, (), 0)) == ([], [])
