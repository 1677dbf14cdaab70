"""Reading in large pieces without losing what came right before an error."""

from __future__ import annotations

import io


class Buffered(io.BufferedReader):
    """``read`` of this many bytes gives what is whole before an error, and raises the error at the next call.

    ``io.BufferedReader`` drops what it has gathered when its raw stream raises: of a damaged gzip that was read in
    pieces of 1 MiB all that came after the last whole piece, which is everything of a small file.
    """

    _error: OSError | None = None

    def read(self, size: int | None = -1) -> bytes:
        """Up to ``size`` bytes; fewer only at the end, or before an error."""
        if self._error is not None:
            raise self._error
        if size is None or size < 0:  # all of it: no one asks again
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
