"""Clients find Kafka, say in one line when they do not, and carry records as large as ours."""

import socket
import threading
from pathlib import Path

import pytest
from kafka import TopicPartition

from streams.broker import clients, embedded
from streams.errors import ConfigError, SinkError
from streams.settings.model import KafkaSettings


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder in which no broker ever ran."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path


def test_without_servers_and_without_a_broker_the_remedy_is_named(nowhere: Path) -> None:
    with pytest.raises(ConfigError, match="wakewatch broker start"):
        clients.servers_of(KafkaSettings())


def test_servers_that_are_set_are_used_and_the_embedded_broker_is_not_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(clients, "status", lambda: pytest.fail("looked for the embedded broker"))
    given = KafkaSettings(bootstrap_servers="a:1, b.example:65535,[::1]:9092,plain")
    assert clients.servers_of(given) == ["a:1", "b.example:65535", "[::1]:9092", "plain"]


@pytest.mark.parametrize("wrong", ["a:b", "a:0", "a:70000", "a b:1", "http://a:1", "a:1:2"])
def test_an_address_that_is_none_is_named(wrong: str) -> None:
    with pytest.raises(ConfigError, match="HOST:PORT"):
        clients.servers_of(KafkaSettings(bootstrap_servers=wrong))


@pytest.mark.parametrize("make", [clients.producer, clients.consumer, clients.admin])
def test_a_kafka_that_does_not_answer_is_one_line_and_leaves_no_thread(make: object) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # bound and not listening: nobody will answer there
        away = KafkaSettings(bootstrap_servers=f"127.0.0.1:{bound.getsockname()[1]}")
        before = threading.active_count()
        with pytest.raises(SinkError, match="does not answer") as caught:
            make(away, bootstrap_timeout_ms=100)  # type: ignore[operator]
    assert caught.value.retriable
    assert "\n" not in str(caught.value)
    assert threading.active_count() == before


@pytest.mark.broker
def test_the_embedded_broker_that_runs_is_found(broker: embedded.Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "default_dir", lambda: Path(broker.data_dir))
    assert clients.servers_of(KafkaSettings()) == [broker.bootstrap_servers]


@pytest.mark.broker
def test_a_record_of_four_mebibytes_goes_there_and_back(kafka_settings: KafkaSettings) -> None:
    from streams.messages.topics import FLEET, create_missing

    topic, value = kafka_settings.topic_prefix + FLEET, bytes(range(256)) * (4 << 12)
    with clients.admin(kafka_settings) as client:
        create_missing(client, kafka_settings)
    producer, consumer = clients.producer(kafka_settings), clients.consumer(kafka_settings)
    try:
        producer.send(topic, key=b"shard/0", value=value, partition=1).get(timeout=20)
        consumer.assign([TopicPartition(topic, 1)])
        (records,) = consumer.poll(timeout_ms=20_000).values()
        assert records[0].value == value
    finally:
        producer.close()
        consumer.close()
