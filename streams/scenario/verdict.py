"""Checks whether the alerts that a scenario's truth requires came, and none that it forbids. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from detectors.core.alert import Alert
from detectors.core.units import unix_ms
from streams.scenario.model import Expected, ScenarioTruth

_RANK: Final = {"log": 0, "ticket": 1, "page": 2}
_SAYS: Final = frozenset({"opened", "updated"})


class ExpectationVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """One expectation of one truth, and the earliest alert that met it."""

    truth: ScenarioTruth
    expected: Expected
    alert: Alert | None


class Excess(msgspec.Struct, frozen=True, kw_only=True):
    """An alert that its truth does not allow."""

    truth: ScenarioTruth
    alert: Alert


def verdicts(truths: Sequence[ScenarioTruth], alerts: Sequence[Alert]) -> list[ExpectationVerdict]:
    """Every expectation, in the order of the truths."""
    dated = sorted(((time_ms(alert), alert) for alert in alerts if alert.status in _SAYS), key=lambda pair: pair[0])
    ended = {alert.id: time_ms(alert) for alert in alerts if alert.status not in _SAYS}
    return [
        ExpectationVerdict(truth=truth, expected=expected, alert=_first(truth, expected, dated, ended))
        for truth in truths
        for expected in truth.expected
    ]


def _first(
    truth: ScenarioTruth, expected: Expected, dated: Iterable[tuple[int, Alert]], ended: Mapping[str, int]
) -> Alert | None:
    return next(
        (
            alert
            for at_ms, alert in dated
            if expected.after_ms <= at_ms <= expected.before_ms
            and _meets(truth, expected, alert)
            and (expected.until_ms is None or ended.get(alert.id, expected.until_ms) >= expected.until_ms)
        ),
        None,
    )


def _meets(truth: ScenarioTruth, expected: Expected, alert: Alert) -> bool:
    return (
        alert.detector == expected.detector
        and alert.severity == expected.severity
        and (truth.mmsi is None or truth.mmsi == alert.mmsi)
        and (expected.reason is None or expected.reason == alert.details.get("reason"))
        and (expected.zone is None or expected.zone == alert.details.get("zone"))
        and (expected.case_id is None or expected.case_id == alert.case_id)
        and set(expected.mentions) <= set(_texts(alert.details))
    )


def _texts(value: object) -> Iterable[str]:
    """Every text in details, at any depth."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from (text for each in value.values() for text in _texts(each))
    elif isinstance(value, list | tuple):
        yield from (text for each in value for text in _texts(each))


def excesses(truths: Sequence[ScenarioTruth], alerts: Sequence[Alert]) -> list[Excess]:
    """Alerts that a truth forbids: above the severity that it allows, or of a detector that it does not name.

    A truth without an MMSI applies to every ship that no other truth names.
    """
    named = {truth.mmsi for truth in truths if truth.mmsi is not None}
    return [
        Excess(truth=truth, alert=alert)
        for truth in truths
        for alert in _forbidden(truth, [a for a in alerts if truth.from_ms <= time_ms(a) <= truth.to_ms], named)
    ]


def _forbidden(truth: ScenarioTruth, alerts: Iterable[Alert], named: set[int]) -> Iterable[Alert]:
    """Alerts in the time of the truth that it forbids, in their order."""
    allowed: dict[tuple[str, int | None], str] = {}
    for alert in alerts:
        about_ship = _about(truth, alert, named)
        if about_ship and truth.at_most is not None and _RANK[alert.severity] > _RANK[truth.at_most]:
            yield alert
        elif truth.only is not None and (about_ship or _about_no_ship(truth, alert)):
            first = allowed.setdefault((alert.detector, alert.mmsi), alert.id)
            if alert.detector not in truth.only or alert.id != first:
                yield alert


def _about(truth: ScenarioTruth, alert: Alert, named: set[int]) -> bool:
    if truth.mmsi is not None:
        return alert.mmsi == truth.mmsi
    return alert.mmsi is not None and alert.mmsi not in named


def _about_no_ship(truth: ScenarioTruth, alert: Alert) -> bool:
    return truth.mmsi is None and alert.mmsi is None


def time_ms(alert: Alert) -> int:
    """The alert's event time, Unix ms."""
    return unix_ms(alert.time)
