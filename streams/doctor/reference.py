"""Which lists and zones are in force, how old they are, and an import that has not ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from streams.doctor.findings import DoctorFinding, ok, span, warn, wrong
from streams.errors import ConfigError, SinkError
from streams.messages.reference_records import Unfinished
from streams.reference.counting import vessels_text
from streams.reference.in_force import InForce, ask, unfinished_import_text
from streams.reference.loading import Loaded
from streams.settings.model import ReferenceSettings, Settings

_MS: Final = 1000
_STALE_S: Final = 7 * 86_400.0
"""Sanctions lists change weekly at least; OFAC published on 250 days of 2024."""
_TOLD_MOST: Final = 3
_RUNS_S: Final = 45.0
"""An import takes seconds; one that has not ended after this time was interrupted, or is about to fail."""
_FETCH: Final = "download the list again and import it"


def reference_findings(settings: Settings, loaded: Loaded, now_ms: int, *, asks: bool) -> Iterator[DoctorFinding]:
    """What is in force: the import, otherwise the settings' files, from which ``loaded`` was made.

    Without ``asks`` Kafka is not queried, and each line states that an import would not be seen.
    """
    unasked = InForce(loaded.reference, None, 0, None, "Kafka does not answer")
    try:
        found = ask(settings.kafka, loaded.reference) if asks else unasked
    except (ConfigError, SinkError) as error:
        yield wrong("lists", f"the lists in force cannot be read: {error}", "check Kafka")
        found = unasked
    yield from _imported(found, now_ms) if found.version is not None else _named(found, loaded, now_ms)
    if found.unfinished is not None:
        yield _unfinished(found.unfinished, now_ms)


def _imported(found: InForce, now_ms: int) -> Iterator[DoctorFinding]:
    age_s = (now_ms - found.since_ms) / _MS
    ships = f"{vessels_text(found.reference.ships)}; {found.said}, {span(age_s)} ago"
    yield warn("watchlist", ships, _FETCH) if age_s > _STALE_S else ok("watchlist", ships)
    yield ok("zones", f"{len(found.reference.zones)} zones; {found.said}")


def _named(found: InForce, loaded: Loaded, now_ms: int) -> Iterator[DoctorFinding]:
    why = f" ({found.unasked}: imports are not visible)" if found.unasked else ""
    files: ReferenceSettings = loaded.settings
    yield _aged("watchlist", vessels_text(found.reference.ships, "ships"), files.watchlists, now_ms, why)
    yield _aged("zones", f"{len(found.reference.zones)} zones", files.zones, now_ms, why)
    if loaded.refused:
        some = "; ".join(str(each) for each in loaded.refused[:_TOLD_MOST])
        yield warn(
            "lists",
            f"{len(loaded.refused)} entries are skipped: {some}",
            "check with `wakewatch watchlist check FILE` or `wakewatch zones check FILE`, and fix them",
        )


def _aged(name: str, held: str, files: Sequence[str], now_ms: int, why: str) -> DoctorFinding:
    if not files:
        if name == "watchlist":
            remedy = "set your own lists in reference.watchlists, or import them with `wakewatch watchlist import`"
            return warn(name, f"{held}, the included example{why}", remedy)
        return ok(name, f"{held}, those included{why}")
    oldest = min(files, key=lambda file: Path(file).stat().st_mtime)
    age_s = now_ms / _MS - Path(oldest).stat().st_mtime
    if age_s > _STALE_S and name == "watchlist":
        return warn(name, f"{held}; {oldest} is {span(age_s)} old{why}", _FETCH)
    return ok(name, f"{held} from {len(files)} files, the oldest {span(age_s)} old{why}")


def _unfinished(unfinished: Unfinished, now_ms: int) -> DoctorFinding:
    said, command = unfinished_import_text(unfinished)
    if now_ms - unfinished.began_ms < _RUNS_S * _MS:
        return warn("import", said, f"it may still be running; if it was interrupted: `{command}`")
    return wrong("import", said, f"`{command}`")
