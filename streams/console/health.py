"""Whether the page can be trusted: faults of the processes behind it, from what Kafka shows of them.

No I/O, no clock. Rules.
- A fault is shown with its duration; what works is not shown.
- ``alarm``: alerts are late, missing or not sent. ``notice``: worth knowing, but alerts still work.
- A detector is judged by the oldest record of the log that no committed snapshot covers, and whether that advances.
- A source is judged by its ticks; without ticks its ingest has failed. Recordings are never reported as a fault.
- A target of the notifier is judged by the oldest alert not sent to it.
- Kafka is judged by its response time, its disks by their free space.
- A fault that must be noticed within a minute has a limit of at most 45 s, because checks run every few seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Literal

import msgspec

from detectors.core.ticks import FeedRules, Tick
from detectors.core.units import DAY_MS, MS
from streams.broker.disk import FREE_LEAST, Disk
from streams.messages.reference_records import Unfinished
from streams.reference.in_force import unfinished_import_text

Level = Literal["alarm", "notice"]
Kind = Literal["worker", "source", "ingest", "notifier", "console", "import", "lists", "kafka", "disk"]
_SAID_MOST: Final = 3
_GB: Final = 1e9


class HealthLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How long a fault must last before it is shown, ms."""

    worker_ms: int = 45_000
    """A snapshot and a half: records covered by one are read again after a crash."""
    ingest_ms: int = 30_000
    """A live ingest writes one tick per second."""
    notifier_ms: int = 40_000
    console_ms: int = 10_000
    import_ms: int = 45_000
    """An import takes seconds."""
    answer_ms: int = 1_000
    lists_ms: int = 7 * DAY_MS
    gone_ms: int = DAY_MS
    """A source without ticks for longer than this was removed."""


class Backlog(msgspec.Struct, frozen=True, kw_only=True):
    """Records that a reader has not processed: of a partition, or of a topic."""

    records: int
    since_ms: int
    """When the oldest of them was written."""
    moved_ms: int = 0
    """When its reader was last seen to advance."""


class Ticked(msgspec.Struct, frozen=True, kw_only=True):
    """The newest tick of a source, and when it was written."""

    tick: Tick
    written_ms: int


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Result of one check. All times are Unix ms."""

    waiting: Mapping[int, Backlog] = {}
    """By partition of the log: records that no snapshot covers yet."""
    ticks: Mapping[str, Ticked] = {}
    """By source."""
    unsent: Mapping[str, Backlog] = {}
    """By target of the notifier."""
    unread: Backlog | None = None
    """Of the alert topics by this console."""
    unfinished: Unfinished | None = None
    lists_since_ms: int = 0
    """When the lists in force were imported; 0: they are from the settings."""
    answer_ms: int = 0
    """Kafka's response time."""
    disks: tuple[Disk, ...] = ()
    """Disks of the brokers; empty if they are not known."""
    unseen: tuple[str, ...] = ()
    """What could not be checked, and why."""


class Trouble(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of the banner: ``said``, its duration, ``more``."""

    kind: Kind
    level: Level
    said: str
    for_ms: int
    """How long it had lasted at the check."""
    more: str = ""


def troubles(facts: Facts, rules: FeedRules, now_ms: int, limits: HealthLimits = HealthLimits()) -> list[Trouble]:  # noqa: B008
    """The faults, alarms first. ``now_ms``: wall clock."""
    found = [
        *_worker(facts, now_ms, limits),
        *_sources(facts, rules, now_ms, limits),
        *_notifier(facts, now_ms, limits),
        *_console(facts, now_ms, limits),
        *_lists(facts, now_ms, limits),
        *_kafka(facts, limits),
        *(
            Trouble(kind="console", level="notice", said=f"Unknown to this console: {why}", for_ms=0)
            for why in facts.unseen
        ),
    ]
    return sorted(found, key=lambda one: one.level)


def _worker(facts: Facts, now_ms: int, limits: HealthLimits) -> Iterator[Trouble]:
    late = {part: one for part, one in facts.waiting.items() if now_ms - one.since_ms > limits.worker_ms}
    stuck = {part: one for part, one in late.items() if now_ms - one.moved_ms > limits.worker_ms}
    chosen = stuck or late
    if not chosen:
        return
    records, for_ms = sum(one.records for one in chosen.values()), now_ms - min(one.since_ms for one in chosen.values())
    of = "the log" if len(chosen) == len(facts.waiting) else f"partition {', '.join(map(str, sorted(chosen)))}"
    if stuck:
        said, more = f"No detector has processed {of}", f"; {records} records are waiting and give no alerts"
        yield Trouble(kind="worker", level="alarm", said=said, for_ms=for_ms, more=more)
    else:
        said, more = (
            f"The detectors have been behind on {of}",
            f"; {records} records are waiting, the detectors are catching up",
        )
        yield Trouble(kind="worker", level="notice", said=said, for_ms=for_ms, more=more)


def _sources(facts: Facts, rules: FeedRules, now_ms: int, limits: HealthLimits) -> Iterator[Trouble]:
    live = {
        name: one
        for name, one in sorted(facts.ticks.items())
        if one.tick.state == "live" and not one.tick.replayed and now_ms - one.written_ms < limits.gone_ms
    }
    mute = {name: now_ms - one.written_ms for name, one in live.items() if now_ms - one.written_ms > limits.ingest_ms}
    silent = {
        name: silent_ms
        for name, one in live.items()
        if name not in mute and (silent_ms := _silent_ms(one.tick)) > rules.silent_limit_ms(one.tick.spacing_s)
    }
    if mute:
        said = f"Ingest has written nothing from {_some(list(mute))}"
        yield Trouble(kind="ingest", level="alarm", said=said, for_ms=max(mute.values()), more=": check that it runs")
    more = "; its vessels are not judged dark during the outage"
    if silent and len(silent) == len(live):
        said = f"No AIS is received: {'all sources have been' if len(live) > 1 else 'the only source has been'} silent"
        said += f" ({_some(list(silent))})"
        yield Trouble(kind="source", level="alarm", said=said, for_ms=min(silent.values()))
    elif silent:
        ages = sorted(silent.items(), key=lambda one: -one[1])
        for name, silent_ms in ages[:_SAID_MOST]:
            yield Trouble(
                kind="source", level="alarm", said=f"Source {name} has been silent", for_ms=silent_ms, more=more
            )
        if len(ages) > _SAID_MOST:
            said = f"{len(ages) - _SAID_MOST} more sources have been silent"
            yield Trouble(kind="source", level="alarm", said=said, for_ms=ages[_SAID_MOST][1])


def _silent_ms(tick: Tick) -> int:
    return tick.to_ms - (tick.from_ms if tick.heard_ms is None else tick.heard_ms)


def _notifier(facts: Facts, now_ms: int, limits: HealthLimits) -> Iterator[Trouble]:
    for name, one in sorted(facts.unsent.items()):
        for_ms = now_ms - one.since_ms
        if for_ms > limits.notifier_ms:
            said, more = f"Notifier: {name} has accepted no alerts", f"; {one.records} alert revisions are not yet sent"
            yield Trouble(kind="notifier", level="alarm", said=said, for_ms=for_ms, more=more)


def _console(facts: Facts, now_ms: int, limits: HealthLimits) -> Iterator[Trouble]:
    if facts.unread is not None and (for_ms := now_ms - facts.unread.since_ms) > limits.console_ms:
        said, more = "This page has not shown new alerts", f"; {facts.unread.records} records are not shown yet"
        yield Trouble(kind="console", level="alarm", said=said, for_ms=for_ms, more=more)


def _lists(facts: Facts, now_ms: int, limits: HealthLimits) -> Iterator[Trouble]:
    half = facts.unfinished
    if half is not None and (for_ms := now_ms - half.began_ms) > limits.import_ms:
        said, command = unfinished_import_text(half)
        more = f"; complete it with: {command}"
        yield Trouble(kind="import", level="alarm", said=said[0].upper() + said[1:], for_ms=for_ms, more=more)
    if facts.lists_since_ms and (for_ms := now_ms - facts.lists_since_ms) > limits.lists_ms:
        said, more = "The watchlist has not been updated", ": vessels listed since then are not known"
        yield Trouble(kind="lists", level="notice", said=said, for_ms=for_ms, more=more)


def _kafka(facts: Facts, limits: HealthLimits) -> Iterator[Trouble]:
    if facts.answer_ms > limits.answer_ms:
        said = f"Kafka needed {facts.answer_ms / MS:.1f} s to answer this console"
        yield Trouble(kind="kafka", level="notice", said=said, for_ms=0, more=": alerts may be late")
    for disk in facts.disks:
        if disk.free_bytes < FREE_LEAST * disk.total_bytes:
            said = f"The disk of broker {disk.broker} is nearly full"
            more = f": {disk.free_bytes / _GB:.1f} of {disk.total_bytes / _GB:.1f} GB are free; a full disk stops Kafka"
            yield Trouble(kind="disk", level="alarm", said=said, for_ms=0, more=more)


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SAID_MOST} more" if len(names) > _SAID_MOST else ""
    return ", ".join(names[:_SAID_MOST]) + more


def worker_limit_ms(snapshot_every_s: float) -> int:
    """Maximum age of the oldest record without a snapshot: one and a half snapshots, and time to write them."""
    least_s, snapshots = 20.0, 1.5
    return round(max(least_s, snapshots * snapshot_every_s) * MS)
