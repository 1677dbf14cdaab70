"""``python -m tests.same_alerts COMMIT``: are the alerts those of an earlier commit, but for their wording?

Replays the recordings of ``../shared/data`` and two generated scenarios with the code here and with that commit's,
and compares every revision: id, revision, status, severity, situation, details, numbers and times. Headlines, facts,
their sources and what would change an alert may differ. Exit code 1 when something else does, 2 when there is nothing
to compare. For reworking code that must not change what it finds.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
DATA: Final = ROOT.parent / "shared" / "data"
RECORDINGS: Final[dict[str, Sequence[str]]] = {
    "tracks/sbarc-2018-06-01_04.csv.gz": ("--partitions", "1"),
    "tracks/dma-538004030-frio-drift.ais.gz": ("--until", "2024-01-01T00:00:00Z"),
    "nmea/global-sample-85k.nmea.gz": ("--start", "2024-03-04T00:00:00Z"),
    "nmea/kystverket-1000.nm4": ("--start", "2024-03-04T00:00:00Z"),
    "nmea/dma-stream-example.txt.gz": (),
}
"""By file of the data, the options of ``replay``."""
SCENARIOS: Final = ("angara", "strait")
_WORDING: Final = frozenset({"headline", "would_change"})
_WORDING_OF_FACTS: Final = frozenset({"fact", "source"})
_SHOWN: Final = 3
_WAKEWATCH: Final = (sys.executable, "-m", "streams")


def without_wording(value: Any, *, in_facts: bool = False) -> Any:
    """An alert as JSON values, without its sentences."""
    if isinstance(value, dict):
        dropped = _WORDING_OF_FACTS if in_facts else _WORDING
        return {
            key: without_wording(part, in_facts=in_facts or key == "why")
            for key, part in value.items()
            if key not in dropped
        }
    return [without_wording(part, in_facts=in_facts) for part in value] if isinstance(value, list) else value


def differences(former: Sequence[dict[str, Any]], present: Sequence[dict[str, Any]]) -> list[str]:
    """What differs besides wording, in order; empty when nothing does."""
    found = []
    for number, (old, new) in enumerate(zip(former, present, strict=False)):
        was, now = without_wording(old), without_wording(new)
        keys = [key for key in {**was, **now} if was.get(key) != now.get(key)]
        found += [f"revision {number}: {key}: {was.get(key)!r} is now {now.get(key)!r}" for key in keys]
    if len(former) != len(present):
        found.append(f"{len(former):,} revisions are now {len(present):,}")
    return found


@contextmanager
def checked_out(commit: str) -> Iterator[Path]:
    """The tree of a commit. Raises CalledProcessError when git does not know it."""
    with tempfile.TemporaryDirectory(prefix="wakewatch-former-") as home:
        archive = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, capture_output=True).stdout
        subprocess.run(["tar", "-x", "-C", home], input=archive, check=True)
        yield Path(home)


def alerts(tree: Path, recording: Path, options: Sequence[str]) -> list[dict[str, Any]]:
    """What the code of ``tree`` says to a recording. Raises CalledProcessError."""
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as written:
        call = [*_WAKEWATCH, "replay", str(recording), *options, "--alerts", written.name]
        environ = {**os.environ, "PYTHONPATH": str(tree)}
        subprocess.run(call, cwd=tree, env=environ, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return [json.loads(line) for line in Path(written.name).read_bytes().splitlines()]


def recordings(home: Path, former: Path) -> Iterator[tuple[Path, Sequence[str]]]:
    """What is replayed: the data where they are here, and scenarios as the former code makes them."""
    for name, options in RECORDINGS.items():
        if (DATA / name).exists():
            yield DATA / name, options
    for name in SCENARIOS:
        path = home / f"{name}.nmea.gz"
        call = [*_WAKEWATCH, "scenario", name, "--out", str(path)]
        subprocess.run(call, cwd=former, env={**os.environ, "PYTHONPATH": str(former)}, check=True, capture_output=True)
        yield path, ("--partitions", "1")


def main() -> int:
    """See the module."""
    asked = argparse.ArgumentParser(prog="python -m tests.same_alerts")
    asked.add_argument("commit", help="the earlier commit")
    commit = asked.parse_args().commit
    wrong = compared = 0
    with tempfile.TemporaryDirectory() as home, checked_out(commit) as former:
        for path, options in recordings(Path(home), former):
            old, new = (alerts(tree, path, options) for tree in (former, ROOT))
            found = differences(old, new)
            reworded = sum(a["headline"] != b["headline"] for a, b in zip(old, new, strict=False))
            sys.stdout.write(f"{path.name}: {len(new):,} revisions, {reworded:,} headlines reworded, ")
            sys.stdout.write(f"{len(found):,} other differences\n" + "".join(f"  {one}\n" for one in found[:_SHOWN]))
            wrong, compared = wrong + len(found), compared + len(new)
    return 2 if not compared else int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
