"""A record of the topic of dead letters, in the form that all readers use. No I/O.

A letter contains rejected input, so it may hold anything. Its headers were written by us or by another program: if they
contradict each other, ``problem`` states it, and the value is treated as one piece.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from streams.broker.reading import TopicRecord
from streams.messages.log_records import H_COUNT
from streams.messages.values import whole_number

REASON_MOST: Final = 64
_PIECES_MOST: Final = 1_000_000
_UNKNOWN: Final = b"unknown"


class RefusedInput(NamedTuple):
    """One rejected piece of input, and why it was rejected."""

    raw: bytes
    why: str


class DeadLetter(NamedTuple):
    """One record."""

    reason: str
    source: str
    pieces: tuple[RefusedInput, ...]
    problem: str = ""
    """What is wrong with the headers; empty for our own letters."""


def letter_of(record: TopicRecord) -> DeadLetter:
    """``record`` as a letter, with any contents."""
    value, headers = record.value or b"", record.headers
    detail = headers.get("detail", b"").decode("utf-8", "replace")
    reason = headers.get("reason", _UNKNOWN).decode("ascii", "replace")[:REASON_MOST]
    source = headers.get("source", _UNKNOWN).decode("utf-8", "replace")
    count = whole_number(headers.get(H_COUNT, b"1"), _PIECES_MOST)
    lines, whys = value.split(b"\n"), detail.split("\n")
    if count is None or count < 1:
        problem = f"count {headers[H_COUNT][:20]!r} is not a number of lines"
    elif count > 1 and not count == len(lines) == len(whys):
        problem = f"count is {count}, with {len(lines)} lines and {len(whys)} details"
    elif count > 1:
        return DeadLetter(reason, source, tuple(map(RefusedInput, lines, whys)))
    else:
        problem = ""
    return DeadLetter(reason, source, (RefusedInput(value, detail),), problem)
