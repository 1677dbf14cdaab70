"""Records of the log and dead letters in Kafka's form: topic, partition, value, headers, timestamp."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

import numpy as np

from streams.ingest.model import RefusedLine
from streams.messages import log_records
from streams.messages.log_records import Sentences, TickRecord

SENTENCES_TOPIC: Final = "ais.sentences.v1"
DEAD_TOPIC: Final = "ais.dead.v1"
DEAD_PARTITION: Final = 0
"""All our letters go to one partition, so that the last one of a run states how many have arrived."""

Headers = list[tuple[str, bytes]]


class OutboundRecord(NamedTuple):
    """One record on its way to Kafka."""

    topic: str
    partition: int
    value: bytes
    headers: Headers
    timestamp_ms: int
    weight: int
    """Number of sentences in it, at least 1: the unit of buffers."""
    messages: int = 0
    """Number of AIS messages in it: 0 for ticks and dead letters, which are never dropped."""


class Sender(NamedTuple):
    """The source and the run that letters come from."""

    source: str
    run: str
    """Identity of the input (see streams.ingest.resume)."""
    replayed: bool
    prefix: str
    """Prefix of topic names."""


def of_sentences(record: Sentences, sender: Sender, read_ms: int) -> OutboundRecord:
    """A packed record. Its Kafka timestamp is when it was read: retention counts from there."""
    headers = [
        *_headers(log_records.KIND_SENTENCES, sender, int(record.ordinals[-1]), read_ms),
        (log_records.H_EVENT_FROM, b"%d" % record.event_from_ms),
        (log_records.H_EVENT_TO, b"%d" % record.event_to_ms),
    ]
    messages = len(np.unique(record.ordinals))
    topic = sender.prefix + SENTENCES_TOPIC
    return OutboundRecord(topic, record.partition, record.value, headers, read_ms, record.size, messages)


def of_tick(record: TickRecord, partition: int, sender: Sender, read_ms: int) -> OutboundRecord:
    """A tick for one partition."""
    headers = [
        *_headers(log_records.KIND_TICK, sender, record.ordinal, read_ms),
        (log_records.H_EVENT_FROM, b"%d" % record.tick.from_ms),
        (log_records.H_EVENT_TO, b"%d" % record.tick.to_ms),
    ]
    value = log_records.encode_tick(record.tick)
    return OutboundRecord(sender.prefix + SENTENCES_TOPIC, partition, value, headers, read_ms, 1)


def of_refused(lines: Sequence[RefusedLine], last: int, sender: Sender, read_ms: int) -> OutboundRecord:
    """A dead letter: units refused for one reason, one per line, with one detail each.

    ``last`` is the number of the last of them among the refusals of this run, from 0. A letter holds many, because a
    record costs kafka-python 80 us: with one sentence in ten damaged that was three quarters of all CPU.
    """
    stamp = datetime.fromtimestamp(read_ms / 1000, UTC).isoformat(timespec="milliseconds")
    headers = [
        ("reason", lines[0].reason.value.encode()),
        ("source", sender.source.encode()),
        (log_records.H_COUNT, b"%d" % len(lines)),
        ("detail", "\n".join(line.detail for line in lines).encode()),
        ("time", stamp.replace("+00:00", "Z").encode()),
        (log_records.H_RUN, sender.run.encode()),
        (log_records.H_ORDINAL, b"%d" % last),
    ]
    value = b"\n".join(line.raw for line in lines)
    return OutboundRecord(sender.prefix + DEAD_TOPIC, DEAD_PARTITION, value, headers, read_ms, len(lines))


def _headers(kind: bytes, sender: Sender, ordinal: int, read_ms: int) -> Headers:
    headers: Headers = [
        (log_records.H_FORMAT, log_records.LOG_FORMAT),
        (log_records.H_KIND, kind),
        (log_records.H_SOURCE, sender.source.encode()),
        (log_records.H_ORDINAL, b"%d" % ordinal),
        (log_records.H_RUN, sender.run.encode()),
        (log_records.H_READ_AT, b"%d" % read_ms),
    ]
    return [*headers, (log_records.H_REPLAYED, b"1")] if sender.replayed else headers
