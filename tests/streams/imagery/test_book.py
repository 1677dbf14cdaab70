"""Images and alerts in any order, late and twice: what is told in the end is the same."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.core.alert import Alert, Position, Vessel
from detectors.core.units import HOUR_MS, rfc3339
from detectors.core.vessels.sightings import SightingRecord, sightings_in, with_sightings
from streams.errors import InputError
from streams.imagery.book import IMAGES_DAYS, ImageBook, TakenImage
from streams.imagery.images import Contact, Fixes, Image
from streams.imagery.matching.matching import Outcomes, match
from streams.imagery.places import Place

T0 = 1_770_000_000_000
SILENT, SAILING = 273_999_001, 230_000_001
PORT = Place("Forbidden", 42.25, 130.3, 3.0)
BOX = ((129.0, 41.5), (131.5, 41.5), (131.5, 43.0), (129.0, 43.0), (129.0, 41.5))


def image(number: int, *contacts: Contact, after_h: float = 6.0) -> Image:
    return Image(
        id=f"S1A-{number}",
        sensor="Sentinel-1",
        kind="radar",
        time_ms=T0 + int(after_h * HOUR_MS),
        footprint=BOX,
        contacts=contacts,
        track_deg=192.0,
        looks="right",
    )


def at_port(length_m: float = 128.0) -> Contact:
    return Contact(id="at port", lat_deg=42.252, lon_deg=130.304, length_m=length_m)


def where_ais_says() -> Contact:
    return Contact(id="with AIS", lat_deg=42.5, lon_deg=130.0, length_m=90.0)


def taken(one: Image) -> TakenImage:
    """With a ship at anchor that is heard around it."""
    times = np.array([-600_000, -60_000, 60_000, 600_000]) + one.time_ms
    same = np.ones(4)
    fixes = Fixes(np.full(4, SAILING), times, 42.5 * same, 130.0 * same, 0.0 * same, np.full(4, np.nan))
    return TakenImage(image=one, fixes=fixes, lengths={SAILING: 90.0})


def gap(revision: int = 1, again_h: float | None = None) -> Alert:
    """Silent since T0 under way, 60 nm east of the port."""
    closed = again_h is not None
    again_ms = T0 + int((again_h or 0) * HOUR_MS)
    return Alert(
        id="a" * 32,
        revision=revision,
        status="closed" if closed else "opened",
        detector="gap",
        rule_version=2,
        severity="page",
        subject=f"mmsi/{SILENT}",
        case_id="imo/9179842",
        mmsi=SILENT,
        vessel=Vessel(name="ANGARA", imo=9_179_842, length_m=128),
        episode_start=rfc3339(T0),
        time=rfc3339(again_ms if closed else T0 + HOUR_MS),
        position=Position(lat_deg=42.3, lon_deg=131.4, time=rfc3339(again_ms if closed else T0)),
        headline="ANGARA silent",
        details={
            "category": "under_way",
            "last_heard": rfc3339(T0),
            "v_max_kn": 12.0,
            **({"reappeared_at": rfc3339(again_ms)} if closed else {}),
        },
    )


class Engine:
    """Answers records as the engine does, and shows the alert as it is."""

    def __init__(self, book: ImageBook) -> None:
        self.book, self.gap, self.told = book, None, list[SightingRecord]()

    def settle(self) -> None:
        """Until there is nothing more to tell."""
        for _ in range(5):
            records = list(self.book.records(lambda _, newest_ms: newest_ms))
            if not records:
                return
            self.told += records
            for record in records:
                if record.alert is not None:
                    revised = with_sightings(record.alert, record.sightings)
                    self.book.take(msgspec.structs.replace(revised, revision=record.alert.revision + 1))
        raise AssertionError("it never ends")

    def shown(self) -> set[tuple[str, str, str | None]]:
        """Image, outcome and contact by the newest revision of the gap."""
        known = self.book._alerts.get(SILENT, {})
        return {(one.image, one.outcome, one.contact) for each in known.values() for one in sightings_in(each.alert)}


def shown_after(steps: Iterable[Image | Alert]) -> set[tuple[str, str, str | None]]:
    playing = Engine(ImageBook((PORT,)))
    for step in steps:
        if isinstance(step, Image):
            playing.book.add(taken(step))
        else:
            playing.book.take(step)
        playing.settle()
    return playing.shown()


FOUND = image(1, at_port(), where_ais_says())
EMPTY = image(2, where_ais_says(), after_h=8.0)
AFTER = image(3, at_port(), where_ais_says(), after_h=40.0)
STEPS: list[Image | Alert] = [FOUND, EMPTY, AFTER, gap()]


def test_a_silent_ship_is_found_in_the_image_of_its_silence() -> None:
    assert shown_after([gap(), FOUND]) == {("S1A-1", "possible", "at port")}
    assert shown_after([FOUND, gap()]) == {("S1A-1", "possible", "at port")}


@settings(max_examples=60, deadline=None)
@given(st.permutations(STEPS), st.lists(st.sampled_from(STEPS), max_size=4))
def test_any_order_late_and_twice(order: list[Image | Alert], again: list[Image | Alert]) -> None:
    assert shown_after([*order, *again]) == {("S1A-1", "possible", "at port"), ("S1A-3", "possible", "at port")}


def test_when_it_is_heard_before_an_image_that_image_no_longer_shows_it() -> None:
    ended = gap(revision=9, again_h=20.0)
    assert shown_after([gap(), FOUND, AFTER, ended]) == {("S1A-1", "possible", "at port")}


def test_another_version_of_an_image_takes_a_match_back() -> None:
    corrected = msgspec.structs.replace(FOUND, contacts=(where_ais_says(),))
    assert shown_after([gap(), FOUND, corrected]) == set()


def test_a_withdrawn_image_takes_a_match_back_and_a_forgotten_one_does_not() -> None:
    playing = Engine(ImageBook((PORT,)))
    for step in (gap(), FOUND):
        playing.book.add(taken(step)) if isinstance(step, Image) else playing.book.take(step)
    playing.settle()
    playing.book.add(taken(image(7, where_ais_says(), after_h=24.0 * (IMAGES_DAYS + 2))))
    playing.settle()
    assert playing.shown() == {("S1A-1", "possible", "at port")}
    other = Engine(ImageBook((PORT,)))
    for step in (gap(), FOUND):
        other.book.add(taken(step)) if isinstance(step, Image) else other.book.take(step)
    other.settle()
    other.book.withdraw("S1A-1")
    other.settle()
    assert other.shown() == set()


def test_a_yacht_at_the_port_is_not_the_ship() -> None:
    assert shown_after([gap(), image(1, at_port(14.0), where_ais_says())]) == set()


def test_a_book_that_begins_again_tells_nothing_that_is_stated_already() -> None:
    first = Engine(ImageBook((PORT,)))
    for step in (gap(), FOUND):
        first.book.add(taken(step)) if isinstance(step, Image) else first.book.take(step)
    first.settle()
    (known,) = first.book._alerts[SILENT].values()
    second = Engine(ImageBook((PORT,)))
    for alert in (gap(), known.alert):
        second.book.take(alert)
    second.book.add(taken(FOUND))
    second.settle()
    assert not second.told


def test_an_image_that_is_old_against_another_is_matched_and_told_as_well() -> None:
    """A recording of another month beside a live feed."""
    book = ImageBook((PORT,))
    book.take(gap())
    book.add(taken(image(7, where_ais_says(), after_h=24.0 * (IMAGES_DAYS + 2))))
    book.add(taken(FOUND))
    assert book.outcomes(FOUND.id).found
    told = list(book.records(lambda _, newest_ms: newest_ms))
    assert [one.image for record in told for one in record.sightings if record.alert] == [FOUND.id]
    assert not list(book.records(lambda _, newest_ms: newest_ms))


def test_an_alert_states_the_newest_images_only() -> None:
    """It may be open for years, and an image a day shows the vessel."""
    playing = Engine(ImageBook((PORT,)))
    playing.book.take(gap())
    former = [
        msgspec.structs.replace(FOUND, id=f"S1A-{number}", time_ms=FOUND.time_ms + number) for number in range(130)
    ]
    for first in range(0, len(former), 26):
        for one in former[first : first + 26]:
            playing.book.add(taken(one))
        playing.settle()
    (known,) = playing.book._alerts[SILENT].values()
    assert [one.image for one in sightings_in(known.alert)] == [f"S1A-{number}" for number in range(30, 130)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"time": "soon"},
        {"time": "0001-01-01T00:00:00"},
        {"episode_start": "9" * 5000},
        {"revision": 0},
        {"details": {"sightings": "x"}},
        {"details": {"sightings": [1]}},
        {"details": {"sightings": [{}]}},
        {"details": {"sightings": [{"time": "2024-01-01T00:00:00Z", "outcome": "sunk"}]}},
        {"details": {"sightings": {"a": 1}}},
    ],
)
def test_an_alert_that_no_detector_writes_is_rejected(wrong: dict[str, object]) -> None:
    book = ImageBook((PORT,))
    with pytest.raises(InputError):
        book.take(msgspec.structs.replace(gap(), **wrong))
    book.add(taken(FOUND))
    assert not list(book.records(lambda _, newest_ms: newest_ms))


@pytest.mark.parametrize(
    "wrong",
    [
        {"details": {"last_heard": rfc3339(T0), "v_max_kn": 1e308}},
        {"details": {"last_heard": rfc3339(T0), "v_max_kn": -5}},
        {"details": {"last_heard": 5, "v_max_kn": 12.0}},
        {"position": Position(lat_deg=1e300, lon_deg=130.0, time=rfc3339(T0))},
        {"vessel": Vessel(length_m=-3)},
        {"vessel": Vessel(length_m=0)},
    ],
)
def test_a_gap_with_numbers_that_cannot_be_is_no_silence_or_one_of_unknown_length(wrong: dict[str, object]) -> None:
    shown_after([msgspec.structs.replace(gap(), **wrong), FOUND])


def test_a_silence_out_of_reach_of_an_image_does_not_match_it_again() -> None:
    matched: list[str] = []

    def counted(image: Image, *given: Any, **more: Any) -> Outcomes:
        matched.append(image.id)
        return match(image, *given, **more)

    playing = Engine(ImageBook((PORT,), counted))
    far = msgspec.structs.replace(FOUND, id="far", footprint=tuple((lon + 40, lat) for lon, lat in BOX), contacts=())
    for one in (FOUND, far):
        playing.book.add(taken(one))
    playing.settle()
    playing.book.take(gap())
    playing.settle()
    assert sorted(matched) == ["S1A-1", "S1A-1", "far"]
    playing.book.take(gap(revision=9))  # the same silence
    playing.settle()
    assert len(matched) == 3
