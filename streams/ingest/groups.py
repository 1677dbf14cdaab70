r"""What the tag block of a group's first sentence states for the other sentences of the group.

NMEA 0183 4.10: sentences of one group, ``\g:1-3-77,s:ST1,c:1709510400*hh\``, ``\g:2-3-77*hh\``, ..., share what the
first block states. So a sentence without a station or a time of its own gets the group's. Names of groups are reused: a
name means nothing ``WITHIN`` units later, nor while two stations use it at the same time.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from streams.nmea.sentence import Tag

WITHIN: Final = 100
"""Maximum units of input between two sentences of a group: gateways that merge stations separate them by a few."""


class _StatedPart(NamedTuple):
    number: int
    station: bytes
    time_ms: int | None
    unit: int


class Groups:
    """Groups of one source that have begun, at most ``most``."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._said: dict[tuple[str, str, int], _StatedPart] = {}

    def note(self, tag: Tag, peer: str, unit: int) -> None:
        """Notes the tag block of unit ``unit``; one that states nothing for other sentences changes nothing."""
        group = tag.group
        if group is None or group.number >= group.total or not (tag.station or tag.time_ms is not None):
            return
        key = (peer, group.name, group.total)
        before = self._said.pop(key, None)
        station, time_ms = tag.station, tag.time_ms
        if before is not None and _is_near(before, unit) and before.number < group.number:
            station, time_ms = station or before.station, time_ms if time_ms is not None else before.time_ms
        elif before is not None and _is_near(before, unit) and before.station != station:
            station, time_ms = b"", None
        if len(self._said) >= self._most:
            del self._said[next(iter(self._said))]
        self._said[key] = _StatedPart(group.number, station, time_ms, unit)

    def complete(self, tag: Tag, peer: str, unit: int) -> Tag:
        """The tag block, completed with what only its group states."""
        group = tag.group
        if group is None or (tag.station and tag.time_ms is not None):
            return tag
        said = self._said.get((peer, group.name, group.total))
        if said is None or said.number >= group.number or not _is_near(said, unit):
            return tag
        tag = tag._replace(station=tag.station or said.station)
        return tag if tag.time_ms is not None else tag._replace(time_ms=said.time_ms, doubtful=False)


def _is_near(said: _StatedPart, unit: int) -> bool:
    return unit - said.unit <= WITHIN
