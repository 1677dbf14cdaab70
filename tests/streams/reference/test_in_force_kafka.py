"""What is in force is what was imported last: shown by every command; of two imports at once one is refused."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner, Result

from streams.broker.clients import admin, producer
from streams.cli import build
from streams.doctor import DoctorFinding, examine
from streams.errors import ConfigError, SinkError, WakewatchError
from streams.messages import reference_records
from streams.messages.topics import REFERENCE, create_missing
from streams.reference import load_reference
from streams.reference.importing import Importer
from streams.reference.in_force import InForce, ask
from streams.reference.library import newest, read_versions
from streams.reference.loading import with_lists
from streams.reference.stored_versions import CLAIM_S
from streams.settings.model import KafkaSettings, Settings

pytestmark = pytest.mark.broker
OWN = load_reference(Settings().reference)
HEAD = "list,name,mmsi\n"
PLACE = {
    "type": "Feature",
    "geometry": {"type": "Point", "coordinates": [130.3, 42.2]},
    "properties": {"name": "Imported Bay", "kind": "sanctioned", "radius_nm": 4},
}


@pytest.fixture
def made(kafka_settings: KafkaSettings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Topics are there; commands in this process use them."""
    monkeypatch.setenv("WAKEWATCH_KAFKA_BOOTSTRAP_SERVERS", kafka_settings.bootstrap_servers)
    monkeypatch.setenv("WAKEWATCH_KAFKA_TOPIC_PREFIX", kafka_settings.topic_prefix)
    client = admin(kafka_settings)
    create_missing(client, kafka_settings)
    client.close()
    return Settings(kafka=kafka_settings)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(build(), list(arguments))


def in_force(settings: Settings) -> InForce:
    return ask(settings.kafka, OWN)


def said(settings: Settings, later_s: float = 0.0) -> dict[str, DoctorFinding]:
    return {each.name: each for each in examine(settings, int((time.time() + later_s) * 1000), limit_s=600.0)}


def list_file(home: Path, name: str, mmsi: int) -> Path:
    path = home / f"{name}.csv"
    path.write_text(f"{HEAD}{name},{name} SHIP,{mmsi}\n")
    return path


def test_every_command_shows_what_was_imported_its_version_and_time(made: Settings, tmp_path: Path) -> None:
    before = run("watchlist", "list")
    assert "ANGARA" in before.stdout and "4 vessels; " in before.stderr and "no import" in before.stderr
    assert run("watchlist", "import", str(list_file(tmp_path, "MINE", 273_000_001)), "--yes").exit_code == 0
    places = tmp_path / "places.geojson"
    places.write_text(json.dumps({"type": "FeatureCollection", "features": [PLACE]}))
    assert run("zones", "import", str(places), "--yes").exit_code == 0
    now = in_force(made)
    assert now.version is not None and now.since_ms > 0 and now.unfinished is None
    for shown, wanted in (
        (run("watchlist", "list"), "MINE SHIP"),
        (run("watchlist", "match", "--mmsi", "273000001"), "MINE SHIP"),
        (run("zones", "list"), "Imported Bay"),
    ):
        assert (shown.exit_code, wanted in shown.stdout) == (0, True)
        assert f"version {now.version}, imported 20" in shown.stderr
    assert "MINE SHIP" not in run("watchlist", "list", "--files").stdout
    assert "Imported Bay" not in run("zones", "list", "--files").stdout
    found = said(made)
    assert found["watchlist"].verdict == "ok" and "5 vessels; " in found["watchlist"].said
    assert now.version in found["watchlist"].said and found["zones"].said.startswith("1 zones; ")
    stale = said(made, later_s=8 * 86_400)["watchlist"]
    assert (stale.verdict, stale.remedy) == ("warn", "download the list again and import it")
    assert "import" not in found


def test_kafka_that_does_not_answer_is_not_taken_for_nothing_imported(made: Settings) -> None:
    away = msgspec.structs.replace(made, kafka=KafkaSettings(bootstrap_servers="127.0.0.1:1"))
    assert isinstance(run("watchlist", "list", "--bootstrap-servers", "127.0.0.1:1").exception, SinkError)
    found = said(away)
    assert (found["kafka"].verdict, "imports are not visible" in found["zones"].said) == ("wrong", True)


def test_an_import_that_ends_before_all_is_written_is_told_with_the_command_that_completes_it(
    made: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = list_file(tmp_path, "MINE", 273_000_001)

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(reference_records, "head", dies)
        assert run("watchlist", "import", str(path), "--yes").exit_code != 0
    assert in_force(made).reference == OWN, "the previous version stays in force"
    found = said(made, later_s=61)["import"]
    assert (found.verdict, "it is not written completely" in found.said) == ("wrong", True)
    assert found.remedy == f"`wakewatch watchlist import {path}`"
    assert said(made)["import"].verdict == "warn", "it may still be running"
    assert "has not finished" in run("watchlist", "list").stderr
    refused = run("watchlist", "complete").exception
    assert isinstance(refused, ConfigError) and f"wakewatch watchlist import {path}" in str(refused)
    assert run("watchlist", "import", str(path), "--yes").exit_code == 0, "the command that was named"
    assert "import" not in said(made, later_s=61)


def test_an_import_that_ends_before_all_are_told_is_completed_by_a_command(
    made: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(Importer, "_mark", dies)
        assert run("watchlist", "import", str(list_file(tmp_path, "MINE", 273_000_001)), "--yes").exit_code != 0
    assert in_force(made).reference == OWN
    found = said(made, later_s=61)["import"]
    assert (found.verdict, found.remedy) == ("wrong", "`wakewatch watchlist complete`")
    assert run("watchlist", "complete").exit_code == 0
    assert "MINE SHIP" in run("watchlist", "list").stdout
    assert "import" not in said(made, later_s=61)
    assert "no import is incomplete" in run("watchlist", "complete").stderr


def test_of_two_imports_at_once_one_is_refused_and_keeps_nothing_of_the_other_s(made: Settings, tmp_path: Path) -> None:
    """Both were shown the difference to the same version: two shells, each with a list of its own."""
    code = "from streams.cli import main; main()"
    shells = [
        subprocess.Popen(
            [sys.executable, "-c", code, "watchlist", "import", str(list_file(tmp_path, name, mmsi)), "--yes"],
            env=dict(os.environ),
            stderr=subprocess.PIPE,
            text=True,
        )
        for name, mmsi in (("FIRST", 273_000_001), ("SECOND", 273_000_002))
    ]
    told = [shell.communicate(timeout=120)[1] for shell in shells]
    done = [name for name, shell in zip(("FIRST", "SECOND"), shells, strict=True) if shell.returncode == 0]
    held = {ship.list for ship in in_force(made).reference.ships}
    assert done and set(done) == held & {"FIRST", "SECOND"}, (told, held)
    for shell, words in zip(shells, told, strict=True):
        assert ("in force:" in words) == (shell.returncode == 0)
        assert shell.returncode == 0 or ("nothing was changed" in words and shell.returncode == 1)
    assert in_force(made).unfinished is None


def test_the_difference_to_a_version_that_is_no_longer_the_newest_is_refused(made: Settings, tmp_path: Path) -> None:
    shown = read_versions(made.kafka)
    assert run("watchlist", "import", str(list_file(tmp_path, "FIRST", 273_000_001)), "--yes").exit_code == 0
    late = with_lists(newest(shown, OWN), newest(shown, OWN).ships[:1])
    with pytest.raises(WakewatchError, match=r"nothing was changed: version .* was written after"):
        Importer(made.kafka, lambda _: None).bring(shown, late)
    assert {ship.list for ship in in_force(made).reference.ships} >= {"FIRST"}
    assert in_force(made).unfinished is None, "who was refused leaves nothing behind"


def begins(made: Settings, ago_s: float) -> None:
    """Another import says that it begins, and writes nothing else."""
    sender = producer(made.kafka)
    key, value = reference_records.begun("feedfacefeed", "1", -1, "wakewatch watchlist import other.csv")
    at_ms = int((time.time() - ago_s) * 1000)
    sender.send(made.kafka.topic_prefix + REFERENCE, key=key, value=value, partition=0, timestamp_ms=at_ms).get(30)
    sender.close()


def test_an_import_that_began_before_is_waited_for_as_long_as_it_can_go_on(made: Settings, tmp_path: Path) -> None:
    mine = str(list_file(tmp_path, "MINE", 273_000_001))
    begins(made, ago_s=1)
    refused = run("watchlist", "import", mine, "--yes").exception
    assert isinstance(refused, WakewatchError) and "`wakewatch watchlist import other.csv`" in str(refused)
    assert in_force(made).reference == OWN
    begins(made, ago_s=CLAIM_S + 1)
    assert run("watchlist", "import", mine, "--yes").exit_code == 0
    assert "MINE SHIP" in run("watchlist", "list").stdout and in_force(made).unfinished is None


@pytest.mark.parametrize("at_the_call", range(1, 8))
def test_killed_at_any_step_it_is_seen_and_completed(made: Settings, tmp_path: Path, at_the_call: int) -> None:
    """Killed before each flush but the last: the lists before are in force, or doctor names what completes it."""
    path = list_file(tmp_path, "MINE", 273_000_001)
    code = f"""
import os, signal
from streams.reference.importing import Importer
flush, calls = Importer._flush, []
def dying(self, producer):
    calls.append(1)
    if len(calls) == {at_the_call}:
        os.kill(os.getpid(), signal.SIGKILL)
    flush(self, producer)
Importer._flush = dying
from streams.cli import main; main()
"""
    call = [sys.executable, "-c", code, "watchlist", "import", str(path), "--yes"]
    ended = subprocess.run(call, env=dict(os.environ), check=False, stderr=subprocess.DEVNULL).returncode
    assert ended in {-signal.SIGKILL, 0}
    found = said(made, later_s=61)
    if "import" in found:
        assert found["import"].verdict == "wrong"
        command = found["import"].remedy.strip("`").split()[1:]
        assert run(*command, *(["--yes"] if "import" in command else [])).exit_code == 0
    elif in_force(made).version is None:
        assert run("watchlist", "import", str(path), "--yes").exit_code == 0
    assert "MINE SHIP" in run("watchlist", "list").stdout
    assert "import" not in said(made, later_s=61)
