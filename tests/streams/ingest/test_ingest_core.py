import gzip
import random
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from detectors.core.ticks import Tick
from streams.errors import Reason
from streams.ingest.core import Ingest, SourceKind
from streams.messages.log_records import Record, Sentences, TickRecord
from streams.nmea.checksum import checksum
from streams.settings.model import IngestSettings

NOON_S = 1_700_000_000
DAY_S = 86_400
PAYLOADS = [b"13HOI:0P0000VOHLCnHQKwvL05Ip", b"133sVfPP00PD>hRMDH@jNOvN20S8", b"100h00PP0@PHFV`Mg5gTH?vNPUIp"]


def line(second: float | None, ship: int = 0, station: bytes = b"pier") -> bytes:
    body = b"AIVDM,1,1,,A,%b,0" % PAYLOADS[ship % 3]
    sentence = b"!%b*%02X\n" % (body, checksum(body))
    if second is None:
        return sentence
    tag = b"s:%b,c:%d" % (station, int((NOON_S + second) * 1000))
    return b"\\%b*%02X\\%b" % (tag, checksum(tag), sentence)


def sequence(records: list[Record]) -> dict[int, list[object]]:
    """For each partition what is in it, in order, wherever records are cut."""
    parts: dict[int, list[object]] = {p: [] for p in range(4)}
    for record in records:
        if isinstance(record, TickRecord):
            for part in parts.values():
                part.append(record)
        else:
            parts[record.partition] += zip(record.value.split(b"\n"), record.ordinals.tolist(), strict=True)
    return parts


def ingested(
    data: bytes, source_kind: SourceKind | None = None, step: int | None = None, until_ms: int | None = None
) -> list[Record]:
    ingest = Ingest("x", 4, source_kind=source_kind or SourceKind(replayed=True))
    step = step or len(data) or 1
    records: list[Record] = []
    for start in range(0, len(data), step):
        records += ingest.feed(data[start : start + step])
    records += ingest.end(until_ms)
    assert_sums(ingest, records)
    return records


def assert_sums(ingest: Ingest, records: list[Record]) -> None:
    counts = ingest.counts
    assert counts.lines == counts.sentences + counts.other
    assert counts.sentences == counts.messages + counts.rejected_all + counts.merged + ingest.pending
    assert len(ingest.refused) == counts.rejected_all
    assert sum(r.size for r in records if isinstance(r, Sentences)) == counts.messages + counts.merged
    assert len({o for r in records if isinstance(r, Sentences) for o in r.ordinals.tolist()}) == counts.messages


def ticks(records: list[Record]) -> list[Tick]:
    return [record.tick for record in records if isinstance(record, TickRecord)]


def recordings(shared_data: Path) -> list[Path]:
    return sorted(path for path in (shared_data / "nmea").rglob("*") if path.is_file())


def read(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def test_every_recording_adds_up_however_it_is_cut(shared_data: Path) -> None:
    for path in recordings(shared_data):
        data = read(path)[:150_000]
        whole = sequence(ingested(data))
        assert sequence(ingested(data, step=997)) == whole, path
        for batch in (1, 7, 1000):
            assert sequence(ingested(data, SourceKind(replayed=True, batch=batch))) == whole, path
    assert sequence(ingested(data[:5000], step=1)) == sequence(ingested(data[:5000]))


def test_random_chunks_give_the_same_records(shared_data: Path) -> None:
    data, rng = read(shared_data / "nmea" / "kystverket-1000.nm4"), random.Random(7)
    ingest, records, at = Ingest("x", 4), [], 0
    while at < len(data):
        step = rng.randint(1, 5000)
        records += ingest.feed(data[at : at + step])
        at += step
    assert sequence(records + ingest.end()) == sequence(ingested(data))


def test_a_batch_really_cuts() -> None:
    data = b"".join(line(i, i) for i in range(50))
    sizes = {b: [r.size for r in ingested(data, SourceKind(batch=b)) if isinstance(r, Sentences)] for b in (1, 7, 1000)}
    assert sizes[1] == [1] * 50
    assert max(sizes[7]) <= 7
    assert len(sizes[1000]) <= 4


def test_each_line_carries_station_and_time_with_a_right_checksum() -> None:
    (record,) = [r for r in ingested(line(1.5).replace(b"\n", b",r9,junk\n")) if isinstance(r, Sentences)]
    tag, sentence = record.value[1:].split(b"\\")
    assert tag.startswith(b"s:pier,c:%d500*" % (NOON_S + 1))
    assert int(tag[-2:], 16) == checksum(tag[:-3])
    assert sentence == line(None).strip()


def test_the_parts_of_a_message_stand_together_with_one_time(shared_data: Path) -> None:
    records = ingested(read(shared_data / "nmea" / "corrupt" / "bad-type5.nmea"))
    for record in records:
        if isinstance(record, Sentences):
            lines = record.value.split(b"\n")
            assert len(lines) == 2 * len(set(record.ordinals.tolist()))
            assert {a.split(b"*")[0] for a in lines[::2]} == {b.split(b"*")[0] for b in lines[1::2]}


def test_a_file_without_times_gets_them_from_start_and_rate() -> None:
    records = ingested(line(None) * 300, SourceKind(start_ms=NOON_S * 1000, rate_hz=10))
    assert ticks(records)[-1].to_ms == NOON_S * 1000 + 29_900
    assert ticks(records)[-1].state == "ended"


MINUTES = SourceKind(replayed=True, tick_ms=60_000)


def test_ticks_join_and_keep_to_the_files_minutes() -> None:
    found = ticks(ingested(b"".join(line(i * 10, i) for i in range(60)), MINUTES))
    assert all(a.to_ms == b.from_ms for a, b in pairwise(found))
    assert len(found) == 11
    assert all(tick.heard_ms == tick.to_ms for tick in found)


def test_a_hole_is_one_tick_however_wide() -> None:
    data = b"".join(line(i, i) for i in range(30)) + b"".join(line(90 * DAY_S + i, i) for i in range(30))
    found = ticks(ingested(data))
    wide = [tick for tick in found if tick.to_ms - tick.from_ms > 3_600_000]
    assert len(found) <= 5
    assert len(wide) == 1
    assert (wide[0].from_ms, wide[0].heard_ms) == ((NOON_S + 29) * 1000, (NOON_S + 29) * 1000)
    assert wide[0].to_ms == (NOON_S + 90 * DAY_S) * 1000 - 1
    assert found[-1].spacing_s < 5


def test_until_lets_the_clock_run_on_in_one_tick() -> None:
    until_ms = (NOON_S + 7 * DAY_S) * 1000
    live, wide, ended = ticks(ingested(line(0) + line(5), until_ms=until_ms))
    assert (live.to_ms, wide.from_ms, wide.to_ms) == ((NOON_S + 5) * 1000, (NOON_S + 5) * 1000, until_ms)
    assert (wide.heard_ms, wide.state) == ((NOON_S + 5) * 1000, "live")
    assert (ended.from_ms, ended.to_ms, ended.state) == (until_ms, until_ms, "ended")


def test_one_lying_tag_block_moves_neither_clock_nor_ticks() -> None:
    honest = [line(i, i) for i in range(100)]
    forged = [*honest[:50], line(365 * DAY_S, 2), line(-2 * DAY_S, 1), *honest[50:]]
    ingest = Ingest("x", 4)
    records = ingest.feed(b"".join(forged)) + ingest.end()
    assert ingest.counts.rejected == {Reason.TIME_AHEAD: 1, Reason.TIME_BEHIND: 1}
    assert [t.to_ms for t in ticks(records)] == [t.to_ms for t in ticks(ingested(b"".join(honest)))]
    assert_sums(ingest, records)


def test_ten_megabytes_without_a_newline_are_one_refused_line() -> None:
    ingest = Ingest("x", 4)
    ingest.feed(line(0))
    for _ in range(160):
        ingest.feed(b"\x00\xff" * 32_768)
    records = ingest.feed(b"\n" + line(1)) + ingest.end()
    assert ingest.counts.rejected == {Reason.LINE_TOO_LONG: 1}
    assert len(ingest.refused[0].raw) <= IngestSettings().line_bytes + 1
    assert sum(r.size for r in records if isinstance(r, Sentences)) == 2


def test_noise_is_counted_and_harms_nobody() -> None:
    rng = random.Random(1)
    noise = [rng.randbytes(200) for _ in range(300)]
    data = b"".join(b"\n" + chunk + b"\n" + line(i, i) for i, chunk in enumerate(noise))
    assert sum(r.size for r in ingested(data) if isinstance(r, Sentences)) == 300


def test_a_pghp_line_times_only_the_next_sentence() -> None:
    body = b"PGHP,1,2023,11,14,22,13,25,500,219,,2190074,1,0D"
    data = b"$%b*%02X\n" % (body, checksum(body)) + line(None) + line(None, 1)
    records = [r for r in ingested(data) if isinstance(r, Sentences)]
    text = b"\n".join(r.value for r in records)
    assert text.count(b"c:1700000005500") == 2
    assert text.count(b"s:2190074,") == 1


LIVE = SourceKind(live=True)
WALL = 1_750_000_000_000


def walked(ingest: Ingest, from_ms: int, to_ms: int) -> list[Record]:
    return [record for now_ms in range(from_ms, to_ms + 1, 100) for record in ingest.clock(now_ms)]


def test_a_live_source_that_is_never_heard_ticks_from_its_start() -> None:
    found = ticks(walked(Ingest("x", 4, source_kind=LIVE), WALL, WALL + 10_000))
    assert found[0].from_ms == WALL
    assert found[-1].to_ms >= WALL + 9000
    assert all(tick.heard_ms is None and tick.state == "live" for tick in found)
    assert all(a.to_ms == b.from_ms for a, b in pairwise(found))


def test_a_silent_live_source_ticks_on_with_the_wall() -> None:
    ingest = Ingest("x", 4, source_kind=LIVE)
    ingest.clock(WALL)
    ingest.feed(line(None), WALL + 50)
    found = ticks(walked(ingest, WALL + 100, WALL + 30_000))
    assert len(found) >= 29
    assert {tick.heard_ms for tick in found} == {WALL + 50}
    assert found[-1].to_ms >= WALL + 29_000


def test_a_live_source_is_cut_after_the_packing_time() -> None:
    ingest = Ingest("x", 4, source_kind=LIVE)
    ingest.clock(WALL)
    assert ingest.feed(line(None), WALL + 10) == ingest.clock(WALL + 50) == []
    (record,) = ingest.clock(WALL + 110)
    assert isinstance(record, Sentences)


def test_a_live_source_back_after_an_outage_is_believed_at_once() -> None:
    ingest = Ingest("x", 4, source_kind=LIVE)
    ingest.clock(WALL)
    ingest.feed(line(0, 0) + line(0, 1) + line(0, 2), WALL)
    walked(ingest, WALL, WALL + 1_200_000)
    ingest.feed(line(1200, 0), WALL + 1_200_000)
    assert (ingest.counts.messages, ingest.pending) == (4, 0)


def test_a_recording_sent_live_keeps_its_own_time() -> None:
    ingest = Ingest("x", 4, source_kind=LIVE)
    ingest.clock(WALL)
    records = ingest.feed(line(0), WALL + 500) + walked(ingest, WALL + 600, WALL + 5000)
    assert {tick.heard_ms for tick in ticks(records)} == {NOON_S * 1000}
    assert ticks(records)[-1].to_ms < NOON_S * 1000 + 10_000


def test_peers_have_lines_of_their_own_and_a_broken_one_is_read_as_it_is() -> None:
    ingest, whole = Ingest("x", 4, source_kind=LIVE), line(None)
    ingest.feed(whole[:10], WALL, "a")
    ingest.feed(whole, WALL, "b")
    ingest.hang_up("a", WALL)
    assert (ingest.counts.messages, ingest.counts.rejected) == (1, {Reason.MALFORMED: 1})


@pytest.mark.parametrize("data", [b"", b"# nothing\n", b"\n\n"])
def test_an_input_without_sentences_says_nothing(data: bytes) -> None:
    assert ingested(data) == []


@pytest.mark.parametrize("bulk_bytes", [None, 0])
def test_the_default_time_of_a_chunk_is_that_of_its_lines_without_one(bulk_bytes: int | None) -> None:
    """Whatever moves the clock, by line and in columns: parts, times of their own, and lines of another chunk."""
    ingest = Ingest("x", 4, source_kind=SourceKind(live=True), bulk_bytes=bulk_bytes)
    two = [b"AIVDM,2,%d,%d,A,%b,%d" % (part, 3, PAYLOADS[0] * 2, 0) for part in (1, 2)]
    parts = b"".join(b"!%b*%02X\n" % (body, checksum(body)) for body in two)
    now_ms, records = (NOON_S + 1000) * 1000, list[Record]()
    for number, default_s in enumerate((10, 20, None)):
        data = b"".join([line(None, 0), line(None, 1), parts, line(None, 2), line(15 + number, 1), line(None, 0)]) * 20
        default_ms = None if default_s is None else (NOON_S + default_s) * 1000
        records += ingest.feed(data, now_ms + number, default_ms=default_ms)
    records += ingest.end()
    lines = [one for record in records if isinstance(record, Sentences) for one in record.value.split(b"\n")]
    stated = Counter(int(found[1]) for one in lines if (found := re.search(rb"c:([0-9]+)", one)))
    assert {time_ms: count for time_ms, count in stated.items() if time_ms <= (NOON_S + 20) * 1000 and count > 99} == {
        (NOON_S + 10) * 1000: 120, (NOON_S + 20) * 1000: 120,
    }  # fmt: skip
    assert [stated[(NOON_S + 15 + number) * 1000] for number in range(2)] == [20, 20]
