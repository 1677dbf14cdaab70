"""The demonstration on a real Kafka, with a feed of one's own; what it prints and what it leaves behind."""

import io
import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from rich.console import Console

from streams.broker import embedded
from streams.demo.play import DemoPlan, run
from streams.demo.screen import Screen
from streams.demo.watch import quantile
from streams.errors import ConfigError
from streams.scenario import Options
from streams.scenario.model import ScenarioTruth
from streams.settings.model import Settings
from tests.streams.scenario.test_verdict import HONEST, LISTED, alert


def printed(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), highlight=False)


def test_a_pager_rings_once_an_alert_and_ends_are_counted_apart() -> None:
    screen = Screen(Console(file=io.StringIO()))
    future, past = "2999-01-01T00:00:00.000Z", "2024-01-01T00:00:00.000Z"
    sent = [
        ("a", "page", future),
        ("a", "page", future),
        ("a", "page", past),
        ("b", "page", future),
        ("c", "ticket", future),
    ]
    for alert_id, severity, ends in sent:
        screen.notice({"labels": {"alert_id": alert_id, "severity": severity}, "annotations": {}, "endsAt": ends})
    assert (screen.rings, screen.ends) == (2, 1)


def test_own_feed_goes_the_whole_road(
    broker: embedded.Broker, feed: bytes, tmp_path: Path, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "feed.nmea"
    path.write_bytes(feed)
    monkeypatch.setenv("WAKEWATCH_KAFKA_TOPIC_PREFIX", f"demo{tmp_path.name}.".replace("_", "-"))
    from streams.settings import loading

    settings = loading.load()
    assert run(DemoPlan(feeds=(f"file:{path}",), servers=broker.bootstrap_servers), settings, console) == 0
    said = printed(console)
    for wanted in ("alerts: gap", "alerts: watchlist", "alerts: feed_outage", "alerts: port_proximity", "p99 latency"):
        assert wanted in said
    assert "ANGARA (IMO 9179842)" in said


@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM])
def test_one_in_the_background_ends_when_asked_and_leaves_nothing(
    broker: embedded.Broker, tmp_path: Path, asked: signal.Signals
) -> None:
    feed = tmp_path / "feed.nmea"
    feed.write_bytes(b"!AIVDM,1,1,,A,13HOI:0P0000VOHLCnHQKwvL05Ip,0*23\n")
    home = tmp_path / "home"
    home.mkdir()
    call = [
        sys.executable,
        "-m",
        "streams",
        "demo",
        "--stay",
        "--feed",
        f"file:{feed}",
        "--bootstrap-servers",
        broker.bootstrap_servers,
    ]
    environ = {**os.environ, "TMPDIR": str(home), "WAKEWATCH_KAFKA_TOPIC_PREFIX": f"demo{uuid.uuid4().hex[:8]}."}
    background = ["sh", "-c", 'trap "" INT; exec "$@"', "sh", *call]  # as a shell without job control starts it
    with subprocess.Popen(background, env=environ, stdout=subprocess.PIPE) as demo:
        assert demo.stdout is not None
        assert demo.stdout.readline().startswith(b"starting")
        demo.send_signal(asked)
        assert demo.wait(30) == 130
    assert list(home.iterdir()) == []


def test_a_ship_that_is_on_no_list_is_refused_before_anything_starts(console: Console) -> None:
    with pytest.raises(ConfigError, match="9074729 is not on a watchlist"):
        run(DemoPlan(options=Options(imo=9_074_729)), Settings(), console)
    assert not printed(console)


def test_chapters_come_before_the_alerts_of_their_time_and_the_record_is_counted(console: Console) -> None:
    chapters = [
        ScenarioTruth(kind="a", note="first", mmsi=LISTED, from_ms=1000, to_ms=2000),
        ScenarioTruth(kind="b", note="then", mmsi=LISTED, from_ms=3000, to_ms=4000),
    ]
    screen = Screen(console, chapters)
    screen.alert(alert(1500, headline="early"))
    screen.alert(alert(3900, severity="log", mmsi=HONEST))  # of another partition, which is ahead of hers
    screen.alert(alert(1600, severity="log", headline="small"))
    screen.alert(alert(3500, headline="late"))
    screen.finish()
    lines = [line.strip() for line in printed(console).splitlines()]
    assert [lines[0][-5:], lines[1][-5:], lines[2], lines[3][-4:], lines[4][-4:]] == [
        "first",
        "early",
        "for the record, not shown: 2 gap",
        "then",
        "late",
    ]


def test_a_name_from_the_air_is_text_not_markup(console: Console) -> None:
    Screen(console).alert(alert(headline="[bold]X[/bold]"))
    assert "[bold]X[/bold]" in printed(console)


def test_the_quantile_of_a_histogram_is_the_edge_of_its_bucket() -> None:
    assert quantile([(0.1, 98), (0.5, 99), (1, 100), (float("inf"), 100)], 0.99) == 0.5
    assert quantile([(0.1, 0), (float("inf"), 0)], 0.99) is None


@pytest.mark.parametrize(
    ("feed", "said"),
    [
        ("file:/nope", "no such file"),
        ("nope", "not the URL"),
        ("udp://239.255.77.1:0?interface=192.0.2.1", "interface"),
    ],
)
def test_a_feed_that_cannot_be_opened_is_said_before_anything_is_started(
    feed: str, said: str, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.demo.play.Stage", None)
    with pytest.raises(ConfigError, match=said):
        run(DemoPlan(feeds=(feed,)), Settings(), console)


def test_a_feed_that_gives_nothing_is_said_within_seconds_with_what_ingest_says(
    broker: embedded.Broker, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    call = [
        sys.executable,
        "-m",
        "streams",
        "demo",
        "--feed",
        "tcp://127.0.0.1:9",
        "--bootstrap-servers",
        broker.bootstrap_servers,
    ]
    environ = {**os.environ, "HOME": str(home), "WAKEWATCH_KAFKA_TOPIC_PREFIX": f"silent{uuid.uuid4().hex[:8]}."}
    process = subprocess.Popen(call, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert process.stdout is not None
        said = next(line for line in process.stdout if "nothing received yet" in line)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=180)
    finally:
        process.kill()
    assert "tcp://127.0.0.1:9" in said
    assert "refused" in said.lower()
