"""A backup of the embedded broker's data: whole, or refused."""

import io
import tarfile
from pathlib import Path

import pytest
import zstandard
from typer.testing import CliRunner

from streams.broker import backup
from streams.cli.broker import app
from streams.errors import ConfigError


def storage(home: Path) -> Path:
    """A folder that looks like a broker's data."""
    (home / "data" / "topic-0").mkdir(parents=True)
    (home / "data" / "meta.properties").write_text("version=1\n")
    (home / "data" / "topic-0" / "00000000000000000000.log").write_bytes(bytes(range(256)) * 400)
    (home / "data" / ".lock").touch()
    return home


def contents(home: Path) -> dict[str, bytes]:
    files = (home / "data").rglob("*")
    return {str(file.relative_to(home)): file.read_bytes() for file in files if file.is_file() and file.name != ".lock"}


def packed(*entries: tuple[str, bytes]) -> bytes:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        for name, body in entries:
            entry = tarfile.TarInfo(name)
            entry.size = len(body)
            archive.addfile(entry, io.BytesIO(body))
    return zstandard.ZstdCompressor(write_checksum=True).compress(plain.getvalue())


def test_what_is_restored_is_what_was_backed_up(tmp_path: Path) -> None:
    home, file = storage(tmp_path / "a"), tmp_path / "b.tar.zst"
    assert CliRunner().invoke(app, ["backup", str(file), "--data-dir", str(home)]).exit_code == 0
    done = CliRunner().invoke(app, ["restore", str(file), "--data-dir", str(tmp_path / "c")])
    assert done.exit_code == 0, done.output
    assert contents(tmp_path / "c") == contents(home)
    assert [one.name for one in tmp_path.iterdir() if "part" in one.name] == []


def test_data_that_are_there_are_kept_and_only_on_demand_replaced(tmp_path: Path) -> None:
    home, file = storage(tmp_path / "a"), tmp_path / "b.tar.zst"
    backup.backup(file, home)
    before = contents(home)
    (home / "data" / "meta.properties").write_text("another\n")
    with pytest.raises(ConfigError, match="--replace"):
        backup.restore(file, home)
    for number in (1, 2):
        done = backup.restore(file, home, replace=True)
        assert done.kept == home / f"data.before-{number}"
        assert contents(home) == before
    assert (home / "data.before-1" / "meta.properties").read_text() == "another\n"


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda body: body[: len(body) // 2], "backup"),
        (lambda body: body[:-20] + bytes(20), "backup"),
        (lambda body: body[:300] + bytes([body[300] ^ 1]) + body[301:], "backup"),
        (lambda _: b"", "backup"),
        (lambda _: b"text of no backup", "backup"),
        (lambda _: packed(("data/a", b"1")), "not a complete backup"),
        (lambda _: packed(("wakewatch-backup.json", b"{}")), "cannot be read"),
        (lambda _: packed(("data/../../evil", b"1")), "cannot be read"),
        (lambda _: packed(("/etc/evil", b"1")), "a backup never does"),
    ],
)
def test_a_file_that_is_no_whole_backup_changes_nothing(tmp_path: Path, damage: object, said: str) -> None:
    home, file = storage(tmp_path / "a"), tmp_path / "b.tar.zst"
    backup.backup(file, home)
    file.write_bytes(damage(file.read_bytes()))  # type: ignore[operator]
    before = contents(home)
    with pytest.raises(ConfigError, match=said):
        backup.restore(file, home, replace=True)
    assert contents(home) == before
    assert {one.name for one in home.iterdir()} <= {"data", "start.lock"}
    assert not (tmp_path / "evil").exists()


def test_a_backup_that_cannot_be_made_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    home = storage(tmp_path / "a")
    with pytest.raises(ConfigError, match="no Kafka data"):
        backup.backup(tmp_path / "b", tmp_path / "empty")
    with pytest.raises(ConfigError, match="own folder"):
        backup.backup(home / "b", home)
    with pytest.raises(ConfigError, match="No such file"):
        backup.backup(tmp_path / "missing" / "b", home)
    (tmp_path / "there").touch()
    with pytest.raises(ConfigError, match="exists"):
        backup.backup(tmp_path / "there", home)
    assert {one.name for one in tmp_path.iterdir()} == {"a", "there"}
