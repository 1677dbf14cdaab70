"""``wakewatch dead``: rejected input, and the reasons."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.table import Table

from detectors.core.alert import encode
from detectors.core.engine.alert_writer import Emitted
from streams.broker.reading import TopicRecord, read
from streams.cli.importing import in_force
from streams.cli.options import Json, Servers, SettingsFile, ago_ms, settings_of
from streams.cli.replay import writer
from streams.cli.terminal import InertConsole, echo_json, talk, tell_nothing
from streams.dead_letters.record import DeadLetter, letter_of
from streams.dead_letters.recording import DeadLetterRecording, RefusedLines, recording
from streams.errors import Reason
from streams.messages.alert_line import line
from streams.messages.log_records import H_COUNT
from streams.messages.topics import DEAD
from streams.messages.unreadable import UnreadableRecords
from streams.pipeline.replay import InProcessPipeline, RefusalPlace, ReplayPlan, play
from streams.settings.model import KafkaSettings, Settings

app = typer.Typer(
    help="Dead letters: rejected input, by reason.", no_args_is_help=True, epilog="Example: wakewatch dead list"
)


def _letters_of(
    kafka: KafkaSettings, reason: str | None = None, since_ms: int | None = None
) -> Iterator[tuple[TopicRecord, DeadLetter]]:
    """Records with their letters, of one reason or all; those with contradicting headers are reported last."""
    unreadable = UnreadableRecords(tell=tell_nothing)
    for record in read(kafka, DEAD, since_ms=since_ms):
        letter = letter_of(record)
        if letter.problem:
            unreadable(DEAD, record.partition, record.offset, letter.problem)
        if reason in {None, letter.reason}:
            yield record, letter
    if unreadable.counts:
        talk(
            f"{unreadable.counts[DEAD]} dead letters have contradictory headers and are used whole: "
            f"{unreadable.first[DEAD]}"
        )


@app.command("list")
def list_(settings: SettingsFile = None, bootstrap_servers: Servers = None, json: Json = False) -> None:
    """Count dead letters by reason. Example: wakewatch dead list"""
    kafka = settings_of(settings, bootstrap_servers).kafka
    counted: Counter[str] = Counter()
    for _, letter in _letters_of(kafka):
        counted[letter.reason] += len(letter.pieces)
    if json:
        typer.echo(msgspec.json.encode(dict(sorted(counted.items()))).decode())
        return
    table = Table("reason", "letters", box=None)
    for reason, number in counted.most_common():
        table.add_row(reason, f"{number:,}")
    InertConsole(highlight=False).print(table if counted else "no dead letters")


@app.command()
def show(
    reason: Annotated[str | None, typer.Option(help="Only dead letters with this reason.")] = None,
    most: Annotated[int, typer.Option(help="Number of dead letters, newest last.", min=1)] = 20,
    settings: SettingsFile = None,
    bootstrap_servers: Servers = None,
) -> None:
    """Print dead letters, one JSON object per line. Example: wakewatch dead show --reason checksum"""
    kafka = settings_of(settings, bootstrap_servers).kafka
    shown = deque((shown for record, letter in _letters_of(kafka, reason) for shown in _shown(record, letter)), most)
    for letter in shown:
        echo_json(msgspec.json.encode(letter))
    if not shown:
        typer.echo("no dead letters" if reason is None else f"no dead letters with reason {reason}", err=True)


@app.command()
def replay(
    reason: Annotated[str | None, typer.Option(help="Only dead letters with this reason.")] = None,
    since: Annotated[
        str | None, typer.Option(help="Only those written in this time, such as 2h.", metavar="2h")
    ] = None,
    alerts: Annotated[
        str | None, typer.Option(help="Write alerts as JSON lines to this file; -: stdout.", metavar="OUT")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Write the sentences to this recording, with times, instead of replaying them.", metavar="FILE"
        ),
    ] = None,
    settings: SettingsFile = None,
    bootstrap_servers: Servers = None,
) -> None:
    """Replay dead letters through decoding, state and detectors in this process, to check that the cause is fixed.

    Nothing is written to Kafka: reports this late would not change the state of a vessel, or would corrupt it if their
    time is false. To put the sentences into the log anyway, write them with --out and ingest that file.

    Example: wakewatch dead replay --reason detector --since 2h
    """
    effective = settings_of(settings, bootstrap_servers)
    found = _letters_of(effective.kafka, reason, ago_ms(since) if since else None)
    made = recording(again for record, letter in found for again in _again(record, letter))
    if out is not None:
        out.write_bytes(b"".join(line + b"\n" for line in made.lines))
        talk(f"{len(made.lines)} sentences in {out}; {_left_out(made)}")
        return
    pipeline = _play(made, effective, alerts)
    refused = ", ".join(f"{count} {why}" for why, count in sorted(pipeline.totals.rejected.items())) or "none"
    talk(
        f"{len(made.lines)} sentences replayed; {_left_out(made)}; "
        f"{pipeline.totals.reports} reports, {sum(pipeline.totals.alerts.values())} alerts; rejected again: {refused}"
    )


def _left_out(made: DeadLetterRecording) -> str:
    return f"{made.left_out} dead letters skipped: no sentence, or no valid time"


def _play(made: DeadLetterRecording, effective: Settings, alerts: str | None) -> InProcessPipeline:
    """Replays the letters; alerts and faults of detectors are printed."""
    pipeline = InProcessPipeline(effective, in_force(effective, files_only=False).reference, effective.kafka.partitions)
    plan = ReplayPlan(source="dead-letters", partitions=effective.kafka.partitions)
    with writer(alerts) as file:
        for item in play([BytesIO(b"\n".join(made.lines))], plan, pipeline, effective):
            if isinstance(item, RefusalPlace):
                pipeline.totals.rejected[item.reason] += item.reason == Reason.DETECTOR
            elif isinstance(item, Emitted):
                if file is None:
                    InertConsole(highlight=False, soft_wrap=True).print(line(item.alert))
                else:
                    file.write(encode(item.alert) + b"\n")
    return pipeline


def _again(record: TopicRecord, letter: DeadLetter) -> Iterator[RefusedLines]:
    for piece in letter.pieces:
        yield RefusedLines(letter.reason, letter.source, record.timestamp_ms, piece.raw)


def _shown(record: TopicRecord, letter: DeadLetter) -> Iterator[dict[str, str | int]]:
    """One object per rejected piece of input."""
    said = {name: value.decode("utf-8", "replace") for name, value in record.headers.items()}
    headers = {name: value for name, value in said.items() if name not in {H_COUNT, "detail"}}
    for piece in letter.pieces:
        text = piece.raw.decode("ascii", "backslashreplace")
        yield {"partition": record.partition, "offset": record.offset, **headers, "detail": piece.why, "raw": text}
