from __future__ import annotations

import gzip
import json
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.core.orbits.choice import OrbitRecord
from detectors.core.orbits.model import ElementSet
from detectors.core.orbits.sensors import SENSORS
from detectors.core.units import DAY_MS
from streams.errors import ConfigError, InputError
from streams.imagery.elements import nearest, parse_elements, read_elements, satellites_of
from streams.imagery.rejected import FILE_MOST, by_reason
from streams.matcher.elements import write_elements
from streams.messages.topics import TopicMissingError
from streams.settings.model import KafkaSettings
from tests.detectors.orbits.published import ELEMENTS, TLE, elements_of

S1A = ELEMENTS["SENTINEL-1A"]
OMM: dict[str, Any] = {
    "CCSDS_OMM_VERS": "2.0",
    "OBJECT_NAME": "SENTINEL-1A",
    "OBJECT_ID": "2014-016A",
    "EPOCH": "2025-05-09T11:33:59.425056",
    "MEAN_MOTION": 14.59199646,
    "ECCENTRICITY": 0.0001386,
    "INCLINATION": 98.18,
    "RA_OF_ASC_NODE": 137.8668,
    "ARG_OF_PERICENTER": 90.8293,
    "MEAN_ANOMALY": 269.3066,
    "EPHEMERIS_TYPE": 0,
    "CLASSIFICATION_TYPE": "U",
    "NORAD_CAT_ID": 39634,
    "ELEMENT_SET_NO": 999,
    "REV_AT_EPOCH": 59117,
    "BSTAR": 5.6871e-5,
    "MEAN_MOTION_DOT": 2.22e-6,
    "MEAN_MOTION_DDOT": 0,
}


def tle(*names: str, named: bool = True) -> bytes:
    return "".join((f"{name}\n" if named else "") + "\n".join(TLE[name]) + "\n" for name in names).encode()


def omm_csv(*rows: dict[str, Any]) -> bytes:
    heads = [key for key in OMM if key != "CCSDS_OMM_VERS"]
    return "\r\n".join([",".join(heads), *(",".join(str(row[key]) for key in heads) for row in rows), ""]).encode()


def omm_xml(*rows: dict[str, Any]) -> bytes:
    body = "".join(
        "<omm id='CCSDS_OMM_VERS' version='2.0'><header><ORIGINATOR>18 SPCS</ORIGINATOR></header><body><segment>"
        f"<metadata><OBJECT_NAME>{row['OBJECT_NAME']}</OBJECT_NAME><CENTER_NAME>EARTH</CENTER_NAME>"
        "<REF_FRAME>TEME</REF_FRAME><TIME_SYSTEM>UTC</TIME_SYSTEM></metadata><data><meanElements>"
        + "".join(f"<{key}>{row[key]}</{key}>" for key in list(OMM)[3:10])
        + "</meanElements><tleParameters>"
        + "".join(f"<{key}>{row[key]}</{key}>" for key in list(OMM)[10:])
        + "</tleParameters></data></segment></body></omm>"
        for row in rows
    )
    return f"<?xml version='1.0' encoding='UTF-8'?><ndm>{body}</ndm>".encode()


def omm_kvn(*rows: dict[str, Any]) -> bytes:
    return "\n".join(f"{key} = {value}" for row in rows for key, value in row.items()).encode()


SECOND = OMM | {"OBJECT_NAME": "SENTINEL-1C", "NORAD_CAT_ID": 62261}
FORMS = {
    "OMM JSON": json.dumps([OMM, SECOND]).encode(),
    "OMM CSV": omm_csv(OMM, SECOND),
    "OMM XML": omm_xml(OMM, SECOND),
    "OMM KVN": omm_kvn(OMM, SECOND),
    "TLE": tle("SENTINEL-1A", "SENTINEL-1C"),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_elements(form: str) -> None:
    read = parse_elements(FORMS[form])
    assert (read.format, read.rejected) == (form, ())
    assert [one.name for one in read.elements] == ["SENTINEL-1A", "SENTINEL-1C"]
    first = msgspec.to_builtins(read.elements[0])
    for name, value in msgspec.to_builtins(S1A).items():
        assert first[name] == (
            pytest.approx(value, rel=1e-13 if name == "epoch_ms" else 1e-9, abs=1e-12) if name != "name" else value
        )


@pytest.mark.parametrize("name", TLE)
def test_two_lines_are_read_as_their_authors_read_them(name: str) -> None:
    (ours,) = parse_elements(tle(name)).elements
    theirs = elements_of(name, TLE[name])
    for field in ElementSet.__struct_fields__:
        value = getattr(theirs, field)
        expected = value if isinstance(value, str) else pytest.approx(value, rel=1e-12, abs=1e-15)
        assert getattr(ours, field) == expected, field


@pytest.mark.parametrize("pack", [lambda data: data, gzip.compress])
def test_packed_files_with_or_without_names(tmp_path: Path, pack: Any) -> None:
    file = tmp_path / "resource.txt"
    file.write_bytes(pack(tle("SENTINEL-1A", named=False)))
    assert [one.name for one in read_elements(file).elements] == ["NORAD 39634"]
    file.write_bytes(pack(b"\xef\xbb\xbf0 S1A\r\n" + tle("SENTINEL-1A", named=False).replace(b"\n", b"\r\n")))
    assert [one.name for one in read_elements(file).elements] == ["S1A"]


def test_a_number_with_a_letter() -> None:
    one, two = TLE["SENTINEL-1A"]
    lettered = [checked(line[:2] + "E8493" + line[7:]) for line in (one, two)]
    (read,) = parse_elements("\n".join(lettered).encode()).elements
    assert read.norad_id == 148_493
    wrong = [checked(line[:2] + "I8493" + line[7:]) for line in (one, two)]
    assert by_reason(parse_elements("\n".join(wrong).encode()).rejected) == {
        "a satellite's number that cannot be read": 1
    }


def checked(line: str) -> str:
    return line[:68] + str(sum(int(c) if c.isdigit() else c == "-" for c in line[:68]) % 10)


def test_bad_lines_cost_their_own_set_only() -> None:
    lines = tle("SENTINEL-1A", "SENTINEL-1C", "SENTINEL-2A", "SENTINEL-2C", "LANDSAT 9").decode().splitlines()
    lines[1] = lines[1].replace("25129.4", "25129.5")  # a wrong digit
    del lines[5]  # line 2 of Sentinel-1C
    lines[7] = checked(lines[7][:2] + "40698" + lines[7][7:])  # line 2 of Sentinel-2A
    read = parse_elements("\n".join(lines).encode())
    assert [one.name for one in read.elements] == ["SENTINEL-2C", "LANDSAT 9"]
    assert [(each.line, each.reason) for each in read.rejected] == [
        (2, "a wrong checksum"),
        (5, "line 1 without line 2"),
        (7, "two lines of different satellites"),
    ]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"MEAN_MOTION": "fast"}, "MEAN_MOTION is not a number"),
        ({"MEAN_MOTION": float("nan")}, "MEAN_MOTION is not a number"),
        ({"MEAN_MOTION": ""}, "without MEAN_MOTION"),
        ({"MEAN_MOTION": 1.0027}, "not in low Earth orbit"),
        ({"MEAN_MOTION": 19.9}, "elements that SGP4 rejects"),
        ({"ECCENTRICITY": 1.5}, "out of bounds: eccentricity"),
        ({"EPOCH": "yesterday"}, "EPOCH is not a time"),
        ({"EPOCH": "2199-01-01T00:00:00"}, "an epoch after the year 2100"),
        ({"NORAD_CAT_ID": 0}, "NORAD_CAT_ID is not a satellite's number"),
        ({"EPHEMERIS_TYPE": 4}, "EPHEMERIS_TYPE is '4'; only 0 or 2 or 3 can be used"),
        ({"REF_FRAME": "EME2000"}, "REF_FRAME is 'EME2000'; only TEME can be used"),
    ],
)  # fmt: skip
def test_a_bad_message_has_a_reason_and_the_others_are_used(change: dict[str, Any], reason: str) -> None:
    bad = {key: str(value) for key, value in (OMM | change).items()}
    for data in (json.dumps([OMM, bad, SECOND]), "\n".join(json.dumps(each) for each in (OMM, bad, SECOND))):
        read = parse_elements(data.encode())
        assert len(read.elements) == 2
        assert [(each.line, each.reason) for each in read.rejected] == [(2, reason)]


def test_csv_rows_of_another_length_and_json_that_is_no_message() -> None:
    read = parse_elements(omm_csv(OMM, SECOND) + b"a,b\r\n")
    assert len(read.elements) == 2 and by_reason(read.rejected) == {"not a message of mean elements": 1}
    assert parse_elements(b'[1, "x", null]').rejected[2].line == 3


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no element sets"),
        (b"hello\nworld\n", "no element sets"),
        (b"[{", "not JSON, or an incomplete download"),
        (b"<html><p>Not found</p></html>", "no element sets"),
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]><omm/>", "declares a document type"),
        (b"<ndm><omm></ndm>", "not XML"),
        (b"\x00\xff\xfe" * 50, "no element sets"),
        (b"PK\x03\x04 nothing", "damaged"),
    ],
)
def test_nothing_usable_is_an_error_that_says_why(tmp_path: Path, data: bytes, reason: str) -> None:
    file = tmp_path / "x"
    file.write_bytes(data)
    with pytest.raises(InputError, match=reason):
        read_elements(file)


def test_a_missing_file_and_one_without_end(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        read_elements(tmp_path / "none")
    (tmp_path / "long").write_bytes(b"0" * (FILE_MOST + 1))
    with pytest.raises(InputError, match="larger than 64 MiB"):
        read_elements(tmp_path / "long")


def test_names_hold_nothing_that_a_terminal_obeys() -> None:
    named = OMM | {"OBJECT_NAME": "A\x1b[31mB \u202e  C" + "x" * 100}
    (one,) = parse_elements(json.dumps(named).encode()).elements
    assert one.name.startswith("A?[31mB ? Cxxx") and len(one.name) == 64


def test_an_incomplete_download_gives_what_is_whole() -> None:
    read = parse_elements(omm_xml(OMM, SECOND)[:-30])
    assert [one.name for one in read.elements] == ["SENTINEL-1A"]
    assert [each.reason[:7] for each in read.rejected] == ["not XML"]


def test_the_set_nearest_to_the_time_is_used() -> None:
    later = msgspec.structs.replace(S1A, epoch_ms=S1A.epoch_ms + 2 * DAY_MS)
    other = ELEMENTS["SENTINEL-2A"]
    for order in ([S1A, later, other], [other, later, S1A]):
        assert nearest(order, S1A.epoch_ms + 0.9 * DAY_MS) == [S1A, other]
        assert nearest(order, S1A.epoch_ms + 1.1 * DAY_MS) == [later, other]
        assert nearest(order, S1A.epoch_ms + 1.0 * DAY_MS) == [later, other]
    prepared = satellites_of([S1A, later, ELEMENTS["HST"]], SENSORS, S1A.epoch_ms)
    assert [(one, sensor.name) for one, sensor in prepared.pairs] == [(S1A, "Sentinel-1 IW")]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(list(FORMS)), st.data())
def test_damaged_files_never_raise(form: str, data: st.DataObject) -> None:
    good = bytearray(FORMS[form])
    for _ in range(data.draw(st.integers(1, 20))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(good)))
    read = parse_elements(bytes(good[:cut]))
    assert len(read.elements) <= 2


@pytest.mark.broker
def test_element_sets_for_a_log_that_does_not_exist_end_at_once(kafka_settings: KafkaSettings) -> None:
    record = OrbitRecord(elements=(), sensors=())
    began_s = time.monotonic()
    with pytest.raises(TopicMissingError, match="does not exist"):
        write_elements(kafka_settings, record)
    assert time.monotonic() - began_s < 20
