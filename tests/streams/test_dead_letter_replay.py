"""What was refused, tried again after its cause was fixed."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streams.broker.clients import admin, producer
from streams.broker.reading import read
from streams.cli import build
from streams.dead_letters.recording import RefusedLines, recording
from streams.messages.topics import DEAD, SENTENCES, create_missing
from streams.nmea.encoder import EncodedFix, position, sentences, tagged
from streams.settings.model import KafkaSettings

(BARE,) = sentences(position(205_000_001, EncodedFix(38.0, 132.0, 10.0, 0.0, None, 20)))
BROKEN = BARE[:-2] + b"00"
AT_MS = 1_700_000_020_000


def test_each_line_has_a_time_and_what_has_none_to_believe_is_left_out() -> None:
    (told,) = tagged([BARE], AT_MS, "pier")
    in_seconds = b"\\s:x,c:1700000010*00\\" + BARE
    found = recording(
        [
            RefusedLines("checksum", "127.0.0.1:5631", AT_MS - 5000, b"$garbage"),
            RefusedLines("checksum", "127.0.0.1:5631", AT_MS + 5000, BROKEN),
            RefusedLines("detector", "pier", 0, told),
            RefusedLines("record_unreadable", "pier", 0, in_seconds + b"\nno sentence"),
            RefusedLines("time_ahead", "pier", 0, told),
            RefusedLines("notification_refused", "notify", 0, b'{"id":"0"}'),
        ]
    )
    assert found.left_out == 3
    assert found.lines[:2] == [in_seconds, told]
    assert found.lines[2].startswith(b"\\s:127.0.0.1-5631,c:1700000025000*") and found.lines[2].endswith(BROKEN)


@pytest.mark.broker
def test_the_command_says_whether_the_cause_is_mended(kafka_settings: KafkaSettings, tmp_path: Path) -> None:
    (told,) = tagged([BARE], AT_MS, "pier")
    with admin(kafka_settings) as client:
        create_missing(client, kafka_settings)
    sender = producer(kafka_settings)
    for reason, raw in ((b"detector", told), (b"checksum", BROKEN)):
        headers = [("reason", reason), ("source", b"pier")]
        sender.send(kafka_settings.topic_prefix + DEAD, value=raw, headers=headers, partition=0)
    sender.flush(20)
    sender.close()
    environ = {
        "WAKEWATCH_KAFKA_BOOTSTRAP_SERVERS": kafka_settings.bootstrap_servers,
        "WAKEWATCH_KAFKA_TOPIC_PREFIX": kafka_settings.topic_prefix,
    }
    say = lambda *words: CliRunner().invoke(build(), ["dead", "replay", *words], env=environ)  # noqa: E731
    both = say("--since", "1h").stderr
    assert "2 sentences replayed; 0 dead letters skipped" in both
    assert "1 reports, 0 alerts; rejected again: 1 checksum" in both
    assert "1 reports, 0 alerts; rejected again: none" in say("--reason", "detector").stderr
    out = tmp_path / "again.nmea"
    assert say("--out", str(out)).exit_code == 0
    assert out.read_bytes().splitlines()[0] == told
    assert not list(read(kafka_settings, SENTENCES))  # Kafka was only read
    shown = CliRunner().invoke(build(), ["dead", "show", "--reason", "checksum"], env=environ)
    assert json.loads(shown.stdout)["raw"] == BROKEN.decode()
