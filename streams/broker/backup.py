"""Backup of the embedded broker's data in one file, and restore.

Rules.
- The copy is made of a stopped broker: a running one is stopped and restarted at its port. Clients wait.
- A backup file appears completely or not at all, and shows that it is complete: its last entry counts the files before
  it.
- A restore is unpacked and checked next to the present data, then replaces it; the old data is kept under another name.

There is one copy of everything, because the topics depend on each other: snapshots contain offsets in the log.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final, NamedTuple

import msgspec
import zstandard

from streams.broker import embedded
from streams.broker.process import only_one
from streams.errors import ConfigError

_DATA: Final = "data"
_SUMMARY: Final = "wakewatch-backup.json"
_FORMAT: Final = 1
_SUMMARY_BYTES_MOST: Final = 65_536
_LOCK_S: Final = 360.0
_SPARE_BYTES: Final = 64 << 20
_SKIPPED: Final = frozenset({".lock"})  # Kafka's own, of a process that has ended


class BackupSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The last entry of a backup: the files that must precede it."""

    format: int
    made_at: str
    files: int
    bytes: int


class Done(NamedTuple):
    """What was copied. ``was_running``: the broker was stopped for it; ``kept``: where older data is now."""

    summary: BackupSummary
    was_running: bool = False
    kept: Path | None = None


def backup(target: Path, data_dir: Path | None = None) -> Done:
    """Copies the broker's data to ``target`` (tar, zstd). A running broker is stopped for the copy and restarted.

    Raises ConfigError if there is nothing to copy, ``target`` exists or cannot be written, or the broker lives only as
    long as another process; WakewatchError if the broker does not stop or start.
    """
    home = embedded.home_of(data_dir)
    data, target = home / _DATA, target.expanduser().absolute()
    if not (data / "meta.properties").is_file():
        raise ConfigError(f"no Kafka data in {home}: nothing to back up; give the folder with --data-dir")
    if target.exists():
        raise ConfigError(f"{target} already exists: choose another file")
    if target.is_relative_to(home):
        raise ConfigError(f"{target} is in the broker's own folder, which may be lost with it: choose another place")
    part = target.with_name(target.name + ".part")
    with _failing_at(target):
        try:
            with part.open("xb") as file, _at_rest(home) as was_running:
                summary = _pack(data, file)
            part.replace(target)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    return Done(summary, was_running)


def restore(source: Path, data_dir: Path | None = None, *, replace: bool = False) -> Done:
    """Replaces the broker's data by those of a backup; with ``replace`` older data are renamed and kept.

    Raises ConfigError, with nothing changed, if a broker runs there, data exist without ``replace``, or ``source`` is
    not a complete backup.
    """
    home = embedded.home_of(data_dir)
    data, fresh = home / _DATA, home / "data.restored"
    with _failing_at(home):
        home.mkdir(parents=True, exist_ok=True)
        with only_one(home / "start.lock", _LOCK_S):
            if embedded.status(home):
                raise ConfigError(f"the broker is running in {home}: stop it first with `wakewatch broker stop`")
            if data.exists() and not replace:
                raise ConfigError(
                    f"{data} already contains data: use --replace, which keeps the old data under another name"
                )
            shutil.rmtree(fresh, ignore_errors=True)
            try:
                summary = _unpack(source, fresh)
            except BaseException:
                shutil.rmtree(fresh, ignore_errors=True)
                raise
            kept = _aside(data)
            fresh.rename(data)
    return Done(summary, kept=kept)


@contextlib.contextmanager
def _failing_at(where: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigError(f"{error.filename or where}: {error.strerror or error}") from None


@contextlib.contextmanager
def _at_rest(home: Path) -> Iterator[bool]:
    """Runs with the broker of ``home`` stopped; yields whether it ran. It is restarted afterwards in any case."""
    broker = None
    try:
        with only_one(home / "start.lock", _LOCK_S):  # no one starts it in the meantime
            broker = embedded.status(home)
            if broker is not None and broker.die_with_parent:
                owned, broker = broker, None
                raise ConfigError(
                    f"the broker (pid {owned.pid}) belongs to another process and ends with it: stop that process first"
                )
            embedded.stop(home)
            yield broker is not None
    finally:
        if broker is not None:
            embedded.restart(broker)


def _pack(data: Path, file: IO[bytes]) -> BackupSummary:
    files = size = 0
    packer = zstandard.ZstdCompressor(level=3, threads=-1, write_checksum=True)
    with (
        packer.stream_writer(file, closefd=False) as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as archive,
    ):
        for path in sorted(data.rglob("*")):
            if path.name in _SKIPPED or path.is_symlink():
                continue
            archive.add(path, f"{_DATA}/{path.relative_to(data).as_posix()}", recursive=False)
            if path.is_file():
                files, size = files + 1, size + path.stat().st_size
        made_at = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        summary = BackupSummary(format=_FORMAT, made_at=made_at, files=files, bytes=size)
        body = msgspec.json.encode(summary)
        last = tarfile.TarInfo(_SUMMARY)
        last.size = len(body)
        archive.addfile(last, io.BytesIO(body))
    file.flush()
    os.fsync(file.fileno())
    return summary


def _unpack(source: Path, fresh: Path) -> BackupSummary:
    """Raises ConfigError unless the complete backup is in ``fresh`` afterwards."""
    summary, files, size = None, 0, 0
    room = shutil.disk_usage(fresh.parent).free - _SPARE_BYTES
    try:
        with (
            source.expanduser().open("rb") as file,
            zstandard.ZstdDecompressor().stream_reader(file) as packed,
            tarfile.open(fileobj=packed, mode="r|") as archive,
        ):
            for entry in archive:
                if entry.name == _SUMMARY:
                    body = archive.extractfile(entry)
                    summary = msgspec.json.decode(body.read(_SUMMARY_BYTES_MOST) if body else b"", type=BackupSummary)
                    continue
                files, size = files + entry.isfile(), size + entry.size
                if size > room:
                    raise ConfigError(
                        f"{fresh.parent}: not enough space for the contents of {source}; free some space first"
                    )
                _place(archive, entry, fresh)
    except (tarfile.TarError, zstandard.ZstdError, msgspec.MsgspecError, EOFError) as error:
        raise ConfigError(f"{source} cannot be read as a backup ({error}); nothing was changed") from None
    if summary is None or summary.format != _FORMAT or (summary.files, summary.bytes) != (files, size):
        raise ConfigError(f"{source} is not a complete backup of `wakewatch broker backup`; nothing was changed")
    return summary


def _place(archive: tarfile.TarFile, entry: tarfile.TarInfo, fresh: Path) -> None:
    """One entry below ``fresh``, without its first folder. Raises tarfile.TarError for one outside of it."""
    inside = entry.name.removeprefix(f"{_DATA}/")
    if inside == entry.name or not (entry.isfile() or entry.isdir()):
        raise tarfile.ReadError(f"it contains {entry.name!r}, which a backup never does")
    archive.extract(entry.replace(name=inside, deep=False), fresh, filter="data")


def _aside(data: Path) -> Path | None:
    """Renames existing data to the first free name of `data.before-1`, `data.before-2`, ..."""
    if not data.exists():
        return None
    number = 1
    while (kept := data.with_name(f"{data.name}.before-{number}")).exists():
        number += 1
    return data.rename(kept)
