"""A case from the topics, for the command and for the console."""

from __future__ import annotations

from threading import Event

from detectors.core.vessels.track_verdict import TrackRules
from streams.errors import ConfigError, WakewatchError
from streams.explain.log_records import logged
from streams.export.archive import files_of
from streams.export.case_log import CaseLogReader, ships_of, written_since_ms
from streams.export.gathering import gathered, topics
from streams.settings.model import KafkaSettings


class StoppedError(WakewatchError):
    """The export was stopped before it was complete."""


def case_files(
    kafka: KafkaSettings, rules: TrackRules, wanted: str, now_ms: int, stop: Event | None = None
) -> tuple[str, dict[str, bytes]]:
    """The id of a case and its files. ``now_ms`` only decides how much of the log is read.

    Raises WakewatchError if there is no such case, ConfigError if the topics of alerts do not exist, StoppedError once
    ``stop`` is set.
    """
    stop = stop or Event()
    alerts, feedback = topics(kafka, stop)
    try:
        records = gathered(alerts, wanted, feedback)
    finally:
        _unless_stopped(stop)
    reader, no_log = CaseLogReader(records, rules, kafka.partitions), ""
    try:
        for record in logged(kafka, written_since_ms(reader.window, now_ms), stop) if ships_of(records) else ():
            _unless_stopped(stop)
            reader.take(record)
    except ConfigError as error:
        no_log = f"The log of sentences cannot be read: {error}."
    _unless_stopped(stop)
    return records.case_id, files_of(records, None if no_log else reader.log(), no_log)


def _unless_stopped(stop: Event) -> None:
    """Reading ends without an error when it is stopped: what it found is then not all."""
    if stop.is_set():
        raise StoppedError("stopped before all was read")
