"""Feeds that thin out are taken in whole; a clock that is wrong stays refused. What is lost is a dead letter."""

from collections import Counter
from collections.abc import Iterable

import pytest

from streams.errors import Reason
from streams.ingest.core import Ingest
from streams.ingest.model import SourceKind
from streams.nmea import encoder
from streams.nmea.encoder import EncodedFix

NOON_S = 1_700_000_000
HOUR_S, DAY_S = 3600, 86_400
FIX = EncodedFix(lat_deg=35.0, lon_deg=129.0, sog_kn=0.0, cog_deg=45.0, heading_deg=45.0)
Heard = tuple[float, int, str]
"""Seconds after the beginning, number of the vessel, station."""


def line(second: float, vessel: int, station: str) -> bytes:
    (sentence,) = encoder.sentences(encoder.position(205_000_000 + vessel, FIX, status=1))
    tag = f"s:{station}," if station else ""
    body = f"{tag}c:{NOON_S + int(second)}".encode()
    return b"\\%b*%02X\\%b\n" % (body, encoder.checksum(body), sentence)


def busy(hours: float = 1, vessels: int = 6, station: str = "A", begin_s: float = 0) -> list[Heard]:
    return [(begin_s + 18 * n, n % vessels, station) for n in range(int(hours * HOUR_S / 18))]


def lone(count: int, every_s: float, begin_s: float = HOUR_S, vessel: int = 9, station: str = "A") -> list[Heard]:
    return [(begin_s + every_s * n, vessel, station) for n in range(count)]


def shifted(heard: Iterable[Heard], by_s: float) -> list[Heard]:
    return [(second + by_s, vessel, station) for second, vessel, station in heard]


def taken_in(heard: Iterable[Heard], bulk_bytes: int | None, *, partitions: int = 4) -> Ingest:
    data = b"".join(line(*one) for one in heard)
    ingest = Ingest("feed", partitions, bulk_bytes=bulk_bytes)
    for place in range(0, len(data), 5000):
        ingest.feed(data[place : place + 5000])
    ingest.end()
    counts = ingest.counts
    assert counts.sentences == counts.messages + counts.rejected_all
    assert Counter(one.reason for one in ingest.refused) == Counter(counts.rejected)
    return ingest


THIN: dict[str, list[Heard]] = {
    "one moored vessel every 20 minutes": busy() + lone(35, 1200),
    "every 11 minutes": busy() + lone(60, 660),
    "every two hours": busy() + lone(6, 7200),
    "every 13 hours": busy() + lone(5, 13 * HOUR_S),
    "two reports and the end": busy() + lone(2, 1200, begin_s=HOUR_S + 1200),
    "one report and the end": busy() + lone(1, 1200, begin_s=HOUR_S + 1200),
    "a vessel that was there before": busy() + lone(35, 1200, vessel=3),
    "sixty vessels before": busy(vessels=60) + lone(35, 1200),
    "two moored vessels": busy() + sorted(lone(35, 1200) + lone(35, 1300, begin_s=HOUR_S + 40, vessel=8)),
    "a night of which nothing is heard, then one vessel for three minutes": busy()
    + lone(20, 10, begin_s=9 * HOUR_S, vessel=2),
    "a night, then the fleet": busy() + busy(begin_s=9 * HOUR_S),
    "bursts of a satellite": [
        (pass_s + n * 0.5, n % 40, f"SAT{pass_s // 5400 % 3}")
        for pass_s in range(0, 10 * 5400, 5400)
        for n in range(120 if pass_s % 10800 else 2)
    ],
    "hours of pause, another station after it": busy() + busy(station="B", begin_s=7 * HOUR_S),
    "three pauses of a week": [heard for week in range(4) for heard in shifted(busy(0.1), week * 7 * DAY_S)],
}


@pytest.mark.parametrize("bulk_bytes", [None, 1])
@pytest.mark.parametrize("what", THIN)
def test_a_feed_that_thins_out_is_taken_in_whole(what: str, bulk_bytes: int | None) -> None:
    ingest = taken_in(THIN[what], bulk_bytes)
    assert ingest.counts.rejected == {}
    assert ingest.clock_ms == max(int(second) for second, _, _ in THIN[what]) * 1000 + NOON_S * 1000


@pytest.mark.parametrize("partitions", [1, 4])
def test_how_many_partitions_there_are_changes_nothing(partitions: int) -> None:
    assert taken_in(THIN["one moored vessel every 20 minutes"], 1, partitions=partitions).counts.messages == 235


def beside(right: list[Heard], wrong: list[Heard], by_s: float) -> list[Heard]:
    """Both in the order of their arrival, the second with a clock that is wrong."""
    arrivals = [(heard, heard) for heard in right]
    arrivals += [(heard, (heard[0] + by_s, *heard[1:])) for heard in wrong]
    return [claimed for _, claimed in sorted(arrivals, key=lambda pair: pair[0][0])]


def of_b(vessels: int, count: int, every_s: float, begin_s: float = 0) -> list[Heard]:
    return [(begin_s + every_s * n, 100 + n % vessels, "B") for n in range(count)]


WRONG: dict[str, tuple[list[Heard], list[Heard], float]] = {
    "one vessel, a day": (busy(3), of_b(1, 60, 170, 5), DAY_S),
    "a station of six, a day": (busy(3), of_b(6, 900, 12, 5), DAY_S),
    "heard more than the others": (busy(3), of_b(6, 5000, 2, 1), DAY_S),
    "an hour, by a time zone": (busy(3), of_b(6, 900, 12, 5), HOUR_S),
    "from the very beginning, three vessels before anyone else": (busy(3, begin_s=10), of_b(6, 900, 3), DAY_S),
    "it begins later": (busy(6), of_b(6, 900, 3, 5 * HOUR_S), DAY_S),
    "the right station is away for two hours": (busy(2) + busy(2, begin_s=4 * HOUR_S), of_b(6, 1700, 12, 5), DAY_S),
    "it is heard last": (busy(2), of_b(6, 700, 12, 5), DAY_S),
}


@pytest.mark.parametrize("bulk_bytes", [None, 1])
@pytest.mark.parametrize("what", WRONG)
def test_a_station_with_a_wrong_clock_is_refused_and_harms_nobody(what: str, bulk_bytes: int | None) -> None:
    right, wrong, by_s = WRONG[what]
    ingest = taken_in(beside(right, wrong, by_s), bulk_bytes)
    assert ingest.counts.rejected == {Reason.TIME_AHEAD: len(wrong)}
    assert ingest.clock_ms is not None
    assert ingest.clock_ms <= (NOON_S + int(right[-1][0])) * 1000


def test_a_station_that_was_put_right_is_believed_and_bears_witness_again() -> None:
    wrong = beside(busy(1), of_b(6, 200, 18, 5), DAY_S)
    righted = sorted(busy(1, begin_s=HOUR_S) + of_b(6, 200, 18, HOUR_S + 5))
    alone = of_b(6, 200, 18, 9 * HOUR_S)
    ingest = taken_in(wrong + righted + alone, 1)
    assert ingest.counts.rejected == {Reason.TIME_AHEAD: 200}


@pytest.mark.parametrize("what", ["a single report of a year ahead at the very end", "two that tell of the past"])
def test_what_cannot_be_so_is_refused_at_the_end(what: str) -> None:
    odd = [(365 * DAY_S, 3, "A")] if "year" in what else [(-2 * DAY_S, 3, "A"), (-3 * DAY_S, 3, "A")]
    reason = Reason.TIME_AHEAD if "year" in what else Reason.TIME_BEHIND
    assert taken_in(busy() + odd, 1).counts.rejected == {reason: len(odd)}


@pytest.mark.parametrize("bulk_bytes", [None, 1])
@pytest.mark.parametrize("at", [0, 1, 2, 20, 34])
def test_a_garbled_time_among_lone_reports_is_all_that_is_lost(at: int, bulk_bytes: int | None) -> None:
    reports = lone(35, 1200, begin_s=HOUR_S + 1200)
    garbled = [*reports[:at], (400 * DAY_S, 9, "A"), *reports[at:]]
    ingest = taken_in(busy() + garbled, bulk_bytes)
    assert ingest.counts.rejected == {Reason.TIME_AHEAD: 1}


class Live:
    """A live source at its wall clock, one second at a time."""

    def __init__(self) -> None:
        self.ingest = Ingest("feed", 1, source_kind=SourceKind(live=True))
        self.second = 0

    def hear(self, heard: Iterable[tuple[float, Heard]]) -> None:
        for wall_s, one in heard:
            while self.second < wall_s:
                self.second += 1
                self.ingest.clock((NOON_S + self.second) * 1000)
            self.ingest.feed(line(*one), (NOON_S + int(wall_s)) * 1000)


def as_heard(heard: Iterable[Heard], by_s: float = 0) -> list[tuple[float, Heard]]:
    return [(second, (second + by_s, vessel, station)) for second, vessel, station in heard]


def test_a_live_lone_reporter_is_never_ahead() -> None:
    live = Live()
    live.hear(as_heard(busy() + lone(10, 1200)))
    assert live.ingest.counts.rejected == {}


def test_live_a_station_a_day_wrong_stays_refused_when_it_is_alone() -> None:
    live = Live()
    heard = as_heard(busy()) + as_heard(of_b(2, 400, 20, 5), DAY_S)
    live.hear(sorted(heard, key=lambda pair: pair[0]))
    live.hear(as_heard(busy(0.2, begin_s=3 * HOUR_S)))
    assert live.ingest.counts.rejected == {Reason.TIME_AHEAD: 400}
    assert live.ingest.counts.messages == 240


def test_a_recording_that_is_sent_to_a_live_source_thins_out_likewise() -> None:
    live = Live()
    live.hear((n / 50, one) for n, one in enumerate(busy() + lone(35, 1200)))
    assert live.ingest.counts.rejected == {}
