"""JSON of any publisher: names, units, and everything that a field can be instead of what it should be."""

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.decode.batch import decode
from streams.ingest.core import Ingest
from streams.ingest.field_map import FieldMap
from streams.ingest.model import SourceKind
from streams.ingest.sources.events import Chunk, Refused
from streams.messages.log_records import Sentences
from streams.settings.feeds import TopicFeedSettings

T_MS = 1_772_345_863_375
SHIP: dict[str, Any] = {"mmsi": 205_344_990, "time": T_MS / 1000, "lat": 59.5, "lon": 10.5, "sog": 5.0, "cog": 90.0}


def read(told: Any, **names: Any) -> list[Chunk | Refused]:
    value = told if isinstance(told, bytes) else msgspec.json.encode(told)
    return list(FieldMap(TopicFeedSettings(**names), "feed").read(value, "p"))


def batch(told: Any, **names: Any) -> Any:
    ingest = Ingest("x", 1, source_kind=SourceKind(replayed=True))
    for event in read(told, **names):
        assert isinstance(event, Chunk), event
        ingest.feed(event.data)
    (record,) = [record for record in ingest.end() if isinstance(record, Sentences)]
    return decode(record.value, "x").batch


@pytest.mark.parametrize(
    ("unit", "time"),
    [
        ("s", T_MS / 1000),
        ("s", str(T_MS / 1000)),
        ("ms", T_MS),
        ("us", T_MS * 1000),
        ("ns", T_MS * 1_000_000),
        ("iso", "2026-03-01T06:17:43.375Z"),
        ("iso", "2026-03-01T07:17:43.375+01:00"),
    ],
)
def test_a_time_is_read_in_its_unit(unit: str, time: Any) -> None:
    assert batch({**SHIP, "time": time}, time_unit=unit).reports[0]["time_ms"] == T_MS


@pytest.mark.parametrize(
    ("unit", "time"),
    [
        ("s", None), ("s", ""), ("s", "NaN"), ("s", True), ("s", -1), ("s", T_MS * 1000), ("s", "2026-03-01T00:00:00Z"),
        ("ms", "1e12"), ("ns", [T_MS]), ("iso", T_MS), ("iso", "2026-03-01T06:17:43"), ("iso", "yesterday"),
    ],
)  # fmt: skip
def test_without_a_time_there_is_no_entry(unit: str, time: Any) -> None:
    (refused,) = read({**SHIP, "time": time}, time_unit=unit)
    assert isinstance(refused, Refused) and "time" in refused.detail


@pytest.mark.parametrize(("unit", "sog", "expected"), [("kn", 10, 10), ("m/s", 5, 9.7), ("km/h", 18.52, 10)])
def test_a_speed_is_converted(unit: str, sog: float, expected: float) -> None:
    assert batch({**SHIP, "sog": sog}, sog_unit=unit).reports[0]["sog_kn"] == pytest.approx(expected, abs=0.06)


@pytest.mark.parametrize("unit", ["kn", "m/s", "km/h"])
@pytest.mark.parametrize("sog", [102.3, 1023, None, -1, "fast", True, 1e308, [5]])
def test_a_speed_that_is_none_is_unknown_in_any_unit(unit: str, sog: Any) -> None:
    assert math.isnan(batch({**SHIP, "sog": sog}, sog_unit=unit).reports[0]["sog_kn"])


def test_names_reach_into_objects_and_particulars_come_once() -> None:
    told = {
        "vessel": {"id": {"mmsi": "205344990"}, "imo": 9179842, "name": "ANGARA", "draught": 71},
        "when": T_MS,
        "position": {"lat": 59.5, "lon": 10.5},
    }
    found = batch(
        [told, told], mmsi="vessel.id.mmsi", time="when", time_unit="ms", lat="position.lat", lon="position.lon",
        imo="vessel.imo", name="vessel.name", draught="vessel.draught", draught_unit="dm",
    )  # fmt: skip
    assert list(found.reports["type"]) == [1, 5, 1]
    assert (found.statics[0]["imo"], found.statics[0]["name"]) == (9179842, b"ANGARA")
    assert found.statics[0]["draught_m"] == pytest.approx(7.1)


@pytest.mark.parametrize("value", [b"", b"{", b"\xff", b'{"mmsi": 1,}', b"[" * 100_000, b'{"mmsi":' * 5000])
def test_what_is_no_json_is_refused(value: bytes) -> None:
    assert read(value) == [Refused(value, "not JSON", "p")]


@pytest.mark.parametrize("wrong", [None, 0, "x", True, 10**9, 1.5, {"a": 1}])
def test_an_object_without_an_mmsi_is_refused_and_the_others_are_read(wrong: Any) -> None:
    found = read([{**SHIP, "mmsi": wrong}, 7, SHIP])
    assert [type(event) for event in found] == [Refused, Refused, Chunk]


@pytest.mark.parametrize(
    "stated", [{}, {"sog": 5.0, "status": 0}, {"lat": None, "lon": None}, {"name": "N/A", "imo": 0}]
)
def test_an_object_that_states_nothing_is_refused_and_unchanged_particulars_are_not(stated: dict[str, Any]) -> None:
    bare = {"mmsi": SHIP["mmsi"], "time": SHIP["time"]}
    named = {**bare, "name": "ANGARA"}
    found = read([{**bare, **stated}, named, named])
    assert isinstance(found[0], Refused) and "position" in found[0].detail
    assert msgspec.json.decode(found[0].raw) == {**bare, **stated}
    assert [isinstance(event, Chunk) and event.data.count(b"!AIVDM") for event in found[1:]] == [2, 0]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=50)
@given(st.dictionaries(st.sampled_from([*SHIP, "heading", "imo", "name", "draught", "destination"]), json_values))
def test_any_value_of_any_field_gives_sentences_or_a_reason(fields: dict[str, Any]) -> None:
    for event in FieldMap(TopicFeedSettings(), "feed").read(msgspec.json.encode({**SHIP, **fields}), ""):
        if isinstance(event, Refused):
            assert event.detail
            continue
        ingest = Ingest("x", 1, source_kind=SourceKind(live=True))
        ingest.feed(event.data, T_MS)
        ingest.end()
        assert set(ingest.counts.rejected) <= {"time_ahead", "time_behind"}
