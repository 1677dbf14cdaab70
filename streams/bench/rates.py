"""Reporting rates that coverage has learned from a feed: the spacing of reports under way, and the rate at rest."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from detectors.core.coverage.coverage import Coverage
from detectors.core.coverage.silence_statistics import well_heard
from detectors.core.coverage.slot_blocks import UNDER_WAY
from detectors.core.units import MS, STEP_MS
from streams.bench.faults import THINNED_S
from streams.bench.frame import Figure, Row
from streams.scenario.worlds import SLOT_S

SHOWN: Final = ("untouched", *THINNED_S)
"""Scenarios whose rates are shown."""
HEADS: Final = (
    "scenario",
    "feed",
    "vessels under way",
    "mean s between reports",
    "least s",
    "s at rest, foretold",
    "heard at rest / foretold",
)


class Rates(NamedTuple):
    """Medians over the vessels last heard under way in well-heard water; NaN if there are none."""

    scenario: str
    feed: str
    vessels: int
    spacing_s: float
    least_s: float
    """Two reports of a vessel are rarely closer than this: large if the feed is thinned."""
    rest_s: float
    """Between reports of a vessel that has stopped, as predicted by the verdict on gaps."""
    at_rest: float
    """Reports heard from stopped vessels, divided by those predicted from their spacing under way; all stations."""

    def row(self) -> Row:
        """As a row of the benchmark."""
        values = (self.vessels, self.spacing_s, self.least_s, self.rest_s, self.at_rest)
        figures = tuple(Figure(name, float(value)) for name, value in zip(HEADS[2:], values, strict=True))
        return Row(f"rates | {self.scenario} | {self.feed}", figures)


def rates_of(coverage: Coverage, scenario: str, feed: str) -> Rates:
    """What has been learned at the end of a run."""
    c = coverage.columns
    well = well_heard(c.stratum.astype(np.intp))  # a ship that sailed out of range was heard less and less
    rows, step_s = np.flatnonzero((c.gap > 0) & (c.kind == UNDER_WAY) & well), STEP_MS / MS
    heard, foretold = coverage.rest_rates.counts.sum(axis=1)
    if not len(rows):
        return Rates(scenario, feed, 0, *(np.full(4, np.nan)))
    rest_s = SLOT_S / coverage.rest_rates.expected(c, rows)
    return Rates(
        scenario,
        feed,
        len(rows),
        float(np.median(c.gap[rows]) * step_s),
        float(np.median(c.least[rows]) * step_s),
        float(np.median(rest_s)),
        float(heard / foretold) if foretold else np.nan,
    )
