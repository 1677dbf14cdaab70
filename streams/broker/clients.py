"""Every kafka-python client is made here: one place for addresses, durability and time-outs.

Names and defaults are those of kafka-python 3.0.12, which rejects unknown names.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from streams.broker.embedded import status
from streams.broker.security import kafka_options, refusal_of, tls_refusal
from streams.errors import ConfigError, SinkError
from streams.settings.model import KafkaSettings

_SERVER: Final = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?")
_PORT_MOST: Final = 65_535
_DEFAULT_PORT: Final = 9092
_DAY_MS: Final = 86_400_000
_LOOK_S: Final = 0.2
# An ApiVersions request, version 0: a Kafka answers it to any client.
_WHO_ARE_YOU: Final = b"\0\0\0\x0a\0\x12\0\0\0\0\0\0\xff\xff"
_TLS_ALERT: Final = b"\x15\x03"
RECORD_BYTES_MOST: Final = 8 << 20
"""Largest record, with its batch's header, that producers send and topics accept: twice a 4 MiB shard."""

_EVERY: Final[Mapping[str, Any]] = {
    "client_id": "wakewatch",
    "bootstrap_timeout_ms": 10_000,  # a wrong address is reported soon; callers that must wait for a broker retry
    "reconnect_backoff_max_ms": 2_000,  # a broker that is back is found within seconds; the default is 30 s
    "metadata_max_age_ms": 30_000,  # a client that lost sight of a leader asks again after this time; default 5 min
}
_PRODUCER: Final[Mapping[str, Any]] = {
    "acks": "all",
    "enable_idempotence": True,  # stated, not left to the default: then a conflicting override raises
    # `retries` is infinite while it is not set; these two decide how long a record may wait for its broker.
    "delivery_timeout_ms": _DAY_MS,
    "max_block_ms": _DAY_MS,
    "request_timeout_ms": 30_000,
    "linger_ms": 0,
    "max_request_size": RECORD_BYTES_MOST,
    "allow_auto_create_topics": False,
}
_CONSUMER: Final[Mapping[str, Any]] = {
    "enable_auto_commit": False,
    "auto_offset_reset": "earliest",
    "isolation_level": "read_committed",
    "max_partition_fetch_bytes": RECORD_BYTES_MOST,
    "allow_auto_create_topics": False,
}


def servers_of(kafka: KafkaSettings) -> list[str]:
    """Where Kafka is: as set, otherwise the running embedded broker. Raises ConfigError if neither is known.

    With servers set the embedded broker is not checked.
    """
    if kafka.bootstrap_servers.strip():
        named = [server.strip() for server in kafka.bootstrap_servers.split(",")]
        return [_checked(server) for server in named if server]
    running = status()
    if running is None:
        raise ConfigError(
            "no Kafka: start the embedded broker with `wakewatch broker start`, or set kafka.bootstrap_servers"
        )
    return [running.bootstrap_servers]


def _checked(server: str) -> str:
    found = _SERVER.fullmatch(server)
    if found is None or int(found[1] or 1) not in range(1, _PORT_MOST + 1):
        raise ConfigError(f"kafka.bootstrap_servers: {server!r} is not HOST:PORT, such as 127.0.0.1:9092")
    return server


def link_of(kafka: KafkaSettings) -> dict[str, Any]:
    """Where Kafka is and how to connect, in aiokafka's form. Raises ConfigError."""
    return {"bootstrap_servers": ",".join(servers_of(kafka)), **kafka_options(kafka)}


def producer(kafka: KafkaSettings, **overrides: Any) -> Any:
    """A KafkaProducer: idempotent, all replicas acknowledge, nothing is dropped in a broker's outage of hours.

    ``send`` blocks equally long if a topic does not exist: create the topics first. Raises ConfigError without an
    address, SinkError (retriable) if Kafka does not answer.
    """
    from kafka import KafkaProducer

    packed = {"compression_type": None if kafka.compression == "none" else kafka.compression}
    return _made(KafkaProducer, kafka, {**_PRODUCER, **packed, **overrides})


def consumer(kafka: KafkaSettings, *topics: str, **overrides: Any) -> Any:
    """A KafkaConsumer of committed records from the earliest on, that commits nothing by itself. Raises likewise."""
    from streams.broker.positions import PositionedConsumer

    return _made(PositionedConsumer, kafka, {**_CONSUMER, **overrides}, *topics)


def admin(kafka: KafkaSettings, **overrides: Any) -> Any:
    """A KafkaAdminClient. Raises likewise."""
    from kafka import KafkaAdminClient

    return _made(KafkaAdminClient, kafka, overrides)


def _made(kind: Any, kafka: KafkaSettings, wanted: Mapping[str, Any], *topics: str) -> Any:
    from kafka.errors import IllegalArgumentError, KafkaConfigurationError, KafkaError

    from streams.broker import headers, retries
    from streams.broker.bootstrap import Client

    headers.install()
    retries.install()
    servers, settings = servers_of(kafka), {**_EVERY, **kafka_options(kafka), **wanted}
    _await_kafka(servers, settings["bootstrap_timeout_ms"] / 1000, settings["ssl_context"])
    born: list[Any] = []

    def client(**configs: Any) -> Any:
        born.append(Client(**configs))
        return born[0]

    try:
        return kind(*topics, bootstrap_servers=servers, kafka_client=client, **settings)
    except (KafkaConfigurationError, IllegalArgumentError):
        raise  # a bug of the caller
    except KafkaError as error:
        for one in born:  # otherwise its thread stays behind
            one.close()
        refused = refusal_of(error)
        if refused is not None:
            raise refused from error
        where = ",".join(servers)
        raise SinkError(
            f"Kafka at {where} does not answer as expected ({type(error).__name__}): check the "
            "broker and kafka.security_protocol",
            retriable=True,
        ) from error


def _await_kafka(servers: Sequence[str], wait_s: float, context: ssl.SSLContext | None) -> None:
    """Waits until one of ``servers`` answers.

    A kafka-python client that must reject a certificate, or has the wrong port, retries until its time is over and
    gives no reason.
    """
    deadline, reason = time.monotonic() + wait_s, ""
    while True:
        for server in servers:
            try:
                _ask(server, max(_LOOK_S, deadline - time.monotonic()), context)
                return
            except ssl.SSLError as error:  # also an OSError, and waiting does not fix it
                raise tls_refusal(server, error) from None
            except OSError as error:
                reason = f"{server}: {error.strerror or error}"
        if time.monotonic() > deadline:
            raise SinkError(
                f"Kafka does not answer ({reason}): check that it runs and kafka.bootstrap_servers", retriable=True
            )
        time.sleep(_LOOK_S)


def _ask(server: str, wait_s: float, context: ssl.SSLContext | None) -> None:
    """Returns when Kafka answers there. Raises OSError (an ssl.SSLError is final) or ConfigError."""
    host, _, port = server.rpartition(":") if re.search(r":\d+$", server) else (server, "", str(_DEFAULT_PORT))
    host = host.strip("[]")
    with contextlib.ExitStack() as closing:
        link = closing.enter_context(socket.create_connection((host, int(port)), timeout=wait_s))
        if context is not None:
            link = closing.enter_context(context.wrap_socket(link, server_hostname=host))
        link.sendall(_WHO_ARE_YOU)
        answer = link.recv(len(_TLS_ALERT))  # with TLS 1.3 only now a broker reports that it rejects our certificate
    if not answer:
        raise ConnectionResetError(None, "it closes the connection")
    if context is None and answer == _TLS_ALERT:
        raise ConfigError(f"Kafka at {server} expects TLS: set kafka.security_protocol to SSL or SASL_SSL")
