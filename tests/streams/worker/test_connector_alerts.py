"""Every kind of connector in one ingest, by its documented URL, to alerts of a worker."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import pytest
from aiohttp import web
from kafka.admin import NewTopic

from detectors.core.alert import Alert
from streams.broker import clients
from streams.broker.reading import read
from streams.nmea import encoder
from streams.nmea.encoder import EncodedFix
from streams.settings.model import KafkaSettings
from tests.streams.ingest.gpsd_rig import gpsd
from tests.streams.ingest.json_samples import AISSTREAM, CATCHER
from tests.streams.ingest.kafka_rig import command, until
from tests.streams.ingest.mosquitto_rig import mosquitto, publish
from tests.streams.ingest.test_gpsd_mqtt_kafka import shown
from tests.streams.ingest.test_http_listen import BATCH, free_port, post
from tests.streams.ingest.test_mqtt import LOCATION
from tests.streams.ingest.test_signalk import VALUES, delta
from tests.streams.ingest.web_rig import served
from tests.streams.worker.conftest import PATIENCE_S, StartWorker, make_topics

pytestmark = pytest.mark.broker
PLACE: Final = EncodedFix(59.5, 10.5, 12.3, 90.5, 91)


class Feed(NamedTuple):
    """What a source tells of: a listed vessel, as which station, and whether its sentence is ours."""

    mmsi: int
    station: str
    re_encoded: bool


FEEDS: Final[Mapping[str, Feed]] = {
    "catcher": Feed(273_100_001, "roof", False),
    "posts": Feed(273_100_002, "pier", True),
    "broker": Feed(273_100_003, "broker", True),
    "hill": Feed(273_100_004, "hill", False),
    "foreign": Feed(273_100_005, "foreign", True),
    "boat": Feed(273_100_006, "boat", True),
    "service": Feed(273_100_007, "service", True),
}


def sentence(name: str) -> bytes:
    (line,) = encoder.sentences(encoder.position(FEEDS[name].mmsi, PLACE, status=0))
    return line


def rfc3339_now(form: str) -> str:
    return datetime.now(UTC).strftime(form)


async def boat(request: web.Request) -> web.WebSocketResponse:
    """A Signal K server."""
    talk = web.WebSocketResponse()
    await talk.prepare(request)
    told = delta(VALUES, timestamp=rfc3339_now("%Y-%m-%dT%H:%M:%S.000Z"))
    await talk.send_json(told | {"context": f"vessels.urn:mrn:imo:mmsi:{FEEDS['boat'].mmsi}"})
    await talk.receive()
    return talk


async def service(request: web.Request) -> web.WebSocketResponse:
    """As aisstream.io."""
    talk = web.WebSocketResponse()
    await talk.prepare(request)
    await talk.receive()
    mmsi = FEEDS["service"].mmsi
    meta = {"MMSI": mmsi, "time_utc": rfc3339_now("%Y-%m-%d %H:%M:%S.000000000 +0000 UTC")}
    body: dict[str, Any] = AISSTREAM["Message"]["PositionReport"]
    told = AISSTREAM | {"MetaData": meta, "Message": {"PositionReport": body | {"UserID": mmsi}}}
    await talk.send_json(told)
    await talk.receive()
    return talk


class Ports(NamedTuple):
    """Where the sources are."""

    catcher: int
    posts: int
    broker: int
    metrics: int


@pytest.fixture
def kafka(kafka_settings: KafkaSettings) -> KafkaSettings:
    made = msgspec.structs.replace(kafka_settings, partitions=1)
    make_topics(made)
    admin = clients.admin(made)
    admin.create_topics([NewTopic(f"{made.topic_prefix}foreign", 1, 1)])
    admin.close()
    return made


@pytest.fixture
def ingest(kafka: KafkaSettings, tmp_path: Path) -> Iterator[Ports]:
    """All connectors in one process, connected; it must end in good order."""
    config, key, metrics = tmp_path / "wakewatch.toml", tmp_path / "key", free_port()
    config.write_text(
        f'[kafka]\nbootstrap_servers = "{kafka.bootstrap_servers}"\npartitions = 1\n'
        f'topic_prefix = "{kafka.topic_prefix}"\n[ingest]\nmetrics_port = {metrics}\n'
    )
    key.write_text("a-key\n")
    with contextlib.ExitStack() as counterparts:
        broker = counterparts.enter_context(mosquitto(tmp_path))
        hill = counterparts.enter_context(gpsd([sentence("hill")], tmp_path))
        signalk, aisstream = (counterparts.enter_context(served(handle)) for handle in (boat, service))
        with socket.socket(type=socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            catcher = free.getsockname()[1]
        ports = Ports(catcher, free_port(), broker, metrics)
        process = subprocess.Popen(
            command(
                config,
                f"catcher=udp://127.0.0.1:{catcher}",
                f"posts=http-listen://127.0.0.1:{ports.posts}/ais",
                f"broker=mqtt://127.0.0.1:{broker}/#",
                f"hill=gpsd://127.0.0.1:{hill}",
                f"foreign=kafka://{kafka.bootstrap_servers}/{kafka.topic_prefix}foreign?from=oldest",
                f"boat=signalk://127.0.0.1:{signalk}",
                f"service=aisstream+ws://127.0.0.1:{aisstream}?key-file={key}",
            ),
            stderr=subprocess.PIPE,
        )
        try:
            connected = [f'source_connected{{source="{name}"}} 1.0' for name in ("broker", "hill", "foreign")]
            until(lambda: all(sample in shown(metrics) for sample in connected) and answers(ports.posts))
            yield ports
            process.send_signal(signal.SIGTERM)
            _, said = process.communicate(timeout=PATIENCE_S)
        finally:
            process.kill()
    assert process.returncode == 0 and b"Traceback" not in said, said.decode()


def answers(port: int) -> bool:
    with contextlib.suppress(OSError):
        return post(port, b"", path="/ais") == 200
    return False


def tell(ports: Ports, kafka: KafkaSettings) -> None:
    """What the counterparts send that do not speak by themselves."""
    now_s = int(time.time())
    told = CATCHER | {"nmea": [sentence("catcher").decode()], "rxuxtime": now_s, "station_id": "roof"}
    with socket.socket(type=socket.SOCK_DGRAM) as datagrams:
        datagrams.sendto(json.dumps(told).encode(), ("127.0.0.1", ports.catcher))
    decoded = {name: value for name, value in CATCHER.items() if name != "nmea"}
    decoded |= {"mmsi": FEEDS["posts"].mmsi, "rxuxtime": now_s}
    batch = BATCH | {"stationid": "pier", "msgs": [decoded]}
    assert post(ports.posts, json.dumps(batch).encode(), path="/ais") == 200
    location = json.dumps(LOCATION | {"time": now_s}).encode()
    publish(ports.broker, f"vessels-v2/{FEEDS['broker'].mmsi}/location", location)
    row = {"mmsi": FEEDS["foreign"].mmsi, "time": now_s, "lat": 59.5, "lon": 10.5, "sog": 12.3, "cog": 90.5}
    producer = clients.producer(kafka)
    producer.send(f"{kafka.topic_prefix}foreign", json.dumps(row).encode(), partition=0)
    producer.close()


def hits(kafka: KafkaSettings) -> list[Alert]:
    values = (record.value for record in read(kafka, "ais.alerts.v1"))
    alerts = [msgspec.json.decode(value, type=Alert) for value in values if value]
    return [alert for alert in alerts if alert.detector == "watchlist"]


def all_heard(kafka: KafkaSettings) -> Callable[[], bool]:
    wanted = {feed.mmsi for feed in FEEDS.values()}
    return lambda: {alert.mmsi for alert in hits(kafka)} >= wanted


def test_a_listed_vessel_of_each_connector_is_an_alert_with_the_evidence_of_its_source(
    kafka: KafkaSettings, ingest: Ports, start_worker: StartWorker, tmp_path: Path
) -> None:
    listed = tmp_path / "own.csv"
    listed.write_text("name,mmsi\n" + "".join(f"SHIP {feed.mmsi},{feed.mmsi}\n" for feed in FEEDS.values()))
    tell(ingest, kafka)
    worker = start_worker(kafka, WAKEWATCH_REFERENCE_WATCHLISTS=str(listed))
    worker.until(all_heard(kafka))
    found = hits(kafka)
    assert len({alert.id for alert in found}) == len(FEEDS)
    for feed in FEEDS.values():
        pieces = [piece for alert in found if alert.mmsi == feed.mmsi for piece in alert.evidence]
        assert {(piece.source, piece.re_encoded) for piece in pieces} == {(feed.station, feed.re_encoded)}
    received = {piece.sentence.encode() for alert in found for piece in alert.evidence if not piece.re_encoded}
    assert received == {sentence("catcher"), sentence("hill")}
    assert not any(alert.replayed for alert in found)
