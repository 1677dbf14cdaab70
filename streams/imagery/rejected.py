"""What was rejected in a file about satellites: one entry at a time, so that the others are used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from streams.errors import InputError, Reason
from streams.files.recordings import recordings
from streams.files.unpackers import PackedError

FILE_MOST: Final = 64 << 20
"""The catalogue of everything in orbit is 20 MB as JSON."""


class RejectedEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry that cannot be used. ``line``: of the file, or the entry's number in JSON; from 1; 0: the whole file."""

    line: int
    reason: str


class Unusable(Exception):  # noqa: N818 - it is not an error: rejected entries are an ordinary result
    """Why an entry cannot be used, in a few words."""


def by_reason(rejected: Iterable[RejectedEntry]) -> dict[str, int]:
    """How many entries were rejected for each reason, the most frequent first."""
    counted = Counter(each.reason for each in rejected)
    return dict(sorted(counted.items(), key=lambda pair: (-pair[1], pair[0])))


def content(path: Path) -> bytes:
    """All of a file, unpacked; of an archive its first member.

    Raises ConfigError if it cannot be opened, InputError if it is damaged or larger than ``FILE_MOST``.
    """
    found = recordings(path)
    try:
        data = next(found).file.read(FILE_MOST + 1)
    except PackedError as error:
        raise InputError(Reason.IMAGERY_UNUSABLE, str(error)) from error
    except StopIteration:
        raise InputError(Reason.IMAGERY_UNUSABLE, f"{path}: an archive without files") from None
    except OSError as error:
        raise InputError(Reason.IMAGERY_UNUSABLE, f"{path}: {error.strerror or error}") from error
    finally:
        found.close()
    if len(data) > FILE_MOST:
        raise InputError(Reason.IMAGERY_UNUSABLE, f"{path}: larger than {FILE_MOST >> 20} MiB")
    return data


def text(data: bytes) -> str:
    """UTF-8, or else Latin-1; without a byte order mark."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")
