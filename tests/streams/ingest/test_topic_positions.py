"""A foreign topic is read by the real core and killed anywhere: nothing is lost in the log, nothing comes twice."""

from collections import defaultdict

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.ingest.core import Ingest, SourceKind
from streams.ingest.outbound import Sender
from streams.ingest.topic_positions import Stated, StatedPlace, TopicPositions, stated_in
from streams.ingest.topic_progress import TopicProgress, TopicState
from streams.messages.log_records import Sentences, TickRecord
from streams.nmea import encoder
from streams.nmea.encoder import EncodedFix, Particulars
from streams.settings.model import IngestSettings

LOG_PARTITIONS = 2
BEGAN_MS = 1_700_000_000_000
LIVE = SourceKind(live=True)
Topic = dict[int, list[bytes]]


class Log:
    """Our log and dead letters, as Kafka keeps them: what was written stays."""

    def __init__(self) -> None:
        self.lines: dict[int, list[bytes]] = defaultdict(list)
        self.stated: list[bytes | None] = [None] * LOG_PARTITIONS
        self.letters: list[bytes] = []
        self.letters_stated: bytes | None = None
        self.writes = 0


class KilledError(Exception):
    """The process was killed."""


class Reading:
    """What a source runner does with the records of a topic; ``writes`` is how many writes it lives."""

    def __init__(self, log: Log, writes: int) -> None:
        self.log, self.left = log, writes
        self.ingest = Ingest("x", LOG_PARTITIONS, IngestSettings(pack_sentences=3), None, LIVE)
        self.positions = TopicPositions()

    def begin(self, topic: Topic) -> dict[int, int]:
        stated = [stated_in(header) for header in self.log.stated]
        read_from = {
            p: min((one[p].read_from for one in stated if p in one), default=0)
            if all(p in one for one in stated)
            else 0
            for p in topic
        }
        self.positions.begin(read_from, stated, stated_in(self.log.letters_stated))
        return read_from

    def take(self, partition: int, offset: int, value: bytes, now_ms: int) -> None:
        first = self.ingest.ordinal + 1
        self.positions.open_before = self.ingest.open_since
        taken = self.ingest.feed(value + b"\n", now_ms, f"p{partition}")
        taken += self.ingest.clock(now_ms)
        self.positions.took(partition, offset, first, self.ingest.ordinal)
        refused, self.ingest.refused = self.ingest.refused, []
        if refused and not self.positions.refused_before():
            self._write()
            self.log.letters += [line.raw for line in refused]
            self.log.letters_stated = self.positions.letter_header()
        for record in taken:
            if isinstance(record, TickRecord):
                self.positions.settle(record.ordinal, self.ingest.open_since)
                for p in range(LOG_PARTITIONS):
                    self._write()
                    self.log.stated[p] = self.positions.header(p, record.ordinal)
            elif isinstance(record, Sentences):
                self._sentences(record)

    def finish(self) -> None:
        for record in self.ingest.flush():
            assert isinstance(record, Sentences)
            self._sentences(record)

    def _sentences(self, record: Sentences) -> None:
        if (left := self.positions.remaining(record)) is not None:
            self._write()
            self.log.lines[record.partition] += left.value.split(b"\n")
            self.log.stated[record.partition] = self.positions.header(record.partition, int(record.ordinals[-1]))

    def _write(self) -> None:
        if not self.left:
            raise KilledError
        self.left -= 1


def read(log: Log, topic: Topic, order: list[int], writes: int, pause_ms: int) -> bool:
    """Reads the topic to its end, or until killed; ``order`` says which partition comes next."""
    reading = Reading(log, writes)
    places = reading.begin(topic)
    now_ms = BEGAN_MS
    try:
        for partition in [*order, *(p for p in topic for _ in topic[p])]:
            if places[partition] < len(topic[partition]):
                now_ms += pause_ms
                reading.take(partition, places[partition], topic[partition][places[partition]], now_ms)
                places[partition] += 1
        reading.finish()
    except KilledError:
        return False
    return True


def messages(draw: st.DrawFn) -> Topic:
    """Positions, static messages of two sentences in two records or one, several in a record, and rubbish."""
    topic: Topic = {}
    serial = 0
    for partition in range(draw(st.integers(1, 3))):
        records: list[bytes] = []
        for _ in range(draw(st.integers(1, 25))):
            serial += 1
            mmsi, kind = 200_000_000 + serial, draw(st.sampled_from(["one", "two", "split", "many", "bad"]))
            one = encoder.sentences(encoder.position(mmsi, EncodedFix(10.0, 20.0)))
            ship = encoder.sentences(encoder.static(mmsi, Particulars(name=f"S{serial}")), sequence=serial)
            lines = {"one": one, "two": ship, "split": ship, "many": one + ship, "bad": [one[0][:-1] + b"x"]}[kind]
            tagged = encoder.tagged(lines, BEGAN_MS + serial, "s")
            records += tagged if kind == "split" else [b"\n".join(tagged)]
        if draw(st.booleans()):  # parts are interleaved with other records
            at = draw(st.integers(0, len(records) - 1))
            records.insert(at, records.pop())
        topic[partition] = records
    return topic


@given(st.data())
@settings(max_examples=60)
def test_killed_anywhere_nothing_is_lost_and_nothing_comes_twice(data: st.DataObject) -> None:
    topic = messages(data.draw)
    order = data.draw(st.lists(st.sampled_from(sorted(topic)), max_size=40))
    pause_ms = data.draw(st.sampled_from([1, 150, 700]))
    whole, log = Log(), Log()
    assert read(whole, topic, order, 1_000_000, pause_ms)
    while not read(log, topic, order, data.draw(st.integers(1, 12)), pause_ms):
        pass
    for partition in range(LOG_PARTITIONS):
        assert sorted(log.lines[partition]) == sorted(whole.lines[partition])
    assert set(log.letters) == set(whole.letters)


def test_a_tick_before_a_message_does_not_pass_over_its_first_part() -> None:
    """The source was silent: its next message is of two records, and ticks go out between the last part and the log."""
    late_ms = BEGAN_MS + 400_000
    first, second = encoder.sentences(encoder.static(200_000_001, Particulars(name="S")))
    one = encoder.sentences(encoder.position(200_000_002, EncodedFix(1.0, 2.0)))
    other = encoder.sentences(encoder.position(200_000_003, EncodedFix(1.0, 2.0)))
    records = [
        *encoder.tagged(one, BEGAN_MS, "s"),
        *encoder.tagged([first], late_ms, "s"),
        *encoder.tagged(other, BEGAN_MS + 1, "s"),
        *encoder.tagged([second], late_ms, "s"),
    ]
    for writes in range(1, 20):
        log = Log()
        read(log, {0: records}, [], writes, 1)
        assert read(log, {0: records}, [], 1_000_000, 1)
        assert sum(map(len, log.lines.values())) == len(records)


def test_a_restart_after_a_tick_reads_only_what_came_since() -> None:
    lines = [
        b"\n".join(
            encoder.tagged(encoder.sentences(encoder.position(200_000_000 + n, EncodedFix(1.0, 2.0))), BEGAN_MS, "s")
        )
        for n in range(100)
    ]
    log = Log()
    reading = Reading(log, 1_000_000)
    reading.begin({0: lines})
    for n, line in enumerate(lines):
        reading.take(0, n, line, BEGAN_MS + n * 200)
    found = [stated_in(header)[0] for header in log.stated]
    assert min(place.read_from for place in found) > 90


def test_what_a_header_states_is_small_and_rubbish_in_it_is_nothing() -> None:
    positions = TopicPositions()
    positions.begin({0: 5, 1: 7}, [{}], {})
    positions.took(0, 5, 0, 1)
    assert positions.header(0, 0) == b'{"0":[5,1,5],"1":[7,0,7]}'
    assert positions.header(0, 1) == b'{"0":[6,0,5],"1":[7,0,7]}'
    wrong: list[bytes | None] = [None, b"", b"[]", b'{"a":1}', b"\xff", b'{"0":[1]}']
    assert [stated_in(header) for header in wrong] == [{}] * 6
    assert msgspec.json.decode(positions.letter_header(), type=Stated)


def test_reading_goes_on_where_it_was_and_begins_again_where_records_are_gone() -> None:
    progress = TopicProgress(Sender("x", "run", replayed=False, prefix=""), LOG_PARTITIONS, open_consumer=list)
    progress.positions.begin({0: 5}, [{0: StatedPlace(7, 0, 5)}] * LOG_PARTITIONS, {})
    progress.positions.took(0, 5, 0, 0)
    assert progress.positions.refused_before()  # the log holds everything before offset 7
    assert progress.resume(TopicState({0: 3, 1: 2}, {0: 9, 1: 4}, {}), oldest=False) == {0: 6, 1: 2}
    assert progress.resume(TopicState({0: 8}, {0: 9}, {}), oldest=False) == {0: 8}  # retention was faster than we
    assert progress.resume(TopicState({0: 0}, {0: 2}, {}), oldest=False) == {0: 0}  # made again under its name
    progress.positions.took(0, 0, 1, 1)
    assert not progress.positions.refused_before()
    assert stated_in(progress.positions.header(0, 1))[0] == StatedPlace(1, 0, 0)
