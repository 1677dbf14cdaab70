"""Which MMSI states which IMO number: the reports of the stage of vessels to the stage of IMO numbers.

A binding is reported when an MMSI states an IMO number for the first time, when it states it again, and then once an
hour while it continues. The choice depends only on the vessel's reports, in columns, so it does not depend on cuts of
the input.

Order. ``stamp_ms`` is the report's time or the first moment after the time of the ticks so far, whichever is later.
``PartitionWatermark`` promises that no later binding has a stamp up to it. So a process that has such a promise from
every partition knows all bindings up to the least of them, in any order of arrival.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from detectors.core.imo_notes import Note
from detectors.core.imo_number import are_imo_numbers
from detectors.core.promises import PartitionWatermark
from detectors.core.reference import Reference
from detectors.core.reports import Batch
from detectors.core.sources import SourceTable
from detectors.core.units import HOUR_MS
from detectors.core.vessels.columns import Rows
from detectors.core.vessels.fleet import Fleet
from detectors.core.vessels.grouping import groups, turns
from detectors.core.vessels.history import History

STATED_EVERY_MS: Final = HOUR_MS
AGAIN: Final = 2
"""The statement that confirms the first."""
_SAID_MOST: Final = 255
_NUMBERS_LEAST: Final = 1000
_NUMBERS_A_VESSEL: Final = 2
IMO: Final = range(1_000_000, 10_000_000)

Bools = npt.NDArray[np.bool_]


class Binding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, tag="binding"):
    """An MMSI states an IMO number. Times are event times, Unix ms."""

    imo: int
    mmsi: int
    first_ms: int
    """The first report that stated it, as far as the fleet remembers."""
    last_ms: int
    """The report behind this record."""
    stamp_ms: int
    """Its place in the order of all bindings: see the module."""
    source: str
    appeared_ms: int = 0
    """The MMSI's first report since it was last unheard for long; 0 in records of an earlier version."""
    statements: int
    """How often it was stated, at most 255."""
    support: int
    """Consistent reports of the vessel in this appearance."""
    lat_deg: float | None = None
    lon_deg: float | None = None
    fix_ms: int = 0
    """Time of the position; 0 if there is none."""
    name: str | None = None
    call_sign: str | None = None
    ship_type: int | None = None
    length_m: int | None = None
    listed: str | None = None
    """The list that names it."""
    alerts: tuple[str, ...] = ()
    """Ids of the alerts that are open about this MMSI."""
    sentence: str = ""
    """The raw lines of the report."""
    replayed: bool = False


class SeenUnder(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag="seen"):
    """When an MMSI was last heard, reported when another MMSI states the same IMO number."""

    imo: int
    mmsi: int
    heard_ms: int
    """Its newest report of any kind, Unix ms."""
    stamp_ms: int
    """The stamp of the other MMSI's binding: see the module."""
    noted_ms: int = 0
    """Event time of the other MMSI's statement; 0 in records of an earlier version."""


Told = Binding | SeenUnder | PartitionWatermark


class BindingWriter:
    """Writes the bindings of one fleet."""

    def __init__(self, fleet: Fleet, sources: SourceTable, reference: Reference) -> None:
        self._out: list[Binding | SeenUnder] = []
        self.reference = reference
        self._fleet, self._sources = fleet, sources
        self._rows: dict[int, tuple[int, ...]] = {}
        """By IMO number, the rows that have stated it; some may state another by now, or belong to another vessel."""

    def drain(self) -> list[Binding | SeenUnder]:
        """Those since the last call."""
        told, self._out = self._out, []
        return told

    def index(self) -> None:
        """Rebuilds the index of statements, for a fleet that was restored, or has forgotten many vessels."""
        self._rows.clear()
        told = self._fleet.core.stated_imo[: self._fleet.size]
        rows = np.flatnonzero(told)
        self._enter(rows, told[rows])

    def others(self, imo: int, mmsi: int) -> Rows:
        """The vessels that state an IMO number under other MMSIs, in order of their rows."""
        core, known = self._fleet.core, self._rows.get(imo, ())
        held = tuple(row for row in known if core.stated_imo[row] == imo)
        if held != known:
            self._rows[imo] = held
        return np.asarray([row for row in held if core.mmsi[row] != mmsi], np.intp)

    def write_seen(self, rows: Rows, note: Note) -> None:
        """Writes when these were last heard, after ``note`` has stated that another MMSI states their IMO number."""
        core, since_ms = self._fleet.core, self._sources.heard_ms + 1
        for row in rows.tolist():
            heard_ms = min(int(core.last_ms[row]), note.time_ms)
            mmsi, stamp_ms = int(core.mmsi[row]), max(note.time_ms, since_ms)  # as the other's binding
            self._out.append(
                SeenUnder(imo=note.imo, mmsi=mmsi, heard_ms=heard_ms, stamp_ms=stamp_ms, noted_ms=note.time_ms)
            )

    def _enter(self, rows: Rows, imos: npt.NDArray[np.uint32]) -> None:
        for row, imo in zip(rows.tolist(), imos.tolist(), strict=True):
            known = self._rows.get(imo, ())
            if row not in known:
                self._rows[imo] = tuple(sorted((*known, row)))

    def _forget(self) -> None:
        """Removes numbers that no vessel states any longer, once they are as many as the fleet has vessels."""
        if len(self._rows) > _NUMBERS_LEAST + _NUMBERS_A_VESSEL * self._fleet.size:
            self.index()

    def tell(self, history: History, batch: Batch) -> None:
        """Checks the reports of a history that are to be written; call before the vessels are written."""
        at, imos = history.brings("imo")
        if history.quiet is not None:
            quiet = history.quiet[at]
            at, imos = at[quiet], imos[quiet]
        ours = are_imo_numbers(imos)
        at, imos = at[ours], imos[ours]
        for _, turn in turns(*groups(history.rows[at])):
            due = self._note(history.rows[at[turn]], imos[turn], history.times[at[turn]])
            for place, imo in zip(at[turn[due]].tolist(), imos[turn[due]].tolist(), strict=True):
                self._out.append(self._binding(history, batch, place, imo))

    def _note(self, rows: Rows, imos: npt.NDArray[np.uint32], times: npt.NDArray[np.int64]) -> Bools:
        """One statement of each of ``rows``. Returns which are to be reported."""
        core = self._fleet.core
        new = core.stated_imo[rows] != imos
        said = np.where(new, 1, np.minimum(core.said[rows].astype(np.int64) + 1, _SAID_MOST))
        due: Bools = new | (said == AGAIN) | (times - core.stated_ms[rows] >= STATED_EVERY_MS)
        if new.any():
            self._enter(rows[new], imos[new])
        core.since_ms[rows[new]] = times[new]
        core.stated_imo[rows], core.said[rows] = imos, said
        core.stated_ms[rows[due]] = times[due]
        self._forget()
        return due

    def _binding(self, history: History, batch: Batch, place: int, imo: int) -> Binding:
        core, now, row = self._fleet.core, history.now, int(history.rows[place])
        report, last_ms = history.reports[place], int(history.times[place])
        lat_deg, lon_deg = float(now.lat_deg[place]), float(now.lon_deg[place])
        listed = int(core.listed[row])
        return Binding(
            imo=imo,
            mmsi=int(core.mmsi[row]),
            first_ms=int(core.since_ms[row]),
            last_ms=last_ms,
            appeared_ms=int(now.appeared_ms[place]),
            stamp_ms=max(last_ms, self._sources.heard_ms + 1),
            source=batch.source,
            statements=int(core.said[row]),
            support=int(now.support[place]),
            lat_deg=round(lat_deg, 5) if lat_deg == lat_deg else None,  # noqa: PLR0124 - NaN is not itself
            lon_deg=round(lon_deg, 5) if lon_deg == lon_deg else None,  # noqa: PLR0124
            fix_ms=int(now.fix_ms[place]),
            name=_text(now.name[place]),
            call_sign=_text(now.call_sign[place]),
            ship_type=max(0, int(now.ship_type[place])) or None,
            length_m=max(0, int(now.length_m[place])) or None,
            listed=self.reference.ships[listed - 1].list if listed else None,
            alerts=tuple(sorted(alert.id for alert in self._fleet.open_of(row).values())),
            sentence=batch.raw[int(report["start"]) : int(report["end"])].decode("ascii", "replace"),
            replayed=self._sources.is_replayed(batch.source),
        )


def _text(value: bytes) -> str | None:
    return value.decode("ascii", "replace") or None
