"""A ship comes back under another flag, on another partition: one case, in replay and through Kafka alike."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import msgspec
import pytest

from detectors.core.alert import Alert, encode
from detectors.core.identities.binding import Binding
from detectors.core.imo_stage.histories import ImoHistories
from detectors.core.promises import PartitionWatermark
from streams.broker.node import free_port
from streams.broker.reading import read
from streams.messages.log_records import partition_of
from streams.nmea.encoder import EncodedFix, Particulars, position, sentences, static, tagged
from streams.settings.model import KafkaSettings
from streams.worker.codec import entry
from streams.worker.identities import INPUT
from tests.streams.worker.conftest import StartWorker, alerts_in_process, key_of, send, shown_by, written

IMO, START_S = 9_358_010, 1_700_000_000
FORMER, NEW = 273_999_003, 636_092_002
PARTITIONS = 2


def ship(mmsi: int, begin_s: int, end_s: int) -> list[tuple[int, list[bytes]]]:
    """A ship that sails north and states its number every six minutes."""
    said = []
    for second in range(begin_s, end_s, 60):
        fix = EncodedFix(lat_deg=38.0 + second / 21_600, lon_deg=132.0, sog_kn=10.0, cog_deg=0.0, second=second % 60)
        said.append((second, sentences(position(mmsi, fix))))
        if second % 360 == 0:
            who = Particulars(imo=IMO, name="MAIA-1", ship_type=70, length_m=120)
            said.append((second + 1, sentences(static(mmsi, who), sequence=second // 360)))
    return said


def reflagged() -> bytes:
    """Under one MMSI for two hours, dark for two, under another for two; thirty ships beside it."""
    said = ship(FORMER, 0, 7200) + ship(NEW, 14_400, 21_600)
    for n in range(30):
        for second in range(n, 21_600, 300):
            fix = EncodedFix(lat_deg=36.0 + n / 10, lon_deg=133.0, sog_kn=0.0, cog_deg=0.0, second=second % 60)
            said.append((second, sentences(position(205_000_100 + n, fix))))
    said.sort(key=lambda each: each[0])
    return (
        b"\n".join(line for second, lines in said for line in tagged(lines, (START_S + second) * 1000, "pier")) + b"\n"
    )


def changes(alerts: list[Alert]) -> list[Alert]:
    return [alert for alert in alerts if alert.detector == "identity_change"]


def test_both_flags_lie_on_different_partitions_and_replay_finds_the_change_at_any_count() -> None:
    assert partition_of(FORMER, PARTITIONS) != partition_of(NEW, PARTITIONS)
    feed = reflagged()
    found = [changes(alerts_in_process(feed, partitions)) for partitions in (1, PARTITIONS, 4)]
    assert [encode(a) for a in found[0]] == [encode(a) for a in found[1]] == [encode(a) for a in found[2]]
    opened, updated = found[0]
    assert (opened.case_id, opened.mmsi, opened.details["former_cases"]) == (f"imo/{IMO}", NEW, [f"mmsi/{FORMER}"])
    assert updated.verification == "corroborated" and opened.time == "2023-11-15T02:13:21.000Z"
    told = [a for a in alerts_in_process(feed, PARTITIONS) if "heard under MMSI" in a.headline]
    assert sorted((a.detector, a.severity, a.status) for a in told) == [
        ("gap", "ticket", "closed"),
        ("heard_as", "ticket", "opened"),
        ("watchlist", "ticket", "closed"),
    ]


@pytest.mark.broker
def test_kafka_gives_what_replay_gives_also_over_kill_9(
    kafka_settings: KafkaSettings, start_worker: StartWorker, tmp_path: Path
) -> None:
    kafka, feed = msgspec.structs.replace(kafka_settings, partitions=PARTITIONS), reflagged()
    wanted = {key_of(encode(alert)) for alert in alerts_in_process(feed, PARTITIONS)}
    send(kafka, feed, tmp_path, pack=20)
    worker = start_worker(kafka)
    worker.until(lambda: any(b'"binding"' in (r.value or b"") for r in read(kafka, "ais.identities.v1")))
    worker.stop(signal.SIGKILL)
    worker = start_worker(kafka)
    worker.until(lambda: wanted <= set(written(kafka)))
    assert worker.stop() == 0
    assert set(written(kafka)) == wanted
    assert list(read(kafka, "ais.dead.v1")) == []
    again = start_worker(kafka)  # both states are whole: nothing is said anew
    again.until(lambda: "partitions=[0]" in again.said() or again.said().count("taken over") > 1)
    assert again.stop() == 0
    assert set(written(kafka)) == wanted


@pytest.mark.broker
def test_the_change_is_found_within_ten_seconds(
    kafka_settings: KafkaSettings, start_worker: StartWorker, tmp_path: Path
) -> None:
    """From the moment at which all is in the log, by a worker that runs."""
    kafka, feed = msgspec.structs.replace(kafka_settings, partitions=PARTITIONS), reflagged()
    half = feed.index(b"c:%d" % ((START_S + 14_100) * 1000))
    half = feed.rindex(b"\n", 0, half) + 1
    send(kafka, feed[:half], tmp_path)
    port = free_port()
    worker = start_worker(kafka, WAKEWATCH_WORKER_METRICS_PORT=str(port))
    worker.until(lambda: any(b'"heard"' in (r.value or b"") for r in read(kafka, "ais.identities.v1")))
    again = tmp_path / "again"
    again.mkdir()
    send(kafka, feed[half:], again)
    began_s = time.monotonic()
    worker.until(lambda: any(b"identity_change" in (r.value or b"") for r in read(kafka, "ais.alerts.v1")))
    assert time.monotonic() - began_s < 10
    wanted = [f'wakewatch_{name}{{partition="identities"}}' for name in ("lag_records", "watermark_timestamp_seconds")]
    worker.until(lambda: all(name in shown_by(port) for name in wanted))
    assert worker.stop() == 0


def test_what_is_no_binding_is_a_dead_letter_and_changes_nothing() -> None:
    histories = ImoHistories.build(PARTITIONS, {}, {})
    before = histories.manifest()
    for value in (b"", b"\xff", b"{}", b'{"type":"binding","imo":"x"}', b'{"type":"other"}', b"[" * 5000):
        alerts, letters = INPUT.learn(histories, entry(3, value, (), 0))
        assert not alerts and [letter.offset for letter in letters] == [3]
    strange = msgspec.json.encode(PartitionWatermark(partition=7, heard_ms=1))
    assert INPUT.learn(histories, entry(4, strange, (), 0)) == ([], [])
    assert histories.manifest() == before and not histories.dirty()
    told = Binding(imo=IMO, mmsi=NEW, first_ms=1, last_ms=1, stamp_ms=1, source="s", statements=1, support=1)
    assert INPUT.learn(histories, entry(5, msgspec.json.encode(told), (), 0)) == ([], []) and histories.dirty()
