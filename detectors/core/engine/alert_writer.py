"""Makes an alert from a finding: id, revision, case, evidence. The same log gives the same ids; nothing is random."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import ClassVar, Final, NamedTuple, Protocol

import msgspec

from detectors.core.alert import HEIGHT, Alert, Evidence, Severity
from detectors.core.engine.imagery_advice import ImageryAdvice
from detectors.core.headlines import fitted
from detectors.core.listing_reasons import SEVERITIES, highest
from detectors.core.odd_numbers import with_odd_numbers
from detectors.core.protocol import Detector, Finding
from detectors.core.reports import RE_ENCODED
from detectors.core.units import rfc3339
from detectors.core.vessels import silences
from detectors.core.vessels.affected_areas import limited
from detectors.core.vessels.fleet import Fleet
from detectors.core.vessels.ship import VesselState
from detectors.core.vessels.sightings import SIGHTINGS, sightings_in, with_sightings

EVIDENCE_MOST: Final = 8
_STATUS: Final = {"open": "opened", "update": "updated", "close": "closed", "retract": "retracted"}
_TAG: Final = re.compile(rb"^\\([^\\]*)\\(.*)$")


class Emitted(NamedTuple):
    """An alert and its cause, which gives the order of output."""

    ordinal: int
    cause_ms: int
    alert: Alert


def alert_id(detector: str, rule_version: int, subject: str, key: str, start_ms: int) -> str:
    """32 hex digits that are the same after any restart or replay."""
    text = f"{detector}|{rule_version}|{subject}|{key}|{start_ms}"
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def default_severities(detectors: Iterable[Detector]) -> dict[str, Severity]:
    """Of reasons for listing, and of the situations of these detectors."""
    return {**SEVERITIES, **{name: height for one in detectors for name, height in one.severities.items()}}


class AlertWriter:
    """Keeps the open alerts of a fleet and writes the next revision of each."""

    def __init__(self, fleet: Fleet, severities: dict[str, Severity], advice: ImageryAdvice) -> None:
        self._fleet, self._advice = fleet, advice
        self._severities = severities

    def write(
        self, detector: Detector, row: int, finding: Finding, ship: VesselState | str, *, replayed: bool
    ) -> Alert | None:
        """The next alert revision for ``finding`` about ``ship`` (or the source of that name); None if nothing is open.

        ``replayed``: the finding rests on recordings only.
        """
        open_alerts = self._fleet.open.setdefault(row, {})
        author = finding.of or detector.name
        slot = (author, finding.key)
        former = open_alerts.get(slot)
        if (former is None) != (finding.action == "open"):
            if not open_alerts:
                del self._fleet.open[row]
            return None
        severity = former.severity if finding.of and former else self._severity(finding)
        bounded = min(severity, *self._most(detector, finding, ship), key=HEIGHT.__getitem__)
        alert = _compose(detector, finding, ship, former, bounded)
        if detector.unreliable_most is not None and not isinstance(ship, str):
            alert = limited(alert, self._fleet.areas.around(ship), detector.unreliable_most)
        if not isinstance(ship, str):
            alert = self._with_satellites(alert, former, finding, row, listed=ship.listed is not None)
        related = tuple(sorted(a.id for a in open_alerts.values() if a.id != alert.id))
        replayed = replayed and (
            former is None or former.replayed
        )  # an alert that began live is reported until it closes
        alert = msgspec.structs.replace(alert, related=related, replayed=replayed)
        if finding.action in {"open", "update"}:
            open_alerts[slot] = alert
        else:
            del open_alerts[slot]
        if row >= 0 and former is not None and alert.status == "closed" and author == silences.GAP:
            listed = bool(self._fleet.core.listed[row])
            self._fleet.memory.add_silence(row, silences.ended(former, alert), listed=listed)
        if row >= 0:
            still = any(name == author for name, _ in open_alerts)
            self._fleet.mark_open(author, row, still)
        if not open_alerts:
            del self._fleet.open[row]
        return alert

    def _with_satellites(
        self, alert: Alert, former: Alert | None, finding: Finding, row: int, *, listed: bool
    ) -> Alert:
        """The alert with what images have shown so far, and the next passes."""
        if former is not None and SIGHTINGS in former.details and SIGHTINGS not in alert.details:
            alert = with_sightings(alert, sightings_in(former))
        alert = self._advice.advised(alert, former, finding.time_ms, listed=listed)
        due_ms = self._advice.next_ms(alert, finding.time_ms) if finding.action in {"open", "update"} else None
        if due_ms is not None:
            self._fleet.ask_rare(row, due_ms)
        return alert

    def _severity(self, finding: Finding) -> Severity:
        """The severity of the situation, as set; one step more if the finding is raised."""
        severity = finding.severity or self._severities[finding.situation]
        return next((more for more in HEIGHT if HEIGHT[more] == HEIGHT[severity] + finding.raised), severity)

    def _most(self, detector: Detector, finding: Finding, ship: VesselState | str) -> Iterable[Severity]:
        """The upper limits of the severity: of the finding, of the topics for which the vessel is listed, of places."""
        yield finding.severity_most
        if isinstance(ship, str):
            return
        if ship.listed_for:
            yield highest(ship.listed_for, self._severities)
        if detector.unreliable_most is not None and is_unreliable(ship):
            yield detector.unreliable_most


def is_unreliable(ship: VesselState) -> bool:
    """Whether alerts that rest on where the vessel is are limited because of its own track."""
    return ship.unsure and (ship.listed is None or ship.displaced)


def _compose(
    detector: Detector, finding: Finding, ship: VesselState | str, former: Alert | None, severity: Severity
) -> Alert:
    if isinstance(ship, str):
        return composed(detector, finding, f"source/{ship}", former, severity)
    listed = finding.listed or (ship.listed.list if ship.listed is not None else None)
    said = msgspec.structs.replace(finding, listed=listed)
    alert = composed(detector, said, f"mmsi/{ship.mmsi}", former, severity)
    return msgspec.structs.replace(
        alert,
        case_id=ship.case_id,
        mmsi=ship.mmsi,
        vessel=ship.vessel(),
        position=finding.position or ship.position(),
        why=with_odd_numbers(alert.why, ship.mmsi, ship.imo),
    )


class Author(Protocol):
    """The detector that made a finding."""

    name: ClassVar[str]
    rule_version: ClassVar[int]


def composed(detector: Author, finding: Finding, subject: str, former: Alert | None, severity: Severity) -> Alert:
    """The next revision of the alert about ``subject``; the case is the subject. The caller adds what only it knows."""
    opening = alert_id(detector.name, detector.rule_version, subject, finding.key, finding.start_ms)
    return Alert(
        id=former.id if former else opening,
        revision=former.revision + 1 if former else 1,
        status=_STATUS[finding.action],  # type: ignore[arg-type]  # the table's values are Status
        detector=finding.of or detector.name,
        rule_version=former.rule_version if former else detector.rule_version,
        severity=severity,
        subject=subject,
        case_id=subject,
        episode_start=former.episode_start if former else rfc3339(finding.start_ms),
        time=rfc3339(finding.time_ms),
        headline=fitted(finding.headline, finding.listed),
        why=finding.why,
        would_change=finding.would_change,
        verification=finding.verification,
        details=dict(finding.details),
        evidence=evidence_of(finding.sentences),
    )


def evidence_of(lines: tuple[bytes, ...]) -> tuple[Evidence, ...]:
    """Raw lines with tag blocks as evidence, one for each sentence."""
    found = []
    for line in b"\n".join(lines).splitlines()[:EVIDENCE_MOST]:
        tagged = _TAG.match(line)
        tag, sentence = (tagged[1].split(b"*")[0], tagged[2]) if tagged else (b"", line)
        fields = dict(part.split(b":", 1) for part in tag.split(b",") if b":" in part)
        time_ms = int(fields.get(b"c", b"0"))
        station = fields.get(b"s", b"").decode("ascii", "replace")
        found.append(
            Evidence(
                time=rfc3339(time_ms),
                source=station.removesuffix(RE_ENCODED),
                sentence=sentence.decode("ascii", "replace"),
                sha256=hashlib.sha256(sentence).hexdigest(),
                re_encoded=station.endswith(RE_ENCODED),
            )
        )
    return tuple(found)
