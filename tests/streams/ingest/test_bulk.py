"""Many lines at once give the very records, refusals and counts that line by line gives."""

import gzip
import random
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.ingest import bulk
from streams.ingest.core import Ingest, SourceKind
from streams.ingest.model import RefusedLine
from streams.messages.log_records import Record, Sentences, TickRecord
from streams.nmea.checksum import checksum
from streams.settings.model import IngestSettings

SMALL = IngestSettings(pack_sentences=50, tick_file_sentences=120)
FILE = SourceKind(replayed=True)
LIVE = SourceKind(live=True)
NATURES = {
    "file": FILE,
    "file in batches": SourceKind(replayed=True, batch=7),
    "paced": SourceKind(replayed=True, tick_ms=1000, batch=20),
    "slow clock": SourceKind(replayed=True, rate_hz=0.05),
    "live": LIVE,
}
WALL_MS = 1_750_000_000_000


@pytest.fixture(autouse=True)
def short_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs of any length go through columns."""
    monkeypatch.setattr(bulk, "ONE_BY_ONE", 1)


def plain(record: Record) -> object:
    if isinstance(record, Sentences):
        return record._replace(ordinals=record.ordinals.tolist())
    return record


def fed(
    data: bytes, source_kind: SourceKind, seed: int, bulk_bytes: int | None, options: IngestSettings = SMALL
) -> tuple[list[object], list[RefusedLine], bytes, int]:
    """Records, refusals, counts and what is pending, for ``data`` cut into chunks by ``seed``."""
    rng = random.Random(seed)
    ingest = Ingest("the source", 3, options, source_kind=source_kind, bulk_bytes=bulk_bytes)
    records, at, now_ms = [], 0, WALL_MS
    while at < len(data):
        size = rng.choice([1, 30, 500, 3000, 5000])
        records += ingest.feed(data[at : at + size], now_ms)
        if source_kind.live:
            now_ms += rng.choice([0, 20, 400, 70_000])
            records += ingest.clock(now_ms)
        at += size
    records += ingest.end()
    return [plain(r) for r in records], ingest.refused, msgspec.json.encode(ingest.counts), ingest.pending


def assert_same(data: bytes, source_kind: SourceKind, seed: int, options: IngestSettings = SMALL) -> None:
    one_by_one, at_once = (fed(data, source_kind, seed, bulk_bytes, options) for bulk_bytes in (None, 1))
    for expected, found in zip(one_by_one, at_once, strict=True):
        assert found == expected


def recordings(shared_data: Path) -> list[Path]:
    return sorted(path for path in (shared_data / "nmea").rglob("*") if path.is_file())


def read(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


@pytest.mark.parametrize("source_kind", NATURES.values(), ids=NATURES.keys())
def test_a_recording_gives_the_same_however_it_is_read(shared_data: Path, source_kind: SourceKind) -> None:
    for path in recordings(shared_data):
        assert_same(read(path)[:150_000], source_kind, seed=len(path.name))


PAYLOADS = [
    b"13HOI:0P0000VOHLCnHQKwvL05Ip",
    b"133sVfPP00PD>hRMDH@jNOvN20S8",
    b"100h00PP0@PHFV`Mg5gTH?vNPUIp",
    b"H3HOI:0",
]
PARTS = [b"55?MbV02;H;s<HtKR20EHE:0@T4@Dn2222222216L961O5Gf0NSQEp6ClRp8", b"88888888880"]
STATIONS = [b"pier", b"pier", b"", b"r003-669 945", b"Z" * 70, b"a\xe9", b"x!y"]


def sentence(talker: bytes, fields: bytes, payload: bytes, end: bytes = b",0") -> bytes:
    body = talker + b"," + fields + b",A," + payload + end
    return b"!%b*%02X" % (body, checksum(body))


def tagged(fields: list[bytes], text: bytes, checks: str) -> bytes:
    body = b",".join(fields)
    right = checksum(body) + (checks == "wrong")
    return b"\\" + body + {"none": b"", "short": b"*7"}.get(checks, b"*%02x" % (right & 255)) + b"\\" + text


Item = tuple[str, int, int, str, str]
KINDS = [
    *["ordinary"] * 12,
    "two parts",
    "first part",
    "second part",
    "bad checksum",
    "truncated",
    "noise",
    "comment",
    "PGHP",
    "empty",
    "two on a line",
    "appended",
    "long",
    "no MMSI",
    "odd payload",
    "lower case",
    "leading",
    "tag alone",
]
TIMES = [*["ms"] * 4, *["s"] * 4, "none", "untagged", "decimals", "twice", "absurd", "empty", "last", "bare s"]
TIMES += ["group", "group only", "old group", "group of one", "no group"]
items = st.tuples(
    st.sampled_from(KINDS),
    st.one_of(
        st.integers(0, 3000), st.integers(-30_000, 0), st.sampled_from([61_000, 400_000, 700_000, -90_000_000, 10**10])
    ),
    st.integers(0, 3),
    st.sampled_from(TIMES),
    st.sampled_from(["right", "right", "right", "wrong", "none", "short"]),
)


def tag_fields(time_ms: int, station: bytes, form: str) -> list[bytes]:
    name, at = b"s:" + station, b"c:%d"
    return {
        "ms": [name, at % time_ms, b"g:1-2-77"],
        "s": [at % (time_ms // 1000), b"n:12", name],
        "none": [name],
        "decimals": [name, b"c:%d.25" % (time_ms // 1000)],
        "twice": [at % time_ms, name, at % (time_ms + 1), name],
        "absurd": [at % 10**15, name],
        "empty": [b"c:", b"s:"],
        "last": [b"d:xy", b"x:s:1", name, at % time_ms],
        "bare s": [at % time_ms, b"s"],
        "group": [b"g:%d-3-%d" % (1 + time_ms % 3, time_ms // 3 % 4), at % time_ms, name],
        "group only": [b"g:%d-3-%d" % (1 + time_ms % 3, time_ms // 3 % 4)],
        "old group": [at % time_ms, name, b"%dG3:%d" % (1 + time_ms % 3, time_ms // 3 % 4)],
        "group of one": [b"g:1-1-5", name, at % time_ms],
        "no group": [b"g:1-1x5", name, at % time_ms],
    }[form]


def written(item: Item, number: int, time_ms: int) -> bytes:
    """What stands on one line, or several."""
    kind, _, ship, form, checks = item
    payload, talker = PAYLOADS[ship], [b"AIVDM", b"BSVDO", b"A-VDM", b"AIVDX"][ship] if number % 9 == 0 else b"AIVDM"
    station = STATIONS[number % len(STATIONS)] if number % 4 == 0 else b"pier"
    sequence = b"%d" % (number % 3)

    def line(text: bytes) -> bytes:
        return text if form == "untagged" else tagged(tag_fields(time_ms, station, form), text, checks)

    plain_text = sentence(talker, b"1,1," + (sequence if ship else b""), payload)
    first, second = (sentence(talker, b"2,%d,%b" % (n + 1, sequence), PARTS[n]) for n in (0, 1))
    pghp = b"PGHP,1,2023,11,14,22,13,%d,500,219,,2190074,1,0D" % (number % 60)
    return {
        "ordinary": line(plain_text),
        "two parts": line(first) + b"\n" + line(second),
        "first part": line(first),
        "second part": line(second),
        "bad checksum": line(plain_text[:-1] + b"Z"),
        "truncated": line(plain_text)[: 5 + number % 60],
        "noise": bytes([number % 256, 0, 255, 33, 92]),
        "comment": b"# " + line(plain_text),
        "PGHP": b"$%b*%02X" % (pghp, checksum(pghp)),
        "empty": b"",
        "two on a line": line(plain_text) + line(plain_text),
        "appended": line(plain_text) + b",r003669945,%d" % (time_ms // 1000),
        "long": line(plain_text) + b"x" * 1500,
        "no MMSI": line(sentence(talker, b"1,1,", b"13HOI:")),
        "odd payload": line(sentence(talker, b"1,1,", payload + b"Z")),
        "lower case": line(plain_text.lower().replace(b"!aivdm", b"!AIVDM")),
        "leading": b"12:00 " + line(plain_text),
        "tag alone": line(b""),
    }[kind]


def feed_of(some: list[Item], end: bytes) -> bytes:
    lines, now_ms = [], 1_700_000_000_000
    for number, item in enumerate(some):
        lies = abs(item[1]) >= 90_000_000
        now_ms += 0 if lies else item[1]
        lines.append(written(item, number, now_ms + item[1] if lies else now_ms))
    return end.join(lines)


@settings(max_examples=150, deadline=None)
@given(st.lists(items, min_size=1, max_size=80), st.sampled_from([b"\n", b"\r\n"]), st.integers(0, 99))
def test_any_mixture_gives_the_same_live(some: list[Item], end: bytes, seed: int) -> None:
    assert_same(feed_of(some, end), LIVE, seed)


@settings(max_examples=30, deadline=None)  # 0.2 s of CPU each: a file's head is read line by line
@given(
    st.lists(items, min_size=1, max_size=60),
    st.sampled_from(sorted(set(NATURES) - {"live"})),
    st.booleans(),
    st.integers(0, 99),
)
def test_any_mixture_gives_the_same_after_a_files_head(
    some: list[Item], source_kind: str, timed: bool, seed: int
) -> None:
    head = HEAD if timed else [(kind, step, ship, "untagged", checks) for kind, step, ship, _, checks in HEAD]
    assert_same(feed_of([*head, *some], b"\n"), NATURES[source_kind], seed)


@settings(max_examples=100, deadline=None)
@given(
    st.integers(0, 700),
    st.lists(st.tuples(st.floats(0, 1), st.sampled_from(["flip", "cut", "drop", "copy"])), max_size=25),
    st.integers(0, 99),
)
def test_mutated_real_lines_give_the_same(
    shared_data: Path, start: int, wounds: list[tuple[float, str]], seed: int
) -> None:
    lines = read(shared_data / "nmea" / "kystverket-1000.nm4").splitlines()[start : start + 150]
    for where, wound in wounds:
        number = int(where * (len(lines) - 1))
        line = lines[number]
        place = int(where * 7919) % max(1, len(line))
        lines[number] = {
            "flip": line[:place] + bytes([line[place] ^ 1 << place % 8] if line else b"") + line[place + 1 :],
            "cut": line[:place],
            "drop": b"",
            "copy": line + b"\n" + line,
        }[wound]
    assert_same(b"\r\n".join(lines), LIVE, seed)


NOW_S = 1_700_000_000
HEAD: list[Item] = [("ordinary", 900, n % 3, "ms", "right") for n in range(1000)]


def said(second: float, ship: int = 0, station: bytes = b"pier") -> bytes:
    fields = tag_fields(int((NOW_S + second) * 1000), station, "ms")
    return tagged(fields, sentence(b"AIVDM", b"1,1,", PAYLOADS[ship % 3]), "right")


def at_once(
    lines: list[bytes], source_kind: SourceKind, chunks: int = 2, options: IngestSettings = SMALL
) -> list[object]:
    """What ``lines`` give in a few large chunks, which is held against one by one."""
    size, results = -(-len(lines) // chunks), []
    for bulk_bytes in (None, 1):
        ingest, records = Ingest("x", 3, options, source_kind=source_kind, bulk_bytes=bulk_bytes), []
        for at in range(0, len(lines), size):
            records += ingest.feed(b"\n".join([*lines[at : at + size], b""]), WALL_MS + at)
            records += ingest.clock(WALL_MS + at + 150) if source_kind.live else []
        results.append(
            [[plain(r) for r in [*records, *ingest.end()]], ingest.refused, msgspec.json.encode(ingest.counts)]
        )
    assert results[0] == results[1]
    return results[1][0]  # type: ignore[return-value]


def test_an_outage_within_a_block_has_its_ticks() -> None:
    seconds = [*range(300), *range(700, 800), *range(870, 1000)]
    records = at_once([said(0, 1), *(said(s, s) for s in seconds)], LIVE, chunks=1)
    assert sum(isinstance(r, TickRecord) and r.tick.to_ms == (NOW_S + 700) * 1000 - 1 for r in records) == 1
    assert sum(isinstance(r, TickRecord) and r.tick.to_ms == (NOW_S + 870) * 1000 - 1 for r in records) == 1


def test_an_outage_has_its_ticks_though_few_sentences_have_gone_since_the_last_ones() -> None:
    seconds = [*range(1000, 1130), *range(1530, 1540), *range(1940, 1960)]
    records = at_once([*feed_of(HEAD, b"\n").split(b"\n"), *(said(s, s) for s in seconds)], FILE, chunks=12)
    ends = {r.tick.to_ms for r in records if isinstance(r, TickRecord)}
    assert {(NOW_S + second) * 1000 - 1 for second in (1530, 1940)} <= ends


def test_a_thinned_recording_whose_pauses_are_all_long() -> None:
    head = feed_of(HEAD, b"\n").split(b"\n")
    rng, second, lines = random.Random(5), 1000.0, []
    for n in range(400):
        second += rng.choice([70, 90, 100, 110, 590]) if n % 50 else 500
        lines.append(said(second, n))
    at_once([*head, *lines], FILE, chunks=12)


def test_a_whole_message_may_make_later_lines_too_old() -> None:
    late = -86_390.0
    early = [*(said(n / 10, n) for n in range(50)), said(late, 1), said(500, 2) + b",rX,1", said(late, 3), said(1, 1)]
    at_once([said(0), *early], LIVE, chunks=1)


@pytest.mark.parametrize("ahead_s", [-3, 0, 2])
def test_a_time_among_lines_without_any_moves_those_after_it(ahead_s: int) -> None:
    bare = sentence(b"AIVDM", b"1,1,", PAYLOADS[0])
    timed = bare + b",rX,%d" % (WALL_MS // 1000 + ahead_s)
    at_once([bare, *[bare] * 20, timed, *[bare] * 20, timed, *[bare] * 20], LIVE)
    at_once([bare, *[bare] * 20, *[timed] * 3, *[bare] * 20], LIVE, chunks=1)


@pytest.mark.parametrize("body", [b"", b"s,c:1700000001", b"c,s:pier", b"c:1700000001,c", b"c:17000000x1", b":"])
def test_odd_tag_blocks_are_left_to_the_parser(body: bytes) -> None:
    odd = b"\\%b*%02X\\" % (body, checksum(body)) + sentence(b"AIVDM", b"1,1,", PAYLOADS[1])
    at_once([said(0), *(said(n, n) for n in range(5)), odd, odd, said(6)], LIVE, chunks=1)
    at_once([odd] * 4, LIVE, chunks=1)


@pytest.mark.parametrize("odd", [b"Z", b" ", b"x", b"/", b"Y"])
def test_what_no_payload_is_made_of_is_refused(odd: bytes) -> None:
    wrong = sentence(b"AIVDM", b"1,1,", PAYLOADS[0][:-1] + odd)
    (*_, counts) = fed(b"\n".join([said(0), said(1), wrong, said(2), b""]), LIVE, 1, 1)[:3]
    assert b'"malformed":1' in counts


def test_records_close_when_they_have_waited_from_their_first_sentence_on() -> None:
    """A pack that was full and emptied within a block waits anew."""
    ingest = Ingest("x", 1, SMALL, source_kind=LIVE, bulk_bytes=1)
    ingest.feed(said(0) + b"\n", WALL_MS)
    ingest.clock(WALL_MS)
    full = ingest.feed(b"".join(said(n / 100, n) + b"\n" for n in range(60)), WALL_MS + 90)
    assert [r.size for r in full if isinstance(r, Sentences)] == [50]
    assert ingest.clock(WALL_MS + 110) == []
    assert [r.size for r in ingest.clock(WALL_MS + 190) if isinstance(r, Sentences)] == [11]


def test_records_are_cut_by_bytes_too() -> None:
    long_ones = b"".join(
        tagged([b"s:pier", b"c:%d" % (1_700_000_000_000 + n)], sentence(b"AIVDM", b"1,1,", PAYLOADS[0] * 28), "right")
        + b"\n"
        for n in range(4000)
    )
    whole = IngestSettings(pack_sentences=10_000)
    assert_same(long_ones, LIVE, 1, whole)
    assert (
        max(len(r.value) for r in Ingest("x", 1, whole, source_kind=LIVE).feed(long_ones) if isinstance(r, Sentences))
        > 500_000
    )


def test_columns_do_the_work(monkeypatch: pytest.MonkeyPatch, shared_data: Path) -> None:
    """Of a real feed with tag blocks, and one in ten lines damaged, only what is not ordinary is read by itself."""
    data = read(shared_data / "nmea" / "kystverket-1000.nm4").splitlines()
    rng = random.Random(3)
    damaged = [line if rng.random() > 0.1 else line[:-2] + b"??" for line in data]
    ingest, read_alone = Ingest("x", 4, source_kind=LIVE), []
    ingest.feed(data[0] + b"\n", WALL_MS)
    monkeypatch.setattr(type(ingest._source_state), "line", lambda self, line, peer: read_alone.append(line))
    ingest.feed(b"\n".join([*damaged, b""]), WALL_MS)
    assert not read_alone
    assert ingest.counts.messages > 700
