"""Jars are run only when every byte is as locked, and repair themselves."""

import hashlib
import os
from pathlib import Path

import pytest

from streams.broker import jars
from streams.errors import ConfigError

WHOLE = {"kafka.jar": b"the broker", "log.jar": b"the log"}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where jars are kept, empty; the lock names two small ones."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    lock = {name: hashlib.sha256(content).hexdigest() for name, content in WHOLE.items()}
    monkeypatch.setattr(jars, "locked", lambda: lock)
    return tmp_path / "wakewatch" / "kafka-4.1.1"


class Network:
    """Stands for jgo and the network: each call gives the next of ``answers``."""

    def __init__(self, *answers: dict[str, bytes] | None) -> None:
        self.answers = list(answers)

    def __call__(self, work: Path) -> list[Path]:
        answer = self.answers.pop(0)
        if answer is None:
            raise ConfigError("Kafka's jars cannot be downloaded (ConnectionError)")
        folder = work / "repository"
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in answer.items():
            (folder / name).write_bytes(content)
        return [folder / name for name in answer]


def test_the_lock_file_names_the_pinned_kafka_and_no_place() -> None:
    lock = jars.locked()
    assert "kafka_2.13-4.1.1.jar" in lock
    assert "slf4j-simple-1.7.36.jar" in lock
    assert all(name.endswith(".jar") and "/" not in name for name in lock)
    assert all(len(bytes.fromhex(sha256)) == 32 for sha256 in lock.values())


def test_whole_jars_are_used_without_the_network(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jars, "_resolve", Network(WHOLE))
    first = jars.class_path()
    assert first.split(os.pathsep) == [str(home / name) for name in WHOLE]
    assert jars.class_path() == first, "a second call would have asked the network again"


@pytest.mark.parametrize("damage", [b"", b"the bro", b"another broker"])
def test_a_damaged_jar_is_fetched_again(home: Path, monkeypatch: pytest.MonkeyPatch, damage: bytes) -> None:
    monkeypatch.setattr(jars, "_resolve", Network(WHOLE, WHOLE))
    jars.class_path()
    (home / "kafka.jar").write_bytes(damage)
    jars.class_path()
    assert (home / "kafka.jar").read_bytes() == WHOLE["kafka.jar"]


def test_half_a_download_is_thrown_away_and_tried_again(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jars, "_resolve", Network({"kafka.jar": b"the bro", "log.jar": b"the log"}, WHOLE))
    jars.class_path()
    assert (home / "kafka.jar").read_bytes() == WHOLE["kafka.jar"]
    assert not (home / "download").exists()


def test_without_network_it_is_one_line_and_what_was_whole_stays(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jars, "_resolve", Network({"log.jar": b"the log"}, None))
    with pytest.raises(ConfigError, match="cannot be downloaded") as caught:
        jars.class_path()
    assert "\n" not in str(caught.value)
    assert (home / "log.jar").exists()


def test_a_jar_that_is_not_what_was_locked_is_never_run(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forged = {**WHOLE, "kafka.jar": b"forged"}
    monkeypatch.setattr(jars, "_resolve", Network(forged, forged))
    with pytest.raises(ConfigError, match=r"differ from the lock file \(kafka\.jar\)"):
        jars.class_path()
    assert not (home / "kafka.jar").exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(ConfigError, match="XDG_CACHE_HOME"):
        jars.class_path()
