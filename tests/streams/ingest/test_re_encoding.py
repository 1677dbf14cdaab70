"""Sentences written from fields: what is unknown, what is refused, and what reads back as it was stated."""

import math
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from detectors.core.reports import RE_ENCODED
from streams.decode.batch import decode
from streams.ingest.core import Ingest
from streams.ingest.json_fields import FieldError, number, words
from streams.ingest.model import SourceKind
from streams.ingest.re_encoding import (
    REPEAT_MS,
    MessageError,
    PositionFields,
    ReEncoder,
    StaticFields,
    mmsi_of,
    re_encoded,
    turn_deg_min,
)
from streams.messages.log_records import Sentences
from streams.nmea.sentence import STATION_MOST

T_MS = 1_772_345_863_375
MMSI = 205_344_990
NOTHING = (None, "", "N/A", " null ", "NaN", float("nan"))
WRONG_KIND = (True, [1], {"a": 1}, 1e308, 10**40, float("inf"), "\u0665\u0661", "5e1", "0x10", "1,5", "five", "1" * 400)


def batch(lines: list[bytes]) -> Any:
    ingest = Ingest("x", 1, source_kind=SourceKind(replayed=True))
    records = ingest.feed(b"\n".join(lines) + b"\n") + ingest.end()
    assert not ingest.counts.rejected
    (record,) = [record for record in records if isinstance(record, Sentences)]
    return decode(record.value, "x").batch


def report(**fields: Any) -> Any:
    lines = ReEncoder("x").position(PositionFields(**{"mmsi": MMSI, "lat_deg": 59.5, "lon_deg": 10.5, **fields}), T_MS)
    return batch(lines).reports[0]


def statics(**fields: Any) -> Any:
    return batch(ReEncoder("x").static(StaticFields(**{"mmsi": MMSI, "name": "ANGARA", **fields}), T_MS)).statics[0]


@pytest.mark.parametrize("nothing", NOTHING)
def test_what_is_not_there_is_unknown(nothing: object) -> None:
    empty = dict.fromkeys(("lat_deg", "lon_deg", "sog_kn", "cog_deg", "heading_deg", "turn_deg_min", "status"), nothing)
    found = report(**empty)
    assert all(math.isnan(found[name]) for name in ("lat_deg", "lon_deg", "sog_kn", "cog_deg", "heading_deg"))
    assert found["status"] == -1


@pytest.mark.parametrize(
    ("field", "value", "column"),
    [
        ("lat_deg", 91, "lat_deg"), ("lat_deg", "91.000000", "lon_deg"), ("lon_deg", 181.0, "lon_deg"),
        ("lon_deg", 180.999985, "lat_deg"), ("sog_kn", 102.3, "sog_kn"), ("sog_kn", 102.300003, "sog_kn"),
        ("sog_kn", 1023, "sog_kn"), ("sog_kn", -1, "sog_kn"), ("cog_deg", 360, "cog_deg"), ("cog_deg", 511, "cog_deg"),
        ("heading_deg", 511, "heading_deg"), ("heading_deg", 360, "heading_deg"),
    ],
)  # fmt: skip
def test_the_numbers_of_ais_for_unknown_are_unknown(field: str, value: object, column: str) -> None:
    assert math.isnan(report(**{field: value})[column])


def test_the_other_numbers_for_unknown_are_unknown() -> None:
    from pyais import decode as decode_line

    assert turn_deg_min(-128) is turn_deg_min(127) is turn_deg_min(None) is None
    lines = ReEncoder("x").position(PositionFields(MMSI, 59.5, 10.5, turn_deg_min=turn_deg_min(-64), second=61), None)
    sent = decode_line(lines[0].rpartition(b"\\")[2]).asdict()
    assert sent["turn"] == -183 and sent["second"] == 60
    found = statics(imo=0, draught_m=0, ship_type=0, length_m=0)
    assert found["imo"] == 0 and math.isnan(found["draught_m"]) and found["length_m"] == -1 == found["ship_type"]


@pytest.mark.parametrize("value", WRONG_KIND)
def test_a_position_of_a_wrong_kind_refuses_the_message_and_another_field_is_unknown(value: object) -> None:
    for field in ("lat_deg", "lon_deg", "mmsi"):
        with pytest.raises(MessageError, match=r"is not a|beyond"):
            report(**{field: value})
    fields = dict.fromkeys(("sog_kn", "cog_deg", "heading_deg", "turn_deg_min", "status", "second"), value)
    found = report(**fields)
    assert math.isnan(found["sog_kn"]) and math.isnan(found["heading_deg"]) and found["status"] == -1
    assert found["lat_deg"] == 59.5
    kept = dict.fromkeys(("imo", "ship_type", "length_m", "beam_m", "draught_m", "call_sign"), value)
    named = statics(**(kept | ({"call_sign": 5} if isinstance(value, str) else {})), eta=(value,) * 4)
    assert named["name"] == b"ANGARA" and named["imo"] == 0 and named["call_sign"] == b""


@pytest.mark.parametrize("mmsi", [None, 0, "", -1, 1_000_000_000, 2.5, "12345678901", 205_344_990.5])
def test_a_message_without_a_usable_mmsi_is_refused(mmsi: object) -> None:
    with pytest.raises(MessageError, match="MMSI"):
        mmsi_of(mmsi)


@pytest.mark.parametrize("mmsi", [MMSI, str(MMSI), float(MMSI), f"{MMSI}.0", f" {MMSI} "])
def test_an_mmsi_may_be_written_in_several_ways(mmsi: object) -> None:
    assert mmsi_of(mmsi) == MMSI


@pytest.mark.parametrize(("lat_deg", "lon_deg"), [(90.5, 0), (-92, 0), (0, 182), (0, -180.5)])
def test_a_place_beyond_the_earth_refuses_the_message(lat_deg: float, lon_deg: float) -> None:
    with pytest.raises(MessageError, match="beyond"):
        report(lat_deg=lat_deg, lon_deg=lon_deg)


@given(
    lat_deg=st.floats(-90, 90), lon_deg=st.floats(-180, 180), sog_kn=st.floats(0, 102.2), cog_deg=st.floats(0, 359.9),
    heading_deg=st.integers(0, 359), status=st.integers(0, 14), mobile=st.sampled_from(["A", "B", "base", "aid"]),
    text=st.booleans(),
)  # fmt: skip
def test_a_position_reads_back_as_it_was_stated(
    lat_deg: float,
    lon_deg: float,
    sog_kn: float,
    cog_deg: float,
    heading_deg: int,
    status: int,
    mobile: Any,
    text: bool,
) -> None:
    assume(abs(lat_deg - lon_deg) > 1e-4)  # 0, 0 and 1, 1 are of devices without a fix
    stated = {"lat_deg": lat_deg, "lon_deg": lon_deg, "sog_kn": sog_kn, "cog_deg": cog_deg, "heading_deg": heading_deg}
    found = report(**{k: f"{v:.9f}" if text else v for k, v in stated.items()}, status=status, mobile=mobile)
    assert abs(found["lat_deg"] - lat_deg) < 2e-6 and abs(found["lon_deg"] - lon_deg) < 2e-6
    if mobile in {"A", "B"}:
        assert abs(found["sog_kn"] - sog_kn) < 0.051 and found["heading_deg"] == heading_deg
        assert abs((found["cog_deg"] - cog_deg + 180) % 360 - 180) < 0.051
    assert found["mmsi"] == MMSI and found["time_ms"] == T_MS


def test_particulars_read_back_as_they_were_stated() -> None:
    found = statics(
        imo="9179842", call_sign="UBQY7@@", ship_type=70, sides_m=(100, 22, 9, "8"), draught_m=6.3,
        destination="KPRJN  ", eta=(5, 17, 8, 30),
    )  # fmt: skip
    assert (found["imo"], found["name"], found["call_sign"]) == (9179842, b"ANGARA", b"UBQY7")
    assert (found["ship_type"], found["length_m"], found["beam_m"]) == (70, 122, 17)
    assert (found["destination"], round(float(found["draught_m"]), 1)) == (b"KPRJN", 6.3)
    assert found["eta"] == 5 << 16 | 17 << 11 | 8 << 6 | 30
    lines = ReEncoder("x").static(StaticFields(MMSI, name="ODIN", call_sign="LJ7", ship_type=36, class_b=True), T_MS)
    assert [bool(part["name"]) for part in batch(lines).statics] == [True, False]


def test_an_extended_report_of_class_b_reads_back_and_a_long_range_one_has_its_own_unknowns() -> None:
    writer = ReEncoder("x")
    ship = StaticFields(name="ODIN", ship_type=36, sides_m=(10, 5, 2, 2))
    found = batch(writer.extended_b(PositionFields(MMSI, 59.5, 10.5, sog_kn=7.1), ship, T_MS))
    assert (found.reports[0]["type"], round(float(found.reports[0]["sog_kn"]), 1)) == (19, 7.1)
    assert (found.statics[0]["name"], found.statics[0]["ship_type"], found.statics[0]["length_m"]) == (b"ODIN", 36, 15)
    assert math.isnan(report(sog_kn=63, cog_deg=511, mobile="long range")["sog_kn"])
    assert report(sog_kn=62, mobile="long range")["sog_kn"] == 62


def test_of_class_b_only_the_part_is_written_that_is_stated() -> None:
    writer = ReEncoder("x")
    assert len(writer.static(StaticFields(MMSI, name="ODIN", class_b=True), T_MS)) == 1
    assert len(writer.static(StaticFields(MMSI, call_sign="LJ7", class_b=True), T_MS)) == 1
    assert not writer.static(StaticFields(MMSI, name="ODIN", class_b=True), T_MS)


def test_particulars_are_written_when_they_change_and_again_after_a_while() -> None:
    writer, stated = ReEncoder("x"), StaticFields(MMSI, name="ANGARA", destination="KPRJN")
    assert writer.static(stated, T_MS)
    assert not writer.static(stated, T_MS + REPEAT_MS - 1)
    assert writer.static(stated._replace(destination="RUVVO"), T_MS + 2)
    assert writer.static(stated._replace(mmsi=MMSI + 1), T_MS + 2)
    assert writer.static(stated._replace(destination="RUVVO"), T_MS + 2 + REPEAT_MS)
    assert not writer.static(StaticFields(MMSI), T_MS)
    every = ReEncoder("x", every_static=True)
    assert every.static(stated, T_MS) and every.static(stated, T_MS)


def test_particulars_without_a_time_are_written_again_after_a_while_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """As those of gpsd, which states no times."""
    writer, stated, now_s = ReEncoder("x"), StaticFields(MMSI, name="ANGARA"), [1_000.0]
    monkeypatch.setattr("time.time", lambda: now_s[0])
    assert writer.static(stated, None) and not writer.static(stated, None)
    now_s[0] += REPEAT_MS / 1000
    assert writer.static(stated, None) and not writer.static(stated, None)


def test_the_mark_stands_at_the_end_of_every_station_name() -> None:
    for name in ("aisstream", "s" * 200, "a,b*c\\d", "\u00e5", ""):
        station = re_encoded(name)
        assert station.endswith(RE_ENCODED.encode()) and len(station) <= STATION_MOST
        (line,) = ReEncoder(name).position(PositionFields(MMSI), None)
        assert line.startswith(b"\\s:" + station + b"*")


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20), st.lists))
def test_whatever_a_field_is_it_is_a_number_unknown_or_an_error(value: object) -> None:
    assert isinstance(words(value), str)
    refused, found = "", None
    try:
        found = number(value)
    except FieldError as error:
        refused = str(error)
    assert found is None or math.isfinite(found)
    assert len(refused) < 100 and refused.isprintable()


@given(
    st.dictionaries(st.sampled_from(PositionFields._fields[:9]), st.none() | st.floats() | st.integers() | st.text())
)
def test_no_values_break_the_writing(fields: Any) -> None:
    try:
        lines = ReEncoder("x").position(PositionFields(**{"mmsi": MMSI, **fields}), T_MS)
    except MessageError:
        return
    assert len(batch(lines).reports) == 1
