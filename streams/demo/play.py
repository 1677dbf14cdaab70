"""The demonstration from its first line to its exit code."""

from __future__ import annotations

import contextlib
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec
from rich.console import Console

from detectors.core.units import MS
from streams.demo.screen import Account, Screen
from streams.demo.stage import Stage
from streams.demo.watch import AlertFollower, Figures, figures, notices
from streams.errors import ConfigError
from streams.ingest import urls
from streams.reference import load_reference
from streams.scenario import Options, ScenarioTruth, scenario
from streams.scenario.verdict import excesses, verdicts
from streams.settings.model import Settings

STAYS: Final = "everything keeps running until Ctrl-C"
_SETTLED_LOOKS: Final = 3
_LOOK_S: Final = 0.4
_LONGEST_S: Final = 1800.0
_FINITE: Final = ("file", "stdin")
_SILENT_FIRST_S: Final = 10.0
_SILENT_EVERY_S: Final = 30.0


class DemoPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be shown."""

    feeds: tuple[str, ...] = ()
    """The user's own; none: the reconstruction."""
    stay: bool = False
    every: bool = False
    seconds: float = 40.0
    """How long the story takes at least."""
    options: Options = Options()
    settings: Path | None = None
    servers: str | None = None


class Script(msgspec.Struct, frozen=True, kw_only=True):
    """What is played, and the expected alerts."""

    feeds: tuple[str, ...]
    words: tuple[str, ...] = ()
    title: str = ""
    truths: tuple[ScenarioTruth, ...] = ()
    finite: bool = True


def run(plan: DemoPlan, settings: Settings, console: Console) -> int:
    """Runs it. Returns 0 when every expected alert came (with own feeds: when all was processed), otherwise 1.

    Raises ConfigError before anything is started, WakewatchError if a process fails, KeyboardInterrupt if it is asked
    to stop by Ctrl-C or SIGTERM: nothing stays behind then either.
    """
    with _interruptible(), tempfile.TemporaryDirectory(prefix="wakewatch-demo-") as folder:
        script = _script(plan, settings, Path(folder))
        screen = Screen(console, _chapters(plan, script), every=plan.every)
        stage = Stage(Path(folder), plan.settings, plan.servers)
        with contextlib.closing(stage):
            return _play(plan, script, settings, stage, screen)


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Makes SIGTERM and SIGINT interrupt, also if a shell started us in the background with SIGINT ignored."""
    asked = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, signal.default_int_handler) for number in asked}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _script(plan: DemoPlan, settings: Settings, home: Path) -> Script:
    if plan.feeds:
        places = [urls.parse(feed) for feed in plan.feeds]
        for place in places:  # a file that cannot be opened is reported before Kafka is started
            urls.open_place(place, urls.OpenRules(settings=settings)).close()
        return Script(feeds=plan.feeds, finite=all(place.kind in _FINITE for place in places))
    if all(ship.imo != plan.options.imo for ship in load_reference(settings.reference).ships):
        raise ConfigError(
            f"IMO {plan.options.imo} is not on a watchlist: give a list that has it in reference.watchlists"
        )
    made = scenario("angara", plan.options)
    path = home / "angara.nmea"
    with path.open("wb") as file:
        for line in made.lines:
            file.write(line + b"\n")
    first_ms, last_ms = (getattr(truth, name) for truth, name in _span(made.truths))
    speed = (last_ms - first_ms) / MS / plan.seconds
    return Script(
        feeds=(f"angara=file:{path}",), words=("--speed", f"{speed:.0f}"), title=made.title, truths=made.truths
    )


def _span(truths: tuple[ScenarioTruth, ...]) -> tuple[tuple[ScenarioTruth, str], tuple[ScenarioTruth, str]]:
    return (min(truths, key=lambda t: t.from_ms), "from_ms"), (max(truths, key=lambda t: t.to_ms), "to_ms")


def _chapters(plan: DemoPlan, script: Script) -> list[ScenarioTruth]:
    return [truth for truth in script.truths if truth.mmsi == plan.options.mmsi]


def _play(plan: DemoPlan, script: Script, settings: Settings, stage: Stage, screen: Screen) -> int:
    if script.title:
        screen.say(script.title, "bold")
    screen.say("starting Kafka, the worker and the notifier (dry run) ...")
    kafka = stage.open(settings.kafka)
    stage.detect()
    notices(stage.notify(), screen.notice)
    stage.until(lambda: figures(stage.ports.worker).ready, "the worker gets its partitions")
    if plan.stay or not script.finite:
        stage.console()
    _addresses(stage, screen)
    with contextlib.closing(AlertFollower(kafka, screen.alert)) as watch:
        began_s = time.monotonic()
        stage.ingest(script.feeds, *script.words)
        interrupted = _await_end(script, stage, watch, screen)
        wall_s = time.monotonic() - began_s
        fine = _tell(script, stage, watch, screen, wall_s)
        if not plan.stay:
            screen.next_steps()
        elif not interrupted:
            screen.say(STAYS, "bold")
            _addresses(stage, screen)
            _until_interrupted(stage)
    return 0 if fine else 1


def _await_end(script: Script, stage: Stage, watch: AlertFollower, screen: Screen) -> bool:
    """Until all is processed, or Ctrl-C for a feed without an end. True when interrupted."""
    try:
        with _patience(script) as wait_s:
            silence = _Silence(script, stage, screen)
            stage.until(lambda: silence.noted() and stage.ended("ingest"), "the feed is read", wait_s)
            stage.until(_settled(stage, watch), "the worker processes the log", wait_s)
    except KeyboardInterrupt:
        if script.finite:
            raise
        return True
    return False


class _Silence:
    """Reports that a live feed gives nothing while it does so, and why, as far as ingest knows."""

    def __init__(self, script: Script, stage: Stage, screen: Screen) -> None:
        self._script, self._stage, self._screen = script, stage, screen
        self._heard = script.finite
        self._next_s = time.monotonic() + _SILENT_FIRST_S

    def noted(self) -> bool:
        """Checks if it is time. Always true."""
        if not self._heard and time.monotonic() >= self._next_s:
            self._next_s = time.monotonic() + _SILENT_EVERY_S
            self._heard = figures(self._stage.ports.worker).reports > 0
            if not self._heard:
                feeds, said = ", ".join(self._script.feeds), self._stage.words("ingest")
                self._screen.say(f"nothing received yet from {feeds}; ingest: {said}", "yellow")
        return True


@contextlib.contextmanager
def _patience(script: Script) -> Iterator[float]:
    yield _LONGEST_S if script.finite else float("inf")


def _settled(stage: Stage, watch: AlertFollower) -> Callable[[], bool]:
    """Whether nothing is behind, and nothing has come, at several checks in a row."""
    before: list[tuple[int, int]] = []

    def look() -> bool:
        time.sleep(_LOOK_S)
        now = figures(stage.ports.worker)
        before.append((now.records, len(watch.so_far())))
        calm = len(before) >= _SETTLED_LOOKS and len(set(before[-_SETTLED_LOOKS:])) == 1
        return now.ready and now.lag == 0 and calm

    return look


def _tell(script: Script, stage: Stage, watch: AlertFollower, screen: Screen, wall_s: float) -> bool:
    seen, alerts = figures(stage.ports.worker), watch.so_far()
    screen.finish()
    screen.say("")
    account = Account(
        sentences=_sentences(stage, seen), wall_s=wall_s, figures=seen, rings=screen.rings, ends=screen.ends
    )
    screen.account(account, alerts)
    if not script.truths:
        return True
    screen.say("")
    return screen.verdict(verdicts(script.truths, alerts), excesses(script.truths, alerts))


def _sentences(stage: Stage, seen: Figures) -> int:
    """Ingest reports the number when it ends; before that the worker's reports are used."""
    said = stage.words("ingest")
    found = [word for word in said.split(", ") if word.endswith(" sentences")]
    return int(found[0].split()[0]) if found else seen.reports


def _addresses(stage: Stage, screen: Screen) -> None:
    ports = stage.ports
    screen.say(f"  kafka    {stage.servers}", "dim")
    if stage.has("console"):
        screen.say(f"  console  http://127.0.0.1:{ports.console}/")
    screen.say(f"  worker   http://127.0.0.1:{ports.worker}/metrics", "dim")
    if stage.has("ingest") and not stage.ended("ingest"):
        screen.say(f"  ingest   http://127.0.0.1:{ports.ingest}/metrics", "dim")


def _until_interrupted(stage: Stage) -> None:
    with contextlib.suppress(KeyboardInterrupt):
        stage.until(lambda: False, "Ctrl-C", float("inf"))
