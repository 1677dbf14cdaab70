"""Revisions of alerts as rows of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from detectors.core.alert import Alert, Position, Vessel
from streams.export.tables import Cell, Row, csv_of, geojson_of
from streams.messages.fact_wording import spoken

NO_VESSEL: Final = Vessel()


def alert_row(alert: Alert) -> Row:
    """One revision. Times are UTC, RFC 3339; event time."""
    return {
        "alert_id": alert.id,
        "revision": alert.revision,
        "status": alert.status,
        "severity": alert.severity,
        "detector": alert.detector,
        "headline": alert.headline,
        "time_utc": alert.time,
        "episode_start_utc": alert.episode_start,
        "verification": alert.verification,
        "case_id": alert.case_id,
        "subject": alert.subject,
        "mmsi": alert.mmsi,
        **vessel_cells(alert.vessel),
        **position_cells(alert.position),
        "why": " | ".join(map(spoken, alert.why)),
        "would_change": " | ".join(alert.would_change),
        "rule_version": alert.rule_version,
        "replayed": alert.replayed,
    }


def vessel_cells(vessel: Vessel | None) -> dict[str, Cell]:
    """What is known of the vessel."""
    known = vessel or NO_VESSEL
    return {
        "name": known.name,
        "imo": known.imo,
        "call_sign": known.call_sign,
        "flag": known.flag,
        "ais_ship_type": known.ship_type,
        "length_m": known.length_m,
    }


def position_cells(position: Position | None) -> dict[str, Cell]:
    """The last position, WGS 84."""
    return {
        "lat_deg": None if position is None else position.lat_deg,
        "lon_deg": None if position is None else position.lon_deg,
        "sog_kn": None if position is None else position.sog_kn,
        "cog_deg": None if position is None else position.cog_deg,
        "position_time_utc": None if position is None else position.time,
    }


COLUMNS: Final = tuple(
    alert_row(
        Alert(
            id="",
            revision=1,
            status="opened",
            detector="",
            rule_version=1,
            severity="log",
            subject="",
            case_id="",
            episode_start="",
            time="",
            headline="",
        )
    )
)


def alerts_csv(alerts: Iterable[Alert]) -> bytes:
    """A row for each revision, in the given order."""
    return csv_of(COLUMNS, map(alert_row, alerts))


def alerts_geojson(alerts: Iterable[Alert]) -> bytes:
    """A feature for each revision, in the given order."""
    return geojson_of((alert.position, alert_row(alert)) for alert in alerts)


FORMS: Final[Mapping[str, Callable[[Iterable[Alert]], bytes]]] = {"csv": alerts_csv, "geojson": alerts_geojson}
"""By the name of the form."""
