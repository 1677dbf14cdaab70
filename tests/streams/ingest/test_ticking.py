"""Where ticks stand never matters to what is found of outages."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from detectors.core.source_changes import Outage
from detectors.core.sources import SourceTable
from detectors.core.ticks import FeedRules, Tick
from streams.ingest.ticking import Ticker

RULES = FeedRules()
START_MS = 1_700_000_000_000
steps_ms = st.one_of(
    st.integers(-40_000, 0),  # late, or at once: the clock is not moved
    st.integers(1, 20_000),
    st.integers(59_000, 61_000),  # about the limit of a busy source
    st.integers(290_000, 320_000),  # ... and of one heard every 15 s
    st.integers(1_000_000, 90_000_000),
)


Steps = Sequence[tuple[int, int]]
"""Milliseconds since the sentence before, and whose it is."""
steps_of = st.lists(st.tuples(steps_ms, st.sampled_from([1, 1, 1, 1, 2])), max_size=60)


def ticked(steps: Steps, every_ms: int, every_sentences: int) -> list[Tick]:
    """Ticks as ingest writes them for sentences that follow each other at ``steps``."""
    ticker = Ticker("x", every_ms, RULES, replayed=True, every_sentences=every_sentences)
    ticks, time_ms = ticker.before(START_MS, 1), START_MS
    for step_ms, mmsi in steps:
        if step_ms <= 0:
            ticker.heard_another(mmsi)
            continue
        time_ms += step_ms
        ticks += ticker.before(time_ms, mmsi)
    return ticks + ticker.end(None)


def ticked_always(steps: Steps) -> list[Tick]:
    """A tick right before and right after every sentence."""
    ticker = Ticker("x", 1, RULES, replayed=True)
    ticks, time_ms = ticker.before(START_MS, 1), START_MS
    for step_ms, mmsi in steps:
        if step_ms <= 0:
            ticker.heard_another(mmsi)
            continue
        time_ms += step_ms
        ticks += ticker.wall(time_ms - 1)
        ticks += ticker.before(time_ms, mmsi)
        ticks += ticker.wall(time_ms)
    return ticks + ticker.end(None)


def ticked_in_runs(steps: Steps, cuts: Sequence[int], every_ms: int, every_sentences: int) -> list[Tick]:
    """The same with many sentences taken in at once, cut there."""
    ticker = Ticker("x", every_ms, RULES, replayed=True, every_sentences=every_sentences)
    ticks = ticker.before(START_MS, 1)
    times = START_MS + np.cumsum([max(0, step_ms) for step_ms, _ in steps], dtype=np.int64)
    mmsis = np.array([mmsi for _, mmsi in steps], np.int64)
    edges = sorted({0, len(steps), *(cut % (len(steps) + 1) for cut in cuts)})
    for begin, end in pairwise(edges):
        ticks += [tick for _, found in ticker.run(times[begin:end], mmsis[begin:end]) for tick in found]
    return ticks + ticker.end(None)


def outages(ticks: Sequence[Tick]) -> tuple[list[Outage], list[tuple[int, int]]]:
    table = SourceTable(RULES)
    found = [outage for tick in ticks for outage in table.apply(tick)]
    return found, table.sources[0].downs


@given(steps_of, st.sampled_from([1, 1000, 60_000]), st.sampled_from([0, 7, 1000]))
def test_outages_are_those_that_a_tick_after_every_sentence_would_show(
    steps: list[tuple[int, int]], every_ms: int, every_sentences: int
) -> None:
    assert outages(ticked(steps, every_ms, every_sentences)) == outages(ticked_always(steps))


@given(steps_of, st.lists(st.integers(0, 60)), st.sampled_from([1000, 60_000]), st.sampled_from([0, 7]))
def test_many_sentences_at_once_give_the_ticks_of_one_by_one(
    steps: list[tuple[int, int]], cuts: list[int], every_ms: int, every_sentences: int
) -> None:
    one_by_one = ticked(steps, every_ms, every_sentences)
    assert ticked_in_runs(steps, cuts, every_ms, every_sentences) == one_by_one


@given(steps_of, st.sampled_from([1000, 60_000]), st.sampled_from([0, 7]))
def test_ticks_join_and_promise_only_what_was_heard(
    steps: list[tuple[int, int]], every_ms: int, every_sentences: int
) -> None:
    ticks = ticked(steps, every_ms, every_sentences)
    assert [tick.from_ms for tick in ticks[1:]] == [tick.to_ms for tick in ticks[:-1]]
    assert all(tick.heard_ms is not None and tick.heard_ms <= tick.to_ms for tick in ticks)


def test_a_thinned_recording_has_a_tick_for_so_many_sentences_and_for_outages_only() -> None:
    quiet = [(120_000, n % 3) for n in range(10_000)]
    assert len(ticked(quiet, 60_000, 1000)) == 11
    assert len(ticked([*quiet, (90 * 86_400_000, 1), *quiet], 60_000, 1000)) <= 24


def test_a_busy_recording_has_a_tick_a_minute_at_most() -> None:
    assert len(ticked([(100, 1)] * 100_000, 60_000, 100)) == 10_000 // 60 + 1
