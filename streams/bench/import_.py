"""Imports a watchlist while two workers process a live feed: how soon its ships are found, and whether any is lost."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from itertools import count, cycle, islice
from math import nan
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import msgspec
import typer
from kafka import TopicPartition

from streams.bench.frame import Figure, Measured, Process, Row, process_cpu_s
from streams.bench.kafka_run import KafkaRun, TimedLines, fleet, opened
from streams.bench.latency import listening
from streams.bench.lists import rows_of
from streams.bench.topic_contents import Key, copy_log, is_kind, lines_of, message_count, revisions
from streams.broker import clients
from streams.broker.reading import TopicRecord, read
from streams.errors import WakewatchError
from streams.messages.log_records import KIND_REFERENCE, partition_of
from streams.messages.topics import DEAD, REFERENCE, SENTENCES, create_missing
from streams.nmea.encoder import EncodedFix, Particulars, position, sentences, static
from streams.reference.library import read_versions
from streams.settings.model import KafkaSettings

_PARTITIONS: Final = 4
_WORKERS: Final = 2
_VESSELS: Final = 60_000
"""Each is heard every 12 s at 5,000 sentences/s: the same message within 10 s would be one transmission."""
_BEATS: Final = 10  # per second
_SILENT, _NEW = 671_900_000, 671_950_000
"""MMSIs of listed ships: heard once at the beginning, and heard for the first time one after another."""
_SILENT_SHIPS, _NEW_SHIPS = 40, 10_000
_REFLAGGED_IMO: Final = 9_358_010
_FORMER, _LATER = 273_999_003, 636_092_002  # on different partitions
_KILLED, _AGAIN, _REFLAGS = 0.2, 0.35, 0.7
"""When, as a share of the time, an import is begun and killed, repeated, and a ship comes back under another flag."""
_AFTER_S: Final = 3.0
"""Minimum time for which the feed continues after the import: it contains the first hits by new entries."""
_PATIENCE_S: Final = 60.0
_LOOK_S: Final = 0.005
_IMPORT_LOG: Final = "import.log"
_REPORTS: Final = "wakewatch_reports_total"
_WAKEWATCH: Final = (sys.executable, "-c", "from streams.cli import main; main()")


class Imported(NamedTuple):
    """Times of the import that succeeded: seconds of ``time.time``."""

    began_s: float
    ended_s: float
    killed_at: int
    """Entries that the killed import had written."""


class Drive(NamedTuple):
    """The feed as it was sent."""

    imported: Imported
    sent_s: dict[int, float]
    """When each of the timed ships was first sent."""
    sentences: int
    cpu_s: tuple[float, float]
    """CPU seconds of the workers and of ingest while it was sent."""


def run(
    rate: Annotated[int, typer.Option(help="Sentences per second.", min=100)] = 5000,
    seconds: Annotated[float, typer.Option(help="Shortest duration of the feed, s.", min=4)] = 30.0,
    entries: Annotated[int, typer.Option(help="Number of listed vessels.", min=1000, max=250_000)] = 50_000,
) -> Measured:
    """Import a list under load, kill the import halfway, repeat it, and process the same log again with other workers.

    Example: wakewatch bench import --seconds 60
    """
    with opened(_PARTITIONS) as kafka_run:
        listed = kafka_run.home / "listed.csv"
        listed.write_text("\n".join(_listed(entries)))
        known = fleet(_VESSELS)
        started_ms = int((time.time() - _VESSELS / rate) * 1000)
        kafka_run.prepare(TimedLines(_PARTITIONS, rate, started_ms), known, _WORKERS)
        drive = _drive(kafka_run, listed, known, rate, seconds)
        log = list(read(kafka_run.kafka, SENTENCES))
        taken = _await_taken_in(kafka_run, message_count(log))
        kafka_run.settle()
        first = revisions(kafka_run.kafka)
        again = _again(kafka_run, log, first.keys())
        dead = sum(1 for _ in read(kafka_run.kafka, DEAD))
        rows = (*_hits(drive, log, kafka_run.listener.seen), *_rest(drive, log, taken, dead))
        delay_s = kafka_run.listener.seen[_LATER] - drive.sent_s[_LATER]
    changes = sum(alert.detector == "identity_change" and alert.mmsi == _LATER for alert in first.values())
    reflagged = Row("reflagged ship", (Figure("alerts", changes), Figure("s after sending", delay_s)))
    same = Row(
        "alerts",
        (Figure("in both runs", len(first.keys() & again)), Figure("in one run alone", len(first.keys() ^ again))),
    )
    return Measured(
        input=f"{rate:,} sentences/s for {seconds:g} s, {_VESSELS:,} vessels known, {entries:,} entries, two workers",
        rows=(*rows, reflagged, same),
        processes=(Process("both workers", drive.cpu_s[0]), Process("ingest", drive.cpu_s[1])),
        notes=(
            "a hit by a new entry is of a ship first sent after its partition was marked, a retroactive one of another",
            "times end when the alert was read; the second run processes the same log again, with two other workers",
        ),
    )


def _rest(drive: Drive, log: Sequence[TopicRecord], taken: int, dead: int) -> Iterator[Row]:
    imported = drive.imported
    marks = sum(is_kind(each, KIND_REFERENCE) for each in log)
    took = Figure("s", imported.ended_s - imported.began_s)
    yield Row("import", (took, Figure("marks", marks), Figure("records when killed", imported.killed_at)))
    missing = drive.sentences - sum(1 for _ in lines_of(log, b"live"))
    lost = message_count(log) - taken
    yield Row(
        "sentences",
        (
            Figure("sent", drive.sentences),
            Figure("not in the log", missing),
            Figure("not processed", lost),
            Figure("dead letters", dead),
        ),
    )


# -- the feed -------------------------------------------------------------------------------------------------------


def _listed(entries: int) -> Iterator[str]:
    yield from rows_of(entries)
    for number, mmsi in enumerate((*range(_SILENT, _SILENT + _SILENT_SHIPS), *range(_NEW, _NEW + _NEW_SHIPS))):
        yield f"bench,timed-{number},TIMED {number},,,{mmsi},,TG,Products Tanker,120"


def _drive(kafka_run: KafkaRun, listed: Path, known: list[bytes], rate: int, seconds: float) -> Drive:
    """Sends the feed at its rate while the list is imported, and until well after the import."""
    ordinary, sent_s, lines, ended_s = cycle(known), dict[int, float](), 0, 0.0
    with listening(kafka_run) as (ingest, connection), ThreadPoolExecutor(1) as beside:
        before_s, beats = (kafka_run.cpu_s(), process_cpu_s(ingest.pid)), int(seconds * _BEATS)
        began_s = time.monotonic()
        imports = beside.submit(
            _import_twice, kafka_run, listed, began_s + _KILLED * seconds, began_s + _AGAIN * seconds
        )
        for beat in count():
            ended_s = ended_s or (time.monotonic() if imports.done() else 0.0)
            if beat >= beats and ended_s and time.monotonic() > ended_s + _AFTER_S:
                break
            time.sleep(max(0.0, began_s + beat / _BEATS - time.monotonic()))
            timed = _timed(beat, beats)
            block = [*islice(ordinary, rate // _BEATS), *(line for said in timed.values() for line in said)]
            sent_s.update(dict.fromkeys(timed, time.time()))
            lines += len(block)
            connection.sendall(b"\r\n".join(block) + b"\r\n")
        used_s = kafka_run.cpu_s() - before_s[0], process_cpu_s(ingest.pid) - before_s[1]
        imported = imports.result()
        kafka_run.until(lambda: sent_s.keys() - {_FORMER} <= kafka_run.listener.seen.keys())
    return Drive(imported, sent_s, lines, used_s)


def _timed(beat: int, beats: int) -> dict[int, list[bytes]]:
    """The ships whose alerts are timed, by MMSI: the message of each in this beat."""
    fix = EncodedFix(35.0 + beat / 1000, 130.0, 10.0, 45.0, 45.0)
    mmsis = range(_SILENT, _SILENT + _SILENT_SHIPS) if beat == 0 else [_NEW + beat % _NEW_SHIPS]
    said = {mmsi: sentences(position(mmsi, fix)) for mmsi in mmsis}
    flags = {0: _FORMER, int(beats * _REFLAGS): _LATER}
    if beat in flags:
        ship = Particulars(imo=_REFLAGGED_IMO, name="REFLAGGED", ship_type=70, length_m=120)
        said[flags[beat]] = sentences(static(flags[beat], ship), sequence=7)
    return said


# -- the import -----------------------------------------------------------------------------------------------------


def _import_twice(kafka_run: KafkaRun, listed: Path, killed_s: float, again_s: float) -> Imported:
    """The first is killed half way. Raises WakewatchError if that was too late, or the second fails."""
    time.sleep(max(0.0, killed_s - time.monotonic()))
    process = _importing(kafka_run, listed)
    written = _entries(kafka_run.kafka)
    while not written and process.poll() is None:
        time.sleep(_LOOK_S)
        written = _entries(kafka_run.kafka)
    process.kill()
    process.wait()
    if not written or read_versions(kafka_run.kafka).newest() is not None:
        raise WakewatchError("the import ended before it could be killed: give it more --entries")
    time.sleep(max(0.0, again_s - time.monotonic()))
    began_s = time.time()
    process = _importing(kafka_run, listed)
    if process.wait(_PATIENCE_S):
        raise WakewatchError(f"the import failed: {(kafka_run.home / _IMPORT_LOG).read_text()[-500:]}")
    return Imported(began_s, time.time(), written)


def _importing(kafka_run: KafkaRun, listed: Path) -> subprocess.Popen[bytes]:
    call = [*_WAKEWATCH, "watchlist", "import", str(listed), "--yes"]
    with (kafka_run.home / _IMPORT_LOG).open("ab") as log:
        return subprocess.Popen(call, env=kafka_run.environ(), stdout=subprocess.DEVNULL, stderr=log)


def _entries(kafka: KafkaSettings) -> int:
    """Number of records of the reference topic."""
    client, place = clients.consumer(kafka), TopicPartition(kafka.topic_prefix + REFERENCE, 0)
    try:
        return int(client.end_offsets([place])[place])
    finally:
        client.close()


# -- results --------------------------------------------------------------------------------------------------------


def _await_taken_in(kafka_run: KafkaRun, messages: int) -> int:
    """Number of messages that the workers have processed, once all are or no more come."""
    deadline_s = time.monotonic() + _PATIENCE_S
    kafka_run.until(lambda: kafka_run.counted(_REPORTS) >= messages or time.monotonic() > deadline_s)
    return kafka_run.counted(_REPORTS)


def _again(kafka_run: KafkaRun, log: Sequence[TopicRecord], wanted: Set[Key]) -> Set[Key]:
    """The alerts of the same log and lists from workers without any state."""
    kafka = msgspec.structs.replace(kafka_run.kafka, topic_prefix="again.")
    admin = clients.admin(kafka)
    create_missing(admin, kafka)
    admin.close()
    copy_log(kafka, SENTENCES, log)
    copy_log(kafka, REFERENCE, list(read(kafka_run.kafka, REFERENCE)))
    home = kafka_run.home / "again"
    home.mkdir()
    other = KafkaRun(kafka, home)
    try:
        for number in range(_WORKERS):
            other.worker(f"worker-{number}")
        deadline_s = time.monotonic() + _PATIENCE_S
        other.until(lambda: wanted <= revisions(kafka).keys() or time.monotonic() > deadline_s)
        other.await_snapshots()
        other.settle()
        return revisions(kafka).keys()
    finally:
        other.close()


def _hits(drive: Drive, log: Sequence[TopicRecord], seen_s: Mapping[int, float]) -> list[Row]:
    """Ships by whether they were sent before the marker of their partition."""
    marks_s = {each.partition: each.timestamp_ms / 1000 for each in log if is_kind(each, KIND_REFERENCE)}
    delays_s: dict[bool, list[tuple[float, float]]] = {False: [], True: []}
    for mmsi, sent_s in drive.sent_s.items():
        if mmsi not in {_FORMER, _LATER}:
            mark_s = marks_s[partition_of(mmsi, _PARTITIONS)]
            delays_s[sent_s > mark_s].append((seen_s[mmsi] - mark_s, seen_s[mmsi] - drive.imported.began_s))
    first = min(delays_s[True], default=(nan, nan))
    worst = max(delays_s[False], default=(nan, nan))
    early = sum(delay < 0 for delay, _ in delays_s[False])
    return [
        Row("first hit by a new entry", _delays(len(delays_s[True]), *first)),
        Row("retroactive hits, the last", (*_delays(len(delays_s[False]), *worst), Figure("before the mark", early))),
    ]


def _delays(ships: int, marked_s: float, begun_s: float) -> tuple[Figure, ...]:
    return Figure("ships", ships), Figure("s after the mark", marked_s), Figure("s after import began", begun_s)
