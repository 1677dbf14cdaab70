"""The ANGARA reconstruction: nine months, thinned, with everything that the case asks of a detector.

It is a reconstruction from published sightings, not a recording: the MMSI is visibly invented, and between the
sightings the ship does what is plausible. Sources: OFAC listing of 8 May 2022; published analyses of the
Rajin-Dunai traffic (August 2023 on), the Korea Strait transmission and the arrival at Zhoushan on 9 February 2024.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import msgspec
import numpy as np

from streams.encode import Fix, Particulars
from streams.scenario.world import HOUR_MS, Leg, Receiver, Spoken, Truth

TITLE: Final = "ANGARA: a reconstruction from published sightings, not a recording; her MMSI is invented"
DAY_MS: Final = 24 * HOUR_MS
RECEIVERS: Final = (
    Receiver(name="vladivostok", mmsi=2_739_001, lat_deg=42.95, lon_deg=132.4, range_nm=45),
    Receiver(name="busan", mmsi=4_401_001, lat_deg=35.05, lon_deg=129.1, range_nm=50),
    Receiver(name="zhoushan", mmsi=4_121_001, lat_deg=29.95, lon_deg=122.2, range_nm=40),
)
"""There is none near Rajin: nothing there can be heard."""
BASE_EVERY_S: Final = 840.0
RAMP_EVERY_S: Final = 30.0
SHIP_EVERY_S: Final = 600.0
LISTED_EVERY_S: Final = 180.0
BUSY_EVERY_S: Final = 60.0
STATIC_EVERY_S: Final = 360.0
CLASS_B_EVERY: Final = 10


def at(text: str) -> int:
    """Unix ms of ``2024-02-03 04:10`` UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


START_MS, END_MS = at("2023-08-15 00:00"), at("2024-05-01 00:00")
BLIP_MS: Final = at("2024-02-03 04:10")
ARRIVAL_MS: Final = at("2024-02-09 06:00")
LEGS_MS: Final = tuple(
    at(day) for day in ("2023-09-12 06:00", "2023-10-03 06:00", "2023-11-14 06:00", "2023-12-20 06:00")
)
FEED_LOSS_MS: Final = (at("2023-10-25 02:00"), at("2023-10-25 08:00"))


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Whom the story is about. Places are (latitude, longitude) in degrees."""

    seed: int = 1
    vessels: int = 200
    mmsi: int = 273_999_001
    imo: int = 9_179_842
    name: str = "ANGARA"
    destination: str = "ZHOUSHAN"
    yard: tuple[float, float] = (29.98, 122.12)
    home: tuple[float, float] = (42.86, 132.36)
    vanishes: tuple[float, float] = (42.55, 132.0)


def story(options: Options) -> tuple[list[Spoken], list[Truth]]:
    """All that is said on the air, unordered, and what is true. Deterministic in ``options``."""
    draw = np.random.default_rng(options.seed)
    spoken: list[Spoken] = []
    truths: list[Truth] = []
    for part in (_ship(options), _strait(options, draw), _coast(draw), _namesakes(), _bases()):
        for item in part:
            (truths if isinstance(item, Truth) else spoken).append(item)  # type: ignore[arg-type]
    truths.append(Truth(kind="feed_loss", mmsi=0, from_ms=FEED_LOSS_MS[0], to_ms=FEED_LOSS_MS[1],
                        note="everything falls silent", expected=("feed_outage ticket",)))  # fmt: skip
    first, last = FEED_LOSS_MS
    return [s for s in spoken if START_MS <= s.time_ms <= END_MS and not first < s.time_ms < last], truths


def _ship(o: Options) -> Iterator[Spoken | Truth]:
    """She herself."""
    ship = Particulars(imo=o.imo, call_sign="UBWW9", name=o.name, ship_type=70, length_m=128, beam_m=18, draught_m=5.2)
    autumn = at("2023-09-05 06:00")
    yield from _heard(o, ship, autumn, autumn + 12 * HOUR_MS, o.home, o.home)
    yield Truth(kind="first_heard", mmsi=o.mmsi, from_ms=autumn, to_ms=autumn + 12 * HOUR_MS,
                note="at anchor; MMSI and IMO become bound", expected=("watchlist ticket",))  # fmt: skip
    for leg in LEGS_MS:
        yield from _heard(o, ship, leg, leg + 3 * HOUR_MS, o.home, o.vanishes)
        back = leg + 43 * HOUR_MS
        yield from _heard(o, ship, back, back + 3 * HOUR_MS, o.vanishes, o.home)
        yield Truth(kind="dark_leg", mmsi=o.mmsi, from_ms=leg + 3 * HOUR_MS, to_ms=back,
                    note="vanishes and reappears off Dunai", expected=("gap page", "watchlist page"))  # fmt: skip
    seen = [(34.75, 129.75), (34.70, 129.68)]
    blip = Leg(mmsi=o.mmsi, from_ms=BLIP_MS, to_ms=BLIP_MS + 24 * 60_000, start=seen[0], end=seen[1], every_s=10.0)
    yield from blip.say()
    for minute in (6, 12, 18):
        yield Spoken(time_ms=BLIP_MS + minute * 60_000 + 3_000, mmsi=o.mmsi, fix=Fix(*seen[0]),
                     ship=ship._replace(destination=o.destination))  # fmt: skip
    yield Truth(kind="blip", mmsi=o.mmsi, from_ms=BLIP_MS, to_ms=BLIP_MS + 24 * 60_000,
                note="minutes in the Korea Strait", expected=("watchlist page",))  # fmt: skip
    off = (o.yard[0] - 0.2, o.yard[1] + 0.3)
    bound = ship._replace(destination=o.destination)
    yield from _heard(o, bound, ARRIVAL_MS, ARRIVAL_MS + 3 * HOUR_MS, off, o.yard)
    yield from _heard(o, bound, ARRIVAL_MS + 3 * HOUR_MS + 60_000, ARRIVAL_MS + 3 * DAY_MS, o.yard, o.yard, status=5)
    yield Truth(kind="long_stay", mmsi=o.mmsi, from_ms=ARRIVAL_MS + 3 * HOUR_MS, to_ms=END_MS,
                note="at the yard, then silent there", expected=("port_proximity page", "gap page"))  # fmt: skip


def _heard(  # noqa: PLR0917 - who, when and where, in the order of a log book
    o: Options, ship: Particulars, from_ms: int, to_ms: int, start: tuple[float, float], end: tuple[float, float],
    *, status: int = 0,
) -> Iterator[Spoken]:  # fmt: skip
    resting = start == end
    every_s = LISTED_EVERY_S
    leg = Leg(mmsi=o.mmsi, from_ms=from_ms, to_ms=to_ms, start=start, end=end, every_s=every_s,
              status=(status or 1) if resting else 0)  # fmt: skip
    yield from leg.say()
    step_ms = int(STATIC_EVERY_S * 10_000) if resting else int(STATIC_EVERY_S * 1000)
    for time_ms in range(from_ms + 20_000, to_ms, step_ms):
        yield Spoken(time_ms=time_ms, mmsi=o.mmsi, fix=Fix(*start), ship=ship)


def _strait(o: Options, draw: np.random.Generator) -> Iterator[Spoken]:
    """Hundreds of other ships in the Korea Strait, some hours around the blip."""
    for number in range(o.vessels):
        lat, lon = 34.5 + draw.random() * 0.9, 128.7 + draw.random() * 0.8
        hours, course = 5.0, draw.choice([-1.0, 1.0])
        end = (lat + course * hours * 0.09, lon + course * hours * 0.14)
        begin = BLIP_MS - 2 * HOUR_MS + int(draw.random() * 60_000)
        mmsi = int(draw.choice([440, 441, 431, 412, 636, 352])) * 1_000_000 + 100_000 + number
        if number % CLASS_B_EVERY == 0:
            yield from Leg(mmsi=mmsi, from_ms=begin, to_ms=begin + 5 * HOUR_MS, start=(lat, lon), end=(lat, lon + 0.05),
                           every_s=180.0, class_b=True).say()  # fmt: skip
        else:
            yield from Leg(mmsi=mmsi, from_ms=begin, to_ms=begin + 5 * HOUR_MS, start=(lat, lon), end=end,
                           every_s=BUSY_EVERY_S).say()  # fmt: skip


def _coast(draw: np.random.Generator) -> Iterator[Spoken]:
    """Ordinary traffic all along: ships that come into range, pass or moor, and leave it again."""
    for receiver in RECEIVERS:
        time_ms, number = START_MS, 0
        while time_ms < END_MS:
            number += 1
            mmsi = (273, 440, 412)[RECEIVERS.index(receiver)] * 1_000_000 + 500_000 + number % 400
            side = draw.choice([-1.0, 1.0])
            start = (receiver.lat_deg - 0.45, receiver.lon_deg + side * (0.3 + 0.5 * draw.random()))
            end = (receiver.lat_deg + 0.45 - draw.random() * 0.6, receiver.lon_deg + side * 0.25)
            hours = 5 + 6 * draw.random()
            yield from Leg(mmsi=mmsi, from_ms=time_ms, to_ms=time_ms + int(hours * HOUR_MS), start=start, end=end,
                           every_s=SHIP_EVERY_S).say()  # fmt: skip
            if number % 6 == 0:  # this one moors, and powers down after two days
                yield from Leg(mmsi=mmsi, from_ms=time_ms + int(hours * HOUR_MS) + 1000,
                               to_ms=time_ms + int(hours * HOUR_MS) + 2 * DAY_MS, start=end, end=end,
                               every_s=1200.0, status=5).say()  # fmt: skip
            time_ms += int((6 + 8 * draw.random()) * HOUR_MS)


def _namesakes() -> Iterator[Spoken | Truth]:
    """Two honest ships whose names read like hers."""
    hers = Particulars(ship_type=70, length_m=115, name="ANGARA", destination="VLADIVOSTOK")
    ships = (
        (273_000_777, hers._replace(imo=9_124_043)),
        (273_000_778, hers._replace(imo=9_000_089, name="FESCO ANGARA")),
    )
    for number, (mmsi, ship) in enumerate(ships):
        begin = at("2023-09-20 00:00") + number * DAY_MS
        place = (42.9, 132.5 + number / 10)
        yield from Leg(mmsi=mmsi, from_ms=begin, to_ms=begin + 8 * HOUR_MS, start=place, end=(43.05, 132.2),
                       every_s=SHIP_EVERY_S).say()  # fmt: skip
        for time_ms in range(begin + 5_000, begin + 8 * HOUR_MS, HOUR_MS):
            yield Spoken(time_ms=time_ms, mmsi=mmsi, fix=Fix(*place), ship=ship)
        yield Truth(
            kind="namesake", mmsi=mmsi, from_ms=begin, to_ms=begin + 8 * HOUR_MS, note=f"another ship: {ship.name}"
        )


def _bases() -> Iterator[Spoken]:
    """Each receiver's own base station, so that its silence means that it is down; oftener around the busy hours."""
    busy_from, busy_to = BLIP_MS - 4 * HOUR_MS, BLIP_MS + 6 * HOUR_MS
    for number, receiver in enumerate(RECEIVERS):
        time_ms = START_MS + number * int(BASE_EVERY_S * 1000) // len(RECEIVERS)
        fix = Fix(receiver.lat_deg, receiver.lon_deg)
        while time_ms < END_MS:
            yield Spoken(time_ms=time_ms, mmsi=receiver.mmsi, fix=fix, base=True)
            every_s = RAMP_EVERY_S * 3 if busy_from < time_ms < busy_to else BASE_EVERY_S
            time_ms += int(every_s * 1000)
