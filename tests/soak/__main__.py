"""``python -m tests.soak --minutes N``: nothing grows. Exit code 1 when something does, or when a process ends.

A real Kafka, ingest, a worker, the notifier, the console, traffic, rows and ``alerts --follow`` run on a feed in which
all ships are new every 30 s, recordings under fresh MMSIs among it, with another watchlist imported every minute, while
the console's page, stream and vessels, Grafana's tables and all metrics are asked for. Every two seconds the memory,
descriptors and threads of each process are sampled, and the bytes of the topics. Printed are means and slopes with
their errors.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from tests.soak import growth
from tests.soak.rig import Soak

_OWN_AFFAIR: Final = ("kafka",)
"""The JVM's heap grows to its bound and is collected when it likes."""
_FAILED_MOST: Final = 0.01
"""Share of questions that may be without an answer: a busy machine is no growth."""


def report(soak: Soak, out: Console, least: Mapping[str, float] = growth.LEAST) -> list[str]:
    """Prints the table; returns what grows, by more than ``least`` as a share of its mean."""
    table = Table("process", "figure", "mean", "slope an hour", "+/-", "verdict")
    growing = []
    for name, samples in soak.samples.items():
        for at, (figure, share) in enumerate(least.items(), 1):
            found = growth.trend([(one.at_s, float(one[at])) for one in samples])
            grows = found.grows(share) and name not in _OWN_AFFAIR
            growing += [f"{name}: {figure}"] if grows else []
            table.add_row(
                name,
                figure,
                f"{found.mean:,.1f}",
                f"{found.slope_per_hour:+,.1f}",
                f"{found.error_per_hour:,.1f}",
                "GROWS" if grows else "",
            )
    for topic, sizes in sorted(soak.topics.items()):
        found = growth.trend(sizes)
        table.add_row(
            topic,
            "MB on disk",
            f"{found.mean:,.1f}",
            f"{found.slope_per_hour:+,.1f}",
            f"{found.error_per_hour:,.1f}",
            "",
        )
    out.print(table)
    lines, asked = sum(soak.sent.values()), soak.readers.asked.total()
    out.print(
        f"{lines:,} lines sent by {len(soak.sent)} sources, {soak.imports} imports ({soak.failed_imports} failed), "
        f"{len(soak.receiver.got)} posts to the webhook, {asked:,} questions asked ({soak.readers.failed()} failed)"
    )
    for query, most in soak.readers.most.items():
        out.print(f"at most {most:,} rows of {query}")
    return growing


def shortcomings(soak: Soak) -> list[str]:
    """What did not run as it should have: a soak of idle processes shows nothing."""
    asked = soak.readers.asked
    found = {
        f"{soak.failed_imports} of {soak.imports} imports failed: {soak.import_said}": soak.failed_imports > 0,
        "no import": soak.imports == 0,
        "no alert reached the webhook": not soak.receiver.got,
        f"questions failed: {dict(asked)}": soak.readers.failed() > _FAILED_MOST * asked.total(),
        "no table showed a row": not any(soak.readers.most.values()),
    }
    return [words for words, true in found.items() if true]


def main() -> int:
    """See the module."""
    asked = argparse.ArgumentParser(prog="tests.soak", description=__doc__)
    asked.add_argument("--minutes", type=float, default=20.0)
    minutes = asked.parse_args().minutes
    out = Console(width=110)
    with tempfile.TemporaryDirectory(prefix="wakewatch-soak-") as home, Soak(Path(home)) as soak:
        soak.run(minutes * 60)
        growing = report(soak, out)
    wrong = shortcomings(soak)
    if wrong:
        out.print("did not do its work: " + "; ".join(wrong))
        return 1
    if growing:
        out.print("grows: " + "; ".join(growing))
        return 1
    out.print("nothing grows")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
