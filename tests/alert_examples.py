"""The examples in docs/ALERTS.md: ``python -m tests.alert_examples ALERTS.jsonl --write FILE`` writes them.

An example is a comment that names an alert of the ANGARA reconstruction, and a block of code behind it:
``<!-- example: DETECTOR STATUS TIME -->`` stands for the first such revision at or after that time.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from detectors.core.alert import Alert
from streams.messages.alert_line import line

EXAMPLE = re.compile(r"(<!-- example: (\w+) (\w+) ([\d:T-]+) -->\n```\n).*?(\n```)", re.S)


def with_examples(page: str, alerts: Sequence[Alert]) -> str:
    """The page with each example as the alerts have it. Raises LookupError where there is no such alert."""

    def put(found: re.Match[str]) -> str:
        head, detector, status, time, foot = found.groups()
        fitting = (a for a in alerts if a.detector == detector and a.status == status and a.time >= time)
        alert = next(fitting, None)
        if alert is None:
            raise LookupError(f"no {status} {detector} at or after {time}")
        return head + str(line(alert)).rstrip() + foot

    return EXAMPLE.sub(put, page)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.alert_examples")
    parser.add_argument("alerts", type=Path, help="what `wakewatch replay angara.nmea.gz --alerts FILE` wrote")
    parser.add_argument("--write", type=Path, required=True, metavar="FILE", help="the page")
    given = parser.parse_args()
    alerts = [msgspec.json.decode(text, type=Alert) for text in given.alerts.read_bytes().splitlines()]
    given.write.write_text(with_examples(given.write.read_text("utf-8"), alerts), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
