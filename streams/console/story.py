"""Everything behind one alert: its revisions, the numbers against their thresholds, the raw sentences."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Group
from rich.table import Table
from rich.text import Text

from detectors.core.alert import Alert, Fact
from streams.console.lines import line


def tell(revisions: list[Alert], kept: set[str]) -> Group:
    """The story of an alert. ``kept`` holds the sentences that are still in the log.

    ``revisions`` are those of one id, oldest first, at least one.
    """
    newest = revisions[-1]
    return Group(
        Text(newest.headline, "bold"),
        Text(f"{newest.detector} v{newest.rule_version} · {newest.severity} · {newest.verification} · {newest.id}"),
        Text(f"case {newest.case_id} · subject {newest.subject} · episode since {newest.episode_start}"),
        Text(),
        Text("How it went", "bold"),
        *(line(alert) for alert in revisions),
        Text(),
        _numbers(newest.why),
        Text(),
        Text("What would change it", "bold"),
        *(Text(f"  {sentence}") for sentence in newest.would_change or ("nothing: it is closed",)),
        Text(),
        Text("Evidence", "bold"),
        *_evidence(revisions, kept),
    )


def _numbers(facts: Iterable[Fact]) -> Table:
    table = Table(title="The numbers", title_justify="left", title_style="bold", box=None)
    for name in ("fact", "value", "threshold", "unit", "source"):
        table.add_column(name, justify="right" if name in {"value", "threshold"} else "left")
    for fact in facts:
        threshold = "" if fact.threshold is None else str(fact.threshold)
        table.add_row(
            *(Text(cell) for cell in (fact.fact, str(fact.value), threshold, fact.unit or "", fact.source or ""))
        )
    return table


def _evidence(revisions: list[Alert], kept: set[str]) -> Iterable[Text]:
    said: set[str] = set()
    for alert in revisions:
        for piece in alert.evidence:
            if piece.sha256 not in said:
                said.add(piece.sha256)
                where = "" if not kept or piece.sentence in kept else "  (no longer in the raw log)"
                yield Text(f"  {piece.time} {piece.source} {piece.sentence}{where}")
    if not said:
        yield Text("  none: this alert is about a source")


def geojson(revisions: list[Alert]) -> dict[str, object]:
    """The fixes of an alert's revisions as a GeoJSON FeatureCollection."""
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [a.position.lon_deg, a.position.lat_deg]},
            "properties": {"time": a.position.time, "status": a.status, "headline": a.headline},
        }
        for a in revisions
        if a.position is not None
    ]
    return {"type": "FeatureCollection", "features": features}
