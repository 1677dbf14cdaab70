"""The strip of a report that shows when a ship was heard, when it was silent, and when its alerts were written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from xml.etree import ElementTree as ET

from detectors.core.units import rfc3339, unix_ms
from streams.explain.shapes import Feature
from streams.export.gathering import CaseRecords

_WIDTH, _HEIGHT = 720, 46
_TOP, _BASE = 10, 26
_LABELS: Final = 4


def strip_of(records: CaseRecords, features: Sequence[Feature], window_ms: tuple[int, int]) -> ET.Element:
    """Bars for what was heard on the ships' own tracks, frames for silences, a mark for each revision."""
    from_ms, to_ms = window_ms
    svg = ET.Element("svg", {"viewBox": f"0 0 {_WIDTH} {_HEIGHT}", "role": "img", "aria-label": "Timeline"})

    def x(ms: int) -> float:
        return round((min(max(ms, from_ms), to_ms) - from_ms) * _WIDTH / max(1, to_ms - from_ms), 1)

    for one in features:
        said = one["properties"]
        if said["kind"] in {"track", "silence"} and said.get("track") == "own":
            begin, end = x(unix_ms(said["from"])), x(unix_ms(said["to"] or said["as_of"]))
            name = "heard" if said["kind"] == "track" else "dark"
            place = {"x": f"{begin:g}", "y": str(_TOP), "width": f"{max(end - begin, 1):g}"}
            ET.SubElement(svg, "rect", {"class": name, **place, "height": str(_BASE - _TOP)})
    for moment in sorted({x(unix_ms(alert.time)) for alert in records.revisions}):
        ET.SubElement(svg, "path", {"class": "mark", "d": f"M{moment:g} {_TOP - 6}V{_BASE + 4}"})
    for number in range(_LABELS):
        ms = from_ms + (to_ms - from_ms) * number // _LABELS
        place = {"class": "degrees", "x": f"{x(ms) + 2:g}", "y": str(_HEIGHT - 5)}
        ET.SubElement(svg, "text", place).text = f"{rfc3339(ms)[:16].replace('T', ' ')}Z"
    return svg
