"""Feed outage: a source from which nothing arrives.

Claim. A source has been silent for longer than is usual for it. There is one alert, for any number of vessels.

Why it matters. A dead receiver looks like a fleet that went dark. During an outage no silence is judged in its area,
and the watch officer must know that.

How it decides. The silence is longer than ``feed_silent_after_s``, and longer than ``feed_silent_spacings`` times the
usual interval between the source's sentences, measured by the ticks in the log. The next sentence closes the alert. A
short interruption is for the record. An outage is a ticket when it has lasted ``ticket_after_s``, or when it is the
fourth (``repeats``) in 24 h (``repeats_within_h``); the second case gives one ticket in that time. If only one vessel
was heard in the hour before, the silence may be that vessel's, so the alert is for the record. A file that has ended is
not an outage.

When it is wrong. A receiver with two vessels in range falls silent when both leave. A source that hears one vessel can
fail without a ticket; for live sources the metric ``wakewatch_feed_up`` and ``wakewatch doctor`` show it. If several
antennas feed one source, one of them can fail without an alert, because the source is still heard.

References. docs/decisions/0004-time-is-in-the-log.md, docs/decisions/0007-outages.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from detectors.core.alert import Fact
from detectors.core.detector_input import DetectorInput
from detectors.core.protocol import Detector, Finding
from detectors.core.source_changes import Outage, SilencePatience
from detectors.core.units import HOUR_MS, MS, duration_text, rfc3339, stamp


class FeedOutage(Detector):
    """See the module."""

    name = "feed_outage"
    subject = "source"
    severities = {  # noqa: RUF012 - read only
        "feed_outage.down": "ticket",
        "feed_outage.repeated": "ticket",
        "feed_outage.short": "log",
        "feed_outage.one_vessel": "log",
    }

    class Thresholds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """See the module."""

        ticket_after_s: Annotated[
            float, Meta(ge=10, le=604_800, description="An outage that lasts this long is a ticket, s")
        ] = 900.0
        repeats: Annotated[int, Meta(ge=2, le=1000, description="This many outages are a ticket ...")] = 4
        repeats_within_h: Annotated[float, Meta(ge=0.1, le=720, description="... within this time, h")] = 24.0

    thresholds: Thresholds

    def patience(self) -> SilencePatience:
        """By the thresholds."""
        given = self.thresholds
        return SilencePatience(int(given.ticket_after_s * MS), given.repeats, int(given.repeats_within_h * HOUR_MS))

    def on_source(self, step: DetectorInput, at: int) -> Iterable[Finding]:
        """Opens when the source is down, raises the severity when that lasts, closes when it is heard."""
        outage = step.change
        if not isinstance(outage, Outage) or (outage.kind == "lasts" and outage.one_vessel):
            return
        former = self.opened(step, at)
        ended = outage.kind == "ended"
        source, silent_ms = step.sources.sources[outage.source], outage.time_ms - outage.start_ms
        yield Finding(
            action=_ACTION[outage.kind],
            situation=_situation(outage),
            severity=former.severity if ended and former is not None else None,
            time_ms=outage.time_ms,
            start_ms=outage.start_ms,
            headline=_headline(source.name, outage, self.thresholds.repeats_within_h),
            why=(
                Fact(fact="silence of the source", value=silent_ms // MS, threshold=outage.limit_ms // MS, unit="s"),
                Fact(fact="usual interval between its sentences", value=round(source.spacing_s, 3), unit="s"),
                *_further(outage, self.thresholds),
            ),
            would_change=("Any sentence from the source closes it",),
            details={
                "source": source.name,
                "last_heard": rfc3339(outage.start_ms),
                "silent_for_s": silent_ms // MS,
                **({"heard_again": rfc3339(outage.time_ms)} if ended else {}),
            },
        )


_ACTION: Final[dict[str, Literal["open", "update", "close"]]] = {"began": "open", "lasts": "update", "ended": "close"}


def _situation(outage: Outage) -> str:
    if outage.one_vessel:
        return "feed_outage.one_vessel"
    if outage.lasting:
        return "feed_outage.down"
    return "feed_outage.repeated" if outage.repeats else "feed_outage.short"


def _headline(name: str, outage: Outage, within_h: float) -> str:
    what = "heard again after" if outage.kind == "ended" else "silent"
    lasted_ms = outage.time_ms - outage.start_ms
    text = f"feed {name} {what} {duration_text(lasted_ms)}, last heard {stamp(outage.start_ms, outage.time_ms)}"
    text = text.replace(", last heard", ", silent since") if outage.kind == "ended" else text
    if outage.repeats:
        return f"{text}, {outage.repeats} outages in {within_h:g} h"
    return f"{text}, only one vessel heard before" if outage.one_vessel else text


def _further(outage: Outage, thresholds: FeedOutage.Thresholds) -> tuple[Fact, ...]:
    """What raised or lowered the severity."""
    if outage.one_vessel:
        return (Fact(fact="vessels heard in the hour before the outage", value=1),)
    if outage.repeats:
        within = f"outages in {thresholds.repeats_within_h:g} h"
        return (Fact(fact=within, value=outage.repeats, threshold=thresholds.repeats),)
    return ()
