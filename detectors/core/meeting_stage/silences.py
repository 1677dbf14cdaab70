"""Silent listed ships, and the ships that they could have met meanwhile: those that lay or drifted within reach."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Protocol

import msgspec
import numpy as np

from detectors.core.alert import Alert, Severity
from detectors.core.engine.alert_writer import Emitted
from detectors.core.meeting_stage.kinds import is_tanker, service_of
from detectors.core.meeting_stage.slow_runs import HOUR, SlowRuns
from detectors.core.meeting_stage.writing import MeetingDetector, written
from detectors.core.protocol import Finding
from detectors.core.slow_ships import BIN_MS, ListedSilence, SlowShip
from detectors.core.sphere import distances_nm, unit_vectors
from detectors.core.units import HOUR_MS

NAMED_MOST: Final = 3
"""Ships that an alert names."""
_KEPT_MOST: Final = 200
"""Ships kept for a silence; of more, those with the longest possible meeting."""
_CARGO: Final = range(70, 80)
_FISHING: Final = 30
_DIGITS: Final = 2


class Candidate(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A ship that lay or drifted within reach of a silent one. Steps of ten minutes."""

    ship: SlowShip
    """Its newest fact while it did."""
    since: int
    last: int
    """From when to when it did, as far as it was seen."""
    lat_deg: float
    lon_deg: float
    far_nm: float
    """From the last fix of the silent ship."""

    def rank(self) -> tuple[object, ...]:
        """The order in which they are named: by type, then the nearest."""
        return _weight(self.ship), self.far_nm, self.ship.mmsi


class Silence(msgspec.Struct, kw_only=True, gc=False):
    """A silent listed ship."""

    told: ListedSilence
    """The first revision."""
    candidates: dict[int, Candidate] = {}
    """By MMSI."""
    named: tuple[int, ...] = ()
    """MMSIs in the newest revision."""
    rivals: int = 1
    """Silent ships, this one included, that could have met the first of them."""
    alert: Alert | None = None


class RendezvousDetector(MeetingDetector, Protocol):
    """What the stage asks of ``rendezvous``."""

    def found(self, silence: Silence, candidates: list[Candidate], step: int) -> Finding:
        """The finding that opens or updates; ``candidates`` in the order in which they are named."""

    def heard(self, silence: Silence, candidates: list[Candidate], again: ListedSilence, step: int) -> Finding:
        """The finding when the ship is heard again, and these are still possible; none: it is withdrawn."""


class Silences:
    """See the module."""

    def __init__(self, detector: Any, severities: Mapping[str, Severity]) -> None:
        self.silent: dict[str, Silence] = {}
        """By the id of the alert about the silence."""
        self._detector: RendezvousDetector = detector
        self._severities = severities

    # -- input ----------------------------------------------------------------------------------------------------

    def take(self, told: ListedSilence, step: int) -> Iterator[Emitted]:
        """A silence begins, is revised, or ends."""
        known = self.silent.get(told.alert)
        if told.state == "silent":
            if known is None and told.listed is not None:
                yield from self._bounded(step)
                self.silent[told.alert] = Silence(told=told)
            elif known is not None:
                known.told = msgspec.structs.replace(known.told, v_max_kn=told.v_max_kn or known.told.v_max_kn)
        elif known is not None:
            del self.silent[told.alert]
            if known.alert is not None:
                left = [] if told.state == "retracted" else self._still_possible(known, told)
                left = left if named(left) else []
                yield self._write(known, self._detector.heard(known, left, told, step))

    def judge(self, step: int, runs: SlowRuns, newest: Mapping[int, SlowShip]) -> Iterator[Emitted]:
        """Once an hour: who lies or drifts within reach of each silent ship."""
        if step % HOUR or not self.silent:
            return
        least = round(self._detector.thresholds.least_h * HOUR)
        slow = runs.slow_since(step, least)
        for _, silence in sorted(self.silent.items()):
            if len(slow):
                self._add(silence, slow, newest, step)
        within_reach_of = Counter(mmsi for silence in self.silent.values() for mmsi in silence.candidates)
        for _, silence in sorted(self.silent.items()):
            candidates = sorted(silence.candidates.values(), key=Candidate.rank)
            chosen = tuple(each.ship.mmsi for each in named(candidates))
            if chosen and chosen != silence.named:
                silence.named, silence.rivals = chosen, within_reach_of[chosen[0]]
                yield self._write(silence, self._detector.found(silence, candidates, step))

    # -- decisions --------------------------------------------------------------------------------------------------

    def _add(self, silence: Silence, slow: Any, newest: Mapping[int, SlowShip], step: int) -> None:
        """Adds the ships that it could have reached, and been beside for long enough."""
        told, thresholds = silence.told, self._detector.thresholds
        here = unit_vectors(np.asarray([told.lat_deg]), np.asarray([told.lon_deg]))
        far_nm = np.round(distances_nm(unit_vectors(slow["lat_deg"], slow["lon_deg"]), here), _DIGITS)
        near = np.flatnonzero((far_nm <= thresholds.reach_nm) & (slow["mmsi"] != told.mmsi))
        for at in near.tolist():
            row, mmsi = slow[at], int(slow["mmsi"][at])
            if newest[mmsi].in_port_zone:
                continue
            known = silence.candidates.get(mmsi)
            since = int(row["since"])
            if known is not None and known.since != since and known.last - known.since > step - since:
                continue
            made = Candidate(
                ship=newest[mmsi],
                since=since,
                last=step,
                lat_deg=round(float(row["lat_deg"]), 5),
                lon_deg=round(float(row["lon_deg"]), 5),
                far_nm=float(far_nm[at]),
            )
            if self.stay_h(told, made) >= thresholds.least_h:
                silence.candidates[mmsi] = made
        if len(silence.candidates) > _KEPT_MOST:
            kept = sorted(silence.candidates.values(), key=Candidate.rank)[:_KEPT_MOST]
            silence.candidates = {each.ship.mmsi: each for each in kept}

    @staticmethod
    def stay_h(told: ListedSilence, candidate: Candidate, until_ms: int | None = None) -> float:
        """Hours for which both could have been at one place; until ``until_ms`` if the silent ship had to leave."""
        if told.v_max_kn <= 0:
            return 0.0
        arrives_ms = told.fix_ms + candidate.far_nm / told.v_max_kn * HOUR_MS
        leaves_ms = candidate.last * BIN_MS if until_ms is None else min(until_ms, candidate.last * BIN_MS)
        return round((leaves_ms - max(arrives_ms, candidate.since * BIN_MS)) / HOUR_MS, _DIGITS)

    def _still_possible(self, silence: Silence, again: ListedSilence) -> list[Candidate]:
        """Those that it could have met and then come to where it is heard again."""
        told = silence.told
        if again.fix_ms <= told.fix_ms:  # heard, but without a position
            return sorted(silence.candidates.values(), key=Candidate.rank)
        there = unit_vectors(np.asarray([again.lat_deg]), np.asarray([again.lon_deg]))
        left = []
        for candidate in silence.candidates.values():
            at = unit_vectors(np.asarray([candidate.lat_deg]), np.asarray([candidate.lon_deg]))
            back_nm = round(float(distances_nm(at, there)[0]), _DIGITS)
            until_ms = int(again.fix_ms - back_nm / told.v_max_kn * HOUR_MS)
            if self.stay_h(told, candidate, until_ms) >= self._detector.thresholds.least_h:
                left.append(candidate)
        return sorted(left, key=Candidate.rank)

    def _write(self, silence: Silence, finding: Finding) -> Emitted:
        emitted = written(
            self._detector, finding, silence.told, silence.alert, self._severities, replayed=silence.told.replayed
        )
        silence.alert = emitted.alert
        return emitted

    def _bounded(self, step: int) -> Iterator[Emitted]:
        """Above a bound the oldest silence is no longer followed."""
        if len(self.silent) >= self._detector.thresholds.silences_most:
            known = self.silent.pop(min(self.silent, key=lambda alert: (self.silent[alert].told.known_ms, alert)))
            if known.alert is not None:
                yield self._write(known, self._detector.heard(known, [], known.told, step))

    def open_alerts(self) -> int:
        """Number of open alerts."""
        return sum(silence.alert is not None for silence in self.silent.values())

    def restore(self, silences: Iterable[Silence]) -> None:
        """From a snapshot."""
        self.silent = {each.told.alert: each for each in silences}


def is_sought(ship: SlowShip) -> bool:
    """Whether a ship is of a kind with which cargo could be exchanged."""
    return _weight(ship) <= _MERCHANT


def may_be_sought(ship: SlowShip) -> bool:
    """The same, or of a kind that it does not state."""
    return is_sought(ship) or (not ship.ship_type and not service_of(ship))


def named(candidates: list[Candidate]) -> list[Candidate]:
    """Those that an alert names, of all in their order: the others are innocent, or too many."""
    return [each for each in candidates if is_sought(each.ship)][:NAMED_MOST]


_LISTED, _TANKER, _MERCHANT, _OTHER = range(4)


def _weight(ship: SlowShip) -> int:
    """How likely a ship of its kind is to be sought for a transfer: the least first."""
    if ship.listed:
        return _LISTED
    if service_of(ship):
        return _OTHER
    if is_tanker(ship.ship_type):
        return _TANKER
    return _MERCHANT if ship.ship_type in _CARGO or ship.ship_type == _FISHING else _OTHER
