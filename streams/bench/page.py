"""The figures of ``bench accuracy`` as the table of a page in Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from streams.bench.rates import HEADS as RATE_HEADS
from streams.bench.rates import Rates
from streams.bench.scoring import Score

HEADS: Final = (
    "scenario",
    "rule",
    "positives",
    "recall",
    "precision",
    "F0.5",
    "false / 1000 vessel-days",
    "all water",
    "per 100 exits",
    "rest / class B",
    "delay p50 / p90, h",
    "latest, h",
)

_WHOLE: Final = 10
"""From this value on figures are rounded to whole numbers."""


def table(scores: Mapping[tuple[str, str], Score]) -> str:
    """One line per scenario and rule."""
    heads = [_line(HEADS), "|---" * len(HEADS) + "|"]
    return "\n".join([*heads, *(_line(_cells(*key, one)) for key, one in scores.items()), ""])


def rates_table(rates: Sequence[Rates]) -> str:
    """One line per scenario and feed."""
    rows = [(one.scenario, one.feed, f"{one.vessels:,}", *map(_plain, one[3:])) for one in rates]
    return "\n".join([_line(RATE_HEADS), "|---" * len(RATE_HEADS) + "|", *map(_line, rows), ""])


def put(page: Path, made: str) -> None:
    """Replaces the table with the same headings, or writes a new file. Raises OSError."""
    text = page.read_text(encoding="utf-8") if page.exists() else made
    start = text.find(made[: made.index("\n")])
    if start < 0:
        text, start = text + "\n" + made, len(text) + 1
    rows = text[start:].split("\n")
    size = next((n for n, row in enumerate(rows) if not row.startswith("|")), len(rows))
    page.write_text(text[:start] + made + "\n".join(rows[size:]), encoding="utf-8")


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cells(scenario: str, rule: str, one: Score) -> tuple[str, ...]:
    p50, p90 = np.quantile(one.delays_h, (0.5, 0.9)) if len(one.delays_h) else (np.nan, np.nan)
    return (
        scenario,
        rule,
        f"{one.positives.sum()}",
        _ranged(one, "recall"),
        _ranged(one, "precision"),
        f"{one.f_half:.2f}",
        f"{one.false_rate:,.0f}",
        f"{one.false_all.sum():,}",
        f"{one.exit_rate:.1f}",
        f"{one.false_rest:,} / {one.false_b:,}",
        f"{p50:.1f} / {p90:.1f}" if len(one.delays_h) else "-",
        f"{one.latest_h:.1f}",
    )


def _plain(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:,.0f}" if value >= _WHOLE else f"{value:.1f}"


def _ranged(one: Score, which: str) -> str:
    low, high = one.interval(which)
    return f"{getattr(one, which):.2f} ({low:.2f}-{high:.2f})"
