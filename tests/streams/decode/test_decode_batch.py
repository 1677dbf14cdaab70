"""What a batch promises: a row a message, unknown is unknown, and nothing that is sent can make it raise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyais
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.core.hulls import bits_of
from detectors.core.reports import HAS_IDENTITY, HAS_NAME, HAS_SHIP, HAS_VOYAGE, REPORT, STATIC
from streams.decode import Decoded, decode, decode_raw
from streams.errors import InputError, Reason

TIME_MS = 1_707_000_000_000
ARMOUR = bytes([*range(48, 88), *range(96, 120)])


def checksum(text: bytes) -> int:
    value = 0
    for byte in text:
        value ^= byte
    return value


def sentence(payload: bytes, fill: int = 0, part: bytes = b"1,1,", time_ms: int | None = TIME_MS) -> bytes:
    body = b"AIVDM,%b,A,%b,%d" % (part, payload, fill)
    tag = b"s:STATION,c:%d" % time_ms if time_ms is not None else b""
    prefix = b"\\%b*%02X\\" % (tag, checksum(tag)) if tag else b""
    return prefix + b"!%b*%02X" % (body, checksum(body))


def sent(**fields: Any) -> bytes:
    """A message made by pyais, in one sentence or several, with the time in a tag block."""
    lines = [line.encode() for line in pyais.encode_dict({"mmsi": 273999001, **fields}, talker_id="AI")]
    tag = b"s:STATION,c:%d" % TIME_MS
    return b"\n".join(b"\\%b*%02X\\%b" % (tag, checksum(tag), line) for line in lines)


def one(value: bytes) -> tuple[np.void, np.void | None]:
    decoded = decode(value, "test")
    (row,) = decoded.batch.reports
    return row, decoded.batch.statics[row["static"]] if row["static"] >= 0 else None


def holds(decoded: Decoded) -> bool:
    told = len(decoded.batch.reports) + decoded.merged + len(decoded.refused) + len(decoded.refused_fixes)
    return decoded.sentences == told


MOVING = {"lat": 35.5, "lon": 129.5, "speed": 11.2, "course": 231.4}


@pytest.mark.parametrize(
    ("kind", "more", "class_b"),
    [(1, {}, False), (2, {}, False), (3, {}, False), (18, {}, True), (19, {"shipname": "TERN"}, True)],
)
def test_a_position_report_becomes_a_row(kind: int, more: dict[str, Any], class_b: bool) -> None:
    value = sent(msg_type=kind, heading=230, status=0, **MOVING, **more)
    row, static = one(value)
    assert row["type"] == kind and row["mmsi"] == 273999001 and row["time_ms"] == TIME_MS
    assert row["moves"] and row["class_b"] == class_b
    assert row["status"] == (-1 if class_b else 0)
    assert (row["lat_deg"], row["lon_deg"], row["heading_deg"]) == (35.5, 129.5, 230)
    assert row["sog_kn"] == pytest.approx(11.2) and row["cog_deg"] == pytest.approx(231.4)
    assert (static is not None) == (kind == 19)
    assert decode(value, "test").batch.raw[row["start"] : row["end"]] == value


def test_a_long_range_report_has_whole_knots_and_no_heading() -> None:
    row, _ = one(sent(msg_type=27, lat=35.5, lon=129.5, speed=11, course=231, status=5))
    assert row["moves"] and row["sog_kn"] == 11 and row["cog_deg"] == 231 and row["status"] == 5
    assert row["lat_deg"] == 35.5 and np.isnan(row["heading_deg"])


def test_an_aircraft_has_speeds_that_no_ship_has() -> None:
    row, _ = one(sent(msg_type=9, alt=300, lat=35.5, lon=129.5, speed=140, course=90.0))
    assert row["moves"] and row["sog_kn"] == 140
    row, _ = one(sent(msg_type=9, alt=300, lat=35.5, lon=129.5, speed=1023, course=90.0))
    assert np.isnan(row["sog_kn"])


@pytest.mark.parametrize(("kind", "more"), [(4, {"year": 2024}), (11, {"year": 2024}), (21, {"name": "BUOY"})])
def test_what_does_not_move_keeps_its_place(kind: int, more: dict[str, Any]) -> None:
    row, static = one(sent(msg_type=kind, lat=57.5, lon=11.5, **more))
    assert (row["lat_deg"], row["lon_deg"]) == (57.5, 11.5)
    assert not row["moves"] and static is None and row["status"] == -1


def test_being_heard_counts_for_types_that_say_nothing_to_us() -> None:
    row, static = one(sent(msg_type=10, dest_mmsi=2))
    assert row["type"] == 10 and np.isnan(row["lat_deg"]) and static is None


def test_places_in_the_text_of_a_binary_message_are_not_the_senders() -> None:
    row, _ = one(sent(msg_type=17, lat=3000.0, lon=9000.0, data=b"12345"))
    assert row["type"] == 17 and np.isnan(row["lat_deg"])


def test_a_voyage_report_speaks_of_everything() -> None:
    value = sent(
        msg_type=5,
        imo=9179842,
        callsign="UBAA",
        shipname="ANGARA",
        ship_type=79,
        to_bow=90,
        to_stern=20,
        to_port=9,
        to_starboard=10,
        month=2,
        day=9,
        hour=4,
        minute=30,
        draught=5.5,
        destination="CN ZOS XINYA",
    )
    row, static = one(value)
    assert static is not None and not row["moves"] and not row["class_b"]
    eta, hull = 2 << 16 | 9 << 11 | 4 << 6 | 30, bits_of(90, 20, 9, 10)
    has = HAS_IDENTITY | HAS_NAME | HAS_SHIP | HAS_VOYAGE
    assert static.tolist() == (has, 9179842, b"ANGARA", b"UBAA", b"CN ZOS XINYA", 79, 110, 19, 5.5, eta, hull)
    assert decode(value, "test").merged == 1 and holds(decode(value, "test"))


def test_the_two_parts_of_type_24_speak_of_different_things() -> None:
    row, static = one(sent(msg_type=24, partno=0, shipname="TERN"))
    assert static is not None and row["class_b"] and (static["has"], static["name"]) == (HAS_NAME, b"TERN")
    part_b = {"msg_type": 24, "partno": 1, "ship_type": 37, "callsign": "AB12", "to_bow": 7, "to_stern": 5}
    _, static = one(sent(**part_b))
    assert static is not None and static["has"] == HAS_SHIP
    assert static["call_sign"] == b"AB12" and static["length_m"] == 12 and static["ship_type"] == 37
    _, static = one(sent(**{**part_b, "mmsi": 982731234}, mothership_mmsi=273999001))
    assert static is not None and static["length_m"] == -1 and static["beam_m"] == -1


@pytest.mark.parametrize("kind", [1, 18, 27])
@pytest.mark.parametrize("place", [(0.0, 0.0), (1.0, 1.0), (0.0, 0.00001)])
def test_the_places_of_devices_without_a_fix_are_unknown(place: tuple[float, float], kind: int) -> None:
    row, _ = one(sent(msg_type=kind, lat=place[0], lon=place[1]))
    assert np.isnan([row["lat_deg"], row["lon_deg"]]).all()


@pytest.mark.parametrize("place", [(0.0, 1.0), (1.0, 0.0), (0.0, 0.005), (2.0, 2.0), (-1.0, -1.0), (45.0, 45.0)])
def test_places_near_them_are_places(place: tuple[float, float]) -> None:
    row, _ = one(sent(msg_type=1, lat=place[0], lon=place[1]))
    assert (row["lat_deg"], row["lon_deg"]) == pytest.approx(place)


def test_sentinels_are_unknown() -> None:
    row, _ = one(sent(msg_type=1, status=15, lat=91, lon=181, speed=102.3, course=360, heading=511))
    for name in ("lat_deg", "lon_deg", "sog_kn", "cog_deg", "heading_deg"):
        assert np.isnan(row[name]), name
    assert row["status"] == -1
    row, _ = one(sent(msg_type=27, lat=91, lon=181, speed=63, course=511))
    assert np.isnan([row[name] for name in ("lat_deg", "lon_deg", "sog_kn", "cog_deg")]).all()
    row, _ = one(sent(msg_type=1, speed=102.2, lat=1, lon=1))
    assert row["sog_kn"] == pytest.approx(102.2)
    _, static = one(sent(msg_type=5, hour=24, minute=60))
    assert static is not None and static.tolist()[1:8] == (0, b"", b"", b"", -1, -1, -1)
    assert np.isnan(static["draught_m"]) and static["eta"] == 0


def test_an_official_number_is_no_imo_number() -> None:
    for imo, known in ((9_999_999, 9_999_999), (10_000_000, 0), (512_345_678, 0), (1234567, 1234567)):
        _, static = one(sent(msg_type=5, imo=imo))
        assert static is not None and static["imo"] == known


def test_hostile_text_is_text() -> None:
    _, static = one(sent(msg_type=5, shipname="<SCRIPT SRC=//X.CO>", destination="=CMD()"))
    assert static is not None
    assert static["name"] == b"<SCRIPT SRC=//X.CO>" and static["destination"] == b"=CMD()"


def test_rubbish_behind_the_end_of_a_name_is_no_part_of_it() -> None:
    _, static = one(sent(msg_type=24, partno=0, shipname="  PELIKAAN@@@@@@@B"))
    assert static is not None and static["name"] == b"PELIKAAN"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"lat": 90.1, "lon": 1}, Reason.POSITION_OUT_OF_RANGE),
        ({"lat": 1, "lon": -180.1}, Reason.POSITION_OUT_OF_RANGE),
        ({"lat": 91, "lon": 200}, Reason.POSITION_OUT_OF_RANGE),
    ],
)
def test_what_cannot_be_is_refused_apart(fields: dict[str, Any], reason: Reason) -> None:
    good = sent(msg_type=1, **MOVING)
    decoded = decode(b"\n".join([good, sent(msg_type=1, **fields), good]), "test")
    assert [refused.reason for refused in decoded.refused_fixes] == [reason]
    assert len(decoded.batch.reports) == 2 and not decoded.refused and holds(decoded)


@pytest.mark.parametrize("mmsi", [0, 1, 1193046, 999_999_999, 1_000_000_000, (1 << 30) - 1])
def test_no_mmsi_keeps_a_ship_out(mmsi: int) -> None:
    row, _ = one(sent(msg_type=1, mmsi=mmsi, lat=1, lon=1))
    assert row["mmsi"] == mmsi


def test_numbers_that_are_cut_short_are_unknown() -> None:
    whole = sent(msg_type=1, heading=230, **MOVING)
    payload = whole.split(b",")[6]
    row, _ = one(sentence(payload[:15]))  # ends inside the latitude
    assert np.isnan(row["lat_deg"]) and np.isnan(row["lon_deg"]) and row["sog_kn"] == pytest.approx(11.2)
    assert row["mmsi"] == 273999001


def test_a_reserved_ship_type_is_kept() -> None:
    payload = b"".join(line.split(b",")[6] for line in sent(msg_type=5, ship_type=95).split(b"\n"))
    assert payload[39:40] == b"O"  # the lower six bits of the ship type
    reserved = sentence(payload[:39] + b"P" + payload[40:], 2)
    _, static = one(reserved)
    assert static is not None and static["ship_type"] == 96
    assert decode_raw([reserved])["ship_type"] == 96 and pyais.decode(reserved).ship_type == 95


def test_two_receptions_of_one_transmission_agree() -> None:
    value = sent(msg_type=5, shipname="ANGARA", imo=9179842)
    joined = sentence(b"".join(line.split(b",")[6] for line in value.split(b"\n")), 2, time_ms=TIME_MS + 700)
    (one_way,), (other_way,) = decode(value, "a").batch.reports, decode(joined, "b").batch.reports
    assert one_way["payload"] == other_way["payload"]
    assert one_way["payload"] != decode(sent(msg_type=5, shipname="ANGARB", imo=9179842), "a").batch.reports["payload"]


def test_the_hash_of_a_payload_never_changes() -> None:
    row, _ = one(b"!AIVDM,1,1,,B,177KQJ5000G?tO`K>RA1wUbN0TKH,0*5C")
    assert row["payload"] == 857924679920782887


def test_a_bare_sentence_gets_the_time_it_is_given_and_says_so() -> None:
    decoded = decode(b"!AIVDM,1,1,,B,177KQJ5000G?tO`K>RA1wUbN0TKH,0*5C\r\n", "a,b\\", fallback_ms=TIME_MS)
    (row,) = decoded.batch.reports
    assert row["time_ms"] == TIME_MS
    again = decode(decoded.batch.raw[row["start"] : row["end"]], "test")
    assert again.batch.reports["time_ms"] == TIME_MS and not again.refused


def test_a_time_in_seconds_is_understood_and_an_absurd_one_is_not() -> None:
    row, _ = one(sentence(b"177KQJ5000G?tO`K>RA1wUbN0TKH", time_ms=1_707_000_000))
    assert row["time_ms"] == TIME_MS
    row, _ = one(sentence(b"177KQJ5000G?tO`K>RA1wUbN0TKH", time_ms=9_999_999_999_999_999))
    assert row["time_ms"] == 0


def test_ordinals_are_those_of_the_first_sentences() -> None:
    value = b"\n".join([sent(msg_type=5, shipname="A"), b"noise", sent(msg_type=1, **MOVING)])
    ordinals = np.array([70, 70, 75, 80])
    assert decode(value, "test", ordinals).batch.reports["ordinal"].tolist() == [70, 80]
    assert decode(value, "test").batch.reports["ordinal"].tolist() == [0, 3]


GOOD = sent(msg_type=1, **MOVING)
VOYAGE = sent(msg_type=5, shipname="ANGARA").split(b"\n")


@pytest.mark.parametrize(
    ("bad", "reasons"),
    [
        (b"noise", [Reason.MALFORMED]),
        (b"\xff\xfe\x00", [Reason.MALFORMED]),
        (GOOD[:-2] + b"00", [Reason.CHECKSUM]),
        (sentence(b"177K"), [Reason.NO_MMSI]),
        (sentence(b""), [Reason.NO_MMSI]),
        (sentence(b"177KQJ5000G?tO`K>RA1wUbN0TKH", 7), [Reason.MALFORMED]),
        (sentence(b"1" * 201), [Reason.MALFORMED]),
        (sentence(b"0" + GOOD.split(b",")[6][1:]), [Reason.UNDECODABLE]),
        (sentence(b"w" * 28), [Reason.UNDECODABLE]),
        (sentence(b"1" * 28, part=b"3,4,1"), [Reason.MALFORMED]),
        (VOYAGE[0], [Reason.FRAGMENT_EXPIRED]),
        (VOYAGE[1], [Reason.FRAGMENT_CLASH]),
        (VOYAGE[0] + b"\n" + VOYAGE[0], [Reason.FRAGMENT_EXPIRED] * 2),
    ],
)
def test_one_irregular_line_costs_itself_alone(bad: bytes, reasons: list[Reason]) -> None:
    decoded = decode(b"\n".join([GOOD, bad, b"", *VOYAGE, GOOD]), "test")
    assert [refused.reason for refused in decoded.refused] == reasons
    assert decoded.batch.reports["type"].tolist() == [1, 5, 1]
    assert holds(decoded)


@pytest.mark.parametrize("bad", [b"noise", GOOD[:-2] + b"00", VOYAGE[0], VOYAGE[1], b"", sentence(b"w" * 28)])
def test_what_is_no_message_has_no_fields(bad: bytes) -> None:
    with pytest.raises(InputError):
        decode_raw([bad])


def test_an_empty_record_is_an_empty_batch() -> None:
    for value in (b"", b"\n", b" \r\n\n"):
        decoded = decode(value, "test")
        assert decoded.batch.reports.dtype == REPORT and decoded.batch.statics.dtype == STATIC
        assert not len(decoded.batch.reports) and not decoded.sentences


payloads = st.binary(min_size=0, max_size=80).map(lambda raw: bytes(ARMOUR[byte & 63] for byte in raw))
sentences = st.builds(sentence, payloads, st.integers(0, 5))
lines = st.one_of(sentences, st.binary(max_size=60), st.sampled_from([GOOD, *VOYAGE, b"\n".join(VOYAGE)]))


@given(st.binary(max_size=300))
def test_no_bytes_raise(value: bytes) -> None:
    assert holds(decode(value, "test"))


@given(st.lists(lines, max_size=12))
def test_no_payload_raises_and_every_line_is_accounted_for(values: list[bytes]) -> None:
    decoded = decode(b"\n".join(values), "test")
    assert holds(decoded)
    for row in decoded.batch.reports:
        assert not np.isinf(row["lat_deg"]) and (np.isnan(row["lat_deg"]) or abs(row["lat_deg"]) <= 90)


def columns(decoded: Decoded, of: Callable[[Decoded], np.ndarray[Any, Any]]) -> list[tuple[Any, ...]]:
    names = [name for name in REPORT.names or () if name not in ("start", "end", "ordinal", "static")]
    return [tuple(map(repr, row)) for row in of(decoded)[names].tolist()]


@given(st.lists(st.one_of(sentences, st.just(GOOD), st.just(b"\n".join(VOYAGE))), min_size=1, max_size=12), st.data())
def test_any_cut_of_a_batch_gives_the_same_rows(values: list[bytes], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(values)))
    whole, head, tail = (decode(b"\n".join(part), "test") for part in (values, values[:at], values[at:]))
    rows = [columns(decoded, lambda d: d.batch.reports) for decoded in (whole, head, tail)]
    assert rows[0] == rows[1] + rows[2]
    assert whole.batch.statics.tobytes() == head.batch.statics.tobytes() + tail.batch.statics.tobytes()
    assert [r.reason for r in whole.refused_fixes] == [r.reason for r in head.refused_fixes + tail.refused_fixes]
