"""JSON lines of receivers and services: sentences where they are included, else written from the fields."""

import json
import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.core.reports import RE_ENCODED
from streams.decode.batch import decode
from streams.errors import Reason
from streams.ingest import aisstream_json
from streams.ingest.core import BULK_BYTES, Ingest
from streams.ingest.framing import units
from streams.ingest.json_lines import time_ms_of
from streams.ingest.model import SourceKind
from streams.ingest.tables import UnreadableRow
from streams.messages.log_records import Sentences
from streams.nmea.checksum import tag_block
from tests.streams.ingest.json_samples import AISSTREAM, BARE, CATCHER

T_MS = 1_709_510_405_000
LIVE = SourceKind(live=True)


def line(*objects: Any) -> bytes:
    return json.dumps(objects[0] if len(objects) == 1 else list(objects)).encode()


def batch(data: bytes, source_kind: SourceKind = LIVE) -> Any:
    ingest = Ingest("x", 1, source_kind=source_kind)
    records = ingest.feed(data + b"\n", T_MS) + ingest.end()
    assert not ingest.counts.rejected
    (record,) = [record for record in records if isinstance(record, Sentences)]
    return decode(record.value, "x").batch


def aisstream(kind: str, **body: Any) -> dict[str, Any]:
    meta = {"MMSI": 250013879, "time_utc": "2024-03-04 00:00:05 +0000 UTC"}
    return {"MessageType": kind, "MetaData": meta, "Message": {kind: {"UserID": 250013879, "Valid": True, **body}}}


@pytest.mark.parametrize("depth", [*range(300, 1000, 10), 1300])
def test_objects_of_any_depth_are_refused_or_left_out(depth: int) -> None:
    """Each line is short enough to be read."""
    deep = b'{"class":"AIS","type":1,"a":' + b'{"a":' * depth + b"1" + b"}" * depth + b"}"
    ingest = Ingest("x", 1, source_kind=LIVE)
    ingest.feed(b"[" + deep + b",{}]\n" + line(CATCHER) + b"\n", T_MS)
    assert ingest.counts.messages == 1
    assert [refused.detail for refused in ingest.refused] in (["no MMSI"], [])


@pytest.mark.parametrize("kind", [None, "1", True, 1.5, [1]])
def test_a_decoded_message_without_a_type_is_refused(kind: Any) -> None:
    (unit,) = units(line({"class": "AIS", "type": kind, "mmsi": 227006760}))
    assert isinstance(unit, UnreadableRow) and "message type" in unit.detail


def test_the_sentence_is_used_as_received_where_it_is_included() -> None:
    (unit,) = units(line(CATCHER | {"station_id": 17}))
    assert unit == tag_block(b"s:17,c:1709510405250") + BARE


@pytest.mark.parametrize(
    ("times", "ms"),
    [
        ({"toa": 1709510404.5, "rxuxtime": 1709510405.25}, 1709510404500),
        ({"toa": 0, "rxuxtime": 1709510405.25}, 1709510405250), ({"toa": None, "rxtime": "20240304000005"}, T_MS),
        ({"rxuxtime": "1709510405"}, T_MS), ({"rxuxtime": True}, None), ({"rxuxtime": [1]}, None), ({}, None),
        ({"rxuxtime": 10**40}, None), ({"rxuxtime": float("nan")}, None), ({"rxuxtime": 1e308}, None),
        ({"timestamp": "2024-03-04T00:00:05Z"}, T_MS), ({"timestamp": "2024-03-04T00:00:05Z", "type": 4}, None),
    ],
)  # fmt: skip
def test_when_a_message_was_received(times: dict[str, Any], ms: int | None) -> None:
    assert time_ms_of(times) == ms


@pytest.mark.parametrize(
    "data",
    [
        line(CATCHER, CATCHER), line(CATCHER) + line(CATCHER), line(CATCHER) + b" , " + line(CATCHER) + b",",
        b"[" + line(CATCHER) + b",\n" + line(CATCHER) + b"]", b"[ " + line(CATCHER) + b"," + line(CATCHER) + b" ]",
    ],
)  # fmt: skip
def test_a_line_may_hold_several_messages_and_an_array_may_span_lines(data: bytes) -> None:
    found = [unit for each in data.split(b"\n") for unit in units(each)]
    assert [unit.partition(b"!")[2] for unit in found] == [BARE[1:]] * 2


def test_a_message_without_its_sentence_is_written_and_marked() -> None:
    (unit,) = units(line(CATCHER | {"nmea": [], "station_id": "pier"}))
    assert unit.startswith(b"\\s:pier" + RE_ENCODED.encode() + b",c:1709510405250*")
    found = batch(line({name: value for name, value in CATCHER.items() if name not in {"nmea", "rxuxtime", "rxtime"}}))
    (report,) = found.reports
    assert (report["mmsi"], report["time_ms"], round(report["lat_deg"], 4)) == (227006760, T_MS, 49.4756)
    assert math.isnan(report["heading_deg"])
    assert b"s:receiver" + RE_ENCODED.encode() in found.raw


def test_values_as_sent_are_scaled() -> None:
    sent = {
        "class": "AIS",
        "type": 1,
        "mmsi": 227006760,
        "scaled": False,
        "status": 5,
        "turn": -128,
        "rxuxtime": 1709510405,
    }
    (report,) = batch(line(sent | {"speed": 71, "lon": 78828, "lat": 29685347, "course": 367, "heading": 36})).reports
    assert round(float(report["sog_kn"]), 1) == 7.1 and round(float(report["cog_deg"]), 1) == 36.7
    assert round(report["lat_deg"], 4) == 49.4756 and round(report["lon_deg"], 4) == 0.1314
    (report,) = batch(line(sent | {"speed": 1023, "lon": 181 * 600_000, "lat": 91 * 600_000, "course": 3600})).reports
    assert all(math.isnan(report[name]) for name in ("sog_kn", "lat_deg", "cog_deg"))


@pytest.mark.parametrize(
    ("turn", "sent"), [(128, -128), (-128, -128), (720, -128), (0, 0), (130, 54), ("fastleft", -128)]
)
def test_a_turn_that_is_not_known_is_unknown(turn: object, sent: int) -> None:
    from pyais import decode as decode_line

    (unit,) = units(line(CATCHER | {"nmea": None, "turn": turn}))
    found = decode_line(unit.rpartition(b"\\")[2]).asdict()["turn"]
    assert round(math.copysign(4.733 * math.sqrt(abs(found)), found)) == sent if sent > -128 else found == -128


def test_each_type_of_a_receiver_is_written() -> None:
    common = {"class": "AIS", "mmsi": 227006760, "rxuxtime": 1709510405, "lat": 49.5, "lon": 0.1}
    ship = {"shipname": "ANGARA", "shiptype": 70, "to_bow": 100, "to_stern": 22, "to_port": 8, "to_starboard": 9}
    voyage = {"imo": 9179842, "callsign": "UBQY7", "draught": 6.3, "destination": "KPRJN", "month": 5, "day": 17}
    for kind in (1, 2, 3, 4, 18, 19, 21, 27):
        (report,) = batch(line(common | ship | {"type": kind})).reports
        assert report["type"] == (1 if kind in {2, 3} else kind)
    for kind in (5, 19, 24):
        parts = batch(line(common | ship | voyage | {"type": kind})).statics
        assert parts[0]["name"] == b"ANGARA" and parts[-1]["length_m"] == 122
    assert units(line(common | {"type": 8})) == [line(common | {"type": 8})]


def test_messages_of_aisstream_are_read_from_lines_too() -> None:
    found = batch(line(AISSTREAM), SourceKind(replayed=True))
    (report,) = found.reports
    assert (report["mmsi"], report["time_ms"], report["status"]) == (250013879, T_MS, 3)
    assert math.isnan(report["heading_deg"]) and b"s:aisstream:re-encoded" in found.raw


def test_each_type_of_aisstream_is_written() -> None:
    place = {"Latitude": 55.99, "Longitude": -3.18, "Sog": 1.5, "Cog": 4.5, "TrueHeading": 7, "Timestamp": 1}
    sides = {"A": 100, "B": 22, "C": 8, "D": 9}
    ship = {"Name": "ANGARA  ", "Type": 70, "Dimension": sides}
    voyage = {
        "ImoNumber": 9179842, "CallSign": "UBQY7 ", "MaximumStaticDraught": 6.3, "Destination": "KPRJN",
        "Eta": {"Month": 5, "Day": 17, "Hour": 8, "Minute": 30},
    }  # fmt: skip
    kinds = {
        "PositionReport": 1, "StandardClassBPositionReport": 18, "BaseStationReport": 4, "AidsToNavigationReport": 21,
        "LongRangeAisBroadcastMessage": 27, "ExtendedClassBPositionReport": 19,
    }  # fmt: skip
    for name, kind in kinds.items():
        (report,) = batch(line(aisstream(name, **place, **ship))).reports
        assert report["type"] == kind and round(report["lat_deg"], 2) == 55.99
    (static,) = batch(line(aisstream("ShipStaticData", **ship, **voyage))).statics
    assert (static["imo"], static["name"], static["call_sign"], static["length_m"]) == (
        9179842,
        b"ANGARA",
        b"UBQY7",
        122,
    )
    part_a = {
        "PartNumber": False,
        "ReportA": {"Valid": True, "Name": "ODIN"},
        "ReportB": {"Valid": False, "ShipType": 0},
    }
    hull = {"Valid": True, "ShipType": 36, "CallSign": "LJ7", "Dimension": sides}
    part_b = {"PartNumber": True, "ReportA": {"Valid": False, "Name": ""}, "ReportB": hull}
    assert batch(line(aisstream("StaticDataReport", **part_a))).statics["name"].tolist() == [b"ODIN"]
    assert batch(line(aisstream("StaticDataReport", **part_b))).statics["call_sign"].tolist() == [b"LJ7"]
    assert set(kinds) | {"ShipStaticData", "StaticDataReport"} == set(aisstream_json.MESSAGE_TYPES)


def test_the_unknowns_of_aisstream_are_unknown() -> None:
    sent = {"Latitude": 91, "Longitude": 181, "Sog": 102.3, "Cog": 360, "TrueHeading": 511, "NavigationalStatus": 15}
    for body in (sent, dict.fromkeys(sent), {}):
        (report,) = batch(line(aisstream("PositionReport", **body))).reports
        assert all(math.isnan(report[name]) for name in ("lat_deg", "lon_deg", "sog_kn", "cog_deg", "heading_deg"))
        assert report["status"] == -1


@pytest.mark.parametrize(
    ("message", "detail"),
    [
        (aisstream("PositionReport", UserID=None), "no MMSI"), (aisstream("PositionReport", Latitude=True), "latitude"),
        (aisstream("PositionReport", Longitude={"a": 1}), "longitude: an object is not a number"),
        (aisstream("PositionReport", Valid=False), "not valid"),
        (AISSTREAM | {"Message": {}}, "PositionReport is missing"), (AISSTREAM | {"Message": 7}, "not an object"),
        (AISSTREAM | {"MetaData": {"time_utc": "yesterday"}}, "is not a time"),
        (AISSTREAM | {"MetaData": {"time_utc": 17}}, "is not a time"),
        (CATCHER | {"nmea": [], "mmsi": "five"}, "MMSI: 'five' is not a number"),
        (CATCHER | {"nmea": [], "lat": 95}, "beyond"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("copies", [1, 40])
def test_a_message_that_gives_no_sentence_is_refused_with_its_bytes(message: Any, detail: str, copies: int) -> None:
    """One by one, and among so many lines that they are read in columns."""
    data = b"".join(line(message) + b"\n" + tag_block(b"c:1709510405000") + BARE + b"\n" for _ in range(copies))
    assert (len(data) >= BULK_BYTES) == (copies > 1)
    ingest = Ingest("x", 1, source_kind=LIVE)
    ingest.feed(data, T_MS)
    assert [(refused.reason, refused.raw) for refused in ingest.refused] == [(Reason.MALFORMED, line(message))] * copies
    assert all(detail in refused.detail for refused in ingest.refused)
    assert ingest.counts.messages == copies and ingest.counts.rejected == {Reason.MALFORMED: copies}


def test_one_message_of_several_is_refused_alone() -> None:
    first, second = units(line(CATCHER, aisstream("PositionReport", UserID=0)))
    assert first.endswith(BARE) and isinstance(second, UnreadableRow) and json.loads(second)["MessageType"]


@pytest.mark.parametrize(
    "data",
    [
        b"{" * 10_000, b'{"a":' * 10_000, b'{"a":' + b"9" * 5000 + b"}", b'{"nmea":', b'{"nmea":[1]}',
        b'{"class":"AIS"}',
        b'{"class":"AIS","type":[]}', b'{"class":"AIS","type":{"a":1}}', b'{"MessageType":"PositionReport"}',
        b'{"MessageType":["a"],"Message":{}}', b"[{}]", b"{}", b'{"class":"VERSION","release":"3.25"}', b'[{"a":1},5]',
    ],
)  # fmt: skip
def test_json_that_is_no_message_is_left_alone(data: bytes) -> None:
    assert units(data) == [data]


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(st.characters(), max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.data())
def test_whatever_stands_in_a_field_the_line_gives_sentences_or_a_refusal(data: st.DataObject) -> None:
    shapes = (CATCHER, CATCHER | {"nmea": None}, CATCHER | {"nmea": None, "type": 5}, AISSTREAM)
    message = json.loads(json.dumps(data.draw(st.sampled_from(shapes))))
    body = data.draw(
        st.sampled_from([message, *(message[name] for name in ("MetaData", "Message") if name in message)])
    )
    body[data.draw(st.sampled_from(sorted(body)))] = data.draw(JSON)
    ingest = Ingest("x", 1, source_kind=LIVE)
    ingest.feed(json.dumps(message).encode() + b"\n", T_MS)
    counts = ingest.counts
    assert counts.lines == counts.sentences + counts.other
    assert counts.sentences == counts.messages + counts.rejected_all + counts.merged + ingest.pending
    assert msgspec.json.encode([refused.detail for refused in ingest.refused])
