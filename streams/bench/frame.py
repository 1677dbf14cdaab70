"""The result of a benchmark, and its context: machine, load, versions, change."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Annotated, Final, TypeVar

import msgspec
import typer

from streams.errors import ConfigError

NAMES: Final = (
    "decode",
    "ingest",
    "tables",
    "pipeline",
    "kafka",
    "latency",
    "state",
    "ticks",
    "recovery",
    "accuracy",
    "delivery",
    "interference",
    "load",
    "lists",
    "import",
    "identities",
    "meetings",
    "passes",
    "matching",
    "console",
)
_VERSIONS_OF: Final = (
    "wakewatch",
    "numpy",
    "pyais",
    "libais",
    "msgspec",
    "faust-streaming",
    "aiokafka",
    "kafka-python",
    "crc32c",
    "polars",
    "sgp4",
)
_BIG: Final = 1000
Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        help="Recordings to use. Default: ../shared/data/nmea if it exists, otherwise a generated feed.",
        metavar="FOLDER",
    ),
]
T = TypeVar("T")


class Figure(msgspec.Struct, frozen=True):
    """One number of a row. ``name`` contains its unit and becomes the column's heading."""

    name: str
    value: float


class Row(msgspec.Struct, frozen=True):
    """What was measured under one condition."""

    name: str
    figures: tuple[Figure, ...]


class Process(msgspec.Struct, frozen=True):
    """CPU seconds, user and system, that a process used while measuring."""

    name: str
    cpu_s: float


class Measured(msgspec.Struct, frozen=True):
    """The return value of a benchmark's ``run``."""

    input: str
    """Which lines were used: folder or generator, how many."""
    rows: tuple[Row, ...]
    processes: tuple[Process, ...] = ()
    """Processes other than this one and its ended children."""
    notes: tuple[str, ...] = ()
    """What a reader of the table must know."""


class Machine(msgspec.Struct, frozen=True):
    """The machine, and its load during the run."""

    cpu: str
    cores: int
    load_before: tuple[float, float, float]
    """Mean run queue over 1, 5 and 15 minutes, as ``os.getloadavg`` has it."""
    load_after: tuple[float, float, float]


class Result(msgspec.Struct, frozen=True):
    """A benchmark's result with its context: what ``--json`` prints and ``--against`` reads."""

    bench: str
    at: str
    machine: Machine
    versions: dict[str, str]
    measured: Measured


def cpu_of(work: Callable[[], T]) -> tuple[T, float]:
    """What ``work`` returns and the CPU seconds, of all threads of this process, that it took."""
    began = time.process_time()
    made = work()
    return made, time.process_time() - began


def process_cpu_s(pid: int) -> float:
    """CPU seconds, user and system, of a living process so far. Raises OSError if it has ended (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(bench: str, run: Callable[[], Measured]) -> Result:
    """Runs a benchmark and adds machine, versions and CPU seconds."""
    before, began = os.getloadavg(), os.times()
    measured = run()
    after, ended = os.getloadavg(), os.times()
    own = Process("this process", ended.user + ended.system - began.user - began.system)
    children_s = ended.children_user + ended.children_system - began.children_user - began.children_system
    ended_children = (Process("its ended children", children_s),) if children_s else ()
    return Result(
        bench=bench,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=Machine(_cpu(), os.cpu_count() or 1, before, after),
        versions=_versions(),
        measured=msgspec.structs.replace(measured, processes=(own, *ended_children, *measured.processes)),
    )


def read_result(path: Path) -> Result:
    """An earlier result. Raises ConfigError."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Result)
    except (OSError, msgspec.MsgspecError) as error:
        raise ConfigError(f"--against {path}: no result of `wakewatch bench --json`: {error}") from error


def table(result: Result, earlier: Result | None) -> tuple[tuple[str, ...], list[tuple[object, ...]]]:
    """Headings and rows to print; with ``earlier`` each figure has its change."""
    rows = result.measured.rows
    names = list(dict.fromkeys(figure.name for row in rows for figure in row.figures))
    old = {(r.name, f.name): f.value for r in (earlier.measured.rows if earlier else ()) for f in r.figures}
    cells: list[tuple[object, ...]] = []
    for row in rows:
        said = {f.name: number(f.value) + _change(f.value, old.get((row.name, f.name))) for f in row.figures}
        cells.append((row.name, *(said.get(name) for name in names)))
    return ("", *names), cells


def around(result: Result) -> list[str]:
    """The lines under the table."""
    machine, measured = result.machine, result.measured
    return [
        f"input      {measured.input}",
        f"CPU        {', '.join(f'{p.name} {p.cpu_s:.2f} s' for p in measured.processes)}",
        f"machine    {machine.cpu}, {machine.cores} cores, load {_load(machine.load_before)} before,"
        f" {_load(machine.load_after)} after",
        f"versions   {', '.join(f'{name} {version}' for name, version in result.versions.items())}",
        *(f"note       {note}" for note in measured.notes),
    ]


def number(value: float) -> str:
    """Three digits or whole thousands."""
    return f"{value:,.0f}" if abs(value) >= _BIG else f"{value:.3g}"


def _change(value: float, old: float | None) -> str:
    return f" ({value / old - 1:+.1%})" if old else ""


def _load(load: tuple[float, float, float]) -> str:
    return "/".join(f"{mean:.2f}" for mean in load)


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in _VERSIONS_OF:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())
