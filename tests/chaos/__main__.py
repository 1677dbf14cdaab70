"""``python -m tests.chaos [--quick]``: the same alerts under faults as without, or exit code 1.

Compared by (id, revision, SHA-256 of the payload) with an undisturbed run over the same input. Each kind of fault has
rounds of its own; a round ends when its input runs low, so that there is backlog at every fault.
"""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from streams.broker import embedded
from tests.chaos import faults, feed
from tests.chaos.rig import Key, Rig, StuckError

_LAG_LEAST = 400


class Kind(NamedTuple):
    """A kind of fault."""

    name: str
    do: faults.Fault
    times: int
    times_quick: int
    slow_s: float
    """How long a worker rests after each record, so that the input lasts."""


KINDS = (
    Kind("kill -9", faults.kill, 60, 15, 0.012),
    Kind("join and leave", faults.join_and_leave, 16, 3, 0.03),
    Kind("SIGSTOP > session", faults.freeze, 10, 2, 0.05),
    Kind("broker SIGTERM", faults.broker_term, 3, 1, 0.02),
    Kind("broker SIGKILL", faults.broker_kill, 3, 1, 0.02),
    Kind("no committed offsets", faults.no_offsets, 2, 1, 0.02),
    Kind("fleet topic lost", faults.no_fleet, 2, 1, 0.005),
)


class Result(NamedTuple):
    """What came of a kind of fault."""

    name: str
    faults: int = 0
    inside: int = 0
    rounds: int = 0
    lag_least: int = sys.maxsize
    missing: int = 0
    extra: int = 0
    duplicates: int = 0
    crashes: int = 0
    recoveries_s: tuple[float, ...] = ()


class Setting(NamedTuple):
    """What all rounds share."""

    broker: embedded.Broker
    feed: Path
    home: Path
    draw: random.Random
    wanted: frozenset[Key]


def main() -> int:
    """Runs all kinds, prints the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer faults: about five minutes")
    parser.add_argument("--only", help="kinds whose name holds this")
    parser.add_argument("--times", type=int, help="how often each, instead")
    parser.add_argument("--seed", type=int, default=None)
    given = parser.parse_args()
    seed = given.seed if given.seed is not None else random.SystemRandom().randrange(10**6)
    _say(f"seed {seed}")
    with tempfile.TemporaryDirectory(prefix="wakewatch-chaos-") as folder:
        home = Path(folder)
        broker = embedded.start(home / "kafka", port=0, die_with_parent=True)
        try:
            setting = _undisturbed(broker, home, seed)
            chosen = [kind for kind in KINDS if not given.only or given.only in kind.name]
            results = [_kind(setting, kind, given.times or (kind.times_quick if given.quick else kind.times))
                       for kind in chosen]  # fmt: skip
        finally:
            embedded.stop(home / "kafka")
    _print(results)
    return int(any(result.missing or result.extra for result in results))


def _say(line: str) -> None:
    Console(stderr=True, highlight=False).print(line)


def _undisturbed(broker: embedded.Broker, home: Path, seed: int) -> Setting:
    path = home / "feed.nmea"
    path.write_bytes(b"\n".join(feed.lines(ships=120, hours=8, seed=7)) + b"\n")
    rig = Rig(broker.bootstrap_servers, path, home, 0.0)
    wanted = rig.finish()
    if not wanted or max(wanted.values()) > 1:
        raise StuckError(
            f"the undisturbed run wrote {len(wanted)} alerts, one of them {max(wanted.values(), default=0)} times"
        )
    _say(f"undisturbed: {len(wanted)} alert revisions")
    return Setting(broker, path, home, random.Random(seed), frozenset(wanted))


def _kind(setting: Setting, kind: Kind, times: int) -> Result:
    result, began_s = Result(kind.name), time.monotonic()
    while result.faults < times:
        result = _round(setting, kind, times, result)
        _say(f"{kind.name}: {result.faults}/{times} after {time.monotonic() - began_s:.0f} s, "
             f"missing {result.missing}, extra {result.extra}")  # fmt: skip
    return result


def _round(setting: Setting, kind: Kind, times: int, so_far: Result) -> Result:
    rig = Rig(setting.broker.bootstrap_servers, setting.feed, setting.home, kind.slow_s)
    stage = faults.Stage(rig, setting.home / "kafka", setting.draw)
    done, inside, lags = 0, 0, [so_far.lag_least]
    try:
        while so_far.faults + done < times and (done == 0 or rig.lag() > _LAG_LEAST):
            inside += kind.do(stage)
            lags.append(rig.lag())
            done += 1
        workers = list(rig.workers.values())
        written = rig.finish()
    finally:
        for worker in rig.workers.values():
            worker.process.kill()
            worker.process.wait()
    return _judged(setting, so_far, written)._replace(
        faults=so_far.faults + done,
        inside=so_far.inside + inside,
        rounds=so_far.rounds + 1,
        lag_least=min(lags),
        crashes=so_far.crashes + sum(worker.crashes for worker in workers),
        recoveries_s=so_far.recoveries_s + tuple(s for worker in workers for s in worker.recoveries_s),
    )


def _judged(setting: Setting, so_far: Result, written: Counter[Key]) -> Result:
    return so_far._replace(
        missing=so_far.missing + len(setting.wanted - set(written)),
        extra=so_far.extra + len(set(written) - setting.wanted),
        duplicates=so_far.duplicates + sum(written.values()) - len(written),
    )


def _print(results: list[Result]) -> None:
    table = Table("fault", "times", "inside a snapshot", "rounds", "least backlog", "missing", "extra", "duplicates",
                  "crashes", "recovery s (median, worst)", box=None)  # fmt: skip
    for result in results:
        waits = sorted(result.recoveries_s) or [0.0]
        recovery = f"{waits[len(waits) // 2]:.1f}, {waits[-1]:.1f}"
        table.add_row(*map(str, result[:-1]), recovery)
    Console(highlight=False, width=150).print(table)


if __name__ == "__main__":
    sys.exit(main())
