"""The cost of a long watchlist: to load, to bring into force, and to match in the whole pipeline."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Annotated, Final

import numpy as np
import typer

from detectors.core.engine.engine import Engine
from detectors.core.identities.matching import Register
from detectors.core.imo_number import is_imo_number
from detectors.core.reference import ListedShip, Reference
from streams.bench import feed
from streams.bench.frame import Figure, Measured, Row, cpu_of
from streams.ingest.model import SourceKind
from streams.pipeline.engines import engine_for
from streams.pipeline.replay import InProcessPipeline, ReplayPlan, play
from streams.reference.formats import ListFile, read_lists
from streams.reference.loading import load_reference, make_reference
from streams.settings.model import Settings

Ships = tuple[ListedShip, ...]

_FIRST_IMO: Final = 7_000_000
_FIRST_MMSI: Final = 671_000_000
_VESSELS: Final = 20_000
_STREAMED: Final = "from streams.bench.lists import streamed; streamed(%d)"
_OTHERS: Final = 200
"""One in this many FollowTheMoney entities is a vessel: the rest of a file are people and companies."""
_ENTITY_BYTES: Final = 1000


def run(
    entries: Annotated[int, typer.Option(help="Number of listed vessels.", min=1, max=250_000)] = 50_000,
    lines: Annotated[int, typer.Option(help="Number of generated lines to replay.", min=100)] = feed.GENERATED_LINES,
    streamed_mib: Annotated[int, typer.Option(help="Size of the FollowTheMoney file to read, MiB.", min=1)] = 200,
    rounds: Annotated[int, typer.Option(help="Runs of each; the median is reported.", min=1)] = 3,
) -> Measured:
    """Load a long list, bring it into force for a fleet, and replay the same lines with it and with a list of four.

    Example: wakewatch bench lists --entries 50000
    """
    given, settings = feed.generated(lines), Settings()
    short = load_reference(settings.reference)
    ships, reading = _read(entries)
    long = make_reference(ships, short.zones)
    _, adopt_s = cpu_of(lambda: _fleet(settings, short).adopt(long))
    taken: dict[str, list[float]] = {"short": [], "long": []}
    for _ in range(rounds):
        for name, reference in (("short", short), ("long", long)):
            taken[name].append(cpu_of(lambda reference=reference: _replay(given.lines, reference, settings))[1])  # type: ignore[misc]
    short_s, long_s = median(taken["short"]), median(taken["long"])
    return Measured(
        input=given.description,
        rows=(
            reading,
            *(_streaming(mib) for mib in (max(1, streamed_mib // 10), streamed_mib)),
            *_indexing(ships),
            Row(f"bring them into force over {_VESSELS:,} vessels", (Figure("CPU s", adopt_s),)),
            Row(f"replay with {len(short.ships)} entries", (Figure("CPU s", short_s),)),
            Row(f"replay with {entries:,} entries", (Figure("CPU s", long_s), _more(short_s, long_s))),
        ),
        notes=("a replay is ingest, decoding, state and detectors in this process; making the long index is left out",),
    )


def _read(entries: int) -> tuple[Ships, Row]:
    """A list of this many, read."""
    text = "\n".join(rows_of(entries)).encode()
    ships, read_s = cpu_of(lambda: read_lists([ListFile("bench.csv", [text])])[0].watchlist.ships)
    return ships, Row(f"read {entries:,} entries (CSV)", (Figure("CPU s", read_s), _rate(entries, read_s)))


def _indexing(ships: Ships) -> tuple[Row, ...]:
    """The cost of the index of a list before its first record, and with names that are not on it."""
    register, index_s = cpu_of(lambda: Register(ships))
    _, names_s = cpu_of(register.index_names)
    strange = np.array([f"NOBODY {number} OF NOWHERE"[:20].encode() for number in range(_VESSELS)], "S20")
    _, compare_s = cpu_of(lambda: register.may_resemble(strange))
    return (
        Row("index them", (Figure("CPU s", index_s), _rate(len(ships), index_s))),
        Row("index their names", (Figure("CPU s", names_s), _rate(len(ships), names_s))),
        Row(f"hold {_VESSELS:,} new names against them", (Figure("CPU s", compare_s),)),
    )


def _rate(entries: int, cpu_s: float) -> Figure:
    return Figure("entries/CPU s", entries / cpu_s)


def _more(short_s: float, long_s: float) -> Figure:
    return Figure("% more", (long_s / short_s - 1) * 100)


def rows_of(entries: int) -> Iterator[str]:
    """This many listed ships as our own CSV, with its heading."""
    yield "list,entry_id,name,former_names,imo,mmsi,call_sign,flag,ship_type,length_m"
    imo = _FIRST_IMO
    for number in range(entries):
        while not is_imo_number(imo):
            imo += 1
        mmsi, sign = _FIRST_MMSI + number % 1_000_000, f"5V{number:05d}"[:7]
        yield f"bench,{number},SHIP {number},OLD {number},{imo},{mmsi},{sign},TG,Products Tanker,{90 + number % 200}"
        imo += 1


def _streaming(mib: int) -> Row:
    """Runs in its own process: the peak of memory is per process."""
    said = subprocess.run([sys.executable, "-c", _STREAMED % mib], capture_output=True, check=True, text=True)
    cpu_s, ships, peak_mib = map(float, said.stdout.split())
    figures = (Figure("CPU s", cpu_s), Figure("ships", ships), Figure("MiB at the peak", peak_mib))
    return Row(f"stream {mib} MiB of FollowTheMoney", figures)


def streamed(mib: int) -> None:
    """Prints the CPU seconds of reading ``mib``, the ships found, and this process's peak of memory in MiB (Linux)."""
    (found,), cpu_s = cpu_of(lambda: read_lists([ListFile("bench.json", _entities(mib << 20))]))
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    print(cpu_s, len(found.watchlist.ships), int(peak.split()[1]) / 1024)  # noqa: T201 - what it is for


def _entities(size: int) -> Iterator[bytes]:
    """JSON lines of entities, ``size`` bytes of them, one in _OTHERS a vessel."""
    entity = (
        '{"id":"%d","caption":"ENTITY %d","schema":"%s","properties":{"name":["ENTITY %d"],"mmsi":["%d"],"notes":["'
    )
    for number in range(size // _ENTITY_BYTES):
        kind = "Person" if number % _OTHERS else "Vessel"
        head = entity % (number, number, kind, number, _FIRST_MMSI + number)
        yield head.encode().ljust(_ENTITY_BYTES - 5, b"x") + b'"]}}\n'


def _fleet(settings: Settings, reference: Reference) -> Engine:
    engine = engine_for(settings, reference, 0)
    engine.fleet.admit(np.arange(200_000_000, 200_000_000 + _VESSELS, dtype=np.uint32))
    return engine


def _replay(lines: list[bytes], reference: Reference, settings: Settings) -> int:
    kafka_run = InProcessPipeline(settings, reference, 1)
    plan = ReplayPlan(source="bench", partitions=1, source_kind=SourceKind(replayed=True))
    return sum(1 for _ in play([io.BytesIO(b"\n".join(lines))], plan, kafka_run, settings))
