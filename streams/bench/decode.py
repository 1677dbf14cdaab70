"""Compares decoders: ours, pyais, and libais if installed; the same messages, one pass each in turn."""

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
from streams.decode.messages import WholeMessage, read

_SIZES: Final = (40, 250, 1000, 10_000)
_UNUSUAL_SIZE: Final = 1000
_FILL, _PAYLOAD = 6, 5
_DAMAGED: Final = 0.1
PYAIS, LIBAIS = "pyais", "libais"
_NOTES: Final = (
    "ours reads records as ingest packs them: tag blocks, checksums, parts; the other two are given the same messages"
    " as bare sentences, parts together, and only decode",
)
Sentences = list[bytes]
Pass = Callable[[], object]


def run(
    data: Data = None,
    rounds: Annotated[int, typer.Option(help="Runs of each decoder; the median is reported.", min=1)] = 5,
    batch: Annotated[
        list[int] | None, typer.Option(help="Lines per record, repeatable (40, 250, 1000, 10000).")
    ] = None,
) -> Measured:
    """Decode the same lines with each decoder: sentences per CPU second, and the ratio of ours to the others.

    Two more rows decode a feed with tag blocks of other receivers, and a feed with a tenth of its lines damaged.

    Example: wakewatch bench decode --batch 1000 --batch 10000
    """
    given = feed.given(data)
    lines = feed.ingested(given.lines)
    sizes = batch or list(_SIZES)
    passes = {f"ours, {size:,} lines a record": _ours(feed.packed(lines, size)) for size in sizes}
    size = _UNUSUAL_SIZE if _UNUSUAL_SIZE in sizes else sizes[-1]
    passes[f"ours, {size:,}, foreign tag blocks"] = _ours(feed.packed(feed.foreign(lines), size))
    passes[f"ours, {size:,}, {_DAMAGED:.0%} damaged"] = _ours(feed.packed(feed.damaged(lines, _DAMAGED), size))
    messages = _messages(lines)
    passes[PYAIS] = lambda: _pyais(messages)
    libais = _find_libais()
    if libais is not None:
        passes[LIBAIS] = lambda: _libais(libais, messages)
    cpu_s = _in_turn(passes, rounds)
    return Measured(
        input=f"{given.description}; {len(lines):,} of them are sentences that ingest accepts",
        rows=tuple(_row(name, f"ours, {size:,} lines a record", len(lines), cpu_s) for name in passes),
        notes=_NOTES if libais else (*_NOTES, "libais is not installed: pip install libais"),
    )


def _in_turn(passes: dict[str, Pass], rounds: int) -> dict[str, float]:
    """The median CPU seconds of each."""
    taken: dict[str, list[float]] = {name: [] for name in passes}
    for _ in range(rounds):
        for name, one_pass in passes.items():
            taken[name].append(cpu_of(one_pass)[1])
    return {name: median(times) for name, times in taken.items()}


def _row(name: str, clean: str, lines: int, cpu_s: dict[str, float]) -> Row:
    figures = [Figure("sentences/CPU s", lines / cpu_s[name]), Figure("CPU s", cpu_s[name])]
    figures += [Figure(f"times {them}", cpu_s[them] / cpu_s[name]) for them in (PYAIS, LIBAIS) if them in cpu_s]
    if name.startswith("ours") and not name.endswith("lines a record"):
        figures.append(Figure("of clean", cpu_s[clean] / cpu_s[name]))
    return Row(name, tuple(figures))


def _ours(records: list[bytes]) -> Pass:
    def one_pass() -> None:
        for record in records:
            decode(record, "bench")

    return one_pass


def _messages(lines: Sentences) -> list[Sentences]:
    """The input of the other decoders: each message's bare sentences."""
    reading = read(b"\n".join(lines), "bench", 0)
    return [_bare(reading.raw, message) for message in reading.messages]


def _bare(raw: bytes, message: WholeMessage) -> Sentences:
    return [b"!" + line.rpartition(b"!")[2] for line in raw[message.start : message.end].split(b"\n")]


def _pyais(messages: list[Sentences]) -> None:
    for message in messages:
        try:
            pyais.decode(*message)
        except Exception:  # noqa: BLE001, S112 - any error on a message that it does not know
            continue


def _find_libais() -> Any:
    try:
        return importlib.import_module("ais")
    except ImportError:
        return None


def _libais(libais: Any, messages: list[Sentences]) -> None:
    for message in messages:
        fields = [line.split(b",") for line in message]
        payload = b"".join(field[_PAYLOAD] for field in fields).decode()
        try:
            libais.decode(payload, int(fields[-1][_FILL][:1] or b"0"))
        except libais.DecodeError:
            continue
