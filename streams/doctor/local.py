"""Checks without Kafka: whether lists and zones can be loaded, and whether the embedded broker could run."""

from __future__ import annotations

from collections.abc import Generator

from streams.broker import jars
from streams.doctor.findings import DoctorFinding, ok, warn, wrong
from streams.errors import ConfigError
from streams.reference.loading import Loaded, read_reference
from streams.settings.model import Settings


def local_findings(settings: Settings) -> Generator[DoctorFinding, None, Loaded | None]:
    """Whether the settings' lists and zones can be loaded, and the embedded broker's parts if it is used.

    Returns what was loaded; None if the worker would not start.
    """
    loaded = None
    try:
        loaded = read_reference(settings.reference)
    except ConfigError as error:
        yield wrong("lists", str(error), "fix or remove that file: the worker does not start with it")
    if not settings.kafka.bootstrap_servers.strip():
        yield _embedded()
    return loaded


def _embedded() -> DoctorFinding:
    try:
        jars.java()
    except ConfigError as error:
        return wrong("embedded broker", str(error), "or set kafka.bootstrap_servers to your own Kafka")
    missing = jars.missing()
    if missing:
        return warn(
            "embedded broker",
            f"Java is installed; {len(missing)} of Kafka's jars are missing",
            "`wakewatch broker start` fetches them (43 MB, once)",
        )
    return ok("embedded broker", "Java and Kafka's jars are installed, as in the lock file")
