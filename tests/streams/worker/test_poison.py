"""Records that no program of ours writes: each is refused, counted and kept, and what follows is taken in."""

import time
from pathlib import Path
from typing import Final

import msgspec
import pytest

from detectors.core.imo_stage.histories import ImoHistories
from streams.broker.clients import producer
from streams.broker.reading import read
from streams.errors import Reason
from streams.messages.log_records import H_COUNT, H_FORMAT, H_READ_AT, H_SOURCE
from streams.settings.model import KafkaSettings
from streams.worker import joined_records
from streams.worker.codec import LINES_MOST, entry
from streams.worker.dead_letters import GATHER_FROM
from streams.worker.identities import INPUT
from streams.worker.timelines import Timelines
from tests.streams.worker.conftest import StartWorker, Wanted, make_topics, send, written
from tests.streams.worker.test_runs import BARE, TIME, an_engine, head

Headers = dict[str, bytes]
DEEP: Final = b"[" * 100_000 + b"]" * 100_000
TICK: Final = b'{"source":"pier","from_ms":1704070800000,"to_ms":%s,"spacing_s":%s}'
STATION: Final = (
    b'{"source":"a","from_ms":1,"to_ms":2,"stations":'
    b'[{"station":"x","lat_deg":1,"lon_deg":1,"origin":"stated","range_nm":%s}]}'
)
WHOLE: Final = TIME + BARE
QUICK_S: Final = 5.0  # none takes half a second on a quiet machine


def tick(value: bytes) -> tuple[bytes, Headers]:
    return value, head(kind=b"tick")


SENTENCES: Final[dict[str, tuple[bytes, Headers]]] = {
    "4,301 digits": (WHOLE, head(**{H_READ_AT: b"1" * 4301})),
    "no digits": (WHOLE, head(**{H_READ_AT: b"\xb2\xff"})),
    "a source of 512 kB": (WHOLE, head(source=b"x" * 524_288)),
    "a source that is no text": (WHOLE, head(source=b"\xff\xfe")),
    "a kind of 512 kB": (WHOLE, head(kind=b"x" * 524_288)),
    "another format": (WHOLE, {H_FORMAT: b"2" * 99_999}),
    "no value": (b"", head()),
    "two million lines": (b"!\n" * 2_000_000, head()),
    "four million line ends": (b"\n" * 4_000_000, head()),
    "one line of 4 MB": (b"\\" * 4_000_000, head()),
    "zeros": (b"\0" * 100_000, head()),
    "a time of 5,000 digits": (b"\\c:" + b"1" * 5000 + b"*00\\" + BARE, head()),
    "brackets as a tick": tick(DEEP),
    "brackets in a tick": tick(b'{"more":' + DEEP + b"}"),
    "a tick that is no text": tick(b"\xff\xfe"),
    "a tick of another type": tick(b"[]"),
    "a tick in the year 30000": tick(TICK % (b"890000000000000", b"1")),
    "a tick of 5,000 digits": tick(TICK % (b"1" * 5000, b"1")),
    "a tick that ends before it begins": tick(TICK % (b"1", b"1")),
    "a spacing without end": tick(TICK % (b"1704070801000", b"1e308")),
    "a spacing of no number": tick(TICK % (b"1704070801000", b"1e999")),
    "a spacing below nothing": tick(TICK % (b"1704070801000", b"-1e300")),
    "a lateness of ages": tick(b'{"source":"a","from_ms":1,"to_ms":2,"lateness_s":1e306}'),
    "a lateness below nothing": tick(b'{"source":"a","from_ms":1,"to_ms":2,"lateness_s":-1}'),
    "a clock that is ages ahead": tick(
        b'{"source":"a","from_ms":1,"to_ms":2,"wrong_clocks":[{"station":"x","ahead_s":1e300,"corrected":true}]}'
    ),
    "a station's name of 512 kB": tick(
        b'{"source":"a","from_ms":1,"to_ms":2,"wrong_clocks":[{"station":"%s","ahead_s":60,"corrected":true}]}'
        % (b"y" * 524_288)
    ),
    "a range of ages": tick(STATION % b"[1e300,1,1,1,1,1,1,1]"),
    "a range below nothing": tick(STATION % b"[-1,1,1,1,1,1,1,1]"),
    "two ranges": tick(STATION % b"[1,2]"),
    "a tick's source of 512 kB": tick(b'{"source":"%s","from_ms":1,"to_ms":2}' % (b"y" * 524_288)),
    "a list that is not known": (b'{"version":"' + b"v" * 524_288 + b'"}', head(kind=b"reference")),
    "a marker of brackets": (DEEP, head(kind=b"reference")),
    "a marker that is no text": (b"\xff", head(kind=b"reference")),
}
HARMLESS: Final = {"4,301 digits", "no digits", "a source that is no text", "a time of 5,000 digits"}

BINDING: Final = {
    "type": "binding",
    "imo": 9179842,
    "mmsi": 273111000,
    "first_ms": 1,
    "last_ms": 1,
    "stamp_ms": 1,
    "source": "s",
    "statements": 1,
    "support": 1,
}
BINDINGS: Final[dict[str, bytes]] = {
    "brackets": DEEP,
    "brackets inside": b'{"type":"heard","more":' + DEEP + b"}",
    "not a string": b"\xff\xfe",
    "nothing": b"",
    "5,000 digits": b'{"type":"heard","partition":' + b"1" * 5000 + b',"heard_ms":1}',
    "a promise for ever": msgspec.json.encode({"type": "heard", "partition": 0, "heard_ms": 2**62}),
    "a promise before all time": msgspec.json.encode({"type": "heard", "partition": 0, "heard_ms": -1}),
    "the year 3 million": msgspec.json.encode({**BINDING, "stamp_ms": 10**17}),
    "a fix before all time": msgspec.json.encode({**BINDING, "fix_ms": -(10**15), "lat_deg": 1.0, "lon_deg": 1.0}),
    "no IMO number": msgspec.json.encode({**BINDING, "imo": -1}),
    "no MMSI": msgspec.json.encode({**BINDING, "mmsi": 2**40}),
    "a name of 512 kB": msgspec.json.encode({**BINDING, "name": "n" * 524_288}),
}
DISPLACEMENTS: Final = (
    b"",
    b"\xff\xfe",
    DEEP,
    b'{"type":"displaced"}',
    BINDINGS["no MMSI"],
    BINDINGS["a promise for ever"],
)
"""More of them in ``test_places``."""


@pytest.mark.parametrize("name", SENTENCES)
def test_a_record_of_the_log_is_refused_and_the_next_is_taken_in(name: str) -> None:
    engine, (value, headers) = an_engine(), SENTENCES[name]
    began_s = time.process_time()
    made = entry(7, value, headers, 1_704_070_800_000)
    outcomes = (
        [joined_records.switch(Timelines(engine, lambda _: engine), made, None)]
        if made.marker
        else joined_records.take(engine, [made])
    )
    assert time.process_time() - began_s < QUICK_S
    letters = [letter for outcome in outcomes for letter in outcome.letters]
    assert len(letters) <= GATHER_FROM and all(letter.offset == 7 for letter in letters)
    assert letters or name in HARMLESS
    assert sum(outcome.reports for outcome in joined_records.take(engine, [entry(8, WHOLE, head(), 0)])) == 1


@pytest.mark.parametrize("name", BINDINGS)
def test_a_binding_is_refused_and_changes_nothing(name: str) -> None:
    histories = ImoHistories.build(1, {}, {})
    before = histories.manifest()
    alerts, letters = INPUT.learn(histories, entry(3, BINDINGS[name], (), 0))
    assert not alerts and [letter.reason for letter in letters] == [Reason.RECORD_UNREADABLE]
    assert histories.manifest() == before and not histories.dirty()


def test_many_refused_lines_of_one_record_travel_together_and_none_is_lost() -> None:
    lines = [b"!AIVDM,nonsense %d" % number for number in range(LINES_MOST // 50)]
    (outcome,) = joined_records.take(an_engine(), [entry(0, b"\n".join(lines), head(), 0)])
    assert len(outcome.letters) < 10 and sum(letter.lines for letter in outcome.letters) == len(lines)
    assert [line for letter in outcome.letters for line in letter.raw.split(b"\n")] == lines
    assert all(letter.detail.count("\n") + 1 == letter.lines for letter in outcome.letters)


def details(kafka: KafkaSettings) -> list[bytes]:
    """Why each dead letter was written."""
    return [record.headers["detail"] for record in read(kafka, "ais.dead.v1")]


@pytest.mark.broker
def test_a_worker_takes_in_all_of_them_on_a_real_kafka(
    feed: bytes, wanted_at: Wanted, kafka_settings: KafkaSettings, start_worker: StartWorker, tmp_path: Path
) -> None:
    """Before the feed and in one run of one process: no restart, and the alerts are those of the feed alone.

    What changes the clock or the sources is left out: it is a word of a source, not a damaged record.
    """
    kafka = msgspec.structs.replace(kafka_settings, partitions=1)
    make_topics(kafka)
    client = producer(kafka)
    for value, headers in SENTENCES.values():
        if headers.get(H_SOURCE) != b"\xff\xfe" and BARE not in value:
            client.send(
                kafka.topic_prefix + "ais.sentences.v1",
                value or None,
                key=b"poison",
                headers=list(headers.items()),
                partition=0,
            )
    for value in BINDINGS.values():
        client.send(kafka.topic_prefix + "ais.identities.v1", value, key=b"poison", partition=0)
    for value in DISPLACEMENTS:
        client.send(kafka.topic_prefix + "ais.places.v1", value, key=b"poison", partition=0)
    client.flush()
    client.close()
    send(kafka, feed, tmp_path)
    worker, wanted = start_worker(kafka), wanted_at(1)
    worker.until(lambda: wanted <= set(written(kafka)))
    worker.until(lambda: sum(letter.startswith(b"binding") for letter in details(kafka)) == len(BINDINGS))
    worker.until(lambda: sum(letter.startswith(b"displacement") for letter in details(kafka)) == len(DISPLACEMENTS))
    assert worker.stop() == 0
    assert set(written(kafka)) == wanted
    counts = [int(record.headers.get(H_COUNT, b"1")) for record in read(kafka, "ais.dead.v1")]
    assert len(counts) > len(BINDINGS)
