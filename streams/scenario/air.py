"""The radio path from ships to receivers: transmissions within a receiver's disk become NMEA, in order of time.

Positions are written in columns (1 us a sentence; one at a time takes 15), everything else one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.core.sphere import distances_nm, unit_vectors
from streams.nmea import encoder
from streams.nmea.encoder import Bits
from streams.scenario.model import SECOND_MS, ShoreStation
from streams.scenario.track import BASE, CLASS_B

Column = npt.NDArray[np.int64]
Octets = npt.NDArray[np.uint8]

_WORD: Final = 60  # bits of an int64 that are used: ten six-bit characters
_ARMOUR: Final = np.frombuffer(b"0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVW`abcdefghijklmnopqrstuvw", np.uint8)
_HEX: Final = np.frombuffer(b"0123456789ABCDEF", np.uint8)
_TENS: Final = 10 ** np.arange(12, -1, -1, dtype=np.int64)
_MINUTES: Final = 600_000
_NO_SOG, _NO_COG, _NO_HEADING = 1023, 3600, 511
_NOWHERE: Final = -1


class ReceiverOutage(NamedTuple):
    """An outage of a receiver (or with None of the whole feed), in [from, to)."""

    receiver: str | None
    from_ms: int
    to_ms: int


class OtherMessage(NamedTuple):
    """A transmission that is not a position: its bits, and the place it is sent from."""

    time_ms: int
    lat_deg: float
    lon_deg: float
    bits: Bits


def on_the_air(
    said: npt.NDArray[np.void],
    messages: Sequence[OtherMessage],
    receivers: Sequence[ShoreStation],
    silences: Sequence[ReceiverOutage] = (),
) -> Iterator[bytes]:
    """The received sentences, in order of time, each with a tag block.

    ``said`` has dtype track.SAID. A transmission is heard by the nearest receiver that is up and has the sender in its
    disk.
    """
    heard = heard_by(said["lat_deg"], said["lon_deg"], receivers, received_ms(said), silences)
    position_ms, position_lines = _positions(said, heard, receivers)
    lat_deg, lon_deg, times_ms = [m.lat_deg for m in messages], [m.lon_deg for m in messages], _times(messages)
    message_heard = heard_by(lat_deg, lon_deg, receivers, times_ms, silences)
    message_ms, message_lines = _messages(messages, message_heard.tolist(), receivers)
    lines = position_lines + message_lines
    order = np.argsort(np.concatenate([position_ms, message_ms]), kind="stable")
    for i in order.tolist():
        yield from lines[i].split(b"\n")


def heard_by(
    lat_deg: npt.ArrayLike,
    lon_deg: npt.ArrayLike,
    receivers: Sequence[ShoreStation],
    times_ms: npt.ArrayLike = 0,
    silences: Sequence[ReceiverOutage] = (),
) -> npt.NDArray[np.intp]:
    """For each place the number of the nearest receiver that hears it then; -1 if none does."""
    here = unit_vectors(np.atleast_1d(np.asarray(lat_deg, float)), np.atleast_1d(np.asarray(lon_deg, float)))
    times = np.broadcast_to(np.asarray(times_ms, np.int64), here.shape[1:])
    nearest, nearest_nm = np.full(times.shape, _NOWHERE, np.intp), np.full(times.shape, np.inf)
    for number, receiver in enumerate(receivers):
        there = unit_vectors(np.array([receiver.lat_deg]), np.array([receiver.lon_deg]))
        nm = distances_nm(here, there)
        closer = (nm <= receiver.range_nm) & (nm < nearest_nm) & ~_silent(times, receiver, silences)
        nearest[closer], nearest_nm[closer] = number, nm[closer]
    return nearest


def received_ms(said: npt.NDArray[np.void]) -> Column:
    """When each transmission (dtype track.SAID) is received, Unix ms."""
    times_ms: Column = said["time_ms"] + said["delay_ms"]
    return times_ms


def _silent(times_ms: Column, receiver: ShoreStation, silences: Sequence[ReceiverOutage]) -> npt.NDArray[np.bool_]:
    silent = np.zeros(times_ms.shape, bool)
    for lost in silences:
        if lost.receiver in (None, receiver.name):
            silent |= (lost.from_ms <= times_ms) & (times_ms < lost.to_ms)
    return silent


def _times(messages: Sequence[OtherMessage]) -> Column:
    return np.array([m.time_ms for m in messages], np.int64)


def _messages(
    messages: Sequence[OtherMessage], heard: Sequence[int], receivers: Sequence[ShoreStation]
) -> tuple[Column, list[bytes]]:
    written = [
        (m.time_ms, b"\n".join(encoder.tagged(encoder.sentences(m.bits, sequence=i), m.time_ms, receivers[by].name)))
        for i, (m, by) in enumerate(zip(messages, heard, strict=True))
        if by != _NOWHERE
    ]
    return np.array([time_ms for time_ms, _ in written], np.int64), [line for _, line in written]


def _positions(
    said: npt.NDArray[np.void], heard: npt.NDArray[np.intp], receivers: Sequence[ShoreStation]
) -> tuple[Column, list[bytes]]:
    times: list[Column] = [np.zeros(0, np.int64)]
    lines: list[bytes] = []
    for number, receiver in enumerate(receivers):
        theirs = said[heard == number]
        for rows, fields in _by_layout(theirs):
            times.append(received_ms(rows))
            lines += _written(times[-1], six_bits(fields, len(rows)), receiver.name)
    return np.concatenate(times), lines


_Fields = Iterable[tuple[npt.ArrayLike, int]]
_Layout = list[tuple[npt.ArrayLike, int]]


def _by_layout(said: npt.NDArray[np.void]) -> Iterator[tuple[npt.NDArray[np.void], _Fields]]:
    """Rows of one layout each (all have 168 bits), with their fields in order (ITU-R M.1371-5, annex 8)."""
    kind = said["kind"]
    for rows, layout in (
        (said[(kind != CLASS_B) & (kind != BASE)], _class_a),
        (said[kind == CLASS_B], _class_b),
        (said[kind == BASE], _base),
    ):
        if len(rows):
            yield rows, layout(rows)


def _class_a(rows: npt.NDArray[np.void]) -> _Fields:
    head: _Layout = [(rows["kind"], 6), (0, 2), (rows["mmsi"], 30), (rows["status"], 4), (-128, 8)]
    return [*head, (_sog(rows), 10), (0, 1), *_place(rows), *_course(rows), (0, 25)]


def _class_b(rows: npt.NDArray[np.void]) -> _Fields:
    head: _Layout = [(18, 6), (0, 2), (rows["mmsi"], 30), (0, 8), (_sog(rows), 10), (0, 1)]
    return [*head, *_place(rows), *_course(rows), (0, 2), (0b10111, 5), (0, 22)]


def _base(rows: npt.NDArray[np.void]) -> _Fields:
    seconds = rows["time_ms"] // SECOND_MS
    months = seconds.astype("M8[s]").astype("M8[M]").astype(np.int64)
    days = seconds // 86_400 - (months.astype("M8[M]").astype("M8[D]").astype(np.int64))
    clock = [(1970 + months // 12, 14), (1 + months % 12, 4), (1 + days, 5)]
    clock += [(seconds // 3600 % 24, 5), (seconds // 60 % 60, 6), (seconds % 60, 6)]
    return [(4, 6), (0, 2), (rows["mmsi"], 30), *clock, (1, 1), *_place(rows), (7, 4), (0, 30)]


def _place(rows: npt.NDArray[np.void]) -> list[tuple[npt.ArrayLike, int]]:
    lat_deg, lon_deg = rows["lat_deg"] + rows["error_lat_deg"], rows["lon_deg"] + rows["error_lon_deg"]
    return [(np.rint(lon_deg * _MINUTES), 28), (np.rint(lat_deg * _MINUTES), 27)]


def _sog(rows: npt.NDArray[np.void]) -> npt.ArrayLike:
    known = np.nan_to_num(rows["sog_kn"].astype(float))
    return np.where(np.isnan(rows["sog_kn"]), _NO_SOG, np.rint(known * 10).clip(0, _NO_SOG - 1))


def _course(rows: npt.NDArray[np.void]) -> list[tuple[npt.ArrayLike, int]]:
    unknown, known = np.isnan(rows["cog_deg"]), np.nan_to_num(rows["cog_deg"].astype(float))
    cog = np.where(unknown, _NO_COG, np.rint(known * 10) % 3600)
    heading = np.where(unknown, _NO_HEADING, np.rint(known) % 360)
    return [(cog, 12), (heading, 9), (rows["time_ms"] // SECOND_MS % 60, 6)]


def six_bits(fields: _Fields, size: int) -> Octets:
    """Fields of (column or number, width) as armoured characters, shape (size, bits / 6)."""
    words, word, room = [], np.zeros(size, np.int64), _WORD
    for values, width in fields:
        column, left = np.asarray(values).astype(np.int64), width
        while left:
            taken = min(room, left)
            word = word << taken | column >> left - taken & (1 << taken) - 1
            left, room = left - taken, room - taken
            if not room:
                words.append((word, _WORD))
                word, room = np.zeros(size, np.int64), _WORD
    words.append((word, _WORD - room))
    parts = [word[:, None] >> np.arange(bits - 6, -1, -6) & 63 for word, bits in words if bits]
    return np.asarray(_ARMOUR[np.concatenate(parts, axis=1)])


def _written(times_ms: Column, payload: Octets, station: str) -> list[bytes]:
    """Whole lines: tag block and one sentence, including checksums."""
    size = len(times_ms)
    tag = [_same(f"s:{station},c:", size), (times_ms[:, None] // _TENS % 10 + ord("0")).astype(np.uint8)]
    channel = np.where(np.arange(size) % 2, ord("A"), ord("B")).astype(np.uint8)[:, None]
    body = [_same("AIVDM,1,1,,", size), channel, _same(",", size), payload, _same(",0", size)]
    parts = [_same("\\", size), *tag, _checksum(tag), _same("\\!", size), *body, _checksum(body)]
    rows = np.ascontiguousarray(np.concatenate(parts, axis=1))
    lines: list[bytes] = rows.view(f"S{rows.shape[1]}").ravel().tolist()
    return lines


def _same(text: str, size: int) -> Octets:
    return np.broadcast_to(np.frombuffer(text.encode(), np.uint8), (size, len(text)))


def _checksum(parts: list[Octets]) -> Octets:
    """A star and two hex digits."""
    total = np.bitwise_xor.reduce(np.concatenate(parts, axis=1), axis=1)
    return np.stack([np.full(len(total), ord("*"), np.uint8), _HEX[total >> 4], _HEX[total & 15]], axis=1)
