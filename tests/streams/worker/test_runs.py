"""Records that wait are taken in together; nothing but the time it takes may tell."""

import random
from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from detectors.core.alert import encode
from detectors.core.engine.engine import Engine
from detectors.core.ticks import Tick
from streams.ingest.core import Ingest
from streams.ingest.model import SourceKind
from streams.messages.log_records import H_FORMAT, H_KIND, H_READ_AT, H_REPLAYED, H_SOURCE, Sentences, encode_tick
from streams.pipeline.engines import engine_for
from streams.reference import load_reference
from streams.settings.model import IngestSettings, Settings
from streams.worker import joined_records
from streams.worker.codec import LogEntry, entry

BARE = b"!AIVDM,1,1,,A,13HOI:0P0000VOHLCnHQKwvL05Ip,0*23"
TIME = rb"\c:1700000000000*00" + b"\\"
FIRST = rb"\s:pier,c:1700000000000*00\!AIVDM,2,1,3,A,53HOI:000003IG?;;0000000000000000000000000000000000000000000,0*0C"
SECOND = rb"\s:pier,c:1700000000000*00\!AIVDM,2,2,3,A,00000000000,2*27"


def an_engine() -> Engine:
    return engine_for(Settings(), load_reference(Settings().reference), 0)


def head(source: bytes = b"pier", kind: bytes = b"sentences", **more: bytes) -> dict[str, bytes]:
    return {H_FORMAT: b"1", H_KIND: kind, H_SOURCE: source, **more}


def log_of(feed: bytes, pack: int) -> list[LogEntry]:
    """The log of a feed, in one partition."""
    source_kind = SourceKind(replayed=True, tick_ms=60_000)
    ingest = Ingest("pier", 1, IngestSettings(pack_sentences=pack), source_kind=source_kind)
    entries = []
    for offset, record in enumerate(ingest.feed(feed) + ingest.end()):
        if isinstance(record, Sentences):
            made = entry(offset, record.value, head(**{H_REPLAYED: b"1", H_READ_AT: b"%d" % offset}), 0)
        else:
            made = entry(offset, encode_tick(record.tick), head(kind=b"tick"), 0)
        entries.append(made)
    return entries


def batches(entries: Sequence[LogEntry], most: int) -> Iterator[Sequence[LogEntry]]:
    draw, at = random.Random(most), 0
    while at < len(entries):
        size = draw.randint(1, most)
        yield entries[at : at + size]
        at += size


def played(entries: Sequence[LogEntry], most: int) -> tuple[list[bytes], list[joined_records.LostInput], Engine, int]:
    """Alerts in order, letters by offset, the engine, how many steps it took."""
    engine, alerts, letters, steps = an_engine(), list[bytes](), list[joined_records.LostInput](), 0
    for batch in batches(entries, most):
        at = 0
        while at < len(batch):
            run = batch[at : at + joined_records.length(batch[at:])]
            at += len(run)
            for outcome in joined_records.take(engine, run):
                steps += 1
                alerts += [encode(emitted.alert) for emitted in outcome.alerts]
                letters += outcome.letters
    return alerts, sorted(letters, key=lambda letter: letter.offset), engine, steps


def state(engine: Engine) -> tuple[object, ...]:
    """Every column of every vessel, the open alerts, the sources; which row a vessel has is nobody's business."""
    fleet = engine.fleet
    mmsis = fleet.core.mmsi[: fleet.size]
    order = np.argsort(mmsis)
    columns = [t.records[name][: fleet.size][order].tobytes() for t in fleet.tables for name in t.kind.names or ()]
    open_ = {int(mmsis[row]) if row >= 0 else row: alerts for row, alerts in fleet.open.items()}
    return (engine.manifest(), open_, *columns)


def refused_in(entries: Sequence[LogEntry], every: int) -> list[LogEntry]:
    """The same log with a line that cannot be in every so many records, as a stranger might write it."""
    bad = (BARE[:-1] + b"4", FIRST, SECOND, b"nonsense", TIME + BARE.replace(b"13HO", b"zzzz"))

    def changed(number: int, one: LogEntry) -> LogEntry:
        if number % every or one.tick:
            return one
        extra = bad[number // every % len(bad)]
        return one._replace(value=b"\n".join((one.value, extra) if number % 2 else (extra, one.value)))

    return [changed(number, one) for number, one in enumerate(entries)]


@pytest.fixture(scope="module")
def two_hours(feed: bytes) -> list[LogEntry]:
    lines = feed.split(b"\n")
    return log_of(b"\n".join(lines[: len(lines) // 3]), pack=5)


@pytest.mark.parametrize(("every", "most"), [(0, 100), (3, 7)])
def test_together_is_one_after_another(two_hours: list[LogEntry], most: int, every: int) -> None:
    """The same alerts in the same order, the same letters with their own records' offsets, the same state."""
    entries = refused_in(two_hours, every) if every else two_hours
    wanted = played(entries, 1)
    found = played(entries, most)
    assert found[0] == wanted[0]
    assert sorted(found[1]) == sorted(wanted[1])
    assert state(found[2]) == state(wanted[2])
    assert wanted[0]
    assert len(wanted[1]) >= (50 if every else 0)
    if not every:  # four records of sentences between two ticks became one step
        assert found[3] < 0.6 * wanted[3]


def timed_engine() -> Engine:
    engine = an_engine()
    tick = Tick(source="pier", from_ms=1_700_000_000_000, to_ms=1_700_000_060_000, heard_ms=1_700_000_060_000)
    engine.tick(tick)
    return engine


def test_parts_of_a_message_in_two_records_stay_apart() -> None:
    """A message is in one record; neighbours in a run do not make one of two halves."""
    halves = [entry(n, value, head(), 0) for n, value in enumerate((FIRST, SECOND))]
    engine = timed_engine()
    assert joined_records.length(halves) == 2
    outcomes = joined_records.take(engine, halves)
    assert [(letter.offset, letter.raw) for o in outcomes for letter in o.letters] == [(0, FIRST), (1, SECOND)]
    assert sum(outcome.reports for outcome in outcomes) == 0


def test_the_same_bad_line_in_two_records_has_two_offsets() -> None:
    bad = TIME + BARE[:-1] + b"4"
    three = [entry(n, bad, head(), 0) for n in (5, 6, 7)]
    (outcome,) = joined_records.take(timed_engine(), three)
    assert [letter.offset for letter in outcome.letters] == [5, 6, 7]


@pytest.mark.parametrize(
    ("second", "joined"),
    [
        (entry(1, BARE, head(), 0), True),
        (entry(1, BARE, head(source=b"other"), 0), False),
        (entry(1, BARE, head(**{H_REPLAYED: b"1"}), 0), False),
        (entry(1, BARE, {}, 0), False),
        (entry(1, b"{}", head(kind=b"tick"), 0), False),
        (entry(1, None, head(), 0), False),
        (entry(1, BARE * (joined_records.RUN_BYTES_MOST // len(BARE)), head(), 0), False),
    ],
)
def test_only_our_records_of_one_source_are_joined(second: LogEntry, joined: bool) -> None:
    first = entry(0, BARE, head(), 0)
    assert joined_records.length([first, second]) == 1 + joined


LATE = (b"\\c:9999999999999*00\\" + BARE, BARE)


@pytest.mark.parametrize("line", LATE, ids=["a time that cannot be", "no time"])
def test_before_the_first_tick_a_sentence_without_a_time_gets_its_own_records(line: bytes) -> None:
    whole = TIME + BARE
    entries = [entry(0, whole, head(), 1_000_000_000), entry(1, line, head(), 2_000_000_000)]
    together, apart = an_engine(), an_engine()
    assert joined_records.length(entries) == 2
    joined_records.take(together, entries)
    for one in entries:
        joined_records.take(apart, [one])
    assert state(together) == state(apart)
