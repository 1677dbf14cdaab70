"""Real recordings: what pyais says of a message is what we say of it."""

from __future__ import annotations

import gzip
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from enum import Enum
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyais
import pytest
from pyais.exceptions import AISBaseException

from detectors.core.reports import REPORT
from streams.cli.decode import decoded_lines
from streams.decode import Decoded, decode, decode_raw
from streams.files.recordings import open_recording
from streams.ingest.core import SourceKind

FOLDER = Path(__file__).parents[3] / ".." / "shared" / "data" / "nmea"
FILES = sorted(path for path in FOLDER.rglob("*") if path.is_file()) if FOLDER.is_dir() else []
needs_recordings = pytest.mark.skipif(not FILES, reason="../shared/data/nmea is not here")
MMSI_ENDS = 38
MANY = 20
PLACED = {1, 2, 3, 4, 9, 11, 18, 19, 21, 27, 28}


def lines_of(path: Path) -> list[bytes]:
    with open_recording(path) as file:
        return [line.strip() for line in file.read().replace(b"\r", b"\n").split(b"\n")]


def messages_of(path: Path) -> Iterator[list[bytes]]:
    return messages_in(lines_of(path))


def messages_in(lines: list[bytes]) -> Iterator[list[bytes]]:
    """The reference's own assembly: parts next to each other in the file, or of one sequence number and channel."""
    waiting: dict[tuple[bytes, ...], list[bytes]] = {}
    for line in lines:
        bang = -1 if line.startswith(b"#") else line.find(b"!")
        fields = line[bang:].split(b",") if bang >= 0 else []
        if len(fields) < 7 or not fields[1].isdigit() or fields[0][3:] not in (b"VDM", b"VDO"):
            continue
        star = line.find(b"*", bang)
        sentence = line[bang : star + 3]
        if fields[1] == b"1":
            yield [sentence]
            continue
        key = (fields[0], fields[1], fields[3], fields[4])
        if fields[2] == b"1":
            waiting[key] = [sentence]
        elif key in waiting:
            waiting[key].append(sentence)
            if len(waiting[key]) == int(fields[1]):
                yield waiting.pop(key)


def reference(sentences: list[bytes]) -> dict[str, Any] | None:
    """pyais by its public interface; None when it refuses."""
    try:
        message = pyais.decode(*sentences, error_if_checksum_invalid=True)
    except (AISBaseException, ValueError, TypeError, KeyError, IndexError, AttributeError):
        return None
    return {name: plain(value) for name, value in message.asdict(enum_as_int=True).items()}


def plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    return value.hex() if isinstance(value, bytes) else value


def bit_length(sentences: list[bytes]) -> int:
    fields = [sentence.split(b",") for sentence in sentences]
    return sum(len(f[5]) * 6 for f in fields) - int(fields[-1][6].split(b"*")[0] or b"0")


def folded(ship_type: int | None) -> int | None:
    return None if ship_type is None else int(pyais.constants.ShipType.from_value(ship_type))


def compare_raw(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert list(ours) == list(theirs)
    if ours.get("ship_type") != theirs.get("ship_type"):
        ours = {**ours, "ship_type": folded(ours["ship_type"])}
    assert ours == theirs


def known(value: float | None, *, below: float) -> float:
    return value if value is not None and value < below else math.nan


def expected_row(theirs: dict[str, Any]) -> tuple[float, ...]:
    """Type, MMSI, latitude, longitude, sog, cog, heading, status: pyais's values after the table of unknowns."""
    kind = theirs["msg_type"]
    if kind not in PLACED:
        return (kind, theirs["mmsi"], *[math.nan] * 5, -1)
    default = any(abs(theirs["lat"] - at) < 1e-4 and abs(theirs["lon"] - at) < 1e-4 for at in (0, 1))
    placed = theirs["lat"] != 91 and theirs["lon"] != 181 and not default
    status = theirs.get("status", 15)
    return (
        kind,
        theirs["mmsi"],
        theirs["lat"] if placed else math.nan,
        theirs["lon"] if placed else math.nan,
        known(theirs.get("speed"), below={9: 1023, 27: 63}.get(kind, 102.3)),
        known(theirs.get("course"), below=360),
        known(theirs.get("heading"), below=360),
        -1 if status == 15 else status,
    )


COLUMNS = ("type", "mmsi", "lat_deg", "lon_deg", "sog_kn", "cog_deg", "heading_deg", "status")


def compare_columns(decoded: Decoded, theirs: list[dict[str, Any]], raw: list[dict[str, Any]]) -> None:
    kept = [(fields, sent) for fields, sent in zip(theirs, raw, strict=True) if plausible(fields)]
    reports = decoded.batch.reports
    assert len(reports) == len(kept) and len(decoded.refused_fixes) == len(theirs) - len(kept)
    assert not decoded.refused
    expected = np.array([expected_row(fields) for fields, _ in kept]).reshape(-1, len(COLUMNS))
    for number, name in enumerate(COLUMNS):
        np.testing.assert_array_equal(reports[name], expected[:, number].astype(reports[name].dtype), name)
    for row, (fields, sent) in zip(reports.tolist(), kept, strict=True):
        static = row[REPORT.names.index("static")]
        assert (static >= 0) == (fields["msg_type"] in (5, 19, 24))
        if static >= 0:
            compare_static(decoded.batch.statics[static], fields, sent.get("ship_type"))


def text(value: str) -> bytes:
    return value.split("@", 1)[0].strip().encode()


def compare_static(row: np.void, theirs: dict[str, Any], raw_ship_type: int | None) -> None:
    if "shipname" in theirs:
        assert row["name"] == text(theirs["shipname"])
    if "imo" in theirs:
        assert row["imo"] == (theirs["imo"] if theirs["imo"] < 10_000_000 else 0)
        assert row["destination"] == text(theirs["destination"])
        np.testing.assert_equal(row["draught_m"], np.float32(theirs["draught"] or math.nan))
        eta = theirs["month"] << 16 | theirs["day"] << 11 | theirs["hour"] << 6 | theirs["minute"]
        assert row["eta"] == (eta if theirs["month"] or theirs["day"] else 0)
    if "callsign" in theirs:
        assert row["call_sign"] == text(theirs["callsign"])
    if "to_bow" in theirs:
        assert row["ship_type"] == (raw_ship_type or -1)
        assert row["length_m"] == (theirs["to_bow"] + theirs["to_stern"] or -1)
        assert row["beam_m"] == (theirs["to_port"] + theirs["to_starboard"] or -1)


def plausible(theirs: dict[str, Any]) -> bool:
    if theirs["msg_type"] not in PLACED:
        return True
    lat, lon = theirs["lat"], theirs["lon"]
    return (abs(lat) <= 90 or lat == 91) and (abs(lon) <= 180 or lon == 181)


@needs_recordings
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_message_that_pyais_accepts_has_every_field_as_pyais_has_it(path: Path) -> None:
    stretches = [*batched(messages_of(path))]
    compare_stretches(stretches if len(stretches) < MANY else stretches[::4])


@pytest.mark.slow
@needs_recordings
def test_the_longest_recording_has_every_field_of_every_message_as_pyais_has_it() -> None:
    compare_stretches(batched(messages_of(max(FILES, key=lambda path: path.stat().st_size))))


def batched(messages: Iterator[list[bytes]]) -> Iterator[list[list[bytes]]]:
    while stretch := list(islice(messages, 1000)):
        yield stretch


def compare_stretches(stretches: Iterable[list[list[bytes]]]) -> None:
    for stretch in stretches:
        accepted = [(s, theirs) for s in stretch if (theirs := reference(s)) and bit_length(s) >= MMSI_ENDS]
        raw = [decode_raw(sentences) for sentences, _ in accepted]
        for ours, (_, theirs) in zip(raw, accepted, strict=True):
            compare_raw(ours, theirs)
        # What is cut short is unknown to us and half a number to pyais: another test looks at it.
        whole = [number for number, (sentences, theirs) in enumerate(accepted) if complete(sentences, theirs)]
        value = b"\n".join(line for number in whole for line in accepted[number][0])
        compare_columns(decode(value, "test"), [accepted[n][1] for n in whole], [raw[n] for n in whole])


def complete(sentences: list[bytes], fields: dict[str, Any]) -> bool:
    """Everything that a column is made of is there."""
    last_bits = {1: 168, 2: 168, 3: 168, 5: 422, 18: 168, 19: 301, 24: 162, 27: 94}
    return bit_length(sentences) >= last_bits.get(fields["msg_type"], 160) - 2 * ("shipname" in fields)


@needs_recordings
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_command_prints_or_refuses_with_a_reason_every_message_that_pyais_accepts(path: Path) -> None:
    compare_printed(lines_of(path)[:10_000], path)


@pytest.mark.slow
@needs_recordings
def test_the_command_prints_or_refuses_every_message_of_the_longest_recording() -> None:
    path = max(FILES, key=lambda path: path.stat().st_size)
    compare_printed(lines_of(path), path)


def compare_printed(lines: list[bytes], path: Path) -> None:
    printed = list(decoded_lines(BytesIO(b"\n".join(lines)), path, SourceKind(replayed=True)))
    refused = b"\n".join(line["raw"].encode() for line in printed if "rejected" in line)
    ours = Counter(repr(folded_line(line)) for line in printed if "rejected" not in line)
    theirs = [
        (s, repr(normal(fields)))
        for s in messages_in(lines)
        if (fields := reference(s)) and bit_length(s) >= MMSI_ENDS and s[0] not in refused
    ]
    assert not Counter(fields for _, fields in theirs) - ours


def folded_line(line: dict[str, Any]) -> dict[str, Any]:
    fields = {name: value for name, value in line.items() if name not in ("time", "source")}
    if fields["msg_type"] in (5, 19):
        fields["ship_type"] = folded(fields["ship_type"])
    return normal(fields)


def normal(fields: dict[str, Any]) -> dict[str, Any]:
    """Numbers alike: -128 and -128.0 are one."""
    return {name: float(value) if isinstance(value, int | float) else value for name, value in fields.items()}


@needs_recordings
def test_the_columns_of_a_recording_do_not_depend_on_where_it_is_cut() -> None:
    sentences = [line for path in FILES[:12] for message in messages_of(path) if len(message) == 1 for line in message]
    whole = decode(b"\n".join(sentences), "test")
    for size in (1, 7, 1000):
        cuts = [decode(b"\n".join(sentences[at : at + size]), "test") for at in range(0, len(sentences), size)]
        for name in set(whole.batch.reports.dtype.names or ()) - {"start", "end", "static", "ordinal"}:
            np.testing.assert_array_equal(
                np.concatenate([cut.batch.reports[name] for cut in cuts]), whole.batch.reports[name]
            )
        assert np.concatenate([cut.batch.statics for cut in cuts]).tobytes() == whole.batch.statics.tobytes()
        assert [r for cut in cuts for r in cut.refused_fixes] == whole.refused_fixes


def test_the_recordings_are_read_by_content_not_by_name(tmp_path: Path) -> None:
    sentence = b"!AIVDM,1,1,,B,177KQJ5000G?tO`K>RA1wUbN0TKH,0*5C\n"
    packed, plain_file = tmp_path / "a.txt", tmp_path / "b.gz"
    packed.write_bytes(gzip.compress(sentence))
    plain_file.write_bytes(sentence)
    for path in (packed, plain_file):
        with open_recording(path) as file:
            (line,) = decoded_lines(file, path, SourceKind(replayed=True))
        assert line["mmsi"] == 477553000 and line["time"] == "2000-01-01T00:00:00.000Z"
