"""The lines that are measured: recordings, or a generated feed of the same mix."""

from __future__ import annotations

import gzip
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

from detectors.core.ticks import FeedRules
from streams.errors import ConfigError
from streams.ingest.core import Ingest, SourceKind
from streams.messages.log_records import Sentences
from streams.nmea.encoder import (
    EncodedFix,
    Particulars,
    position,
    position_b,
    position_long_range,
    sentences,
    static,
    static_b_hull,
    static_b_name,
    tagged,
)

RECORDINGS: Final = Path(__file__).parents[2] / ".." / "shared" / "data" / "nmea"
GENERATED_LINES: Final = 85_000
_MIX: Final = {1: 61, 3: 10, 5: 9, 18: 9, 24: 6, 27: 5}
"""Per cent of the messages."""
_DAMAGED: Final = 0.01
_VESSELS: Final = 11_000
_FIRST_MMSI: Final = 200_000_000
_TIME_MS: Final = 1_707_000_000_000
_SPACING_MS: Final = 4
_AGES_S: Final = 1e11
_ANY_TIME: Final = FeedRules(refuse_behind_s=_AGES_S, jump_ahead_s=_AGES_S)
"""Recordings of many years are side by side: no time is rejected."""
_FOREIGN: Final = (b"c:%d", b"c:%d000,s:bench", b"s:rMT2083,t:marinetraffic,c:%d", b"g:1-2-3985,s:rEV02,c:%d")
_GZIP: Final = b"\x1f\x8b"


class Feed(NamedTuple):
    """Lines to measure with, as a receiver sent them: bare sentences, tag blocks, comments, damage."""

    description: str
    lines: list[bytes]
    """Without line ends and empty lines."""


def given(folder: Path | None) -> Feed:
    """The feed named by ``--data``; without it recordings beside the checkout, otherwise a generated feed.

    Raises ConfigError if the folder has no files.
    """
    if folder is None and not RECORDINGS.is_dir():
        return generated()
    return recorded(folder or RECORDINGS)


def recorded(folder: Path) -> Feed:
    """All files of a folder, plain or gzip, in the order of their names; sub-folders are not entered."""
    paths = sorted(path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []
    if not paths:
        raise ConfigError(f"--data {folder}: no recordings there")
    lines = [line for path in paths for line in content(path).splitlines() if line and not line.isspace()]
    return Feed(f"{len(lines):,} lines of the {len(paths)} recordings in {folder}", lines)


def generated(count: int = GENERATED_LINES, seed: int = 1) -> Feed:
    """About ``count`` lines of a mix like a busy receiver's; the same seed gives the same lines."""
    random = Random(seed)  # noqa: S311 - invented ships, no secret
    lines: list[bytes] = []
    kinds, weights = list(_MIX), list(_MIX.values())
    while len(lines) < count:
        made = _message(random, random.choices(kinds, weights)[0])
        lines += [_damaged(random, line) if random.random() < _DAMAGED else line for line in made]
    mix = ", ".join(f"{share} % type {kind}" for kind, share in _MIX.items())
    return Feed(f"{len(lines):,} generated lines (seed {seed}; {mix}; {_DAMAGED:.0%} of the lines damaged)", lines)


def ingested(lines: list[bytes]) -> list[bytes]:
    """The lines that ingest writes for these: in its order, with its tag blocks, parts together, none rejected."""
    ingest = Ingest("bench", 1, source_kind=SourceKind(replayed=True, start_ms=_TIME_MS), rules=_ANY_TIME)
    records = [*ingest.feed(b"\n".join([*lines, b""])), *ingest.end()]
    return [line for record in records if isinstance(record, Sentences) for line in record.value.split(b"\n")]


def foreign(lines: list[bytes]) -> list[bytes]:
    """The same sentences with tag blocks as other receivers write them: seconds or ms, fields in any order.

    The parts of a message have one station and, if the tag block has a group, one group.
    """
    found, message = [], -1
    for at, line in enumerate(lines):
        sentence = line.rpartition(b"!")[2]
        goes_on = sentence[5:9] == b",2,2"
        message += not goes_on
        tag = _FOREIGN[message % len(_FOREIGN)] % ((_TIME_MS // 1000 + at // 250),)
        found.append(b"\\%b*00\\!%b" % (tag.replace(b"g:1-2", b"g:2-2") if goes_on else tag, sentence))
    return found


def damaged(lines: list[bytes], share: float, seed: int = 1) -> list[bytes]:
    """The lines with a share of them cut short or with one wrong character."""
    random = Random(seed)  # noqa: S311 - no secret
    return [_damaged(random, line) if random.random() < share else line for line in lines]


def packed(lines: list[bytes], size: int) -> list[bytes]:
    """Records as on ``ais.sentences.v1``: ``size`` lines each, a tag block with station and time before a bare one."""
    timed = [
        line if line.startswith(b"\\") else tagged([line], _TIME_MS + at * _SPACING_MS, "bench")[0]
        for at, line in enumerate(lines)
    ]
    return [b"\n".join(timed[at : at + size]) for at in range(0, len(timed), size)]


def content(path: Path) -> bytes:
    """The contents of a file, plain or gzip."""
    content = path.read_bytes()
    return gzip.decompress(content) if content.startswith(_GZIP) else content


def _message(random: Random, kind: int) -> list[bytes]:
    serial = random.randrange(_VESSELS)
    mmsi = _FIRST_MMSI + serial * 47_001
    fix = EncodedFix(
        lat_deg=random.uniform(-70, 70),
        lon_deg=random.uniform(-180, 180),
        sog_kn=random.uniform(0, 20),
        cog_deg=random.uniform(0, 359),
        heading_deg=random.uniform(0, 359),
        second=random.randrange(60),
    )
    ship = Particulars(
        imo=9_000_000 + serial,
        call_sign=f"W{serial:05d}",
        name=f"BENCH {serial:05d}",
        ship_type=70,
        length_m=150,
        beam_m=24,
        draught_m=8.5,
        destination="ROTTERDAM",
        eta=(2, 9, 4, 30),
    )
    makers = {
        5: lambda: static(mmsi, ship),
        18: lambda: position_b(mmsi, fix),
        24: lambda: (static_b_name if serial % 2 else static_b_hull)(mmsi, ship),
        27: lambda: position_long_range(mmsi, fix, status=0),
    }
    bits = makers[kind]() if kind in makers else position(mmsi, fix, kind=kind, status=0)
    return sentences(bits, channel=random.choice("AB"), sequence=random.randrange(10))


def _damaged(random: Random, line: bytes) -> bytes:
    """The line cut short, or with one character changed."""
    at = random.randrange(1, len(line))
    return line[:at] if random.random() < 0.5 else line[:at] + bytes([line[at] ^ 1]) + line[at + 1 :]  # noqa: PLR2004 - half
