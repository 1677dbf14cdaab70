"""What can be told without Kafka: lists, zones, and whether the embedded broker could run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from streams.broker import jars
from streams.doctor.findings import Finding, ok, span, warn, wrong
from streams.errors import ConfigError
from streams.reference.loading import Loaded, read_reference
from streams.settings import Settings

_MS: Final = 1000
_STALE_S: Final = 7 * 86_400.0
"""Sanctions lists change weekly at least; OFAC published on 250 days of 2024."""
_TELL_AT_MOST: Final = 3


def local_findings(settings: Settings, now_ms: int) -> Iterator[Finding]:
    """Lists and zones as this machine would load them, and the embedded broker's parts where it is used."""
    yield from _reference(settings, now_ms)
    if not settings.kafka.bootstrap_servers.strip():
        yield _embedded()


def _reference(settings: Settings, now_ms: int) -> Iterator[Finding]:
    try:
        loaded = read_reference(settings.reference)
    except ConfigError as error:
        yield wrong("lists", str(error), "mend or remove that file: the worker does not start without it")
        return
    ships, zones = loaded.reference.ships, loaded.reference.zones
    yield _aged("watchlist", f"{len(ships)} ships", settings.reference.watchlists, now_ms)
    yield _aged("zones", f"{len(zones)} zones", settings.reference.zones, now_ms)
    if loaded.refused:
        yield _refused(loaded)


def _refused(loaded: Loaded) -> Finding:
    some = "; ".join(str(each) for each in loaded.refused[:_TELL_AT_MOST])
    return warn(
        "lists",
        f"{len(loaded.refused)} entries are passed over: {some}",
        "run `wakewatch watchlist check FILE` or `wakewatch zones check FILE`, and mend them",
    )


def _aged(name: str, held: str, files: Sequence[str], now_ms: int) -> Finding:
    if not files:
        setting = "reference.watchlists" if name == "watchlist" else "reference.zones"
        if name == "watchlist":
            return warn(name, f"{held}, the example that is shipped", f"name your own lists in {setting}")
        return ok(name, f"{held}, those that are shipped")
    oldest = min(files, key=lambda file: Path(file).stat().st_mtime)
    age_s = now_ms / _MS - Path(oldest).stat().st_mtime
    if age_s > _STALE_S and name == "watchlist":
        return warn(name, f"{held}; {oldest} is {span(age_s)} old", "fetch the list again and import it")
    return ok(name, f"{held} from {len(files)} files, the oldest {span(age_s)} old")


def _embedded() -> Finding:
    try:
        jars.java()
    except ConfigError as error:
        return wrong("embedded broker", str(error), "or set kafka.bootstrap_servers to a Kafka of your own")
    missing = jars.missing()
    if missing:
        return warn(
            "embedded broker",
            f"Java is here; {len(missing)} of Kafka's jars are not",
            "`wakewatch broker start` fetches them (43 MB, once)",
        )
    return ok("embedded broker", "Java and Kafka's jars are here, as the lock file says")
