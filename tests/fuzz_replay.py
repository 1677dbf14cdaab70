"""Mutated feeds through replay at three batch sizes and through restarts: the same bytes, or it fails.

    python -m tests.fuzz_replay --seconds 3600 --seed 1

Mutations go across sentences: dropped, repeated, swapped, delayed, moved around the boundaries of slots (5 min), steps
(10 s) and ticks, stations whose clocks differ, numbers that change hands, holes of minutes to months. Prints how many
feeds were compared; ends with 1 at the first difference and says where the feed that shows it lies, cut down.
"""

from __future__ import annotations

import argparse
import io
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

import msgspec

from detectors.core.alert import encode as written
from detectors.core.engine.alert_writer import Emitted
from detectors.core.engine.engine import Engine
from detectors.core.reference import ListedShip, Reference, Zone
from streams.ingest.model import SourceKind
from streams.nmea import encoder
from streams.pipeline.engines import engine_for
from streams.pipeline.replay import FileRead, InProcessPipeline, RefusalPlace, ReplayPlan, play
from streams.settings.model import Settings

BATCHES: Final = (1, 7, 1000)
REFERENCE: Final = Reference(
    ships=(
        ListedShip(list="FUZZ", entry_id="1", name="EXAMPLE ONE", imo=9179842),
        ListedShip(list="FUZZ", entry_id="2", name="EXAMPLE TWO", mmsi=273_000_003),
    ),
    zones=(
        Zone(name="Forbidden", kind="sanctioned", lat_deg=38.2, lon_deg=131.0, radius_nm=6, locode="XXFBD"),
        Zone(name="Ordinary", kind="associated", lat_deg=38.6, lon_deg=131.3, radius_nm=5),
    ),
    version="fuzz",
)
STATIONS: Final = ("east", "west", "hill")
SLOT_MS, STEP_MS, TICK_MS, HOUR_MS = 300_000, 10_000, 60_000, 3_600_000
OPENING_MOST: Final = 40
EDGES_MS: Final = (-30_001, -30_000, -29_999, -2000, -1000, -1, 0, 1, 999, 2000, 29_999, 30_000, 30_001)
OFFSETS_MS: Final = (1, 500, 1000, 2000, 9999, 10_000, 29_000, 30_000, 31_000, 59_000, 61_000, 299_000, 301_000)
HOLES_MS: Final = (61_000, SLOT_MS, 2 * HOUR_MS, 13 * HOUR_MS, 3 * 24 * HOUR_MS, 60 * 24 * HOUR_MS)
START_MS: Final = 1_704_070_800_000


class Said(NamedTuple):
    """One message as a station heard it."""

    time_ms: int
    mmsi: int
    station: str
    bits: Callable[[int], encoder.Bits]
    """Of an MMSI: so that it can change hands."""
    tagged: bool = True


Feed = list[Said]
Mutation = Callable[[Random, Feed], Feed]


def feed(draw: Random) -> Feed:
    """Some ships for some while; one or two are listed, one sails through a zone, some fall silent."""
    ships, lasts_ms = draw.choice((1, 3, 9, 12, 20)), draw.choice((600_000, HOUR_MS, 4 * HOUR_MS))
    every_ms = max(lasts_ms * ships // 900, draw.choice((2000, 10_000, 60_000, 180_000)))
    said: Feed = []
    for number in range(ships):
        dark = sorted(draw.uniform(0, lasts_ms) for _ in range(2)) if draw.random() < 0.4 else (0.0, 0.0)
        at_ms = draw.uniform(0, every_ms)
        while at_ms < lasts_ms:
            if not dark[0] < at_ms < dark[1]:
                said += _report(draw, number, int(at_ms))
            at_ms += every_ms * draw.uniform(0.7, 1.3)
    return sorted(said, key=lambda one: one.time_ms)


def _report(draw: Random, number: int, at_ms: int) -> Iterator[Said]:
    hour, mmsi = at_ms / HOUR_MS, 273_000_001 + number
    speed_kn = (0.0, 8.0, 12.0, 0.3)[number % 4]
    fix = encoder.EncodedFix(38.0 + number / 40 + speed_kn * hour / 60, 131.0, speed_kn, 0.0, 0.0, at_ms // 1000 % 60)
    yield _said(at_ms, mmsi, draw, lambda it: encoder.position(it, fix, status=5 * (number % 4 == 0)))
    if draw.random() < 0.05:
        ship = encoder.Particulars(
            imo=9_179_842 if number == 0 else 0,
            name=f"SHIP {number}",
            ship_type=70,
            destination="XXFBD" if number % 5 == 1 else "",
        )
        yield _said(at_ms + 1, mmsi, draw, lambda it: encoder.static(it, ship))


def _said(at_ms: int, mmsi: int, draw: Random, bits: Callable[[int], encoder.Bits]) -> Said:
    return Said(START_MS + at_ms, mmsi, draw.choice(STATIONS), bits)


# -- mutations -----------------------------------------------------------------------------------------------------


def dropped(draw: Random, said: Feed) -> Feed:
    share = draw.choice((0.01, 0.3, 0.9))
    return [one for one in said if draw.random() > share]


def stretch_dropped(draw: Random, said: Feed) -> Feed:
    first = draw.randrange(len(said))
    return said[:first] + said[first + draw.randrange(1, len(said) + 1) :]


def repeated(draw: Random, said: Feed) -> Feed:
    """The same messages, heard by another station too, at once or later."""
    share, late_ms = draw.choice((0.01, 0.2, 1.0)), draw.choice((0, *OFFSETS_MS))
    twice = [
        one._replace(station=draw.choice(STATIONS), time_ms=one.time_ms + late_ms)
        for one in said
        if draw.random() < share
    ]
    return sorted([*said, *twice], key=lambda one: one.time_ms)


def swapped(draw: Random, said: Feed) -> Feed:
    """Neighbours change places; their times stay with them."""
    said = list(said)
    for _ in range(draw.choice((1, 10, len(said)))):
        at = draw.randrange(len(said))
        to = min(len(said) - 1, at + draw.randrange(1, 12))
        said[at], said[to] = said[to], said[at]
    return said


def delayed(draw: Random, said: Feed) -> Feed:
    """Some come later than they were heard, in the order of their coming."""
    share, most_ms = draw.choice((0.02, 0.3)), draw.choice((5000, 29_000, 60_000, 900_000))
    came = [one.time_ms + (draw.randrange(most_ms) if draw.random() < share else 0) for one in said]
    return [said[place] for place in sorted(range(len(said)), key=came.__getitem__)]


def clocks_apart(draw: Random, said: Feed) -> Feed:
    """One station's clock is off; what it hears comes when it comes."""
    station, off_ms = draw.choice(STATIONS), draw.choice(OFFSETS_MS) * draw.choice((-1, 1))
    return [one._replace(time_ms=one.time_ms + off_ms) if one.station == station else one for one in said]


def begun_at_an_edge(draw: Random, said: Feed) -> Feed:
    """The whole feed is moved, so that one of its sentences lies at a boundary."""
    unit_ms, at = draw.choice((SLOT_MS, STEP_MS, TICK_MS)), draw.choice((0, 0, draw.randrange(len(said))))
    shift_ms = -(said[at].time_ms % unit_ms) + draw.choice(EDGES_MS)
    return [one._replace(time_ms=one.time_ms + shift_ms) for one in said]


def opened_by_a_later_one(draw: Random, said: Feed) -> Feed:
    """The first to come is just past a boundary; what was heard in the seconds before it follows."""
    unit_ms, at = draw.choice((SLOT_MS, SLOT_MS, STEP_MS, TICK_MS)), draw.randrange(min(OPENING_MOST, len(said)))
    shift_ms = -(said[at].time_ms % unit_ms) + draw.choice((0, 1, 999, 2000))
    moved = [one._replace(time_ms=one.time_ms + shift_ms) for one in said]
    return [moved[at], *moved[:at], *moved[at + 1 :]]


def pulled_to_edges(draw: Random, said: Feed) -> Feed:
    """Some times move to the nearest boundary, or just beside it; the order stays."""
    unit_ms, share = draw.choice((SLOT_MS, STEP_MS, TICK_MS)), draw.choice((0.05, 0.5))

    def moved(one: Said) -> Said:
        edge_ms = round(one.time_ms / unit_ms) * unit_ms
        return one._replace(time_ms=edge_ms + draw.choice(EDGES_MS)) if draw.random() < share else one

    return [moved(one) for one in said]


def whole_seconds(_draw: Random, said: Feed) -> Feed:
    return [one._replace(time_ms=one.time_ms // 1000 * 1000) for one in said]


def hole(draw: Random, said: Feed) -> Feed:
    first, hole_ms = draw.randrange(len(said)), draw.choice(HOLES_MS) + draw.choice(EDGES_MS)
    return [one._replace(time_ms=one.time_ms + hole_ms * (n >= first)) for n, one in enumerate(said)]


def number_changed(draw: Random, said: Feed) -> Feed:
    """From some moment on one ship has another's number, or a new one, or sends two by turns."""
    mine, first = draw.choice(said).mmsi, draw.choice(said).time_ms
    other, share = draw.choice((draw.choice(said).mmsi, 613_000_009)), draw.choice((0.3, 1.0))
    return [
        one._replace(mmsi=other) if one.mmsi == mine and one.time_ms >= first and draw.random() < share else one
        for one in said
    ]


def time_forged(draw: Random, said: Feed) -> Feed:
    said = list(said)
    for _ in range(draw.choice((1, 3, 20))):
        at = draw.randrange(len(said))
        off_ms = draw.choice((*OFFSETS_MS, *HOLES_MS)) * draw.choice((-1, 1))
        said[at] = said[at]._replace(time_ms=max(1000, said[at].time_ms + off_ms))
    return said


def untagged(draw: Random, said: Feed) -> Feed:
    share = draw.choice((0.02, 0.5))
    return [one._replace(tagged=draw.random() > share) for one in said]


MUTATIONS: Final[tuple[Mutation, ...]] = (
    dropped,
    stretch_dropped,
    repeated,
    swapped,
    delayed,
    clocks_apart,
    begun_at_an_edge,
    opened_by_a_later_one,
    pulled_to_edges,
    whole_seconds,
    hole,
    number_changed,
    time_forged,
    untagged,
)


# -- comparison ----------------------------------------------------------------------------------------------------


def line(number: int, one: Said) -> bytes:
    """The sentences of one message."""
    sentences = encoder.sentences(one.bits(one.mmsi), sequence=number % 10)
    return b"\n".join(encoder.tagged(sentences, one.time_ms, one.station) if one.tagged else sentences)


class Restarting(InProcessPipeline):
    """Its engines go through a snapshot now and then, some of whose shards are old ones."""

    def __init__(self, settings: Settings, partitions: int, every: int) -> None:
        super().__init__(settings, REFERENCE, partitions)
        self._settings, self._every, self._count = settings, every, 0
        self._shards: list[dict[int, bytes]] = [{} for _ in self.engines]

    def take(self, records: Iterable[object]) -> Iterator[object]:  # type: ignore[override]
        """Alerts, as ``InProcessPipeline.take``."""
        for record in records:
            yield from super().take([record])  # type: ignore[list-item]
            self._count += 1
            if self._count % self._every == 0:
                self.engines = [
                    self._again(engine, shards) for engine, shards in zip(self.engines, self._shards, strict=True)
                ]

    def _again(self, engine: Engine, shards: dict[int, bytes]) -> Engine:
        for number in range(engine.shard_count()):
            if number not in shards or number in engine.dirty():
                shards[number] = engine.shard(number)
        fresh = engine_for(self._settings, REFERENCE, engine.partition)
        return fresh.restore([shards[number] for number in range(engine.shard_count())], engine.manifest())


def played(data: bytes, batch: int, partitions: int, restart_every: int = 0) -> list[bytes]:
    """Alerts in order and what was refused, as bytes."""
    settings = Settings()
    road = (
        Restarting(settings, partitions, restart_every)
        if restart_every
        else InProcessPipeline(settings, REFERENCE, partitions)
    )
    plan = ReplayPlan(source="fuzz", partitions=partitions, source_kind=SourceKind(replayed=True, batch=batch))
    alerts, places = list[bytes](), list[bytes]()
    for item in play([io.BytesIO(data)], plan, road, settings):
        if isinstance(item, RefusalPlace):
            assert item.reason != "detector", item
            places.append(msgspec.json.encode(item))
        elif isinstance(item, FileRead):
            places.append(msgspec.json.encode(item))
        elif isinstance(item, Emitted):
            alerts.append(written(item.alert))
    return [*alerts, *sorted(places)]


def fault(data: bytes, partitions: int, restart_every: int) -> str:
    """What is wrong with what comes of a feed; empty when nothing is."""
    try:
        found = {f"batch {batch}": played(data, batch, partitions) for batch in BATCHES}
        found["restarts"] = played(data, 50, partitions, restart_every)
    except Exception:  # noqa: BLE001 - this is what we are looking for
        return traceback.format_exc()
    whole = found["batch 1000"]
    for name, one in found.items():
        if one != whole:
            at = next((n for n, pair in enumerate(zip(one, whole, strict=False)) if pair[0] != pair[1]), -1)
            return f"{name}: {len(one)} lines, at batch 1000 {len(whole)}; first difference at {at}:\n" + "\n".join(
                str(lines[at : at + 1])[:1500] for lines in (one, whole)
            )
    return ""


def cut_down(lines: Sequence[bytes], wrong: Callable[[Sequence[bytes]], str], seconds: float) -> Sequence[bytes]:
    """Fewer lines that still go wrong: halves, quarters, ... are left out as long as there is time."""
    until_s, size = time.monotonic() + seconds, len(lines) // 2
    while size and time.monotonic() < until_s:
        at = 0
        while at < len(lines) and time.monotonic() < until_s:
            fewer = [*lines[:at], *lines[at + size :]]
            if fewer and wrong(fewer):
                lines = fewer
            else:
                at += size
        size //= 2
    return lines


def trial(seed: int) -> tuple[list[bytes], str, list[str]]:
    """One mutated feed: its lines, what is wrong with it, and the mutations that it went through."""
    draw = Random(seed)
    said, names = feed(draw), list[str]()
    for mutation in draw.choices(MUTATIONS, k=draw.randrange(1, 5)) if said else ():  # some hear no ship at all
        mutated = mutation(draw, said)
        said = mutated or said
        names.append(mutation.__name__)
    lines = [line(number, one) for number, one in enumerate(said)]
    return lines, fault(b"\n".join(lines) + b"\n", *_ways(seed)), names


def _ways(seed: int) -> tuple[int, int]:
    """Partitions, and records between restarts."""
    return (1, 1, 1, 3)[seed % 4], (1, 2, 5, 17)[seed // 4 % 4]


def main(arguments: list[str] | None = None) -> int:
    """Runs for a while; 1 at a difference."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz_replay", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="CPU seconds of this process")
    parser.add_argument("--seed", type=int, default=0, help="of the first feed; the next ones count up")
    parser.add_argument("--feeds", type=int, default=1 << 60, help="at most so many feeds")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-replay.nmea"), help="where a feed that fails is put")
    given = parser.parse_args(arguments)
    until_s, seed, lines_in_all = time.process_time() + given.seconds, given.seed, 0
    while time.process_time() < until_s and seed - given.seed < given.feeds:
        lines, wrong, names = trial(seed)
        lines_in_all += len(lines)
        if wrong:
            sys.stdout.write(f"seed {seed}, {', '.join(names)}: {wrong}\n")
            few = cut_down(lines, lambda some: fault(b"\n".join(some) + b"\n", *_ways(seed)), given.seconds)  # noqa: B023
            given.keep.write_bytes(b"\n".join(few) + b"\n")
            sys.stdout.write(f"{len(few)} of {len(lines)} messages in {given.keep}\n{wrong_of(few, seed)}\n")
            return 1
        seed += 1
    sys.stdout.write(f"{seed - given.seed} feeds, {lines_in_all} messages, no difference; the next seed is {seed}\n")
    return 0


def wrong_of(lines: Sequence[bytes], seed: int) -> str:
    """What is wrong with the feed as it was cut down."""
    return fault(b"\n".join(lines) + b"\n", *_ways(seed))


if __name__ == "__main__":
    sys.exit(main())
