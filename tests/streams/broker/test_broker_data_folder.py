"""The embedded broker's data lie in the state folder, and come there from the cache of earlier versions."""

from pathlib import Path

import msgspec
import pytest

from streams.broker import embedded, places
from streams.broker.clients import admin
from streams.settings.model import KafkaSettings


@pytest.fixture(autouse=True)
def folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for kind in ("cache", "state"):
        monkeypatch.setenv(f"XDG_{kind.upper()}_HOME", str(tmp_path / kind))


def cached() -> Path:
    data = places.cached_broker_dir() / "data"
    data.mkdir(parents=True)
    (data / "meta.properties").write_text("version=1\n")
    return data


def test_data_are_state_and_no_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert embedded.default_dir() == tmp_path / "state" / "wakewatch" / "broker"
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert embedded.default_dir() == tmp_path / ".local" / "state" / "wakewatch" / "broker"


@pytest.mark.parametrize("another_disk", [False, True])
def test_what_lies_in_the_cache_is_moved_once(monkeypatch: pytest.MonkeyPatch, *, another_disk: bool) -> None:
    before, home = cached(), places.broker_dir()
    rename = Path.rename

    def refused(self: Path, target: Path) -> Path:
        if self == before:
            raise OSError(18, "Invalid cross-device link")
        return rename(self, target)

    if another_disk:
        monkeypatch.setattr(Path, "rename", refused)
    assert places.move_from_cache(home)
    assert (home / "data" / "meta.properties").read_text() == "version=1\n"
    assert not before.exists()
    assert not places.move_from_cache(home)


def test_data_that_are_there_already_are_never_replaced() -> None:
    before, home = cached(), places.broker_dir()
    (home / "data").mkdir(parents=True)
    assert not places.move_from_cache(home)
    assert before.is_dir()


def test_where_both_folders_are_one_nothing_is_moved(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "cache"))
    before = cached()
    assert not places.move_from_cache(places.broker_dir())
    assert before.is_dir()


@pytest.mark.broker
def test_a_broker_that_runs_from_the_cache_is_found_and_moves_when_it_starts_again(
    broker: embedded.Broker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert broker.pid
    monkeypatch.undo()  # the jars are where they are ...
    monkeypatch.setattr(places, "cache_dir", lambda: tmp_path / "cache")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    old = embedded.start(places.cached_broker_dir(), port=0, die_with_parent=True)
    try:
        assert embedded.default_dir() == places.cached_broker_dir()
        found = embedded.status()
        assert found is not None
        assert found.pid == old.pid
        embedded.stop()
        new = embedded.start(port=0, die_with_parent=True)
        assert Path(new.data_dir) == places.broker_dir()
        client = admin(msgspec.structs.replace(KafkaSettings(), bootstrap_servers=new.bootstrap_servers))
        client.close()
        assert not (places.cached_broker_dir() / "data").exists()
    finally:
        embedded.stop(places.cached_broker_dir())
        embedded.stop(places.broker_dir())
