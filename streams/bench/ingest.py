"""Ingest from a file to Kafka's acknowledgement: the cost of a sentence, including the producer."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from random import Random
from threading import Event
from typing import Annotated, Final

import typer

from streams.bench import feed
from streams.bench.frame import Data, Figure, Measured, Row, cpu_of
from streams.broker import clients, embedded
from streams.ingest.core import Ingest
from streams.ingest.model import SourceKind
from streams.ingest.run import IngestPlan
from streams.ingest.run import run as ingest
from streams.messages.topics import create_missing
from streams.nmea.checksum import checksum, tag_block
from streams.settings.model import KafkaSettings, Settings

_TIME_MS: Final = 1_707_000_000_000
_SPACING_MS: Final = 4
_STATIONS: Final = 40
_IN_TURN: Final = 20
"""Number of lines of one station before those of the next one."""
_DAMAGED: Final = 0.1
_SHORT: Final = 20
_CORE_CHUNK: Final = 1 << 20
_NOTE: Final = (
    "a sentence is one that was read, rejected or not; dead letters are included;"
    " CPU of all threads of ingest, the broker has its own"
)


def run(
    data: Data = None,
    sentences: Annotated[int, typer.Option(help="Sentences in each file.", min=1000)] = 500_000,
    partitions: Annotated[int, typer.Option(help="Partitions of the log.", min=1, max=1024)] = 4,
) -> Measured:
    """Ingest files of several formats into Kafka: sentences per CPU second of ingest, and of its core without Kafka.

    Example: wakewatch bench ingest --sentences 1000000
    """
    given = feed.given(data)
    bare = [line[line.rfind(b"!") :] for line in given.lines if b"!" in line]
    rows: list[Row] = []
    with _kafka(partitions) as kafka, tempfile.TemporaryDirectory(prefix="wakewatch-bench-") as folder:
        for name, form in _FORMS.items():
            path = Path(folder) / f"{name.replace(' ', '-').replace(',', '')}.nmea"
            path.write_bytes(b"".join(islice(_lines(bare, form), sentences)))
            rows.append(_row(name, path, kafka, clean=rows[-1] if "damaged" in name else None))
    return Measured(f"{given.description}, repeated to {sentences:,}", tuple(rows), notes=(_NOTE,))


def _row(name: str, path: Path, kafka: KafkaSettings, clean: Row | None) -> Row:
    outcome, cpu_s = cpu_of(lambda: ingest(IngestPlan(urls=(f"file:{path}",)), Settings(kafka=kafka), Event()))
    core, core_s = cpu_of(lambda: _core(path, kafka.partitions))
    counts = outcome.states[0].counts
    assert counts.sentences == core, "all of the file is read"
    rate = counts.sentences / cpu_s
    figures = [
        Figure("sentences/CPU s", rate),
        Figure("us CPU a sentence", cpu_s / counts.sentences * 1e6),
        Figure("core alone, sentences/CPU s", core / core_s),
        Figure("refused", float(counts.rejected_all)),
    ]
    if clean is not None:
        figures.append(Figure("share of the clean rate", rate / clean.figures[0].value))
    return Row(name, tuple(figures))


def _core(path: Path, partitions: int) -> int:
    core = Ingest("bench", partitions, source_kind=SourceKind(replayed=True))
    with path.open("rb") as file:
        while chunk := file.read(_CORE_CHUNK):
            core.feed(chunk)
            core.refused = []
    core.end()
    return core.counts.sentences


@contextmanager
def _kafka(partitions: int) -> Iterator[KafkaSettings]:
    """A broker of its own with topics, removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="wakewatch-bench-") as folder:
        broker = embedded.start(Path(folder) / "kafka", port=0, die_with_parent=True)
        try:
            kafka = KafkaSettings(bootstrap_servers=broker.bootstrap_servers, partitions=partitions)
            admin = clients.admin(kafka)
            create_missing(admin, kafka)
            admin.close()
            yield kafka
        finally:
            embedded.stop(Path(folder) / "kafka")


Form = Callable[[int, bytes, Random], bytes]


def _lines(bare: list[bytes], form: Form) -> Iterator[bytes]:
    random, number = Random(1), 0  # noqa: S311 - damage, no secret
    while True:
        for line in bare:
            yield form(number, line, random)
            number += 1


def _untimed(_number: int, line: bytes, _random: Random) -> bytes:
    return line + b"\n"


def _own(number: int, line: bytes, _random: Random) -> bytes:
    return _block(b"s:bench,c:%d" % (_TIME_MS + number * _SPACING_MS)) + line + b"\n"


def _coast(number: int, line: bytes, _random: Random) -> bytes:
    """The lines as a coastal network sends them: station numbers, whole seconds, talker BS, CR LF."""
    body = b"s:2573%03d,c:%d" % (number // _IN_TURN % _STATIONS, (_TIME_MS + number * _SPACING_MS) // 1000)
    sentence = line.replace(b"!AI", b"!BS", 1)
    body_text, _, written = sentence[1:].rpartition(b"*")
    sentence = b"!%b*%02X" % (body_text, checksum(body_text)) if written else sentence
    return _block(body) + sentence + b"\r\n"


def _damaged(number: int, line: bytes, random: Random) -> bytes:
    """The same; in one line in ten the sentence is cut short or has one character changed."""
    whole = _coast(number, line, random)
    if random.random() >= _DAMAGED or len(line) < _SHORT:
        return whole
    at = random.randrange(whole.index(b"!") + 1, len(whole) - 2)
    return whole[:at] + b"\n" if random.random() < 0.5 else whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]  # noqa: PLR2004 - half


def _block(body: bytes) -> bytes:
    return tag_block(body)


_FORMS: Final[dict[str, Form]] = {
    "no times": _untimed,
    "tag blocks, ms": _own,
    "tag blocks, s": _coast,
    "tag blocks, s, 10 % damaged": _damaged,
}
