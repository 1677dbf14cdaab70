"""The batch decoder against the line-by-line one, on lines with one thing wrong; ``tests.fuzz_decode`` runs long."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.bench import feed
from streams.decode import decode
from streams.decode.scan import scan
from tests.decode_by_line import decode_by_line, difference
from tests.fuzz_decode import FALLBACKS_MS, MUTATIONS, compare, mutated, records, resealed

GENERATED = feed.generated(2000).lines
FILES = sorted(path for path in feed.RECORDINGS.rglob("*") if path.is_file()) if feed.RECORDINGS.is_dir() else []


@pytest.mark.parametrize("seed", range(4))
def test_mutated_records_agree(seed: int) -> None:
    random = Random(seed)
    for value, _, _ in islice(records(GENERATED, random), 25):
        assert compare(value, random.choice(FALLBACKS_MS)) is None


@given(st.integers(0, 1 << 32), st.integers(1, 40))
def test_any_few_lines_agree(seed: int, count: int) -> None:
    random = Random(seed)
    lines = feed.packed([mutated(random, random.choice(GENERATED)) for _ in range(count)], count)
    assert compare(lines[0], 0) is None


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_each_mutation_agrees_in_each_half_of_a_message(mutation: object) -> None:
    random, made = Random(7), 0
    timed = feed.packed(GENERATED, 1)
    pairs = [at for at, line in enumerate(timed) if b"VDM,2,1," in line][:40]
    for at in pairs:
        for wrong in (at, at + 1):
            lines = timed[at - 1 : at + 3]
            lines[wrong - at + 1] = resealed(random, mutation(random, timed[wrong]))  # type: ignore[operator]
            assert compare(b"\n".join(lines), 0) is None
            made += lines != timed[at - 1 : at + 3]
    assert made > 3


@pytest.mark.skipif(not FILES, reason="../shared/data/nmea is not here")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_recordings_agree_as_they_are_and_as_ingest_packs_them(path: Path, size: int) -> None:
    lines = feed.content(path).split(b"\n")[:4000]
    for given_lines in (lines, feed.ingested(lines), feed.foreign(feed.ingested(lines))):
        for value in [b"\n".join(given_lines[at : at + size]) for at in range(0, len(given_lines), size)][:400]:
            assert compare(value, 0) is None


def test_the_usual_forms_need_no_reading_line_by_line() -> None:
    clean = feed.ingested(GENERATED)
    unnamed = [line.replace(b",A,", b",,", 1).replace(b",B,", b",,", 1) for line in clean]
    early = [line.replace(b"c:1707", b"c:707") for line in clean]
    for lines in (clean, feed.foreign(clean), [resealed(Random(1), line) for line in unnamed], early):
        value = b"\n".join(lines)
        usual = scan(value)
        assert not len(usual.others) and len(usual.firsts) == len(decode(value, "test").batch.reports)


def test_lines_with_a_wrong_checksum_alone_need_none_either() -> None:
    clean = feed.ingested(GENERATED)
    value = b"\n".join(line[:-2] + (b"00" if line[-2:] != b"00" else b"01") for line in clean if b"VDM,1,1," in line)
    usual = scan(value)
    assert len(usual.others) == len(usual.wrong) == len(usual.starts) and not len(usual.firsts)
    assert difference(decode(value, "test"), decode_by_line(value, "test")) is None


def test_the_comparison_sees_a_difference() -> None:
    value = b"\n".join(feed.ingested(GENERATED)[:50])
    ours = decode(value, "test")
    assert difference(ours, decode_by_line(value, "test")) is None
    for name in ("mmsi", "lat_deg", "payload", "static", "time_ms"):
        wrong = ours.batch.reports.copy()
        wrong[name][3] += 1
        assert difference(ours._replace(batch=ours.batch._replace(reports=wrong)), ours) is not None
    assert difference(decode(value[: len(value) // 2], "test"), ours) is not None
