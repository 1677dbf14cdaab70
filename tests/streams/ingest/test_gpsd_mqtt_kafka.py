"""gpsd, MQTT and Signal K, from the documented commands into a real Kafka."""

import json
import time
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from aiohttp import web

from detectors.core.reports import RE_ENCODED
from streams.settings.model import Settings
from tests.streams.ingest.gpsd_rig import gpsd
from tests.streams.ingest.json_samples import CATCHER
from tests.streams.ingest.kafka_rig import topic, until
from tests.streams.ingest.mosquitto_rig import PASSWORD, USER, mosquitto, publish
from tests.streams.ingest.test_connectors_kafka import ingesting, lines
from tests.streams.ingest.test_gpsd import SENTENCES
from tests.streams.ingest.test_http_listen import free_port
from tests.streams.ingest.test_mqtt import LOCATION, METADATA, TOPIC
from tests.streams.ingest.test_signalk import VALUES, delta
from tests.streams.ingest.web_rig import served

pytestmark = pytest.mark.broker


def there(settings: Settings, *parts: bytes) -> Callable[[], bool]:
    """Whether the log has a line with each of these."""
    return lambda: all(any(part in line for line in lines(settings)) for part in parts)


def test_sentences_of_gpsd_reach_the_topic(settings: Settings, config: Path, tmp_path: Path) -> None:
    with gpsd(SENTENCES, tmp_path) as port, ingesting(config, f"pier=gpsd://127.0.0.1:{port}"):
        until(there(settings, *SENTENCES))
    cut_off = [letter.value for letter in topic(settings, "ais.dead.v1")]  # the line that was coming in at the stop
    assert all(any(sentence.startswith(value) for sentence in SENTENCES) for value in cut_off)


def test_messages_of_a_broker_reach_the_topic_through_losses(settings: Settings, config: Path, tmp_path: Path) -> None:
    """With a password in a file; what is refused is a dead letter; a wrong password ends that source alone."""
    right, wrong, metrics = tmp_path / "right", tmp_path / "wrong", free_port()
    right.write_text(PASSWORD + "\n")
    wrong.write_text("sesame\n")
    with config.open("a") as file:
        file.write(f"metrics_port = {metrics}\nreconnect_max_s = 0.2\n")
    now_s = int(time.time())
    secret = ("-u", USER, "-P", PASSWORD)
    with ExitStack() as broker:
        port = broker.enter_context(mosquitto(tmp_path, password=True))
        url = f"mqtt://{USER}@127.0.0.1:{port}/#?password-file="
        with ingesting(config, f"pier={url}{right}", f"thief={url}{wrong}", ends_with=1):
            until(lambda: 'wakewatch_source_connected{source="pier"} 1.0' in shown(metrics))
            publish(port, f"{TOPIC}/location", json.dumps({**LOCATION, "time": now_s}).encode(), *secret)
            publish(
                port, f"{TOPIC}/metadata", json.dumps({**METADATA, "timestamp": now_s * 1000 + 35}).encode(), *secret
            )
            publish(port, f"{TOPIC}/location", b'{"lat": 1.0, "lon": 2.0}', *secret)
            until(there(settings, f"s:pier{RE_ENCODED},c:{now_s}000".encode(), b"c:%d035" % now_s))
            broker.close()
            until(lambda: 'wakewatch_source_connected{source="pier"} 0.0' in shown(metrics))
            broker.enter_context(mosquitto(tmp_path, port=port, password=True))
            until(lambda: 'wakewatch_source_connected{source="pier"} 1.0' in shown(metrics))
            publish(port, "ais/data", json.dumps({**CATCHER, "rxuxtime": now_s + 1.25}).encode(), *secret)
            until(there(settings, b"c:%d250" % (now_s + 1)))
            until(lambda: len(topic(settings, "ais.dead.v1")) == 1)
            assert 'wakewatch_source_reconnects_total{source="pier"} 1.0' in shown(metrics)
    (letter,) = topic(settings, "ais.dead.v1")
    assert dict(letter.headers)["detail"] == b"no time"


def shown(port: int) -> str:
    """What /metrics shows; nothing while it does not answer."""
    try:
        return urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10).read().decode()
    except OSError:
        return ""


def test_deltas_of_signal_k_reach_the_topic(settings: Settings, config: Path) -> None:
    async def handle(request: web.Request) -> web.WebSocketResponse:
        talk = web.WebSocketResponse()
        await talk.prepare(request)
        await talk.send_str(json.dumps(delta(VALUES)))
        await talk.send_str("rubbish")
        await talk.receive()
        return talk

    with served(handle) as port, ingesting(config, f"boat=signalk://127.0.0.1:{port}"):
        until(there(settings, f"s:boat{RE_ENCODED}".encode()))
        until(lambda: len(topic(settings, "ais.dead.v1")) == 1)
