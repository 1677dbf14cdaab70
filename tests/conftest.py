"""What tests share: a real Kafka, and topics of their own."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

from streams.broker import embedded
from streams.errors import ConfigError
from streams.settings.model import KafkaSettings

# How long an example takes is the machine's business: on a busy one 200 ms are soon over.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
_LONG = ("broker", "full")
# Tests' brokers live for minutes: without the optimizing compiler each needs 6 s of CPU to begin, not 8.5.
os.environ.setdefault("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever needs Kafka is marked so, also where the mark was forgotten; the longest comes first.

    The tests of a module go to one worker of pytest-xdist, and each worker has one broker for all of its modules:
    another is 5 s and 240 MB. pyproject.toml tells pytest-xdist to keep this order: what takes minutes must not begin
    when all else is done.
    """
    for item in items:
        if "broker" in getattr(item, "fixturenames", ()):
            item.add_marker("broker")
        if item.get_closest_marker("broker"):
            item.add_marker(pytest.mark.xdist_group(f"broker {item.path}"))
            # On a busy machine kafka-python leaves a socket to the garbage collector that it closes while connecting.
            item.add_marker(pytest.mark.filterwarnings("ignore:.*<socket:pytest.PytestUnraisableExceptionWarning"))
    items.sort(
        key=lambda item: next((at for at, mark in enumerate(_LONG) if item.get_closest_marker(mark)), len(_LONG))
    )


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """A command that runs in this process logs to the stderr of its test, which is closed when that ends."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[embedded.Broker]:
    """One embedded Kafka for the whole run, or for all modules of a worker of pytest-xdist; gone with us."""
    home = tmp_path_factory.mktemp("kafka")
    try:
        started = embedded.start(home, port=0, die_with_parent=True)
    except ConfigError as error:
        pytest.skip(f"no embedded Kafka here: {error}")
    yield started
    embedded.stop(home)


@pytest.fixture
def kafka_settings(broker: embedded.Broker) -> KafkaSettings:
    """Kafka with topics of this test's own."""
    prefix = f"t{uuid.uuid4().hex[:8]}."
    return KafkaSettings(bootstrap_servers=broker.bootstrap_servers, topic_prefix=prefix, partitions=4)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The recordings; skips where they are missing."""
    path = Path(__file__).parents[2] / "shared" / "data"
    if not path.is_dir():
        pytest.skip("the recordings of ../shared/data are not here")
    return path


@pytest.fixture(scope="session")
def feed() -> bytes:
    """Six hours of twenty ships: one listed, one inside a sanctioned port, some dark, a damaged line, an outage."""
    from pyais.encode import encode_dict

    def tagged(second: int, fields: dict[str, object]) -> list[bytes]:
        sentences = encode_dict({"repeat": 0, **fields}, talker_id="AI", radio_channel="A")
        return [b"\\s:pier,c:%d*00\\%s" % (1_700_000_000 + second, s.encode()) for s in sentences]

    lines: list[bytes] = []
    for second in range(0, 6 * 3600, 40):
        if 4 * 3600 < second < 4.5 * 3600:
            continue
        for ship in range(20):
            if ship % 5 == 0 and 1.5 * 3600 < second < (3.5 + ship / 10) * 3600:
                continue
            place = (
                {"lat": 42.2333, "lon": 130.3, "speed": 0.1}
                if ship == 3
                else {"lat": 38.0 + ship / 10 + second / 21_600, "lon": 132.0, "speed": 10.0}
            )
            mmsi = 273_999_001 if ship == 0 else 205_000_000 + ship
            lines += tagged(second + ship, {"msg_type": 1, "mmsi": mmsi, "course": 0.0, "second": second % 60, **place})
        if second % 1200 == 0:
            static = {
                "msg_type": 5,
                "mmsi": 273_999_001,
                "imo": 9179842,
                "shipname": "ANGARA",
                "ship_type": 70,
                "destination": "KPRJN",
                "to_bow": 100,
                "to_stern": 20,
            }
            lines += tagged(second + 30, static)
    lines.insert(100, lines[99][:-1] + b"0" if not lines[99].endswith(b"0") else lines[99][:-1] + b"1")
    return b"\n".join(lines) + b"\n"
