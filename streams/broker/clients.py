"""Every kafka-python client is made here: one place for addresses, durability and time-outs."""

from __future__ import annotations

from typing import Any, Final

from streams.broker.embedded import status
from streams.errors import ConfigError, SinkError
from streams.settings import KafkaSettings

_HOUR_MS: Final = 3_600_000
RECORD_BYTES_MOST: Final = 4 << 20


def servers_of(kafka: KafkaSettings) -> list[str]:
    """Where Kafka is: as set, else the embedded broker that runs. Raises ConfigError when neither is known."""
    if kafka.bootstrap_servers:
        return [server.strip() for server in kafka.bootstrap_servers.split(",") if server.strip()]
    running = status()
    if running is None:
        raise ConfigError(
            "no Kafka: start the embedded one with `wakewatch broker start`, or set kafka.bootstrap_servers"
        )
    return [running.bootstrap_servers]


def producer(kafka: KafkaSettings, **overrides: Any) -> Any:
    """An idempotent producer that does not drop what a broker's outage of an hour holds back."""
    from kafka import KafkaProducer

    wanted = {
        "acks": "all",
        "enable_idempotence": True,
        "compression_type": None,
        "linger_ms": 0,
        "max_request_size": RECORD_BYTES_MOST,
        "request_timeout_ms": 30_000,
        "delivery_timeout_ms": _HOUR_MS,
        "max_block_ms": _HOUR_MS,
    }
    return _made(KafkaProducer, kafka, {**wanted, **overrides})


def consumer(kafka: KafkaSettings, *topics: str, **overrides: Any) -> Any:
    """A consumer that reads committed records only and commits nothing by itself."""
    from kafka import KafkaConsumer

    wanted = {"enable_auto_commit": False, "auto_offset_reset": "earliest", "isolation_level": "read_committed"}
    return _made(KafkaConsumer, kafka, {**wanted, **overrides}, *topics)


def admin(kafka: KafkaSettings) -> Any:
    """An admin client."""
    from kafka import KafkaAdminClient

    return _made(KafkaAdminClient, kafka, {})


def _made(kind: Any, kafka: KafkaSettings, wanted: dict[str, Any], *topics: str) -> Any:
    from kafka.errors import KafkaError

    servers = servers_of(kafka)
    try:
        return kind(*topics, bootstrap_servers=servers, client_id="wakewatch", **wanted)
    except KafkaError as error:
        raise SinkError(
            f"Kafka at {','.join(servers)} does not answer ({type(error).__name__})", retriable=True
        ) from error
