"""Metrics: the names that dashboards live on, what ingest and the worker make of them, and the server."""

import http.client
import io
import math
import re
import socket
import struct
import threading
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import msgspec
import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from detectors.core.alert import Alert
from detectors.core.reference import ListedShip
from detectors.core.ticks import FeedRules
from streams.errors import ConfigError, Reason
from streams.ingest.core import Ingest
from streams.ingest.meter import IngestMeter
from streams.ingest.model import SourceKind
from streams.ingest.source_runner import RunnerState
from streams.observability.metrics import Metrics, memory_cap_bytes
from streams.observability.metrics_server import LOOPBACK, Answer, MetricsServer, serve
from streams.pipeline.replay import InProcessPipeline, ReplayPlan, play
from streams.reference import load_reference
from streams.settings.model import Settings
from streams.worker.meter import WorkerMeter
from streams.worker.observer import Observer, PartitionStanding, RecordsTaken, Tallies, tallies_of
from tests.ops.feed import past
from tests.ops.programs import until

LOG_2 = ("ais.sentences.v1", 2)
WANTED = """\
sentences_total{source} reports_total{type} rejected_total{reason} dead_letters_total{reason}
vessels{partition} evicted_total{reason} alerts_total{detector,status,severity} alerts_open{detector}
feed_last_sentence_timestamp_seconds{source} feed_up{source} feed_lateness_seconds{source}
watermark_timestamp_seconds{partition}
lag_records{partition} stalled_seconds{partition} broker_up log_partitions
record_set_aside_timestamp_seconds
step_duration_seconds ingest_to_alert_seconds snapshot_duration_seconds snapshot_bytes
recovery_seconds detector_errors_total{detector} cannot_tell_total{reason} false_alarms_total{detector}
duplicate_reports_total late_reports_total worker_restarts_total memory_bytes memory_cap_bytes
tag_block_checksum_errors_total other_lines_total{source} screened_rows_total{detector} watchlist_entries{list}
watchlist_loaded_timestamp_seconds{list} notifications_total{target,outcome} build_info{version}
unreadable_records_total{topic} notify_failing_seconds{target}
images_matched_total{outcome} sightings_reported_total image_wait_seconds
traffic_reports_total traffic_vessels{timeline} traffic_track_points{timeline} traffic_left_out{timeline,reason}
traffic_unread_records
source_connected{source} source_reconnects_total{source} source_last_message_timestamp_seconds{source}"""


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(CollectorRegistry())


@pytest.fixture
def server(metrics: Metrics) -> Iterator[MetricsServer]:
    answers = iter([(False, "no partition is assigned yet"), (True, "4 partitions")])
    with serve(LOOPBACK, 0, metrics.registry, lambda: next(answers)) as running:
        yield running


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(f"wakewatch_{name}", labels)


def get(port: int, path: str, method: str = "GET") -> tuple[int, str]:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def alert(**changes: object) -> Alert:
    fields: dict[str, object] = {
        "id": "0" * 32,
        "revision": 1,
        "status": "opened",
        "detector": "gap",
        "rule_version": 1,
        "severity": "page",
        "subject": "mmsi/273999001",
        "case_id": "imo/9179842",
        "mmsi": 273_999_001,
        "headline": "ANGARA silent",
        "episode_start": "2024-02-04T04:12:00.000Z",
        "time": "2024-02-04T05:12:00.000Z",
    }
    return Alert(**{**fields, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("wanted", WANTED.split())
def test_every_family_has_its_name_and_labels(metrics: Metrics, wanted: str) -> None:
    name, _, rest = wanted.partition("{")
    labels = tuple(rest.rstrip("}").split(",")) if rest else ()
    families = {
        m._name + ("_total" if m._type == "counter" else ""): m
        for m in vars(metrics).values()
        if hasattr(m, "_labelnames")
    }
    assert families[f"wakewatch_{name}"]._labelnames == labels


def test_a_process_that_does_not_ask_kafka_is_not_one_that_kafka_leaves_unanswered(metrics: Metrics) -> None:
    """0 would page: ingest, notify and rows are scraped by the same rules as the workers."""
    assert math.isnan(value(metrics, "broker_up") or 0.0)


def test_ingest_counts_what_the_core_counted(metrics: Metrics, feed: bytes) -> None:
    meter, ingest = IngestMeter(metrics, FeedRules(), clock_s=lambda: 0.0), Ingest("pier", 4)
    for half in (feed[: len(feed) // 2], feed[len(feed) // 2 :]):
        ingest.feed(half)
        meter(RunnerState(source="pier", counts=ingest.counts, pending=0, clock_ms=ingest.clock_ms, held=0))
    assert value(metrics, "sentences_total", source="pier") == ingest.counts.sentences > 1000
    assert value(metrics, "rejected_total", reason="checksum") == 1 == ingest.counts.rejected[Reason.CHECKSUM]
    assert value(metrics, "dead_letters_total", reason="checksum") == 1
    assert value(metrics, "tag_block_checksum_errors_total") == ingest.counts.tag_block_checksum_errors > 0
    assert value(metrics, "feed_last_sentence_timestamp_seconds", source="pier") == (ingest.clock_ms or 0) / 1000


@pytest.mark.parametrize("live", [True, False])
def test_lines_that_are_no_ais_are_counted_of_live_sources(metrics: Metrics, live: bool) -> None:
    meter, ingest = IngestMeter(metrics, FeedRules()), Ingest("pier", 4, source_kind=SourceKind(live=True))
    for _ in range(2):
        ingest.feed(b"<html>\n" * 30)
        state = RunnerState(source="pier", counts=ingest.counts, pending=0, clock_ms=None, held=0, live=live)
        meter(state)
    meter(msgspec.structs.replace(state, ended=True))
    meter(msgspec.structs.replace(state, ended=True))
    assert (value(metrics, "other_lines_total", source="pier") or 0) == (60 if live else 0)


def test_what_the_outbox_dropped_is_refused_but_no_letter(metrics: Metrics) -> None:
    meter, ingest = IngestMeter(metrics, FeedRules()), Ingest("pier", 4)
    ingest.counts.rejected[Reason.BUFFER_FULL] = 7
    meter(RunnerState(source="pier", counts=ingest.counts, pending=0, clock_ms=None, held=0))
    assert value(metrics, "rejected_total", reason="buffer_full") == 7
    assert value(metrics, "dead_letters_total", reason="buffer_full") is None


def test_a_feed_is_down_when_silent_for_long_and_gone_when_ended(metrics: Metrics) -> None:
    now = [0.0]
    meter, ingest = IngestMeter(metrics, FeedRules(), clock_s=lambda: now[0]), Ingest("pier", 4)

    def tell(second: float, sentences: int, *, ended: bool = False, believed: bool = True) -> float | None:
        now[0], ingest.counts.sentences = second, sentences
        clock_ms = sentences if believed else 101
        meter(RunnerState(source="pier", counts=ingest.counts, pending=0, clock_ms=clock_ms, held=0, ended=ended))
        return value(metrics, "feed_up", source="pier")

    assert tell(1, 100) == 1
    assert tell(61, 100) == 1
    assert tell(62, 100) == 0
    assert tell(63, 101) == 1
    for second in range(125, 150):  # its clock is wrong: no time in it is believed, and its spacing is as before
        assert tell(second, 100 + second, believed=False) == 0
    assert tell(150, 250) == 1
    assert meter.ready() == (True, "1 source is read")
    now[0] = 200
    assert meter.ready() == (False, "no data processed from pier")
    assert tell(201, 250, ended=True) is None


def test_connections_and_their_losses_are_shown_of_sources_that_have_them(metrics: Metrics) -> None:
    meter, ingest = IngestMeter(metrics, FeedRules()), Ingest("pier", 4)
    state = RunnerState(source="pier", counts=ingest.counts, pending=0, clock_ms=None, held=0, live=True)
    meter(msgspec.structs.replace(state, source="udp", last_message_ms=5000))
    assert value(metrics, "source_connected", source="udp") is None
    assert value(metrics, "source_last_message_timestamp_seconds", source="udp") == 5
    for connected, reconnects in ((0, 0), (1, 2), (1, 3)):
        meter(msgspec.structs.replace(state, connected=connected, reconnects=reconnects))
        assert value(metrics, "source_connected", source="pier") == connected
        assert value(metrics, "source_reconnects_total", source="pier") == reconnects
    meter(msgspec.structs.replace(state, connected=0, reconnects=3, ended=True))
    assert value(metrics, "source_connected", source="pier") is None


def test_a_sparse_feed_is_not_down_between_its_sentences(metrics: Metrics) -> None:
    now = [0.0]
    meter, ingest = IngestMeter(metrics, FeedRules(), clock_s=lambda: now[0]), Ingest("pier", 4)
    for second in range(0, 200 * 60, 60):  # a sentence a minute
        now[0], ingest.counts.sentences = second, second // 60
        meter(RunnerState(source="pier", counts=ingest.counts, pending=0, clock_ms=1000 * second, held=0))
    now[0] += 600
    meter(RunnerState(source="pier", counts=ingest.counts, pending=0, clock_ms=None, held=0))
    assert value(metrics, "feed_up", source="pier") == 1


def test_the_worker_s_meter_shows_what_it_is_told(metrics: Metrics) -> None:
    meter: Observer = WorkerMeter(metrics, wall_s=lambda: 1000.5)
    taken = RecordsTaken(
        partition=2,
        source="pier",
        tick=False,
        sentences=10,
        reports=8,
        alerts=[alert()],
        letters=["checksum", "detector"],
        step_s=0.003,
    )
    meter.taken(taken)
    assert value(metrics, "ingest_to_alert_seconds_count") == 0  # not before Kafka has acknowledged it
    meter.delivered(1_000_000)
    tallies = Tallies(
        duplicates=3,
        late=1,
        types={1: 6, 5: 2},
        judged={"gap": 4},
        failures={"gap": 1},
        cannot_tell={"few_peers": 2},
        evicted={"newcomer": 9},
    )
    standing = PartitionStanding(partition=2, where=LOG_2, watermark_ms=1_700_000_000_000, vessels=7, tallies=tallies)
    meter.standing([standing], {"gap": 1})
    meter.standing([standing._replace(tallies=tallies._replace(duplicates=5, types={1: 7, 5: 2}))], {"gap": 1})
    meter.snapshot(2, 0.1, 4096)
    meter.snapshot(3, 0.1, 0)  # nothing had changed there
    meter.recovered([2], 1.5)
    meter.restarted(3)
    assert value(metrics, "reports_total", type="1") == 7
    assert value(metrics, "reports_total", type="5") == 2
    assert value(metrics, "duplicate_reports_total") == 5
    assert value(metrics, "late_reports_total") == 1
    assert value(metrics, "screened_rows_total", detector="gap") == 4
    assert value(metrics, "detector_errors_total", detector="gap") == 1
    assert value(metrics, "cannot_tell_total", reason="few_peers") == 2
    assert value(metrics, "evicted_total", reason="newcomer") == 9
    assert value(metrics, "rejected_total", reason="checksum") == 1
    assert value(metrics, "rejected_total", reason="detector") is None
    assert value(metrics, "ready") == 0  # nobody has said yet that it is
    assert value(metrics, "dead_letters_total", reason="detector") == 1
    assert value(metrics, "alerts_total", detector="gap", status="opened", severity="page") == 1
    assert value(metrics, "ingest_to_alert_seconds_sum") == 0.5
    assert value(metrics, "watermark_timestamp_seconds", partition="2") == 1_700_000_000
    assert value(metrics, "snapshot_bytes") == 4096
    assert value(metrics, "worker_restarts_total") == 3


class Looked:
    """What a worker's health would say."""

    broker_up, partitions, behind, answer_s = True, 3.0, 5.0, 0.1

    def ready(self) -> tuple[bool, str]:
        return self.broker_up, ""

    def lag(self, where: tuple[str, int]) -> float:
        return self.behind if where == LOG_2 else math.nan

    stalled_s = lag


def test_what_is_behind_is_asked_for_at_each_scrape_and_is_unknown_when_kafka_is_away(metrics: Metrics) -> None:
    meter, looked = WorkerMeter(metrics), Looked()
    meter.follow(looked)
    meter.standing([PartitionStanding(2, LOG_2, 1, 1)], {})
    names = ("lag_records", "stalled_seconds")
    assert [value(metrics, name, partition="2") for name in names] == [5, 5]
    assert [value(metrics, name) for name in ("ready", "broker_up", "log_partitions")] == [1, 1, 3]
    looked.broker_up, looked.partitions, looked.behind = False, math.nan, math.nan
    told = [value(metrics, name, partition="2") for name in names] + [value(metrics, "log_partitions")]
    assert all(one is not None and math.isnan(one) for one in told)
    assert [value(metrics, name) for name in ("ready", "broker_up")] == [0, 0]
    meter.standing([], {})
    assert [value(metrics, name, partition="2") for name in names] == [None, None]


def test_a_partition_let_go_is_not_spoken_of_and_no_open_alerts_is_zero(metrics: Metrics) -> None:
    meter = WorkerMeter(metrics)
    both = [PartitionStanding(partition=p, where=("log", p), watermark_ms=1, vessels=1) for p in (0, 1)]
    meter.standing(both, {"gap": 2})
    meter.standing(both[:1], {})
    assert value(metrics, "vessels", partition="1") is None
    assert value(metrics, "alerts_open", detector="gap") == 0
    meter.released()
    assert value(metrics, "vessels", partition="0") is None


def test_no_series_names_a_ship(metrics: Metrics, feed: bytes) -> None:
    meter = WorkerMeter(metrics)
    meter.taken(RecordsTaken(0, "pier", False, 1, 1, [alert()], [], 0.001))
    text = generate_latest(metrics.registry).decode()
    assert 'detector="gap"' in text
    assert not re.search(r'="[^"]*(\d{7}|ANGARA)[^"]*"', text)


def test_memory_is_this_process_s(metrics: Metrics) -> None:
    assert 1e6 < (value(metrics, "memory_bytes") or 0) < (value(metrics, "memory_cap_bytes") or 0)


@pytest.mark.parametrize(
    ("own", "limits", "cap"),
    [
        (
            "0::/system.slice/wakewatch@ingest.service\n",
            {"system.slice/wakewatch@ingest.service/memory.max": "7000"},
            7000,
        ),
        ("0::/pods/a\n", {"pods/memory.max": "5000", "pods/a/memory.max": "max"}, 5000),
        ("0::/\n", {"memory.max": "6000"}, 6000),
        ("3:cpu:/x\n4:memory:/docker/0f\n", {"memory/memory.limit_in_bytes": "4000"}, 4000),
    ],
)
def test_the_memory_cap_is_that_of_the_unit_or_of_what_it_is_in(
    tmp_path: Path, own: str, limits: dict[str, str], cap: float
) -> None:
    (tmp_path / "own").write_text(own)
    for name, text in limits.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text + "\n")
    assert memory_cap_bytes(tmp_path / "own", tmp_path) == cap


def test_the_server_answers(server: MetricsServer) -> None:
    assert get(server.port, "/healthz") == (200, "alive\n")
    assert get(server.port, "/readyz") == (503, "no partition is assigned yet\n")
    assert get(server.port, "/readyz") == (200, "4 partitions\n")
    assert get(server.port, "/etc/passwd")[0] == 404
    assert get(server.port, "/metrics", "HEAD") == (200, "")
    status, text = get(server.port, "/metrics")
    assert status == 200
    names = {family.name for family in text_string_to_metric_families(text)}
    assert {"wakewatch_build_info", "process_cpu_seconds", "wakewatch_lag_records"} <= names


@pytest.mark.parametrize("fault", [False, True])
def test_who_hangs_up_leaves_no_word_and_a_fault_one_line(
    metrics: Metrics, capfd: pytest.CaptureFixture[str], fault: bool
) -> None:
    gone = threading.Event()

    def answer(_: object) -> Answer:
        assert gone.wait(5)
        if fault:
            raise ValueError("no answer")
        return Answer(HTTPStatus.OK, bytes(8_000_000))

    with (
        serve(LOOPBACK, 0, metrics.registry, lambda: (True, ""), {"/large": answer}) as running,
        capture_logs() as said,
    ):
        asking = socket.create_connection((LOOPBACK, running.port))
        asking.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # hangs up with a reset
        asking.sendall(b"GET /large HTTP/1.0\r\n\r\n")
        until(lambda: any("process_request" in thread.name for thread in threading.enumerate()))
        asking.close()
        gone.set()
        until(lambda: not any("process_request" in thread.name for thread in threading.enumerate()))
    assert [(line["event"], line["error"]) for line in said] == (
        [("a request was not answered", "ValueError('no answer')")] if fault else []
    )
    assert capfd.readouterr().err == ""


def test_a_taken_port_is_one_line(server: MetricsServer, metrics: Metrics) -> None:
    with pytest.raises(ConfigError, match=f"cannot listen on 127.0.0.1:{server.port}"):
        serve(LOOPBACK, server.port, metrics.registry, lambda: (True, ""))


def test_the_global_registry_is_left_alone() -> None:
    sources = Path(__file__).parents[2].joinpath("streams").rglob("*.py")
    assert not [path for path in sources if re.search(r"import.*\bREGISTRY\b", path.read_text())]


def test_a_partition_taken_over_anew_counts_on(metrics: Metrics) -> None:
    meter = WorkerMeter(metrics)
    for types in ({1: 6}, {1: 8}, {1: 2}, {1: 3}):  # the third is a new engine's
        meter.standing([PartitionStanding(0, LOG_2, 1, 1, Tallies(types=types))], {})
    assert value(metrics, "reports_total", type="1") == 11


def test_what_was_no_meeting_is_counted_by_reason_also_after_a_restart(metrics: Metrics) -> None:
    meter = WorkerMeter(metrics)
    assert value(metrics, "no_meetings_total", reason="pilot") == 0
    for pilots in (6, 8, 2, 3):  # the third is a new stage's
        told = Tallies(no_meetings={"pilot": pilots})
        meter.standing([PartitionStanding("slow", LOG_2, 1, 0, told)], {})
    assert value(metrics, "no_meetings_total", reason="pilot") == 11


def test_an_engine_s_counts_reach_the_metrics(metrics: Metrics, feed: bytes) -> None:
    pipeline = InProcessPipeline(Settings(), load_reference(Settings().reference), 1)
    plan = ReplayPlan(source="feed", partitions=1, source_kind=SourceKind(replayed=True))
    read = feed.splitlines(keepends=True)
    alerts = [
        i for i in play([io.BytesIO(b"".join(read + read[-1:]))], plan, pipeline, Settings()) if hasattr(i, "alert")
    ]
    told = tallies_of(pipeline.engines[0])
    WorkerMeter(metrics).standing(
        [PartitionStanding(0, LOG_2, 1, pipeline.engines[0].vessels, told)], pipeline.engines[0].open_alerts()
    )
    assert value(metrics, "reports_total", type="1") == pipeline.totals.reports - (
        value(metrics, "reports_total", type="5") or 0
    )
    assert value(metrics, "duplicate_reports_total") == 1
    assert (
        (value(metrics, "screened_rows_total", detector="gap") or 0)
        >= sum(i.alert.detector == "gap" for i in alerts)
        > 0
    )
    assert value(metrics, "detector_errors_total", detector="gap") == 0
    assert (value(metrics, "alerts_open", detector="port_proximity") or 0) > 0


def test_a_silence_that_cannot_be_judged_is_counted_by_reason(metrics: Metrics) -> None:
    """An unlisted ship that was heard alone is silent for an hour and a half: no alert, and not unnoticed."""
    pipeline = InProcessPipeline(Settings(), load_reference(Settings().reference), 1)
    plan = ReplayPlan(source="pier", partitions=1, source_kind=SourceKind(replayed=True))
    read = past(1_700_000_000)
    alerts = [i.alert for i in play([io.BytesIO(read)], plan, pipeline, Settings()) if hasattr(i, "alert")]
    WorkerMeter(metrics).standing([PartitionStanding(0, LOG_2, 1, 1, tallies_of(pipeline.engines[0]))], {})
    assert not [alert for alert in alerts if alert.mmsi == 205_000_900]
    assert value(metrics, "cannot_tell_total", reason="ordinary_here") == 1


def test_lists_show_how_many_and_since_when_and_follow_an_import(metrics: Metrics) -> None:
    meter = WorkerMeter(metrics, wall_s=lambda: 1000.5)
    meter.lists(load_reference(Settings().reference).ships, 0)
    assert value(metrics, "watchlist_entries", list="OFAC") == 3
    assert value(metrics, "watchlist_loaded_timestamp_seconds", list="OFAC") == 1000.5
    meter.lists([ListedShip(list="EU", entry_id="1", name="MARIA", imo=8517839)], 2_000_000)
    assert value(metrics, "watchlist_entries", list="OFAC") is None
    assert value(metrics, "watchlist_entries", list="EU") == 1
    assert value(metrics, "watchlist_loaded_timestamp_seconds", list="EU") == 2000
    meter.fetched_every(24)
    assert value(metrics, "watchlist_fetch_interval_seconds") == 86_400
