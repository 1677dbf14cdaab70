"""Prints the demonstration: chapters of the story, alerts as they come, and the summary at the end."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from threading import Lock
from typing import Final

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from detectors.core.alert import Alert
from detectors.core.units import MS, unix_ms
from streams.demo.watch import Figures
from streams.messages.alert_line import line
from streams.scenario.model import ScenarioTruth
from streams.scenario.verdict import Excess, ExpectationVerdict, time_ms

COMPARISON: Final = "Expected alerts and actual alerts"
_NEXT: Final = (
    ("make demo STAY=1", "the same, kept running, with the map page"),
    ("make demo FEED=tcp://HOST:PORT", "the same pipeline with your own feed"),
    (".venv/bin/wakewatch replay FILE --alerts alerts.jsonl", "a recording, without Kafka"),
    (".venv/bin/wakewatch scenario --list", "more generated feeds with known truth"),
)


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of the run."""

    sentences: int
    wall_s: float
    figures: Figures
    rings: int
    """Alerts that would page a person, each once."""
    ends: int
    """Pages whose end would be notified, which wakes no one."""


class Screen:
    """Prints from several threads, a line at a time. ``every``: also alerts that are only for the record."""

    def __init__(self, console: Console, chapters: Sequence[ScenarioTruth] = (), *, every: bool = False) -> None:
        self._console, self._every = console, every
        self._chapters = sorted(chapters, key=lambda truth: truth.from_ms)
        self._lock = Lock()
        self._unshown: Counter[str] = Counter()
        self._rung: set[str] = set()
        self._ended: set[str] = set()

    def say(self, text: str, style: str = "") -> None:
        """Prints one line of text."""
        self._console.print(Text(text, style), soft_wrap=True)

    def alert(self, alert: Alert) -> None:
        """Prints an alert as it is written to the topic, after the chapters that have begun by then.

        Only alerts of the story's ship begin a new chapter: other partitions, and the stage of IMO numbers, may be
        ahead.
        """
        with self._lock:
            if self._chapters and alert.subject == f"mmsi/{self._chapters[0].mmsi}":
                self._turn(time_ms(alert))
            if self._every or alert.severity != "log":
                self._console.print(line(alert), soft_wrap=True)
            else:
                self._unshown[alert.detector] += 1

    def notice(self, notice: dict[str, object]) -> None:
        """What the notifier would send; beginnings and ends of pages are counted, once per alert."""
        labels = notice["labels"]
        assert isinstance(labels, dict)
        if labels["severity"] == "page":
            ended = unix_ms(str(notice["endsAt"])) <= time.time() * MS
            with self._lock:
                (self._ended if ended else self._rung).add(str(labels["alert_id"]))

    @property
    def rings(self) -> int:
        """The number of alerts that would have paged a person."""
        return len(self._rung)

    @property
    def ends(self) -> int:
        """The number of pages whose end would have been notified."""
        return len(self._ended)

    def finish(self) -> None:
        """Prints the chapters that no alert has begun, and what was not shown."""
        with self._lock:
            self._turn(1 << 62)
            self._tell_unshown()

    def _turn(self, now_ms: int) -> None:
        while self._chapters and self._chapters[0].from_ms <= now_ms:
            chapter = self._chapters.pop(0)
            self._tell_unshown()
            day = datetime.fromtimestamp(chapter.from_ms / MS, UTC).strftime("%Y-%m-%d %H:%MZ")
            unheard = "" if chapter.heard else " (outside reception)"
            self._console.print(Text(f"--- {day}  {chapter.note}{unheard}", "bold cyan"), soft_wrap=True)

    def _tell_unshown(self) -> None:
        if self._unshown:
            kinds = ", ".join(f"{count} {detector}" for detector, count in sorted(self._unshown.items()))
            self._console.print(Text(f"    for the record, not shown: {kinds}", "dim"), soft_wrap=True)
            self._unshown.clear()

    def next_steps(self) -> None:
        """What to try now."""
        self.say("\nNext", "bold")
        for call, what in _NEXT:
            self.say(f"  {call:<52} {what}")

    def account(self, account: Account, alerts: Sequence[Alert]) -> None:
        """The table at the end."""
        figures = account.figures
        table = Table(title="Throughput", title_justify="left", box=None, show_header=False)
        rate = account.sentences / account.wall_s if account.wall_s else 0.0
        busy = figures.busy_s / account.wall_s if account.wall_s else 0.0
        delay = "no alert" if figures.p99_s is None else f"at most {figures.p99_s:g} s"
        rows = [
            ("vessels", f"{figures.vessels:,}"),
            ("sentences", f"{account.sentences:,}"),
            ("sentences/s", f"{rate:,.0f} in {account.wall_s:.0f} s; the worker was busy {busy:.0%} of the time"),
            ("p99 latency", f"{delay}, from reading the sentence to the alert in the topic"),
            *_by_detector(alerts),
            ("pages", f"{account.rings} sent, {account.ends} ended"),
        ]
        for name, value in rows:
            table.add_row(name, value)
        self._console.print(table)

    def verdict(self, met: Sequence[ExpectationVerdict], excess: Sequence[Excess]) -> bool:
        """Compares expected and seen alerts. True if every expected alert came and none concerned an honest ship."""
        table = Table(
            "", "expected", "severity", "came", "as", title=COMPARISON, box=None, title_justify="left", pad_edge=False
        )
        for one in met:
            table.add_row(*_row(one))
        self._console.print(table)
        for wrong in excess:
            self.say(f"x   false alert about an honest vessel ({wrong.truth.note}): {wrong.alert.headline}", "red")
        missing = sum(one.alert is None for one in met)
        if missing or excess:
            self.say(
                f"{missing} of {len(met)} expected alerts missing, {len(excess)} false alerts about honest vessels",
                "bold red",
            )
        else:
            self.say(
                f"all {len(met)} expected alerts were raised, and no false alert about an honest vessel", "bold green"
            )
        return not missing and not excess


def _row(one: ExpectationVerdict) -> tuple[str | Text, ...]:
    what = f"{one.expected.detector} {one.expected.reason or ''}".strip()
    if one.alert is None:
        return "x", what, one.expected.severity, Text("missing", "bold red"), one.truth.note
    said = Text(one.alert.headline, overflow="ellipsis", no_wrap=True)
    return "ok", what, one.expected.severity, one.alert.time[:16].replace("T", " ") + "Z", said


def _by_detector(alerts: Sequence[Alert]) -> list[tuple[str, str]]:
    found: dict[str, Counter[str]] = {}
    for alert in alerts:
        found.setdefault(alert.detector, Counter())[alert.status] += 1
        found[alert.detector][alert.severity] += alert.status == "opened"
    return [
        (
            f"alerts: {detector}",
            ", ".join(
                f"{counts[what]} {what}" for what in ("opened", "updated", "closed", "retracted") if counts[what]
            ),
        )
        for detector, counts in sorted(found.items())
    ]
