"""A recording without readable times: said at once, and refused where made-up times would mean something."""

import os
from pathlib import Path
from threading import Event, Thread

import pytest
from structlog.testing import capture_logs

from streams.ingest import resume
from streams.ingest.core import Ingest
from streams.ingest.line_times import OrderRules
from streams.ingest.model import SourceKind
from streams.ingest.outbound import SENTENCES_TOPIC, Sender
from streams.ingest.outbox import Outbox
from streams.ingest.resume import run_of
from streams.ingest.run import IngestPlan, _dates_matter
from streams.ingest.source_runner import RunnerState, SourceRunner, fresh
from streams.ingest.sources.events import Chunk
from streams.ingest.sources.file import FileSource
from streams.ingest.stamps import StampRules
from streams.ingest.time_order import ORDER_VERSION
from streams.messages.log_records import Sentences
from streams.settings.model import ReferenceSettings, Settings
from tests.streams.ingest.test_ingest_dead_letters import Keeper

BARE = b"!AIVDM,1,1,,A,13HOI:0P0000VOHLCnHQKwvL05Ip,0*23"
T_MS = 1_709_510_405_000


def pumped(path: Path, *, needs_start: bool) -> tuple[RunnerState, Keeper, list[str]]:
    """How a file's source stood at its end, what Kafka was given, and the events logged."""
    keeper, states = Keeper(), []
    outbox = Outbox(keeper, 100_000)
    runner = SourceRunner(
        source=FileSource(path, 5000),
        ingest=Ingest("x", 1, source_kind=SourceKind(replayed=True)),
        sender=Sender("x", "run", True, ""),
        outbox=outbox,
        partitions=1,
        reached=fresh(1),
        needs_start=needs_start,
        observer=states.append,
    )
    with capture_logs() as logged:
        runner.run(Event())
    outbox.drain(10)
    outbox.close()
    return states[-1], keeper, [entry["event"] for entry in logged]


@pytest.mark.parametrize("lines", [3, 5000])
def test_made_up_times_are_said_once(tmp_path: Path, lines: int) -> None:
    path = tmp_path / "day.nmea"
    path.write_bytes((BARE + b"\n") * lines)
    state, keeper, logged = pumped(path, needs_start=False)
    assert logged == ["times are generated"]
    assert state.untimed and not state.failed
    assert sum(letter.value.count(BARE) for letter in keeper.letters) == lines


@pytest.mark.parametrize("lines", [3, 5000])
def test_where_days_matter_nothing_of_it_is_sent(tmp_path: Path, lines: int) -> None:
    path = tmp_path / "day.nmea"
    path.write_bytes((BARE + b"\n") * lines)
    state, keeper, _ = pumped(path, needs_start=True)
    assert "--start" in state.failed
    assert [letter for letter in keeper.letters if letter.topic == SENTENCES_TOPIC] == []


def test_a_file_with_times_is_not_asked_for_any(tmp_path: Path) -> None:
    path = tmp_path / "day.nmea"
    path.write_bytes((b"\\c:1709510405*00\\" + BARE + b"\n") * 3)
    state, _, logged = pumped(path, needs_start=True)
    assert (state.failed, state.untimed, logged) == ("", False, [])


@pytest.mark.parametrize(
    ("plan", "reference", "matter"),
    [
        (IngestPlan(urls=()), ReferenceSettings(), False),
        (IngestPlan(urls=(), until_ms=1), ReferenceSettings(), True),
        (IngestPlan(urls=()), ReferenceSettings(watchlists=("list.csv",)), True),
        (IngestPlan(urls=()), ReferenceSettings(zones=("zones.geojson",)), True),
    ],
)
def test_days_matter_where_lists_zones_or_an_end_are_given(
    plan: IngestPlan, reference: ReferenceSettings, matter: bool
) -> None:
    assert _dates_matter(plan, Settings(reference=reference)) is matter


def test_how_times_are_read_is_part_of_what_a_recording_is(tmp_path: Path) -> None:
    path = tmp_path / "day.csv"
    path.write_bytes(b"x")
    rules = (StampRules(), StampRules(dates="dmy"), StampRules(dates="mdy"), StampRules(zone="Europe/Oslo"))
    assert len({run_of(path, "x", SourceKind(stamps=one)) for one in rules}) == 4
    assert run_of(path, "x", SourceKind()) == run_of(path, "x", SourceKind(stamps=StampRules()))


def test_what_changes_the_order_of_lines_is_part_of_it_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "day.csv"
    path.write_bytes(b"x")
    orders = (OrderRules(), OrderRules(late_s=60), OrderRules(limit=100))
    found = {run_of(path, "x", SourceKind(), order=order) for order in orders}
    monkeypatch.setattr(resume, "ORDER_VERSION", ORDER_VERSION + 1)
    assert len(found | {run_of(path, "x", SourceKind(), order=OrderRules())}) == 4


def test_the_content_of_every_file_is_part_of_it(tmp_path: Path) -> None:
    first, other = tmp_path / "a", tmp_path / "b"
    first.write_bytes(b"x")
    found = set()
    for content in (b"y", b"z"):
        other.write_bytes(content)
        found.add(run_of(first, "x", SourceKind(), [other]))
    assert len(found) == 2


def test_a_pipe_is_not_read_for_it_and_is_another_run_each_time(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = Thread(target=path.write_bytes, args=(b"hello\n",), daemon=True)
    writer.start()
    source = FileSource(path)
    runs = {run_of(path, "x", SourceKind(), order=source.order) for _ in range(2)}
    assert b"".join(each.data for each in source.events(Event()) if isinstance(each, Chunk)) == b"hello\n"
    writer.join()
    assert len(runs) == 2
    assert not source.resumes
    assert FileSource(Path(__file__)).resumes


@pytest.mark.parametrize("size", [1000, 2000, 8000])
@pytest.mark.parametrize("bulk_bytes", [None, 1])
def test_a_long_line_of_json_is_read(size: int, bulk_bytes: int | None) -> None:
    line = b'{"class":"AIS","rxuxtime":1709510405.0,"nmea":["%b"],"comment":"%b"}\n' % (BARE, b"x" * (size - 150))
    ingest = Ingest("x", 1, bulk_bytes=bulk_bytes)
    records = ingest.feed(line) + ingest.end()
    assert [record.event_from_ms for record in records if isinstance(record, Sentences)] == [T_MS]
    assert ingest.counts.rejected == {}
