"""Recordings of one number on several tracks, replayed and explained as a user does it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from detectors.core.alert import Alert, encode
from detectors.core.units import rfc3339
from streams.cli import main
from streams.nmea.encoder import EncodedFix, Particulars, position, sentences, static, tagged
from streams.scenario.model import HOUR_MS, at

START_MS = at("2024-03-01 00:00")
SHIP, BACKGROUND = 205_980_031, 205_980_001


class Heard(NamedTuple):
    """One report: seconds from START_MS, place, and the stations that hear it."""

    at_s: float
    lat_deg: float
    lon_deg: float
    stations: tuple[str, ...] = ("north",)
    sog_kn: float = 10.0
    cog_deg: float = 0.0


def sails(
    place: tuple[float, float], times_s: Iterable[float], *stations: str, sog_kn: float = 10.0, begun_s: float = 0.0
) -> list[Heard]:
    """A ship that sails north from ``place``, where it was at ``begun_s``."""
    return [
        Heard(t, place[0] + sog_kn * (t - begun_s) / 3600 / 60, place[1], stations or ("north",), sog_kn)
        for t in times_s
    ]


def lines(mmsi: int, reports: Sequence[Heard], name: str = "") -> list[tuple[float, bytes]]:
    """Sentences with their times; each further station hears a report half a second later."""
    found = []
    if name:
        says = Particulars(imo=9_179_842, call_sign="UX999", name=name, ship_type=79, length_m=128, beam_m=18)
        found += [(1.0, line) for line in tagged(sentences(static(mmsi, says)), START_MS + 1000, "north")]
    for report in reports:
        fix = EncodedFix(report.lat_deg, report.lon_deg, report.sog_kn, report.cog_deg)
        (sentence,) = sentences(position(mmsi, fix, status=0))
        for turn, station in enumerate(report.stations):
            at_s = report.at_s + turn / 2
            found += [(at_s, line) for line in tagged([sentence], START_MS + round(at_s * 1000), station)]
    return found


def recording(path: Path, reports: Sequence[Heard], hours: float, name: str = "") -> Path:
    """A recording of SHIP and of an ordinary ship far away."""
    far = sails((30.0, 120.0), range(0, int(hours * 3600), 30), "far")
    said = [*lines(SHIP, reports, name), *lines(BACKGROUND, far)]
    path.write_bytes(b"\n".join(line for _, line in sorted(said, key=lambda pair: pair[0])) + b"\n")
    return path


class Explained(NamedTuple):
    """The alerts of a recording, and what explain prints about one of them."""

    alert: dict[str, Any]
    text: str
    drawn: dict[str, Any]

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The features of a kind."""
        return [feature for feature in self.drawn["features"] if feature["properties"]["kind"] == kind]

    def tracks(self) -> dict[str, tuple[str, int]]:
        """Class and number of fixes of each track that is drawn."""
        said = [feature["properties"] for feature in self.of("track")]
        return {each["track"]: (each["class"], each["fixes"]) for each in said}


class Desk:
    """Runs the command in a folder."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._folder, self._patch, self._capsys = folder, monkeypatch, capsys

    def run(self, *arguments: str) -> str:
        """What the command prints; it must succeed."""
        self._patch.setattr("sys.argv", ["wakewatch", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = self._capsys.readouterr()
        assert not ended.value.code, printed.err
        return printed.out

    def explain(self, reports: Sequence[Heard], hours: float, detector: str, name: str = "") -> Explained:
        """The newest alert of a detector about SHIP."""
        log = recording(self._folder / "feed.nmea", reports, hours, name)
        alerts = self._folder / "alerts.jsonl"
        self.run("replay", str(log), "--alerts", str(alerts))
        found = [json.loads(line) for line in alerts.read_text().splitlines()]
        mine = [alert for alert in found if alert["detector"] == detector and alert.get("mmsi") == SHIP]
        assert mine, {(alert["detector"], alert.get("mmsi")) for alert in found}
        return self.explained(mine[-1], alerts, log)

    def explained(self, alert: dict[str, Any], alerts: Path, *logs: Path) -> Explained:
        """Explains one alert of a file."""
        given = ["explain", alert["id"], "--alerts", str(alerts)]
        for log in logs:
            given += ["--log", str(log)]
        return Explained(alert, self.run(*given), json.loads(self.run(*given, "--geojson")))

    def handmade(self, alert: dict[str, Any], reports: Sequence[Heard] = (), hours: float = 0) -> Explained:
        """Explains an alert that is not from a recording, with one if there are reports."""
        alerts = self._folder / "alerts.jsonl"
        alerts.write_text(json.dumps(alert) + "\n")
        logs = [recording(self._folder / "feed.nmea", reports, hours)] if reports else []
        return self.explained(alert, alerts, *logs)


def handmade(from_h: float, to_h: float, **changed: object) -> dict[str, Any]:
    """An alert about SHIP between these hours."""
    alert = Alert(
        id="5" * 32,
        revision=1,
        status="opened",
        detector="gap",
        rule_version=1,
        severity="log",
        subject=f"mmsi/{SHIP}",
        case_id=f"mmsi/{SHIP}",
        mmsi=SHIP,
        episode_start=rfc3339(START_MS + int(from_h * HOUR_MS)),
        time=rfc3339(START_MS + int(to_h * HOUR_MS)),
        headline="A headline",
    )
    made: dict[str, Any] = {**json.loads(encode(alert)), **changed}
    return made
