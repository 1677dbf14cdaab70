"""A case as one HTML page that prints on two sheets of A4: map, timeline, numbers, evidence, feedback.

It has no script and loads nothing; its policy allows its own style only. All text is inert.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from importlib import resources
from typing import Final, TypeVar
from xml.etree import ElementTree as ET

import msgspec

from detectors.core.alert import Fact
from streams.explain.shapes import Feature
from streams.export.gathering import CaseRecords
from streams.export.svg_map import map_of
from streams.export.svg_timeline import strip_of
from streams.messages.fact_wording import chance_in_words
from streams.messages.feedback import in_words
from streams.messages.inert import inert

Row = TypeVar("Row")
TEXT_MOST: Final = 130
"""Characters of a line from the records: a longer one is cut, and is whole in case.json."""
_CELLS_MOST: Final = {"timeline": (20, 150), "why": (80, 100), "evidence": (20, 40, 110), "feedback": (20, 60, 110)}
"""The same for each column of a table."""
_ROWS_MOST: Final = {"timeline": 10, "why": 8, "changes": 3, "evidence": 7, "feedback": 4, "missing": 3}
"""So that all of it fits on two sheets, whatever the records hold: each has at most two lines (report.css)."""
_FIRST_ROWS: Final = {"timeline": 4, "why": 7, "changes": 2, "missing": 2}
"""How many of them are the first ones; the others are the last. The fact that decided is the first."""
_LEGEND: Final = (
    "Map: blue, positions as they were received; red dashes, nothing was heard (a line between the two ends, not a "
    "track); red area, in reach by the newest alert that states a speed; black dots, positions in alerts. "
    "Coastlines: Natural Earth, simplified; not for navigation."
)
_FILES: Final = (
    "All records are in case.json and alerts.csv, all sentences in sentences.nmea; SHA256SUMS has a checksum of every "
    "file of this export."
)
_STRIP: Final = "Blue: heard. Red frame: silent. Black: a revision of an alert. Times are event times, UTC."


class ReportFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the report shows besides the records."""

    title: str
    notice: str
    features: Sequence[Feature]
    window_ms: tuple[int, int]
    missing: Sequence[str]


def report_of(records: CaseRecords, facts: ReportFacts) -> bytes:
    """The page, UTF-8."""
    style = resources.files(__package__).joinpath("report.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    root = ET.Element("html", {"lang": "en"})
    head = ET.SubElement(root, "head")
    ET.SubElement(head, "meta", {"charset": "utf-8"})
    ET.SubElement(head, "meta", {"http-equiv": "Content-Security-Policy", "content": policy})
    ET.SubElement(head, "meta", {"name": "referrer", "content": "no-referrer"})
    ET.SubElement(head, "title").text = inert(facts.title)
    ET.SubElement(head, "style").text = style
    body = ET.SubElement(root, "body")
    _first_sheet(ET.SubElement(body, "section"), records, facts)
    _second_sheet(ET.SubElement(body, "section", {"class": "second"}), records, facts)
    made: bytes = ET.tostring(root, encoding="utf-8", method="html")
    return b"<!DOCTYPE html>\n" + made + b"\n"


def _first_sheet(at: ET.Element, records: CaseRecords, facts: ReportFacts) -> None:
    _text(at, "h1", facts.title)
    open_ = [revisions[-1] for revisions in records.alerts if revisions[-1].status in {"opened", "updated"}]
    count = f"{len(records.alerts)} alerts" if len(records.alerts) > 1 else "one alert"
    _text(at, "p", f"Case {records.case_id}: {count}, {len(open_)} open. As of {_minute(records.as_of)}.", "small")
    ET.SubElement(at, "p", {"class": "notice"}).text = facts.notice
    for alert in (open_ or [records.newest])[-2:]:
        _text(at, "p", f"{alert.severity}, {alert.status}: {alert.headline}", "line")
    drawn = map_of(facts.features)
    if drawn is None:
        _text(at, "p", "There is no position to show on a map.", "small")
    else:
        at.append(drawn)
        _note(at, _LEGEND)
    _text(at, "h2", "Timeline")
    at.append(strip_of(records, facts.features, facts.window_ms))
    _note(at, _STRIP)
    rows = sorted({*_written(records), *_heard(facts.features)})
    _table(at, "timeline", [(_minute(time), said) for time, said in rows])


def _second_sheet(at: ET.Element, records: CaseRecords, facts: ReportFacts) -> None:
    newest = records.newest
    if facts.missing:
        _text(at, "h2", "What is missing")
        _lines(at, "missing", facts.missing, "missing")
    _text(at, "h2", "Why")
    _text(at, "p", f"Numbers that decided the newest alert ({newest.detector}, {newest.verification}):", "small")
    _table(at, "why", [_number(fact) for fact in newest.why] or [("none", "")])
    _text(at, "h2", "What would change it")
    _lines(at, "changes", newest.would_change or ("Nothing: it is closed.",))
    _text(at, "h2", "Evidence")
    pieces = {piece.sha256: piece for alert in records.revisions for piece in alert.evidence}
    marked = [
        (
            _minute(piece.time),
            f"{piece.source}{' (re-encoded, not received by radio)' if piece.re_encoded else ''}",
            piece.sentence,
        )
        for piece in pieces.values()
    ]
    _table(at, "evidence", marked or [("none: no sentence decided alone", "", "")])
    _text(at, "h2", "Feedback")
    said = [(_minute(one.time), in_words(one), one.note) for one in records.feedback]
    _table(at, "feedback", said[::-1] or [("none", "", "")])
    _note(at, _FILES)


def _written(records: CaseRecords) -> Iterable[tuple[str, str]]:
    for alert in records.revisions:
        yield alert.time, f"{alert.detector} {alert.status} ({alert.severity}): {alert.headline}"


def _heard(features: Sequence[Feature]) -> Iterable[tuple[str, str]]:
    for said in (one["properties"] for one in features):
        if said.get("track") != "own":
            continue
        if said["kind"] == "track":
            count = said.get("fixes", 1)
            until = f" to {_minute(said['to'])}" if count > 1 else ""
            yield said["from"], f"MMSI {said['mmsi']} heard{until}: {count} position{'s' if count > 1 else ''}"
        elif said["kind"] == "silence":
            moved = f", then {said['straight_nm']} nm from there" if "straight_nm" in said else ", still silent"
            yield said["from"], f"MMSI {said['mmsi']} silent for {said['hours']} h{moved}"


def _number(fact: Fact) -> tuple[str, str]:
    unit = f" {fact.unit}" if fact.unit else ""
    threshold = "" if fact.threshold is None else f" (threshold {fact.threshold}{unit})"
    said = fact.source or chance_in_words(fact)
    return fact.fact, f"{fact.value}{unit}{threshold}{f', {said}' if said else ''}"


def _minute(time: str) -> str:
    return f"{time[:10]} {time[11:16]}Z"


# -- elements -----------------------------------------------------------------------------------------------------


def _table(at: ET.Element, name: str, rows: Sequence[tuple[str, ...]]) -> None:
    """Rows up to the limit of ``name``, with a line about the others; the last column of the evidence is sentences."""
    table = ET.SubElement(at, "table", {"class": name})
    first, left_out, last = _limited(name, rows)
    for row in first:
        _row(table, row, name)
    if left_out:
        more = ET.SubElement(ET.SubElement(table, "tr"), "td", {"colspan": str(len(rows[0]))})
        _text(more, "span", _more(left_out))
    for row in last:
        _row(table, row, name)


def _row(table: ET.Element, row: tuple[str, ...], name: str) -> None:
    line = ET.SubElement(table, "tr")
    for number, (cell, most) in enumerate(zip(row, _CELLS_MOST[name], strict=False)):
        is_sentence = name == "evidence" and number == len(row) - 1
        is_time = name != "why" and number == 0
        made = ET.SubElement(line, "td", {"class": "when"} if is_time else {})
        _text(made, "code" if is_sentence else "span", cell, most=most)


def _lines(at: ET.Element, name: str, lines: Sequence[str], kind: str = "") -> None:
    """Paragraphs up to the limit of ``name``."""
    first, left_out, last = _limited(name, lines)
    for line in (*first, *([_more(left_out)] if left_out else []), *last):
        _text(at, "p", line, f"line {kind}".strip())


def _limited(name: str, rows: Sequence[Row]) -> tuple[Sequence[Row], int, Sequence[Row]]:
    """The rows that fit on the sheet: the first ones, the number of those that are left out, the last ones."""
    most, keep_first = _ROWS_MOST[name], _FIRST_ROWS.get(name, 0)
    if len(rows) <= most:
        return rows, 0, ()
    last = most - keep_first - 1
    return rows[:keep_first], len(rows) - keep_first - last, rows[len(rows) - last :]


def _more(count: int) -> str:
    return f"\u2026 {count} more in case.json \u2026"


def _text(parent: ET.Element, name: str, text: str, kind: str = "", most: int = TEXT_MOST) -> None:
    made = ET.SubElement(parent, name, {"class": kind} if kind else {})
    cleaned = inert(text)
    made.text = cleaned if len(cleaned) <= most else cleaned[: most - 1] + "\u2026"


def _note(parent: ET.Element, text: str) -> None:
    """Our own words, in small print."""
    ET.SubElement(parent, "p", {"class": "small"}).text = text
