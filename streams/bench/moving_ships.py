"""Many ships under way, written to the log as ingest writes them, each every ten seconds."""

from __future__ import annotations

import math
import time
from random import Random
from threading import Event
from typing import Any, Final, NamedTuple

from streams.broker import clients
from streams.messages.log_records import H_EVENT_FROM, H_EVENT_TO, H_KIND, H_SOURCE, KIND_SENTENCES, partition_of
from streams.messages.topics import SENTENCES
from streams.nmea.encoder import EncodedFix, Particulars, position, sentences, static, tagged
from streams.settings.model import KafkaSettings

EVERY_S: Final = 10.0
SOURCE: Final = "bench"
FIRST_MMSI: Final = 205_000_000
_BEATS: Final = 50
"""A tenth of a fiftieth of the ships at a time: the log gets records as from a feed of many stations."""
_TYPES: Final = (70, 80, 60, 30, 0)
_SEED: Final = 7


class _Ship(NamedTuple):
    mmsi: int
    lat_deg: float
    lon_deg: float
    course_deg: float
    speed_kn: float

    def at(self, passed_s: float) -> EncodedFix:
        """Where it is after so many seconds: it swings about its course by 20 degrees every half hour."""
        course = self.course_deg + 20 * math.sin(passed_s / 300)
        way_deg = self.speed_kn * passed_s / 3600 / 60
        lat = self.lat_deg + way_deg * math.cos(math.radians(self.course_deg))
        lon = self.lon_deg + way_deg * math.sin(math.radians(self.course_deg)) / math.cos(math.radians(lat))
        return EncodedFix(lat, (lon + 180) % 360 - 180, self.speed_kn, course % 360, course % 360, 0)


class MovingShips:
    """``count`` ships in 60 crowded waters."""

    def __init__(self, kafka: KafkaSettings, count: int) -> None:
        random = Random(_SEED)  # noqa: S311 - traffic, not secrets
        waters = [(random.uniform(-50, 60), random.uniform(-179, 179)) for _ in range(60)]
        self._kafka, self._began_s = kafka, time.time()
        self._ships = []
        for number in range(count):
            lat, lon = waters[number % len(waters)]
            place = lat + random.gauss(0, 2), (lon + random.gauss(0, 3) + 180) % 360 - 180
            self._ships.append(_Ship(FIRST_MMSI + number, *place, random.uniform(0, 360), random.uniform(4, 20)))

    def state(self) -> None:
        """Each ship states its name and type once, and where it was an hour ago, and half an hour ago."""
        sender = clients.producer(self._kafka, linger_ms=50)
        for ago_s in (3600.0, 1800.0, 600.0):
            self._send(sender, self._ships, time.time() - ago_s)
        at_ms = int(time.time() * 1000)
        for ship in self._ships:
            made = Particulars(name=f"BENCH {ship.mmsi}", ship_type=_TYPES[ship.mmsi % len(_TYPES)], length_m=150)
            lines = tagged(sentences(static(ship.mmsi, made), sequence=ship.mmsi), at_ms, SOURCE)
            self._write(sender, partition_of(ship.mmsi, self._kafka.partitions), lines, at_ms)
        sender.close()

    def sail(self, stop: Event) -> None:
        """Every ship sends every EVERY_S, until ``stop`` is set."""
        sender, beat = clients.producer(self._kafka, linger_ms=50), 0
        while not stop.wait(max(0.0, self._began_s + beat * EVERY_S / _BEATS - time.time())):
            self._send(sender, self._ships[beat % _BEATS :: _BEATS], time.time())
            beat += 1
        sender.close()

    def _send(self, sender: Any, ships: list[_Ship], at_s: float) -> None:
        by_partition: dict[int, list[bytes]] = {}
        for ship in ships:
            lines = sentences(position(ship.mmsi, ship.at(at_s - self._began_s), status=0))
            part = partition_of(ship.mmsi, self._kafka.partitions)
            by_partition.setdefault(part, []).extend(tagged(lines, int(at_s * 1000), SOURCE))
        for part, lines in by_partition.items():
            for begin in range(0, len(lines), 1000):
                self._write(sender, part, lines[begin : begin + 1000], int(at_s * 1000))

    def _write(self, sender: Any, part: int, lines: list[bytes], at_ms: int) -> None:
        stamp = b"%d" % at_ms
        headers = [(H_KIND, KIND_SENTENCES), (H_SOURCE, SOURCE.encode()), (H_EVENT_FROM, stamp), (H_EVENT_TO, stamp)]
        sender.send(self._kafka.topic_prefix + SENTENCES, value=b"\n".join(lines), partition=part, headers=headers)
