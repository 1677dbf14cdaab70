"""``python -m tests.chaos [--quick]``: the same alerts under faults as without, or exit code 1; 2 when it got stuck.

Compared by (id, revision, SHA-256 of the payload) with an undisturbed run over the same input, which is itself held
against ``replay``. Each kind of fault has rounds of its own; ingest writes while the faults happen; a round ends when
its input runs low, so that there is backlog at every fault. ``--sabotage`` runs workers that break a rule: exit code 1
is then what should be.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

from rich.console import Console

from detectors.core.alert import Alert, encode
from detectors.core.engine.alert_writer import Emitted
from streams.broker import embedded
from streams.ingest.model import SourceKind
from streams.pipeline.replay import InProcessPipeline, ReplayPlan, play
from streams.reference import load_reference
from streams.settings.model import Settings
from tests.chaos import faults, feed
from tests.chaos.outcome import Key, Result, Written, differences, judged, print_table, written
from tests.chaos.process import DrainedError, StuckError
from tests.chaos.proxy import Proxy
from tests.chaos.rig import PARTITIONS, Feeding, Rig
from tests.chaos.sabotage import RULES

_LAG_LEAST: Final = 150
_FRUITLESS_MOST: Final = 5
"""Rounds in which the machine was too busy for a fault while records waited."""
_SECOND_OF: Final = 6
"""Of so many faults some must come while a later stage is at work."""
_SHIPS, _HOURS, _SEED = 120, 8.0, 7
_LATE_SHARE: Final = 0.9
_SPEAKERS: Final = {"gap", "feed_outage", "port_proximity", "watchlist", "identity_change", "interference"}
"""The last two are of the later stages, which learn of ships through topics of their own."""


class Kind(NamedTuple):
    """A kind of fault."""

    name: str
    do: faults.Fault
    times: int
    times_quick: int
    """0 for what takes too long to be run for each change."""
    lasts_s: float
    """How long ingest takes for its feed."""
    slow_s: float
    """How long a worker rests after each record, so that the input lasts."""
    suspend: bool = False
    """Whether each send of a worker waits, as when its producer's buffer is full."""
    through: bool = False
    """Whether workers speak to the broker through a proxy."""


KINDS: Final = (
    Kind("kill -9", faults.kill, 60, 12, 40, 0.025),
    Kind("suspended sends", faults.kill_amid_alerts, 30, 3, 40, 0.02, suspend=True),
    Kind("join and leave", faults.join_and_leave, 16, 2, 120, 0.08),
    Kind("SIGSTOP > session", faults.freeze, 10, 1, 60, 0.05),
    Kind("damaged bytes", faults.damage_bytes, 10, 0, 60, 0.025, through=True),
    Kind("stalled network", faults.stall_network, 6, 0, 60, 0.05, through=True),
    Kind("broker SIGTERM", faults.broker_term, 3, 1, 30, 0.025),
    Kind("broker SIGKILL", faults.broker_kill, 3, 1, 30, 0.025),
    Kind("no committed offsets", faults.no_offsets, 2, 1, 30, 0.025),
    Kind("fleet topic lost", faults.no_fleet, 2, 1, 15, 0.01),
)


class Setting(NamedTuple):
    """What all rounds share."""

    broker: embedded.Broker
    feed: Path
    hours: float
    home: Path
    draw: random.Random
    wanted: dict[Key, bytes]
    """Known after the undisturbed run."""
    sabotage: str


def main(arguments: list[str] | None = None) -> int:
    """Runs all kinds, prints the table."""
    given = _parser().parse_args(arguments)
    seed = given.seed if given.seed is not None else random.SystemRandom().randrange(10**6)
    _say(f"seed {seed}")
    with tempfile.TemporaryDirectory(prefix="wakewatch-chaos-") as folder:
        home = Path(folder)
        path = home / "feed.nmea"
        path.write_bytes(b"\n".join(feed.lines(_SHIPS, given.hours, _SEED)) + b"\n")
        broker = embedded.start(home / "kafka", port=0, die_with_parent=True)
        try:
            setting = Setting(broker, path, given.hours, home, random.Random(seed), {}, given.sabotage)
            undisturbed = _undisturbed(setting)
            named = given.only.split(",")
            chosen = [kind for kind in KINDS if any(part in kind.name for part in named)]
            results = [
                _tried(setting, kind, given.times or (kind.times_quick if given.quick else kind.times))
                for kind in chosen
            ]
        finally:
            embedded.stop(home / "kafka")
    print_table([undisturbed, *results])
    if any(result.stuck for result in results):
        return 2  # nothing was compared: neither kept nor found
    held = results if given.sabotage else [undisturbed, *results]
    return int(any(result.missing or result.extra or result.stale for result in held))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer faults: about five minutes")
    parser.add_argument("--only", default="", help="kinds whose name holds one of these, separated by commas")
    parser.add_argument("--times", type=int, help="how often each, instead")
    parser.add_argument("--hours", type=float, default=_HOURS, help="event time in the feed; shorter proves less")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--sabotage", choices=sorted(RULES), default="", help="workers that break this rule")
    return parser


def _say(line: str) -> None:
    Console(stderr=True, highlight=False).print(line)


def _undisturbed(setting: Setting) -> Result:
    """A run without faults, whose alerts are those that every other must give, held against ``replay``.

    What workers that break a rule leave out is told by ``replay`` alone.
    """
    replayed = _replayed(setting.feed, setting.hours)
    if setting.sabotage:
        setting.wanted.update(replayed)
        return Result("none, by replay")
    rig = Rig(setting.broker.bootstrap_servers, Feeding(setting.feed, setting.hours, 5.0, 0.0), setting.home)
    try:
        came = rig.finish()
    finally:
        rig.kill_all()
    if max(came.times.values(), default=0) != 1:
        raise StuckError(f"the undisturbed run wrote {len(came.times)} alerts, or one of them twice")
    setting.wanted.update(came.values)
    result = _judged(replayed, came, Result("none, against replay"))
    _say(f"undisturbed: {len(came.times)} alert revisions; of replay's {result.wrong}")
    return result._replace(rounds=1)


def _replayed(path: Path, hours: float) -> Mapping[Key, bytes]:
    """What ``replay`` gives for the feed, without Kafka."""
    settings = Settings()
    pipeline = InProcessPipeline(settings, load_reference(settings.reference), PARTITIONS)
    plan = ReplayPlan(source=path.stem, partitions=PARTITIONS, source_kind=SourceKind(replayed=True))
    with path.open("rb") as lines:
        alerts = [item.alert for item in play([lines], plan, pipeline, settings) if isinstance(item, Emitted)]
    if hours >= _HOURS:
        _speak_to_the_end(alerts)
    return written(encode(alert) for alert in alerts).values


def _speak_to_the_end(alerts: list[Alert]) -> None:
    """Raises StuckError when a detector is silent in the feed's end: losing records there would prove nothing."""
    late_s = feed.START_MS / 1000 + _LATE_SHARE * _HOURS * 3600
    late = {alert.detector for alert in alerts if datetime.fromisoformat(alert.time).timestamp() > late_s}
    if silent := _SPEAKERS - late:
        raise StuckError(f"the feed's end does not make {sorted(silent)} speak")


def _tried(setting: Setting, kind: Kind, times: int) -> Result:
    """A kind that gets stuck has failed; the others are tried all the same."""
    try:
        return _kind(setting, kind, times)
    except StuckError as error:
        _say(f"{kind.name}: {error}")
        return Result(kind.name, stuck=True)


def _kind(setting: Setting, kind: Kind, times: int) -> Result:
    result, began_s = Result(kind.name), time.monotonic()
    while len(result.strikes) < times:
        if result.rounds >= times + _FRUITLESS_MOST:
            raise DrainedError(f"{kind.name}: {result.rounds} rounds, {len(result.strikes)} faults that had a backlog")
        result = _round(setting, kind, times - len(result.strikes), result)
        _say(
            f"{kind.name}: {len(result.strikes)}/{times} after {time.monotonic() - began_s:.0f} s, "
            f"missing {result.missing}, extra {result.extra}"
        )
    if times >= _SECOND_OF and not result.second:
        raise StuckError(f"{kind.name}: a later stage was at work at none of {times} faults: nothing is proven of it")
    return result._replace(took_s=time.monotonic() - began_s)


def _round(setting: Setting, kind: Kind, times: int, so_far: Result) -> Result:
    feeding = Feeding(setting.feed, setting.hours, kind.lasts_s, kind.slow_s, kind.suspend)
    proxy = Proxy(setting.broker.port, setting.draw.randrange(1 << 30)) if kind.through else None
    rig = Rig(setting.broker.bootstrap_servers, feeding, setting.home, setting.sabotage, proxy)
    stage = faults.Stage(rig, setting.home / "kafka", setting.draw, [])
    try:
        rig.until(lambda: rig.look() > 2 * _LAG_LEAST, "backlog gathers", pause_s=0.2)
        with suppress(DrainedError):  # the machine was busy: the round counts without that fault
            while len(stage.strikes) < times and rig.look() > _LAG_LEAST:
                kind.do(stage)
        workers = list(rig.workers.values())
        came = rig.finish()
    finally:
        rig.kill_all()
    return _judged(setting.wanted, came, so_far)._replace(
        strikes=(*so_far.strikes, *stage.strikes),
        rounds=so_far.rounds + 1,
        crashes=so_far.crashes + sum(worker.crashes for worker in workers),
        recoveries_s=so_far.recoveries_s + tuple(s for worker in workers for s in worker.recoveries_s),
    )


def _judged(wanted: Mapping[Key, bytes], came: Written, so_far: Result) -> Result:
    for line in differences(wanted, came):
        _say(f"  {line}")
    return judged(wanted, came, so_far)


if __name__ == "__main__":
    sys.exit(main())
