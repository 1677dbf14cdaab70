"""Limits repeated log messages: while a broker is lost, the clients write the same one about 1,400 times."""

from __future__ import annotations

import logging
from typing import Final

_EVERY_S: Final = 10.0
_KINDS_MOST: Final = 1000
_TALKATIVE: Final = ("aiokafka", "faust", "mode", "kafka")


class MessageRateLimit(logging.Filter):
    """Passes a message once in 10 s, with the number held back before; by template, not by text."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """True if the record is to be written."""
        if record.levelno < logging.WARNING:
            return True
        kind = record.name, str(record.msg)
        when_s, held = self._seen.get(kind, (0.0, 0))
        if record.created - when_s < _EVERY_S:
            self._seen[kind] = when_s, held + 1
            return False
        if len(self._seen) >= _KINDS_MOST:
            self._seen.clear()
        self._seen[kind] = record.created, 0
        if held:
            record.msg = f"{record.msg} (and {held} more times since)"
        return True


def install() -> None:
    """Installs it on every logger of the clients; a filter on a parent would not see its children's records."""
    sparing = MessageRateLimit()
    for name in list(logging.root.manager.loggerDict):
        if name.split(".")[0] in _TALKATIVE:
            logging.getLogger(name).addFilter(sparing)
