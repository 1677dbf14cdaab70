"""Feed outage: a source that speaks no more.

Claim. A source has been silent for longer than is ordinary for it. One alert, whatever the number of its ships.

Why it matters. A dead receiver looks like a dark fleet. While it lasts no silence is judged there, and whoever
watches must know that.

How it decides. Longer than ``feed_silent_after_s`` and than ``feed_silent_spacings`` times its usual spacing between
sentences, judged by the ticks in the log. It closes at the next sentence. A file that has ended is not down.

When it is wrong. A quiet receiver with one ship in range falls silent when the ship leaves. One antenna of several
behind one source can die unnoticed here: the source still speaks.

References. Design of wakewatch, "the log carries time".
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from detectors.core.alert import Fact
from detectors.core.protocol import Detector, Finding, Places, Step
from detectors.core.sources import Outage
from detectors.core.units import MS, rfc3339, spoken, zulu


class FeedOutage(Detector):
    """See the module."""

    name = "feed_outage"
    subject = "source"
    severities = {"feed_outage.down": "ticket"}  # noqa: RUF012 - read only

    def screen(self, step: Step) -> Places:
        """Every outage is judged: they are few."""
        return np.arange(len(step.rows) if isinstance(step.change, Outage) else 0)

    def judge(self, step: Step, at: int) -> Iterable[Finding]:
        """Opens when the source is down, closes when it is heard."""
        outage = step.change
        if not isinstance(outage, Outage):
            return
        source = step.sources.sources[outage.source]
        silent_ms = outage.time_ms - outage.start_ms
        what = "silent" if outage.began else "heard again after"
        yield Finding(
            action="open" if outage.began else "close",
            situation="feed_outage.down",
            time_ms=outage.time_ms,
            start_ms=outage.start_ms,
            headline=f"feed {source.name} {what} {spoken(silent_ms)} last {zulu(outage.start_ms)}",
            why=(
                Fact(fact="silence of the source", value=silent_ms // MS, threshold=outage.limit_ms // MS, unit="s"),
                Fact(fact="usual spacing of its sentences", value=round(source.spacing_s, 3), unit="s"),
            ),
            would_change=("any sentence of the source closes it",),
            details={
                "source": source.name,
                "last_heard": rfc3339(outage.start_ms),
                "silent_for_s": silent_ms // MS,
                **({} if outage.began else {"heard_again": rfc3339(outage.time_ms)}),
            },
        )
