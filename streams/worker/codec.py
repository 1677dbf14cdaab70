"""Records of the log with their headers parsed: sentences or a tick, ours or from another program."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from streams.messages.log_records import (
    H_FORMAT,
    H_KIND,
    H_READ_AT,
    H_REPLAYED,
    H_SOURCE,
    KIND_AREA,
    KIND_ELEMENTS,
    KIND_REFERENCE,
    KIND_SENTENCES,
    KIND_SIGHTING,
    KIND_TICK,
    LOG_FORMAT,
)

FOREIGN_SOURCE: Final = "foreign"
SOURCE_MOST: Final = 256
"""Maximum length of a source's name. It is used in the state, in alerts and in labels: 512 kB stopped a worker."""
LINES_MOST: Final = 100_000
"""Lines in a record: ten times what ingest packs. Two million empty ones took 30 s to reject one by one."""
UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What msgspec raises on JSON that is not ours: also on brackets 100,000 deep."""
LAST_MS: Final = 253_402_300_800_000  # the year 10000: the limit of RFC 3339
_DIGITS_MOST: Final = 18
TOLD: Final = frozenset({KIND_AREA, KIND_ELEMENTS, KIND_SIGHTING})
"""Kinds of records in which others tell the engines: the later stages, the matching of images, the user."""


class LogEntry(NamedTuple):
    """One record."""

    offset: int
    value: bytes
    source: str
    ours: bool
    """Whether it names its source, as ingest does."""
    tick: bool
    replayed: bool
    written_ms: int
    """Kafka's time stamp, which gives a foreign sentence its time if no tick has come yet."""
    read_at_ms: int | None
    marker: bool
    """From this record on another watchlist is in force; not if ``wrong``."""
    wrong: str
    """Why it cannot be read; empty if it can."""
    told: bytes = b""
    """The kind of what another process tells the engines, of TOLD; empty for other records, and if ``wrong``."""


def entry(offset: int, value: bytes | None, headers: object, written_ms: int) -> LogEntry:
    """``headers``: as Faust gives them, pairs or a mapping. Never raises on bad input."""
    known = _headers(headers)
    source = known.get(H_SOURCE, b"")
    kind = known.get(H_KIND, KIND_SENTENCES)
    wrong = _wrong(known.get(H_FORMAT, LOG_FORMAT), kind, value)
    if len(source) > SOURCE_MOST:
        wrong, source = wrong or f"a source name of {len(source)} bytes", source[:SOURCE_MOST]
    return LogEntry(
        offset,
        value or b"",
        source.decode("utf-8", "replace") or FOREIGN_SOURCE,
        bool(source),
        kind == KIND_TICK,
        known.get(H_REPLAYED) == b"1",
        written_ms,
        _number(known.get(H_READ_AT)),
        kind == KIND_REFERENCE and not wrong,
        wrong,
        kind if kind in TOLD and not wrong else b"",
    )


def entry_of(message: Any) -> LogEntry:
    """A record as Faust hands it over."""
    return entry(message.offset, message.value, message.headers, int(message.timestamp * 1000))


def _wrong(format_: bytes, kind: bytes, value: bytes | None) -> str:
    if format_ != LOG_FORMAT:
        return f"format {format_[:20]!r}, expected {LOG_FORMAT!r}"
    if not value:
        return "no value"
    if kind not in TOLD | {KIND_SENTENCES, KIND_TICK, KIND_REFERENCE}:
        return f"kind {kind[:20]!r}"
    lines = value.count(b"\n") + 1
    return f"{lines} lines, at most {LINES_MOST}" if lines > LINES_MOST else ""


def _headers(headers: Any) -> dict[str, bytes]:
    """A foreign record may have a header twice, or one without a value."""
    pairs: Iterable[tuple[str, bytes | None]] = headers.items() if isinstance(headers, Mapping) else headers or ()
    return {name: value for name, value in pairs if value is not None}


def _number(text: bytes | None) -> int | None:
    return int(text) if text is not None and len(text) <= _DIGITS_MOST and text.isdigit() else None
