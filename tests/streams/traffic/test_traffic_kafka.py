"""The traffic process on a real Kafka: what is in the log can be asked for, and strangers get nothing."""

import gzip
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from pyais.encode import encode_dict

from streams.broker.clients import admin, producer
from streams.errors import ConfigError
from streams.messages.log_records import (
    H_EVENT_TO,
    H_KIND,
    H_REPLAYED,
    H_SOURCE,
    KIND_SENTENCES,
    KIND_TICK,
    partition_of,
)
from streams.messages.topics import SENTENCES, create_missing
from streams.settings.model import KafkaSettings, Settings
from streams.settings.traffic import TrafficSettings
from streams.traffic.log_track import LinesOf, log_track
from streams.traffic.rules import rules_of
from streams.traffic.serving import TrafficServer, traffic_server
from streams.traffic.vessel_columns import Head, Vessels, decoded

pytestmark = pytest.mark.broker
PARTITIONS = 4
SHIP, OTHER = 273_999_001, 205_000_002
Say = Callable[..., None]
Start = Callable[..., TrafficServer]


def lines(mmsi: int, at_s: float, lat: float, lon: float) -> bytes:
    """A position of class A, heard by a station."""
    fields = {"msg_type": 1, "mmsi": mmsi, "lat": lat, "lon": lon, "speed": 12.0, "course": 0.0, "repeat": 0}
    said = encode_dict(fields, talker_id="AI", radio_channel="A")
    return b"\n".join(b"\\s:pier,c:%d*00\\%s" % (round(at_s * 1000), one.encode()) for one in said)


@pytest.fixture
def say(kafka_settings: KafkaSettings) -> Say:
    """Writes records of sentences as ingest does, and a tick after them."""
    client = admin(kafka_settings)
    create_missing(client, kafka_settings)
    client.close()

    def say(*fixes: tuple[int, float, float, float], recorded: bool = False, garbage: bytes = b"") -> None:
        sender, name = producer(kafka_settings), kafka_settings.topic_prefix + SENTENCES
        replayed = [(H_REPLAYED, b"1")] if recorded else []
        for mmsi, at_s, lat, lon in fixes:
            head = [(H_KIND, KIND_SENTENCES), (H_SOURCE, b"feed"), (H_EVENT_TO, b"%d" % (at_s * 1000)), *replayed]
            value = garbage + lines(mmsi, at_s, lat, lon)
            sender.send(name, value=value, headers=head, partition=partition_of(mmsi, PARTITIONS))
        last = max((at_s for _, at_s, *_ in fixes), default=time.time())
        for part in range(PARTITIONS):
            head = [(H_KIND, KIND_TICK), (H_SOURCE, b"feed"), (H_EVENT_TO, b"%d" % (last * 1000)), *replayed]
            sender.send(name, value=b"{}", headers=head, partition=part)
        sender.flush(20)
        sender.close()

    return say


@pytest.fixture
def start(kafka_settings: KafkaSettings, say: Say) -> Iterator[Start]:
    """Starts a traffic process on a free port; it ends with the test."""
    with ExitStack() as stack:

        def start(**more: Any) -> TrafficServer:
            settings = Settings(kafka=kafka_settings, traffic=TrafficSettings(port=0, **more))
            return stack.enter_context(traffic_server(settings))

        yield start


def get(running: TrafficServer, path: str, host: str = "localhost") -> tuple[int, bytes]:
    asked = urllib.request.Request(running.url + path, headers={"Host": host})
    try:
        with urllib.request.urlopen(asked, timeout=30) as answer:
            body = answer.read()
            return answer.status, gzip.decompress(body) if answer.headers["Content-Encoding"] == "gzip" else body
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def vessels(running: TrafficServer, path: str = "/api/traffic/vessels") -> tuple[Head, Vessels]:
    return decoded(get(running, path)[1])


def until(holds: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 60
    while not (found := holds()):
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.1)
    return found


def test_what_is_heard_is_known_and_strangers_get_nothing(say: Say, start: Start) -> None:
    now = time.time()
    say((SHIP, now - 600, 38.0, 132.0), (OTHER, now - 590, 38.5, 132.5), garbage=b"rubbish\n\xff\xfe\n")
    say(*((SHIP, now - 600 + 60 * n, 38.0 + n / 300, 132.0) for n in range(1, 10)))
    running = start()
    until(lambda: get(running, "/readyz")[0] == 200)
    head, found = until(lambda: (known := vessels(running))[0].count == 2 and known)
    assert sorted(found["mmsi"].tolist()) == [OTHER, SHIP] and not head.recorded
    track = json.loads(get(running, f"/api/traffic/track/{SHIP}")[1])
    assert track["lat_deg"][0] == pytest.approx(38.0) and track["lat_deg"][-1] == pytest.approx(38.03)
    said = json.loads(get(running, f"/api/traffic/vessels/{SHIP}")[1])
    assert (said["station"], said["sog_kn"]) == ("pier", 12.0)
    moment, found = vessels(running, f"/api/traffic/at?time={round((now - 570) * 1000)}")
    assert moment.count == 2 and SHIP in found["mmsi"]
    assert len(json.loads(get(running, "/api/traffic/coverage")[1])["age_s"]) == 2
    assert json.loads(get(running, "/api/traffic/status")[1])["state"] == "following"
    for path in ("/api/traffic/at?time=x", f"/api/traffic/track/{SHIP}?from=9999999999999999999", "/api/traffic/at"):
        assert get(running, path)[0] == 400, path
    assert get(running, "/api/traffic/vessels/1")[0] == 404
    assert get(running, "/api/traffic/vessels", host="evil.example")[0] == 421
    assert b'wakewatch_traffic_vessels{timeline="live"} 2.0' in get(running, "/metrics")[1]


def test_it_follows_and_says_what_has_changed(say: Say, start: Start) -> None:
    now = time.time()
    say((SHIP, now - 60, 38.0, 132.0))
    running = start()
    head, _ = until(lambda: (known := vessels(running))[0].count == 1 and known)
    say((OTHER, now, 38.0, 132.0))
    path = f"/api/traffic/vessels?since={head.version}"
    head, _ = until(lambda: (known := vessels(running, path))[1]["mmsi"].tolist() == [OTHER] and known)
    assert not head.whole and head.now_s == int(now)


def test_a_recording_is_not_mixed_with_what_is_live(say: Say, start: Start) -> None:
    say((SHIP, 1_700_000_000, 38.0, 132.0), recorded=True)
    running = start()
    head, _ = until(lambda: (known := vessels(running))[0].count == 1 and known)
    assert head.recorded and head.now_s == 1_700_000_000
    say((OTHER, time.time(), 38.0, 132.0))
    until(lambda: vessels(running)[1]["mmsi"].tolist() == [OTHER])
    assert vessels(running, "/api/traffic/vessels?recorded=1")[1]["mmsi"].tolist() == [SHIP]


def test_an_older_track_is_read_from_the_log(say: Say, start: Start, kafka_settings: KafkaSettings) -> None:
    now = time.time()
    say(*((SHIP, now - 7200 + 60 * n, 38.0 + n / 300, 132.0) for n in range(10)), (SHIP + 4, now, 10.0, 10.0))
    running = start(start_h=0.001)
    until(lambda: get(running, "/readyz")[0] == 200)
    found = log_track(kafka_settings, SHIP, int(now) - 8000, int(now), rules_of(TrafficSettings()))
    assert found.read_to_s is None and len(found.points.time_s) >= 2
    assert set(found.points.mmsi.tolist()) == {SHIP}
    asked = f"/api/traffic/track/{SHIP}?from={round((now - 8000) * 1000)}"
    said = until(lambda: (got := json.loads(get(running, asked)[1]))["held_from_s"] and got)
    assert said["from_log"] and said["read_to_s"] is None and said["lat_deg"][-1] == pytest.approx(38.03)
    nothing = log_track(kafka_settings, SHIP, int(now) - 900_000, int(now) - 800_000, rules_of(TrafficSettings()))
    assert len(nothing.points.time_s) == 0


def test_only_lines_of_the_vessel_are_decoded() -> None:
    mine, others = lines(SHIP, 1, 38.0, 132.0), [lines(SHIP + 4 * n, 1, 38.0, 132.0) for n in range(1, 200)]
    assert LinesOf(SHIP)(b"\n".join([*others[:100], mine, *others[100:]])) == [mine]
    assert LinesOf(SHIP)(mine) == [mine] and LinesOf(SHIP)(b"") == []


def test_what_cannot_work_is_reported_before(say: Say, start: Start, kafka_settings: KafkaSettings) -> None:
    running = start()
    taken = Settings(kafka=kafka_settings, traffic=TrafficSettings(port=running.port))
    with pytest.raises(ConfigError, match="--port"), traffic_server(taken):
        pass
    elsewhere = KafkaSettings(bootstrap_servers=kafka_settings.bootstrap_servers, topic_prefix="nowhere.")
    with pytest.raises(ConfigError, match="topics create"), traffic_server(Settings(kafka=elsewhere)):
        pass
