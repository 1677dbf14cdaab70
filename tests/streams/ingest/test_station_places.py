"""Where stations are: as given, as stated, or learned; and stated in ticks, however the lines were cut."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest

from detectors.core.ticks import StationPlace
from streams.errors import ConfigError
from streams.ingest.core import Ingest, SourceKind
from streams.messages.log_records import Record, TickRecord
from streams.nmea.encoder import EncodedFix, position, sentences, tagged
from streams.settings.model import IngestSettings
from streams.settings.stations import stations_of

START_MS = 1_709_510_400_000


def heard(number: int, station: str = "PIER", lat_deg: float = 51.0, lon_deg: float = 1.0, ships: int = 20) -> bytes:
    """A position within 0.2 deg of a place, received by a station."""
    east, north = (number * 7 % 21 - 10) / 50, (number * 5 % 21 - 10) / 50
    lon_deg = (lon_deg + east + 180) % 360 - 180
    fix = EncodedFix(lat_deg=lat_deg + north, lon_deg=lon_deg, second=number * 10 % 60)
    bits = position(257_000_000 + number % ships, fix)
    (line,) = tagged(sentences(bits), START_MS + number * 10_000, station)
    return line


def played(lines: Sequence[bytes], settings: IngestSettings = IngestSettings(), at_once: int = 0) -> list[Record]:  # noqa: B008
    ingest = Ingest("coast", 1, settings, source_kind=SourceKind(replayed=True, tick_ms=60_000))
    records: list[Record] = []
    size = at_once or len(lines)
    for begin in range(0, len(lines), size):
        records += ingest.feed(b"\n".join(lines[begin : begin + size]) + b"\n")
    return records + ingest.end()


def stated(records: Sequence[Record]) -> list[tuple[StationPlace, ...]]:
    """What ticks state, without what is stated again."""
    found: list[tuple[StationPlace, ...]] = []
    for record in records:
        if isinstance(record, TickRecord) and record.tick.stations not in (None, *found[-1:]):
            found.append(record.tick.stations or ())
    return found


def test_the_median_of_what_a_station_hears_is_its_place() -> None:
    (places,) = stated(played([heard(number) for number in range(200)]))
    (place,) = places
    assert (place.station, place.origin) == ("PIER", "learned")
    assert place.lat_deg == pytest.approx(51.0, abs=0.1)
    assert place.lon_deg == pytest.approx(1.0, abs=0.1)


def test_a_place_beside_180_degrees_is_not_on_the_other_side_of_the_world() -> None:
    ((place,),) = stated(played([heard(number, lon_deg=179.98) for number in range(200)]))
    assert abs(place.lon_deg) == pytest.approx(179.98, abs=0.1)


def test_few_vessels_or_the_whole_world_give_no_place() -> None:
    assert stated(played([heard(number, ships=3) for number in range(200)])) == []
    assert stated(played([heard(number, lat_deg=number % 50 - 25) for number in range(200)])) == []


def test_a_place_is_stated_again_every_hour() -> None:
    ticks = [
        record.tick for record in played([heard(number) for number in range(1500)]) if isinstance(record, TickRecord)
    ]
    times = [tick.to_ms for tick in ticks if tick.stations]
    assert len(times) == 4
    assert all(3_600_000 <= after - before < 4_000_000 for before, after in pairwise(times[1:]))


def test_a_station_that_was_moved_is_learned_again() -> None:
    lines = [heard(number) for number in range(400)] + [heard(number, lat_deg=52.0) for number in range(400, 1200)]
    found = stated(played(lines))
    assert found[-1][0].lat_deg == pytest.approx(52.0, abs=0.1)


@pytest.mark.parametrize("at_once", [1, 7, 300, 0])
def test_ticks_do_not_depend_on_how_lines_were_cut(at_once: int) -> None:
    lines = [heard(n, "AB"[n % 2], lat_deg=51 + n % 2 + (n > 900)) for n in range(2500)]

    def ticks(records: Sequence[Record]) -> list[object]:
        return [record.tick for record in records if isinstance(record, TickRecord)]

    whole = played(lines)
    assert len(stated(whole)) > 2
    assert ticks(played(lines, at_once=at_once)) == ticks(whole)


def test_settings_come_before_what_a_station_says_and_that_before_what_is_learned() -> None:
    ingest = Ingest("coast", 1, IngestSettings(stations=("PIER 50.5 -1.25",)), source_kind=SourceKind(live=True))
    now_ms = START_MS
    records: list[Record] = []
    for number in range(200):
        if number == 5:
            for station in ("PIER", "HILL"):
                ingest.station_at(station, 53.0, 2.0)
        lines = b"".join(heard(number, station) + b"\n" for station in ("PIER", "HILL", "ISLE"))
        now_ms = START_MS + number * 10_000
        records += ingest.feed(lines, now_ms) + ingest.clock(now_ms)
    (*_, last) = stated(records)
    assert [(place.station, place.origin) for place in last] == [
        ("HILL", "stated"),
        ("ISLE", "learned"),
        ("PIER", "settings"),
    ]
    assert [place.lat_deg for place in last][::2] == [53.0, 50.5]


@pytest.mark.parametrize(
    "text", ["PIER", "PIER 51", "PIER 51 x", "PIER 91 0", "PIER nan 0", "PIER 0 181", "a b 1 2", ""]
)
def test_a_place_that_cannot_be_read_says_how_to_write_it(text: str) -> None:
    with pytest.raises(ConfigError, match=r"write 'STATION LATITUDE LONGITUDE' in degrees, such as 'PIER 51"):
        stations_of([text])


def test_a_station_given_twice_is_a_mistake() -> None:
    with pytest.raises(ConfigError, match="PIER is given twice"):
        stations_of(["PIER 1 2", "PIER 1 3"])
