"""Reads in large pieces without losing the data directly before an error."""

from __future__ import annotations

import io


class Buffered(io.BufferedReader):
    """``read`` returns the undamaged data before an error, and raises the error at the next call.

    ``io.BufferedReader`` drops its buffer if its raw stream raises: for a damaged gzip read in pieces of 1 MiB that is
    all after the last whole piece, and for a small file everything.
    """

    _error: OSError | None = None

    def read(self, size: int | None = -1) -> bytes:
        """Up to ``size`` bytes; fewer only at the end, or before an error."""
        if self._error is not None:
            raise self._error
        if size is None or size < 0:  # all of it: there is no further call
            return super().read(size)
        left = size
        gathered: list[bytes] = []
        while left:
            try:
                data = self.read1(left)
            except OSError as error:
                if not gathered:
                    raise
                self._error = error
                break
            if not data:
                break
            gathered.append(data)
            left -= len(data)
        return b"".join(gathered)
