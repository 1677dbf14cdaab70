"""Joins the reading of a foreign Kafka topic to our own log: where it goes on, and what its owner is told.

The log is the memory (``topic_positions``). The offsets that are committed to the consumer group of the foreign cluster
are a copy for its tools, which show the lag from them. They also say that the topic was read before: then our log is
searched to its beginning for the last record from it, however long ago that was, else only its end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any, Final, NamedTuple

import structlog

from streams.ingest import outbound
from streams.ingest.outbound import OutboundRecord
from streams.ingest.outbox import Outbox
from streams.ingest.resume import LogEnd
from streams.ingest.topic_positions import Stated, TopicPositions
from streams.messages import log_records

_COMMIT_MS: Final = 5000
_log = structlog.get_logger("ingest.topic")


class TopicState(NamedTuple):
    """What the foreign cluster says of the topic, by partition."""

    begins: Mapping[int, int]
    """Offset of the first record that is kept."""
    ends: Mapping[int, int]
    """Offset after the last record."""
    committed: Mapping[int, int]
    """Offsets of our consumer group; empty if it never committed any."""


class TopicProgress:
    """The progress of one source. ``source`` and ``run`` name it, ``log_partitions`` is how many our log has."""

    def __init__(self, sender: outbound.Sender, log_partitions: int, open_consumer: Callable[[], Any]) -> None:
        """``open_consumer`` makes a KafkaConsumer of our own cluster."""
        self.positions = TopicPositions()
        self._sender = sender
        self._log_partitions = log_partitions
        self._open_consumer = open_consumer
        self._candidate: tuple[dict[int, int], list[OutboundRecord]] | None = None
        """Offsets to commit, and what must be acknowledged before."""
        self._chosen_ms = 0
        self.contained: dict[int, int] = {}
        """Offsets before which our log has acknowledged everything: the source commits them."""

    def resume(self, topic: TopicState, *, oldest: bool) -> dict[int, int]:
        """The offsets to read from. A topic that was never read begins at its ``oldest`` record, or with the next one.

        Raises SinkError if our own Kafka does not answer.
        """
        places = self.positions.next_offsets or self._from_log(topic, oldest=oldest)
        for partition, begin in topic.begins.items():
            known, end = places.get(partition), topic.ends[partition]
            if known is None or not begin <= known <= end:
                if known is not None:
                    _log.warning(
                        "records of the topic are gone", partition=partition, wanted=known, kept_from=begin, end=end
                    )
                self.positions.jump(partition, begin)
        return {partition: self.positions.next_offsets[partition] for partition in topic.begins}

    def _from_log(self, topic: TopicState, *, oldest: bool) -> dict[int, int]:
        written, letters = self._stated(everything=bool(topic.committed))
        start = topic.begins if oldest else topic.ends
        if topic.committed or any(written):
            start = {partition: topic.committed.get(partition, begin) for partition, begin in topic.begins.items()}
        read_from = {}
        for partition in topic.begins:
            found = [stated[partition].read_from for stated in written if partition in stated]
            complete = len(found) == self._log_partitions
            read_from[partition] = min(found if complete else [*found, start[partition]])
        self.positions.begin(read_from, written, letters)
        _log.info("the topic is read from", source=self._sender.source, offsets=read_from)
        return read_from

    def _stated(self, *, everything: bool) -> tuple[list[Stated], Stated]:
        """What each partition of the log states, and the dead letters."""
        prefix, run = self._sender.prefix, self._sender.run
        with closing(self._open_consumer()) as consumer:
            log = LogEnd(consumer, prefix + outbound.SENTENCES_TOPIC, everything=everything)
            dead = LogEnd(consumer, prefix + outbound.DEAD_TOPIC)
            written = [log.stated(run, partition) for partition in range(self._log_partitions)]
            return written, dead.stated(run, outbound.DEAD_PARTITION)

    def stated(self, letter: OutboundRecord, ordinal: int) -> OutboundRecord:
        """A record or tick of the log that ends with ``ordinal``, stating how far the topic is contained."""
        begun = self.positions.begun  # the clock ticks also while the foreign cluster is waited for
        return _with(letter, self.positions.header(letter.partition, ordinal)) if begun else letter

    def refused(self, letter: OutboundRecord) -> OutboundRecord:
        """A dead letter, likewise."""
        return _with(letter, self.positions.letter_header())

    def commit(self, outbox: Outbox, now_ms: int) -> None:
        """Call often: gives the source the offsets before which everything is acknowledged, every few seconds."""
        if self._candidate is None:
            if now_ms - self._chosen_ms >= _COMMIT_MS:
                self._chosen_ms = now_ms
                ours = [letter for origin, letter in outbox.unsent() if origin == self._sender.source]
                self._candidate = self.positions.read_from, ours
            return
        offsets, awaited = self._candidate
        if not awaited or not {id(letter) for letter in awaited} & {id(letter) for _, letter in outbox.unsent()}:
            self._candidate = None
            self.contained = offsets


def _with(letter: OutboundRecord, header: bytes) -> OutboundRecord:
    return letter._replace(headers=[*letter.headers, (log_records.H_TOPIC_AT, header)])
