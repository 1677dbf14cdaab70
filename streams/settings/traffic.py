"""Settings of the process that knows where all vessels are."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta


class TrafficSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``wakewatch traffic``: all vessels now, and their tracks."""

    host: Annotated[str, Meta(description="Address it listens on; there is no authentication")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535, description="Port of its answers; 0: any free port")] = 8471
    hosts: Annotated[
        tuple[str, ...],
        Meta(description="Host names besides localhost under which it may be requested; none: any off loopback"),
    ] = ()
    start_h: Annotated[
        float, Meta(gt=0, le=720, description="How much of the log is read at the start, and kept as tracks, hours")
    ] = 48.0
    shown_h: Annotated[
        float, Meta(gt=0, le=720, description="How long a vessel that is no longer heard stays on the map, hours")
    ] = 6.0
    vessels_most: Annotated[
        int,
        Meta(
            ge=100, le=2_000_000, description="Vessels kept, 240 bytes each; beyond them the longest unheard go first"
        ),
    ] = 100_000
    track_points_most: Annotated[
        int,
        Meta(
            ge=65_536,
            le=500_000_000,
            description="Points of tracks kept, 17 bytes each, about 150 a vessel and day; the oldest go first",
        ),
    ] = 12_000_000
    track_error_m: Annotated[
        float, Meta(ge=5, le=5000, description="How far a track may be from a report that is not kept, m")
    ] = 50.0
    silent_s: Annotated[
        int, Meta(ge=60, le=1800, description="A longer time without a report is a silence of the track, s")
    ] = 1200
    faster_than_kn: Annotated[
        float,
        Meta(ge=30, le=1000, description="A position that needs a higher speed is left out until a second agrees, kn"),
    ] = 60.0
