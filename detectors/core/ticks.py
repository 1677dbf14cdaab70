"""The clock of the feed. Detectors get time as data, as ticks in the log, never from a wall clock."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from detectors.core.imo_notes import Note
from detectors.core.units import MS

_JUMPS: Final = 2
"""Event time of a disordered source may jump by its lateness, and stand still for as long before that."""
_LATENESS_MOST_S: Final = 86_400.0
_AHEAD_MOST_S: Final = 1e10
_RANGE_MOST_NM: Final = 10_900.0
STATIONS_MOST: Final = 256
"""Of a source: what is known of the clocks and places of more stations is not kept."""


OCTANTS: Final = 8
RangeNm = Annotated[float, Meta(ge=0, le=_RANGE_MOST_NM)]


class StationClock(msgspec.Struct, frozen=True, kw_only=True):
    """How far the clock of a station is ahead of those of the others."""

    station: Annotated[str, Meta(max_length=64)]
    ahead_s: Annotated[float, Meta(ge=-_AHEAD_MOST_S, le=_AHEAD_MOST_S)]
    """Negative: behind."""
    corrected: bool
    """Its times are corrected; False: its sentences are rejected."""


class StationPlace(msgspec.Struct, frozen=True, kw_only=True):
    """Where a receiving station is."""

    station: Annotated[str, Meta(max_length=64)]
    lat_deg: Annotated[float, Meta(ge=-90, le=90)]
    lon_deg: Annotated[float, Meta(ge=-180, le=180)]
    origin: Literal["settings", "stated", "learned"]
    """``stated``: by the station itself; ``learned``: the median of what it hears, an estimate."""
    range_nm: Annotated[tuple[RangeNm | None, ...], Meta(min_length=OCTANTS, max_length=OCTANTS)] | None = None
    """How far it hears to the N, NE, E ... NW: 99 % of the positions of a week are nearer; null: too few of them.
    None: nothing is stated, or no range applies (it hears the whole world, or propagation is unusual at present)."""


class Tick(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One source's report on a period of event time, written to every partition of the log.

    Consecutive ticks of a source join: ``from_ms`` of one is ``to_ms`` of the previous one. A silence long enough to
    make the source down (``FeedRules.silent_limit_ms``) is one tick of any length, and the sentence that ends it is
    preceded by a tick that reports this: the begin and end of an outage never depend on how often ticks are written.
    Between outages ticks may be anywhere.
    """

    source: str
    from_ms: int
    to_ms: int
    """Event time that this tick covers: (from_ms, to_ms], Unix milliseconds."""
    heard_ms: int | None = None
    """Event time of the source's last confirmed sentence at or before ``to_ms``; None before the first."""
    spacing_s: float = 0.0
    """Mean of the last hundred intervals between the source's sentences, s."""
    one_vessel: bool = False
    """Only one MMSI was heard in the hour up to ``heard_ms``: the source's silence may be that vessel's."""
    lateness_s: Annotated[float, Meta(ge=0, le=_LATENESS_MOST_S)] | None = None
    """How late the source's sentences may arrive, s, as learned from them; None: ``FeedRules.allowed_lateness_s``."""
    other_share: float = 0.0
    """Of a live source: share of its lines in the last minutes that are not AIS; 0 with few lines. For display only."""
    state: Literal["live", "ended"] = "live"
    """``ended``: the last tick of a file. An ended source is neither alive nor down."""
    replayed: bool = False
    """True if the source is a recording: alerts that rest on recordings only are not notified."""
    wrong_clocks: Annotated[tuple[StationClock, ...], Meta(max_length=STATIONS_MOST)] | None = None
    """The stations of the source whose clocks are known to be wrong at present; None: nothing is stated about them."""
    clocks_compared: bool = False
    """Clocks have been compared for an hour: those that ``wrong_clocks`` does not name are not wrong."""
    stations: Annotated[tuple[StationPlace, ...], Meta(max_length=STATIONS_MOST)] | None = None
    """Where the source's stations are, all that are known; None: nothing is stated about them."""
    notes: tuple[Note, ...] = ()
    """Which MMSIs reported which IMO numbers since the source's previous tick, in log order."""


class FeedRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The rules of time, used by ingest and detectors."""

    feed_silent_after_s: Annotated[
        float, Meta(ge=5, le=86_400, description="A source that is silent for longer than this is down, s")
    ] = 60.0
    feed_silent_spacings: Annotated[
        float, Meta(ge=0, le=1000, description="... but only after this many times its usual interval")
    ] = 20.0
    allowed_lateness_s: Annotated[
        float,
        Meta(
            ge=0, le=86_400, description="How far event time stays behind the newest sentence of a source, s, at least"
        ),
    ] = 30.0
    lateness_most_s: Annotated[
        float,
        Meta(
            ge=0,
            le=86_400,
            description="... and at most, for a source whose sentences arrive out of order: its lateness is learned, s",
        ),
    ] = 1800.0
    slow_source_most_s: Annotated[
        float,
        Meta(
            ge=0,
            le=604_800,
            description="A vessel that several sources hear is not called silent before the slowest of them has "
            "reported that time, unless it is further behind the others than this, s",
        ),
    ] = 21_600.0
    jump_ahead_s: Annotated[
        float,
        Meta(
            ge=60,
            le=86_400,
            description="A forward jump of event time beyond this must be confirmed by several vessels, s",
        ),
    ] = 600.0
    jump_witnesses: Annotated[
        int, Meta(ge=1, le=100, description="MMSIs that must confirm a jump (half of those in view, if fewer)")
    ] = 3
    refuse_behind_s: Annotated[
        float, Meta(ge=60, le=86_400 * 30, description="A sentence that is this far behind event time is rejected, s")
    ] = 86_400.0

    def silent_limit_ms(self, spacing_s: float, lateness_ms: int = 0) -> int:
        """How long a source with this spacing and lateness in its ticks may be silent before it is down.

        Where sentences arrive out of order, event time stands still between two of its jumps, and the source is not
        down for it. A lateness of the least value has no effect.
        """
        limit_ms = int(max(self.feed_silent_after_s, self.feed_silent_spacings * spacing_s) * MS)
        return max(limit_ms, _JUMPS * lateness_ms) if lateness_ms > self.allowed_lateness_s * MS else limit_ms
