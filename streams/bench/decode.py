"""Decoding side by side: ours, pyais, and libais where it is installed; the same lines, one pass each in turn."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from statistics import median
from typing import Annotated, Any, Final

import pyais
import typer

from streams.bench import feed
from streams.bench.frame import Data, Figure, Measured, Row, cpu_of
from streams.decode import decode
from streams.decode.messages import read

_FILL, _PAYLOAD, _NUMBER = 6, 5, 2
Message = list[bytes]
Pass = Callable[[], object]
OURS, PYAIS, LIBAIS = "ours", "pyais", "libais"


def run(
    data: Data = None,
    rounds: Annotated[int, typer.Option(help="Passes of each decoder; the median counts.", min=1)] = 3,
    batch: Annotated[list[int] | None, typer.Option(help="Lines a batch, repeatable (40, 250, 1000, 10000).")] = None,
) -> Measured:
    """Decode the same lines by each decoder: sentences a CPU second, and how many times the others' ours is.

    Example: wakewatch bench decode --batch 1000 --batch 10000
    """
    given = feed.given(data)
    sizes = batch or [40, 250, 1000, 10_000]
    records = {size: list(feed.packed(given.lines, size)) for size in sizes}
    messages = _messages(given.lines)
    passes: dict[str, Pass] = {_ours(size): _decode_all(records[size]) for size in sizes}
    passes[PYAIS] = lambda: _pyais(messages)
    libais = _find_libais()
    if libais is not None:
        passes[LIBAIS] = lambda: _libais(libais, messages)
    taken = {name: [] for name in passes}  # type: dict[str, list[float]]
    for _ in range(rounds):
        for name, one_pass in passes.items():
            taken[name].append(cpu_of(one_pass)[1])
    cpu_s = {name: median(times) for name, times in taken.items()}
    return Measured(
        input=given.description,
        rows=tuple(_row(name, len(given.lines), cpu_s) for name in passes),
        notes=_NOTES if libais else (*_NOTES, "libais is not installed: pip install libais"),
    )


_NOTES: Final = (
    "ours reads packed records with tag blocks, checks checksums and joins parts; the others get bare sentences whose"
    " checksums are known to be right, parts together, and only decode",
)


def _ours(size: int) -> str:
    return f"{OURS}, {size:,} lines a batch"


def _row(name: str, lines: int, cpu_s: dict[str, float]) -> Row:
    others = [other for other in (PYAIS, LIBAIS) if other in cpu_s and other != name]
    ratios = (Figure(f"times {other}", cpu_s[other] / cpu_s[name]) for other in others)
    return Row(name, (Figure("sentences/CPU s", lines / cpu_s[name]), Figure("CPU s", cpu_s[name]), *ratios))


def _decode_all(records: list[bytes]) -> Pass:
    def one_pass() -> None:
        for record in records:
            decode(record, "bench")

    return one_pass


def _messages(lines: list[bytes]) -> list[Message]:
    """What the other decoders are given: each whole message's bare sentences."""
    found = read(b"\n".join(lines), "bench", 0)
    whole = (found.raw[start:end] for start, end in zip(found.starts, found.ends, strict=True))
    return [[b"!" + line.rpartition(b"!")[2] for line in message.split(b"\n")] for message in whole]


def _pyais(messages: list[Message]) -> None:
    for message in messages:
        try:
            pyais.decode(*message)
        except Exception:  # noqa: BLE001, S112 - whatever it raises on a message it does not know
            continue


def _find_libais() -> Any:
    try:
        return importlib.import_module("ais")
    except ImportError:
        return None


def _libais(libais: Any, messages: list[Message]) -> None:
    for message in messages:
        fields = [line.split(b",") for line in message]
        payload = b"".join(field[_PAYLOAD] for field in fields).decode()
        try:
            libais.decode(payload, int(fields[-1][_FILL][:1] or b"0"))
        except libais.DecodeError:
            continue
