"""Recordings in time order: those that are not are sorted first, in bounded memory.

Most exports are sorted by ship. Played as they are, almost every report is late, and each ship's first one a silence.
Each recording is read once to see its order. If all are in order within the lateness that the detectors allow, and one
follows the other, they are played as they are, or one before the other; otherwise their lines are sorted together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice, pairwise
from pathlib import Path
from typing import BinaryIO, Final

import msgspec
import numpy as np
import numpy.typing as npt

from streams.files.line_sort import KeyedLines, LineSort, needed_bytes, refuse_without_space
from streams.files.pieces import file_of
from streams.files.recordings import RecordingFile, all_recordings, unpacked_size
from streams.files.unpackers import PackedError
from streams.ingest.framing import Framer
from streams.ingest.line_times import NO_HEADING, LineTimes, OrderRules, TimedLines
from streams.ingest.tables import is_sentence

Ints = npt.NDArray[np.int64]
ORDER_VERSION: Final = 2
"""Raised with each change of the order in which lines are given: a run of another order cannot be continued."""
_CHUNK_BYTES: Final = 4 << 20
_SORTED_CHUNK_BYTES: Final = 1 << 20
_LEAST_TIMED: Final = 0.5
"""Of the first sentences: with fewer times, a recording is played as it is."""
_PREAMBLE: Final = -2
"""Key and mark of lines before a table's heading that are no sentences."""


class Survey(msgspec.Struct, kw_only=True):
    """What a recording's lines show of its order."""

    name: str
    lines: int = 0
    timed: int = 0
    """Lines with a time of their own."""
    size: int = 0
    """Bytes, unpacked; 0 if only its times were read."""
    first_ms: int = -1
    least_ms: int = -1
    top_ms: int = -1
    late: int = 0
    """Lines later than allowed."""
    late_most_ms: int = 0
    readable: bool = True
    """Most of its sentences have times."""
    whole: bool = False
    """It was read to its end."""

    def take(self, timed: TimedLines, late_ms: int) -> None:
        """Adds lines."""
        self.lines += len(timed.lines)
        self.size += len(timed.lines.text)
        self.take_times(timed.time_ms[timed.has_time], late_ms)

    def take_times(self, times: Ints, late_ms: int) -> None:
        """Adds times of lines, ms."""
        self.timed += len(times)
        if not len(times):
            return
        tops = np.maximum(np.maximum.accumulate(times), self.top_ms)
        behind = tops - times
        self.late += int(np.count_nonzero(behind > late_ms))
        self.late_most_ms = max(self.late_most_ms, int(behind.max()))
        least_ms = int(times.min())
        self.first_ms = int(times[0]) if self.first_ms < 0 else self.first_ms
        self.least_ms = least_ms if self.least_ms < 0 else min(self.least_ms, least_ms)
        self.top_ms = int(tops[-1])


Stopped = Callable[[], bool]
Watch = Callable[[str, int, int | None], None]
"""Gets what is done, the number of bytes done since the last call, and how many it will be, if that is known."""
CHECKING, SORTING, PLAYING = "checking the order", "sorting by time", "replaying"
"""What may be done."""


def in_time_order(
    paths: Sequence[Path],
    rules: OrderRules,
    say: Callable[[str], None] = lambda _said: None,
    stopped: Stopped = lambda: False,
    watch: Watch = lambda _what, _size, _total: None,
) -> Iterator[RecordingFile]:
    """The recordings of files in time order. ``say`` gets one line if something is sorted, ``watch`` the progress.

    Once ``stopped`` is true, what is given no longer counts. Files that can be read only once, such as pipes, are
    played as they are. Raises WakewatchError without enough space on disk.
    """
    if not all(path.is_file() for path in paths):
        yield from all_recordings(paths)
        return
    size = unpacked_size(paths)
    surveys = [
        surveyed(recording, rules, stopped, lambda read: watch(CHECKING, read, size))
        for recording in all_recordings(paths)
    ]
    watch(PLAYING, 0, sum(survey.size for survey in surveys) if all(survey.whole for survey in surveys) else size)
    _say_untimed(surveys, say)
    ordered = [number for number, survey in enumerate(surveys) if survey.readable and survey.timed]
    if not _disordered([surveys[number] for number in ordered], rules.late_ms):
        yield from all_recordings(paths)
        return
    by_start = sorted(ordered, key=lambda number: (surveys[number].least_ms, number))
    others = [number for number in range(len(surveys)) if number not in ordered]
    yield from _some(paths, others)
    if not _disordered([surveys[number] for number in by_start], rules.late_ms):
        say(f"{len(by_start)} recordings are not in time order: they are read by their first times")
        yield from _some(paths, by_start)
        return
    for number in [number for number in ordered if not surveys[number].size]:
        surveys[number] = _surveyed_whole(paths, number, rules, stopped)
    name, read = _announced([surveys[number] for number in ordered], say)
    pieces = _sorted(_some(paths, ordered), rules, stopped, lambda added: watch(SORTING, added, read))
    yield RecordingFile(f"{name}, sorted", file_of(pieces, _SORTED_CHUNK_BYTES))


def _announced(surveys: Sequence[Survey], say: Callable[[str], None]) -> tuple[str, int]:
    """The name and the number of bytes of what is to be sorted. Raises WakewatchError without enough space on disk."""
    read, lines, late, timed = (
        sum(getattr(survey, field) for survey in surveys) for field in ("size", "lines", "late", "timed")
    )
    refuse_without_space(needed_bytes(read, lines))
    name = surveys[0].name + (f" and {len(surveys) - 1} more" if len(surveys) > 1 else "")
    say(f"{name}: not in time order ({late:,} of {timed:,} lines are late): sorted first, {read / 1e6:,.0f} MB")
    return name, read


def _say_untimed(surveys: Iterable[Survey], say: Callable[[str], None]) -> None:
    for survey in surveys:
        if survey.timed and not survey.readable:
            say(f"{survey.name}: most of its sentences have no time: it is played in the order in which it is")


def _surveyed_whole(paths: Sequence[Path], number: int, rules: OrderRules, stopped: Stopped) -> Survey:
    """Reads a recording of which only the times were read: its size is needed too."""
    found = [surveyed(recording._replace(parquet=None), rules, stopped) for recording in _some(paths, [number])]
    return found[0]


def surveyed(
    recording: RecordingFile, rules: OrderRules, stopped: Stopped, watch: Callable[[int], None] = lambda _read: None
) -> Survey:
    """Reads a recording to its end, or as far as it is not damaged. ``watch`` gets the numbers of bytes."""
    survey = Survey(name=recording.name)
    try:
        for times in _times_alone(recording, rules):
            survey.take_times(times, rules.late_ms)
            if survey.late or stopped():
                break
        if survey.timed and not survey.late:
            return survey
        survey = Survey(name=recording.name)
        for timed in _timed(recording.file, rules, [], stopped):
            begins = not survey.lines
            survey.take(timed, rules.late_ms)
            watch(len(timed.lines.text))
            table = bool((timed.heading != NO_HEADING).any())
            if begins and not table and survey.timed < _LEAST_TIMED * _sentences_in(timed):
                survey.readable = False
                return survey
        survey.whole = True
    except OSError:
        pass  # it is said when the recording is played
    return survey


def _times_alone(recording: RecordingFile, rules: OrderRules) -> Iterator[Ints]:
    """The times of a recording that need not be read whole for them: nothing for all others."""
    if recording.parquet is None:
        return
    from streams.ingest.parquet_order import times_in

    yield from times_in(recording.parquet, recording.name, rules)


def _sentences_in(timed: TimedLines) -> int:
    """Number of lines that may need a time: other instruments' lines do not."""
    text = timed.lines.text
    return min(len(timed.lines), text.count(b"VDM,") + text.count(b"VDO,"))


def _disordered(surveys: Sequence[Survey], late_ms: int) -> bool:
    """Whether one has late lines, or begins before the one before it has ended."""
    tops = [survey.top_ms for survey in surveys]
    return any(survey.late for survey in surveys) or any(
        after.least_ms < before - late_ms for before, after in zip(tops, surveys[1:], strict=False)
    )


def _some(paths: Sequence[Path], numbers: Sequence[int]) -> Iterator[RecordingFile]:
    """The recordings with these numbers, in this order."""
    for number in numbers:
        yield from islice(all_recordings(paths), number, number + 1)


def _timed(file: BinaryIO, rules: OrderRules, headings: list[bytes], stopped: Stopped) -> Iterator[TimedLines]:
    times, framer = LineTimes(rules, headings), Framer(rules.limit)
    while not stopped() and (chunk := file.read(_CHUNK_BYTES)):
        if block := framer.block(chunk):
            yield times.read(block)
    if last := framer.close():
        yield times.read(last[0] + b"\n")


def _sorted(
    found: Iterable[RecordingFile], rules: OrderRules, stopped: Stopped, watch: Callable[[int], None]
) -> Iterator[bytes]:
    """Lines in time order, each table's heading before its rows. An error of a recording comes after all lines."""
    sort, headings, damages = LineSort(), list[bytes](), list[OSError]()
    for recording in found:
        try:
            for timed in _timed(recording.file, rules, headings, stopped):
                sort.add(_keyed(timed), len(timed.lines.text))
                watch(len(timed.lines.text))
        except OSError as damage:
            damages.append(damage)
    heading = NO_HEADING
    for piece in sort.sorted():
        edges = [0, *(np.flatnonzero(np.diff(piece.marks)) + 1).tolist(), len(piece.lines)]
        for begin, end in pairwise(edges):
            mark = int(piece.marks[begin]) if begin < end else _PREAMBLE
            if heading == NO_HEADING and headings and mark != _PREAMBLE:
                heading = 0  # a table is recognised only near the beginning
                yield headings[0] + b"\n"
            if mark not in {_PREAMBLE, NO_HEADING, heading}:
                heading = mark
                yield headings[heading] + b"\n"
            yield b"\n".join([*piece.lines[begin:end], b""])
    if len(damages) > 1:
        raise PackedError(f"{damages[0]}; {len(damages) - 1} more are damaged too") from damages[0]
    if damages:
        raise damages[0]


def _keyed(timed: TimedLines) -> KeyedLines:
    """All lines but headings; what stands before the first heading and is no sentence comes before everything."""
    rows = np.flatnonzero(~timed.is_heading)
    lines = [timed.lines.line(row) for row in rows.tolist()]
    keys, marks = timed.time_ms[rows], timed.heading[rows]
    first = int(np.argmax(timed.is_heading)) if timed.is_heading.any() else 0
    for row in range(first if timed.heading[:1] == NO_HEADING else 0):
        if not is_sentence(lines[row]):
            keys[row] = marks[row] = _PREAMBLE
    return KeyedLines(keys, marks, lines)
