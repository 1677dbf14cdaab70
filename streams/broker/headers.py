"""kafka-python's parsing of a record, with one fix: header names that are not UTF-8.

kafka-python 3.0.12 decodes header names strictly, inside ``poll``: one such record of any producer would stop the
reading of its partition for ever. Here such a name is read with replacement characters.
"""

from __future__ import annotations

from typing import Any


class _Lenient:
    """Bytes whose slices become text, also if they are not UTF-8."""

    def __init__(self, buffer: Any) -> None:
        self._buffer = buffer

    def __len__(self) -> int:
        return len(self._buffer)

    def __getitem__(self, at: Any) -> Any:
        found = self._buffer[at]
        return _Name(found) if isinstance(at, slice) else found


class _Name(bytes):
    def decode(self, encoding: str = "utf-8", errors: str = "replace") -> str:
        return super().decode(encoding, errors)


def install() -> None:
    """Installs the fix. Repeating it has no effect."""
    from kafka.record.default_records import DefaultRecordBatch

    strict = DefaultRecordBatch._read_msg
    if getattr(strict, "is_lenient", False):
        return

    def read(batch: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return strict(batch, *args, **kwargs)
        except UnicodeDecodeError:  # the batch is where this record begins
            whole = batch._buffer
            batch._buffer = _Lenient(whole)
            try:
                return strict(batch, *args, **kwargs)
            finally:
                batch._buffer = whole

    read.is_lenient = True  # type: ignore[attr-defined]
    DefaultRecordBatch._read_msg = read
