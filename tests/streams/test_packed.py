"""Packed recordings: every kind gives the same bytes, in bounded memory, and damage is one line."""

import bz2
import gzip
import lzma
import tracemalloc
import zipfile
from collections import deque
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import zstandard

from streams.errors import ConfigError
from streams.files.recordings import RecordingFile, all_recordings, open_recording, recordings, refuse_unreadable
from streams.files.unpackers import PackedError

DATA = b"".join(b"!AIVDM,1,1,,A,%d,0*00\n" % n for n in range(20_000))
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstandard.ZstdCompressor().compress,
}


def content(path: Path) -> dict[str, bytes]:
    with closing(recordings(path)) as found:
        return {each.name.removeprefix(str(path)): each.file.read() for each in found}


def read_or_said(recording: RecordingFile) -> bytes | str:
    """Its content, or the error that reading it gives."""
    try:
        return recording.file.read()
    except PackedError as error:
        return str(error)


def zipped(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "."), data)
    return path


@pytest.mark.parametrize("kind", PACKERS)
def test_streams_one_after_another_are_one_recording(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "day"  # told by content
    path.write_bytes(PACKERS[kind](DATA) + PACKERS[kind](DATA))
    assert content(path) == {"": DATA + DATA}


@pytest.mark.parametrize("kind", PACKERS)
@pytest.mark.parametrize("cut", [-9, 40])
def test_one_that_breaks_off_is_an_error(kind: str, cut: int, tmp_path: Path) -> None:
    path = tmp_path / "day"
    path.write_bytes(PACKERS[kind](DATA)[:cut])
    with pytest.raises(PackedError, match="damaged or incomplete"):
        content(path)


@pytest.mark.parametrize("size", [1 << 12, 1 << 20])
@pytest.mark.parametrize("kind", PACKERS)
def test_what_came_before_the_damage_is_given(kind: str, size: int, tmp_path: Path) -> None:
    path = tmp_path / "day"
    path.write_bytes(PACKERS[kind](DATA) + PACKERS[kind](DATA)[:-9])
    given = b""
    with open_recording(path) as file, pytest.raises(PackedError):  # noqa: PT012  # each read may be the one
        while True:
            given += file.read(size)
    assert given.startswith(DATA[: len(DATA) // 2]) and (DATA + DATA).startswith(given)


def test_a_zip_gives_its_members_packed_or_not_and_nothing_of_a_mac(tmp_path: Path) -> None:
    path = zipped(tmp_path / "d.zip", a__nmea=DATA, b__gz=gzip.compress(DATA))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("__MACOSX/._a.nmea", b"junk")
    assert content(path) == {"/a.nmea": DATA, "/b.gz": DATA}


def test_an_archive_in_an_archive_is_refused(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "in.zip", a=DATA).read_bytes()
    twice = tmp_path / "twice.gz"
    twice.write_bytes(gzip.compress(gzip.compress(DATA)))
    for path in (zipped(tmp_path / "out.zip", b=inner), twice):
        for recording in all_recordings([path]):
            with pytest.raises(PackedError, match="unpack it"):
                recording.file.read()


@pytest.mark.parametrize("damage", ["cut", "flipped", "junk"])
def test_a_damaged_zip_is_one_line(damage: str, tmp_path: Path) -> None:
    path = zipped(tmp_path / "d.zip", a=DATA)
    whole = bytearray(path.read_bytes())
    whole[200] ^= 0xFF
    path.write_bytes({"cut": bytes(whole[:300]), "flipped": bytes(whole), "junk": b"PK\x03\x04junk"}[damage])
    (broken,) = all_recordings([path])
    with pytest.raises(PackedError):
        broken.file.read()


def test_a_zip_with_any_damaged_byte_gives_data_or_one_line(tmp_path: Path) -> None:
    whole = zipped(tmp_path / "d.zip", a=DATA[:200], b=DATA[:200]).read_bytes()
    other = tmp_path / "other.nmea"
    other.write_bytes(DATA)
    path = tmp_path / "damaged.zip"
    for place in range(4, len(whole)):
        for value in (0, 10, 0xFF, whole[place] ^ 0x40):
            path.write_bytes(whole[:place] + bytes([value]) + whole[place + 1 :])
            *damaged, (name, data) = [(each.name, read_or_said(each)) for each in all_recordings([path, other])]
            assert (name, data) == (str(other), DATA)
            assert all(name.isprintable() and (isinstance(got, bytes) or str(path) in got) for name, got in damaged)
            assert all(isinstance(got, bytes) or got.isprintable() for _, got in damaged)


def test_a_damaged_member_does_not_hide_the_others(tmp_path: Path) -> None:
    whole = zipped(tmp_path / "d.zip", a=DATA, b=DATA, c=DATA).read_bytes()
    path = tmp_path / "damaged.zip"
    at = whole.index(b"PK\x03\x04", 10)
    path.write_bytes(whole[:at] + b"XX" + whole[at + 2 :])
    found = {each.name.removeprefix(str(path)): read_or_said(each) for each in all_recordings([path])}
    assert found["/a"] == found["/c"] == DATA
    assert found["/b"] == f"{path}/b: damaged or incomplete (bad magic number for file header)"


def test_members_that_lie_nowhere_are_damaged(tmp_path: Path) -> None:
    path = zipped(tmp_path / "d.zip", a=DATA)
    whole = bytearray(path.read_bytes())
    whole[whole.rindex(b"PK\x05\x06") + 18] = 1  # where the list of members begins: 65,536 bytes further on
    path.write_bytes(whole)
    (broken,) = all_recordings([path])
    assert read_or_said(broken) == f"{path}/a: damaged or incomplete (invalid argument)"


def test_a_way_of_packing_that_is_not_known_is_no_damage(tmp_path: Path) -> None:
    path = zipped(tmp_path / "d.zip", a=DATA)
    whole = bytearray(path.read_bytes())
    for entry, place in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        whole[whole.index(entry) + place] = 9  # Deflate64
    path.write_bytes(whole)
    (broken,) = all_recordings([path])
    assert str(read_or_said(broken)).endswith("unpack it with another program")


@pytest.mark.parametrize("kind", PACKERS)
def test_a_bomb_is_refused_in_bounded_memory(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.files.unpackers.FREE_BYTES", 4 << 20)
    path = tmp_path / "bomb"
    path.write_bytes(PACKERS[kind](bytes(64 << 20)))
    tracemalloc.start()
    try:
        with open_recording(path) as file, pytest.raises(PackedError, match="not a recording"):
            deque(iter(lambda: file.read(1 << 18), b""), maxlen=0)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 40 << 20


def test_xz_that_wants_too_much_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "big.xz"
    path.write_bytes(lzma.compress(DATA, preset=9))
    monkeypatch.setattr("streams.files.unpackers._MEMORY_MOST", 1 << 20)
    with pytest.raises(PackedError, match="memory"):
        content(path)


def test_what_cannot_be_opened_is_wrong_use(tmp_path: Path) -> None:
    for path, said in ((tmp_path, "folder"), (tmp_path / "none", "no such file")):
        with pytest.raises(ConfigError, match=said):
            refuse_unreadable([path])
        with pytest.raises(ConfigError):
            content(path)


def test_a_plain_file_passes_untouched(tmp_path: Path) -> None:
    path = tmp_path / "day.nmea"
    for data in (b"", b"P", DATA):
        path.write_bytes(data)
        assert content(path) == {"": data}
