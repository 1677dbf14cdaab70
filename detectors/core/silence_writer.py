"""Writes what alerts state about the silences of listed ships, as facts for the stage of meetings (``slow_ships``)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np

from detectors.core.alert import Alert, Evidence, Position
from detectors.core.listing_reasons import listed_for
from detectors.core.reference import Reference
from detectors.core.reports import RE_ENCODED
from detectors.core.slow_ships import ListedSilence
from detectors.core.units import unix_ms
from detectors.core.vessels.fleet import Fleet
from detectors.core.vessels.index import ABSENT
from detectors.core.vessels.silences import GAP

_OPEN: Final = frozenset({"opened", "updated"})


class SilenceWriter:
    """Writes the silences of one fleet."""

    def __init__(self, fleet: Fleet, reference: Reference) -> None:
        self.reference = reference
        self._fleet = fleet
        self._out: list[ListedSilence] = []

    def drain(self) -> list[ListedSilence]:
        """Those since the last call."""
        told, self._out = self._out, []
        return told

    def note(self, alerts: Iterable[Alert], promised_ms: int) -> None:
        """Writes what alerts state about silences of listed ships, and the ends of all silences.

        ``promised_ms``: it has been promised that nothing follows with a stamp up to it.
        """
        for alert in alerts:
            if alert.detector == GAP and alert.mmsi is not None and alert.position is not None:
                number = self._listing(alert.mmsi)
                if number or alert.status not in _OPEN:
                    self._out.append(self._silence(alert, alert.position, number, promised_ms))

    def _listing(self, mmsi: int) -> int:
        """1 + the number of its entry; 0 if it is not listed."""
        row = int(self._fleet.index.find(np.asarray([mmsi], np.uint32))[0])
        return 0 if row == ABSENT else int(self._fleet.core.listed[row])

    def _silence(self, alert: Alert, position: Position, number: int, promised_ms: int) -> ListedSilence:
        known_ms = unix_ms(alert.time)
        return ListedSilence(
            alert=alert.id,
            revision=alert.revision,
            mmsi=alert.mmsi or 0,
            since_ms=unix_ms(alert.episode_start),
            known_ms=known_ms,
            stamp_ms=max(known_ms, promised_ms + 1),
            lat_deg=position.lat_deg,
            lon_deg=position.lon_deg,
            fix_ms=unix_ms(position.time),
            state="silent" if alert.status in _OPEN else "heard" if alert.status == "closed" else "retracted",
            v_max_kn=float(alert.details.get("v_max_kn", 0.0)),
            listed=self.reference.ships[number - 1].list if number else None,
            listed_for=listed_for(self.reference)[number - 1] if number else (),
            name=None if alert.vessel is None else alert.vessel.name,
            imo=None if alert.vessel is None else alert.vessel.imo,
            ship_type=None if alert.vessel is None else alert.vessel.ship_type,
            sentence=_line(alert.evidence[0]) if alert.evidence else "",
            replayed=alert.replayed,
        )


def _line(evidence: Evidence) -> str:
    """A sentence with its tag block, as evidence is made from it."""
    station = evidence.source + RE_ENCODED * evidence.re_encoded
    return f"\\c:{unix_ms(evidence.time)},s:{station}*00\\{evidence.sentence}"
