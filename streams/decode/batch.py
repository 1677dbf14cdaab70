"""Packed records into columns, message by message through pyais. Anything irregular costs itself alone."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from pyais import decode as pyais_decode
from pyais.exceptions import AISBaseException

from detectors.core.reports import REPORT, STATIC, Batch
from streams.decode import fix
from streams.decode.model import Decoded, Refused
from streams.errors import InputError, Reason

_TAG: Final = re.compile(rb"^\\(?:[^\\]*?,)?c:(\d+)")
_PARTS: Final = re.compile(rb"^!..VD[MO],(\d),(\d),")
# pyais raises these on payloads that end early or hold what its enums do not know.
_SURPRISES: Final = (AISBaseException, ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError)


class Group(NamedTuple):
    """The sentences of one message and where they stand."""

    time_ms: int
    sentences: list[bytes]
    start: int
    end: int
    number: int
    """Number of its first sentence in the record."""


def groups(value: bytes, fallback_ms: int) -> Iterator[Group | bytes]:
    """Messages of a packed record; a line that is no AIS sentence comes back as bytes."""
    start, number = 0, 0
    open_: Group | None = None
    for line in value.split(b"\n"):
        end = start + len(line)
        sentence = line[line.find(b"\\", 1) + 1 :] if line[:1] == b"\\" else line
        parts = _PARTS.match(sentence)
        if not parts:
            if line.strip():
                yield line
        else:
            tag = _TAG.match(line)
            total, part = int(parts[1]), int(parts[2])
            if part > 1 and open_ is not None:
                open_ = open_._replace(sentences=[*open_.sentences, sentence], end=end)
            else:
                if open_ is not None:
                    yield open_
                open_ = Group(int(tag[1]) if tag else fallback_ms, [sentence], start, end, number)
            if part >= total:
                yield open_
                open_ = None
            number += 1
        start = end + 1
    if open_ is not None:
        yield open_


def decode(value: bytes, source: str, ordinals: npt.NDArray[np.int64] | None = None, fallback_ms: int = 0) -> Decoded:
    """A packed record as columns. ``ordinals`` has one value a sentence; never raises on bad input."""
    reports: list[tuple[Any, ...]] = []
    statics: list[tuple[Any, ...]] = []
    refused: list[Refused] = []
    fixes: list[Refused] = []
    sentences = merged = 0
    for group in groups(value, fallback_ms):
        if isinstance(group, bytes):
            refused.append(Refused(Reason.MALFORMED, group, "no AIS sentence"))
            continue
        sentences += len(group.sentences)
        raw_bytes = value[group.start : group.end]
        ordinal = group.number if ordinals is None else int(ordinals[group.number])
        try:
            raw = pyais_decode(*group.sentences, error_if_checksum_invalid=True).asdict()
        except _SURPRISES as error:
            refused.append(Refused(Reason.UNDECODABLE, raw_bytes, f"{type(error).__name__}: {error}"[:200]))
            continue
        merged += len(group.sentences) - 1
        try:
            reports.append(_report(raw, group, ordinal, statics))
        except InputError as error:
            fixes.append(Refused(error.reason, raw_bytes, str(error)))
    batch = Batch(source, np.array(reports, REPORT), np.array(statics, STATIC), value)
    return Decoded(batch, refused, fixes, sentences, merged)


def _report(raw: dict[str, Any], group: Group, ordinal: int, statics: list[tuple[Any, ...]]) -> tuple[Any, ...]:
    kind, mmsi = int(raw["msg_type"]), int(raw["mmsi"])
    fix.check_mmsi(mmsi)
    lat, lon = fix.position(raw)
    sog, cog, heading, status = fix.motion(kind, raw)
    number = -1
    if kind in fix.STATICS:
        number = len(statics)
        statics.append(fix.static(kind, raw))
    return (
        group.time_ms, mmsi, kind, status, kind in fix.POSITIONS, kind in fix.CLASS_B, lat, lon, sog, cog, heading,
        number, _payload(group.sentences), group.start, group.end, ordinal,
    )  # fmt: skip


def _payload(sentences: list[bytes]) -> int:
    bits = b"".join(b",".join(s.split(b",")[5:7]).split(b"*")[0] for s in sentences)
    return int.from_bytes(hashlib.blake2b(bits, digest_size=8).digest(), "little")
