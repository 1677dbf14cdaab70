"""Secrets of sources: from a file that the URL names, else from the settings. A URL never holds one."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from streams.errors import ConfigError
from streams.ingest.sources.connector import SourceUrl

_BYTES_MOST: Final = 64 * 1024
_CONTROL: Final = frozenset(map(chr, (*range(32), 127)))
"""No header or login can hold these."""


def secret_of(place: SourceUrl, option: str, setting: str) -> str:
    """The secret in the file that ``?OPTION=PATH`` names, else ``setting``. Raises ConfigError.

    The path is not shown: it may be the secret itself, given in the place of a file.
    """
    path = place.options.get(option)
    if path is None:
        return setting
    try:
        with Path(path).open("rb") as file:
            text = file.read(_BYTES_MOST).decode("utf-8-sig").strip()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not a text in UTF-8"
        raise ConfigError(f"{place.name}: {option}=: {reason}; name a file that holds the secret") from error
    if not text:
        raise ConfigError(f"{place.name}: {option}=: the file is empty; write the secret into it")
    if not _CONTROL.isdisjoint(text):
        raise ConfigError(f"{place.name}: {option}=: the file has several lines; write the secret alone into it")
    return text
