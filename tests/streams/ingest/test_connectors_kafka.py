"""The documented commands of connectors, from their counterpart into a real Kafka."""

import contextlib
import http.client
import json
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web

from streams.settings.model import Settings
from tests.streams.ingest.json_samples import AISSTREAM, BARE
from tests.streams.ingest.kafka_rig import PATIENCE_S, command, topic, until
from tests.streams.ingest.test_aisstream import KEY, Service
from tests.streams.ingest.test_http_listen import BATCH, free_port, post
from tests.streams.ingest.web_rig import served

pytestmark = pytest.mark.broker


@contextlib.contextmanager
def ingesting(config: Path, *urls: str, ends_with: int = 0) -> Iterator[None]:
    """The command, until it is asked to stop; it must end with this code and no traceback."""
    process = subprocess.Popen(command(config, *urls), stderr=subprocess.PIPE)
    try:
        yield
        process.send_signal(signal.SIGTERM)
        _, talk = process.communicate(timeout=PATIENCE_S)
    finally:
        process.kill()
    assert process.returncode == ends_with, talk.decode()
    assert b"Traceback" not in talk and KEY.encode() not in talk


def lines(settings: Settings) -> list[bytes]:
    records = topic(settings, "ais.sentences.v1")
    return [line for record in records for line in record.value.split(b"\n") if b"!AIVDM" in line]


def test_aisstream_is_read_through_losses_and_a_wrong_key_ends_it_alone(
    settings: Settings, config: Path, tmp_path: Path
) -> None:
    key, metrics = tmp_path / "key", free_port()
    key.write_text(KEY + "\n")
    with config.open("a") as file:
        file.write(f"metrics_port = {metrics}\nreconnect_max_s = 0.1\n")
    unreadable = json.dumps(AISSTREAM | {"Message": {"PositionReport": {"UserID": "five"}}})
    service = Service([json.dumps(AISSTREAM), 1000], [unreadable, json.dumps(AISSTREAM).encode()])
    refusing = Service(['{"error": "Api Key Is Not Valid"}'])
    with served(service.handle) as port, served(refusing.handle) as other:
        urls = (f"aisstream+ws://127.0.0.1:{at}?key-file={key}" for at in (port, other))
        good, wrong = urls
        with ingesting(config, good, f"wrong={wrong}", ends_with=1):
            until(lambda: len(lines(settings)) == 2)
            until(lambda: len(topic(settings, "ais.dead.v1")) == 1)

            def shown(sample: str) -> bool:
                return sample in urllib.request.urlopen(f"http://127.0.0.1:{metrics}/metrics").read().decode()

            until(lambda: shown('wakewatch_source_reconnects_total{source="aisstream"} 1.0'))
            until(lambda: shown('wakewatch_source_connected{source="aisstream"} 1.0'))
    assert len(service.subscriptions) == 2 and service.subscriptions[0]["APIKey"] == KEY
    assert all(line.startswith(b"\\s:aisstream:re-encoded,c:1709510405000*") for line in lines(settings))
    (letter,) = topic(settings, "ais.dead.v1")
    assert letter.value == unreadable.encode() and dict(letter.headers)["reason"] == b"malformed"


def test_posts_of_a_receiver_reach_the_topic_and_garbage_the_dead_letters(settings: Settings, config: Path) -> None:
    port = free_port()
    with ingesting(config, f"http-listen://:{port}"):

        def is_there() -> bool:
            with contextlib.suppress(OSError, http.client.HTTPException):
                return post(port, b"") == 200
            return False

        until(is_there)
        assert post(port, json.dumps(BATCH).encode()) == 200
        assert post(port, b"garbage") == 400
        until(lambda: len(lines(settings)) == 1 and len(topic(settings, "ais.dead.v1")) == 1)
    (line,) = lines(settings)
    assert line.startswith(b"\\s:MyStation,c:1709510405250*") and line.endswith(BARE)
    (letter,) = topic(settings, "ais.dead.v1")
    assert letter.value == b"garbage"


@pytest.mark.parametrize(
    "wrong", ["tcp://a..b:99", "mqtt://" + "a" * 70 + "/t", "signalk://h?token-file={}", "gpsd://h:0"]
)
def test_a_url_that_can_never_work_is_a_wrong_setting(settings: Settings, config: Path, wrong: str) -> None:
    secret = config.parent / "token"
    secret.write_text("two\nlines\n")
    call = command(config, "udp://127.0.0.1:0", wrong.format(secret))
    run = subprocess.run(call, capture_output=True, timeout=PATIENCE_S, check=False)
    assert run.returncode == 2 and b"Traceback" not in run.stderr and run.stderr.count(b"\n") < 5, run.stderr
    assert not topic(settings, "ais.sentences.v1")


def test_a_source_with_a_fault_does_not_stop_the_others(settings: Settings, config: Path) -> None:
    """A host that does not exist, and a server whose answer the library does not understand."""

    async def handle(request: web.Request) -> web.Response:
        return web.Response(status=101, headers={"Upgrade": "websocket", "Connection": "upgrade"})

    with socket.socket(type=socket.SOCK_DGRAM) as sending, served(handle) as odd:
        sending.bind(("127.0.0.1", 0))
        port = free_port()
        with ingesting(
            config, f"udp://127.0.0.1:{port}", "lost=tcp://nowhere.invalid:99", f"odd=signalk://127.0.0.1:{odd}"
        ):

            def heard() -> bool:
                sending.sendto(BARE, ("127.0.0.1", port))
                return len(lines(settings)) > 3

            until(heard)
