"""Files that settings name: those in a settings file are searched for beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

_PATHS: Final = (
    "reference.watchlists",
    "reference.zones",
    "imagery.elements_files",
    "imagery.sensors_file",
    "ingest.tls_ca_file",
    "kafka.tls_ca_file",
    "kafka.tls_certificate_file",
    "kafka.tls_key_file",
    "notify.cot.ca_file",
    "notify.cot.certificate_file",
    "notify.cot.key_file",
    "topic_feed.tls_ca_file",
    "topic_feed.tls_certificate_file",
    "topic_feed.tls_key_file",
)


def beside(folder: Path, key: str, value: Any) -> Any:
    """The value of a setting in a settings file of this folder; a relative path becomes one from there."""
    if key not in _PATHS:
        return value
    if isinstance(value, str):
        return str(folder / value) if value else ""
    return tuple(str(folder / name) for name in value)
