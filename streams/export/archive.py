"""The zip file of a case. Made again from the same records it has the same bytes: it has no clock and no chance.

| file | |
|---|---|
| ``case.json`` | everything, for programs (messages.case_export) |
| ``alerts.csv`` | a row for each revision |
| ``track.geojson`` | tracks, silences, reach, positions |
| ``case.kml`` | the same for programs that show the earth |
| ``sentences.nmea`` | the raw sentences with their tag blocks |
| ``report.html`` | two pages for people |
| ``SHA256SUMS`` | for ``sha256sum -c`` |
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from typing import Any, Final

import msgspec
import numpy as np

from detectors.core.alert import Vessel
from detectors.core.units import rfc3339
from streams.export.alert_rows import alerts_csv
from streams.export.case_features import features_of
from streams.export.case_log import CaseLog, ShipLog, missing_of, sentences_of, window_of_case
from streams.export.gathering import CaseRecords
from streams.export.kml import kml_of
from streams.export.report import ReportFacts, report_of
from streams.messages.case_export import CaseExport, ExportedAlert, ExportedLog, ExportedShip
from streams.messages.inert import inert_json

FORMAT: Final = "case.v1"
ZIP_TYPE: Final = "application/zip"
SUMS: Final = "SHA256SUMS"
NOTICE: Final = (
    "A lead for a person, not a finding. AIS can be wrong, forged, missing or not received; nothing here shows what a "
    "vessel did or why."
)
_NAME_MOST: Final = 60
_DATE: Final = (1980, 1, 1, 0, 0, 0)
_MODE: Final = 0o644 << 16
_LEVEL: Final = 6
_UNIX: Final = 3


def files_of(records: CaseRecords, log: CaseLog | None, no_log: str = "") -> dict[str, bytes]:
    """All files by name, in the order of the archive. ``no_log`` is why there is no log, as a sentence."""
    missing = [*records.missing, *missing_of(log, records, no_log)]
    features, title = features_of(records, log), title_of(records)
    window = window_of_case(records)
    facts = ReportFacts(
        title=title, notice=NOTICE, features=features, window_ms=(window.from_ms, window.to_ms), missing=missing
    )
    files = {
        "case.json": _case_json(records, log, missing),
        "alerts.csv": alerts_csv(sorted(records.revisions, key=lambda one: (one.time, one.id, one.revision))),
        "track.geojson": _json({"type": "FeatureCollection", "features": features}),
        "case.kml": kml_of(records, title, NOTICE, features),
        "sentences.nmea": b"" if log is None else sentences_of(log),
        "report.html": report_of(records, facts),
    }
    return {**files, SUMS: _sums(files)}


def zip_of(files: dict[str, bytes]) -> bytes:
    """The archive: the same bytes for the same files."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, body in files.items():
            entry = zipfile.ZipInfo(name, _DATE)
            entry.compress_type, entry.create_system, entry.external_attr = zipfile.ZIP_DEFLATED, _UNIX, _MODE
            archive.writestr(entry, body, compresslevel=_LEVEL)
    return packed.getvalue()


def file_name(case_id: str) -> str:
    """A name for the archive, of letters, digits, dots and hyphens only: a case id comes from the topic."""
    words = re.sub(r"[^A-Za-z0-9.]+", "-", case_id.replace("..", ".")).strip("-.")
    return f"case-{words[:_NAME_MOST].strip('-.') or 'unnamed'}.zip"


def title_of(records: CaseRecords) -> str:
    """What the case is about: ``ANGARA, IMO 9179842, MMSI 273999001, flag RU``."""
    vessel = next((r[-1].vessel for r in reversed(records.alerts) if r[-1].vessel is not None), Vessel())
    mmsi = sorted({alert.mmsi for alert in records.revisions if alert.mmsi})
    words = (
        vessel.name,
        f"IMO {vessel.imo}" if vessel.imo else None,
        f"MMSI {', '.join(map(str, mmsi))}" if mmsi else None,
        f"flag {vessel.flag}" if vessel.flag else None,
    )
    return ", ".join(word for word in words if word) or records.case_id


def _case_json(records: CaseRecords, log: CaseLog | None, missing: list[str]) -> bytes:
    return _json(
        CaseExport(
            format=FORMAT,
            case_id=records.case_id,
            as_of=records.as_of,
            notice=NOTICE,
            alerts=tuple(ExportedAlert(id=found[0].id, revisions=found) for found in records.alerts),
            feedback=records.feedback,
            log=None if log is None else _exported_log(log),
            missing=tuple(missing),
        )
    )


def _exported_log(log: CaseLog) -> ExportedLog:
    """Where the log begins is stated only if that is within the window: otherwise it changes nothing."""
    begins = None if log.span_ms is None or log.span_ms[0] <= log.window.from_ms else rfc3339(log.span_ms[0])
    return ExportedLog(
        window_from=rfc3339(log.window.from_ms),
        window_to=rfc3339(log.window.to_ms),
        log_from=begins,
        ships=tuple(map(_exported_ship, log.ships)),
    )


def _exported_ship(ship: ShipLog) -> ExportedShip:
    times = ship.heard.times_ms
    fixes = sum(len(track.sent) for track in ship.heard.tracks)
    return ExportedShip(
        mmsi=ship.mmsi,
        sentences=len(ship.sentences),
        left_out=ship.left_out,
        fixes=fixes,
        first=rfc3339(int(np.min(times))) if len(times) else None,
        last=rfc3339(int(np.max(times))) if len(times) else None,
    )


def _json(made: Any) -> bytes:
    return inert_json(msgspec.json.format(msgspec.json.encode(made), indent=1)) + b"\n"


def _sums(files: dict[str, bytes]) -> bytes:
    return "".join(f"{hashlib.sha256(body).hexdigest()}  {name}\n" for name, body in files.items()).encode()
