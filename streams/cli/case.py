"""``wakewatch case``: a case as a file for another watch or another agency."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from detectors.core.units import MS
from streams.cli.options import Servers, SettingsFile, settings_of
from streams.cli.terminal import talk
from streams.errors import ConfigError, WakewatchError
from streams.files.recordings import expanded, refuse_unreadable
from streams.settings.model import Settings

app = typer.Typer(
    help="Cases: export one for another watch or another agency.",
    epilog="Example: wakewatch case export imo/9179842 --out angara.zip",
    no_args_is_help=True,
)


@app.callback()
def _group() -> None:
    """Keeps ``export`` a sub-command while it is the only one."""


@app.command()
def export(
    case_id: Annotated[
        str, typer.Argument(help="Case id such as imo/9179842, or an alert id of it.", metavar="CASE_ID")
    ],
    out: Annotated[
        Path | None, typer.Option(help="The zip file; default: named after the case, here.", metavar="FILE")
    ] = None,
    alerts: Annotated[
        Path | None,
        typer.Option("--from", help="Read alerts from a file of `replay --alerts` instead of Kafka.", metavar="FILE"),
    ] = None,
    sentences: Annotated[
        list[Path] | None, typer.Option(help="Recordings of these alerts (with --from).", metavar="FILE")
    ] = None,
    settings: SettingsFile = None,
    bootstrap_servers: Servers = None,
) -> None:
    """Export a case as a zip file: alerts, feedback, track, raw sentences, a report to print, and checksums.

    The same records give the same file, byte for byte. What the topics no longer hold is named in it.

    Example: wakewatch case export imo/9179842 --out angara.zip
    """
    from streams.export.archive import file_name, zip_of

    if sentences and alerts is None:
        raise ConfigError("--sentences needs --from: without a file of alerts both come from Kafka")
    if out is not None and not out.absolute().parent.is_dir():
        raise ConfigError(f"--out {out}: there is no folder {out.parent}; create it first")
    recordings = expanded(sentences or [])
    refuse_unreadable(recordings)
    effective = settings_of(settings, bootstrap_servers)
    found, files = _made(case_id, effective, alerts, recordings)
    target = out or Path(file_name(found))
    _write(target, zip_of(files))
    talk(f"{target}: case {found}, {len(files)} files")


def _made(
    case_id: str, effective: Settings, alerts: Path | None, recordings: list[Path]
) -> tuple[str, dict[str, bytes]]:
    """The id of the case, and its files."""
    from streams.explain.log_records import recorded
    from streams.explain.revisions import from_file
    from streams.export.archive import files_of
    from streams.export.case_log import CaseLogReader
    from streams.export.from_kafka import case_files
    from streams.export.gathering import gathered

    if alerts is None:
        return case_files(effective.kafka, effective.fleet, case_id, int(time.time() * MS))
    records = gathered(from_file(alerts, "--from"), case_id)
    if not recordings:
        return records.case_id, files_of(records, None, "There is no log: no recording was given (--sentences).")
    reader = CaseLogReader(records, effective.fleet, effective.kafka.partitions)
    for record in recorded(recordings, effective):
        reader.take(record)
    return records.case_id, files_of(records, reader.log())


def _write(target: Path, body: bytes) -> None:
    """Writes the file whole or not at all."""
    part = target.with_name(f".{target.name}.part")
    try:
        part.write_bytes(body)
        part.replace(target)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise WakewatchError(f"{target}: cannot be written: {error.strerror or error}") from error
