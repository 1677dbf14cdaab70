"""Logs: one event a line, repeats counted, secrets masked, for people or as JSON."""

import json
from collections.abc import Iterator

import pytest
import structlog

from streams.observability import logs
from streams.settings.model import LogSettings


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def written(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_line_is_one_json_object_with_time_and_level(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(LogSettings(format="json"))
    structlog.get_logger("wakewatch.notify").warning("rejected permanently", alert_id="3f9a", error="line\nbreak")
    (line,) = written(capsys)
    assert line["event"] == "rejected permanently"
    assert line["alert_id"] == "3f9a"
    assert line["level"] == "warning"
    assert str(line["timestamp"]).endswith("Z")


def test_the_same_words_are_told_once_in_a_while_with_how_often_they_were_held_back() -> None:
    now = [0.0]
    sparing = logs.RepeatFilter(clock_s=lambda: now[0])

    def tell(at_s: float, **event: object) -> dict[str, object] | None:
        now[0] = at_s
        try:
            return dict(sparing(None, "warning", {"event": "kafka does not answer", **event}))
        except structlog.DropEvent:
            return None

    assert tell(0) == {"event": "kafka does not answer"}
    assert [tell(at_s) for at_s in (1, 5, 9)] == [None] * 3
    assert tell(9, source="pier") == {"event": "kafka does not answer", "source": "pier"}  # other words
    assert tell(11) == {"event": "kafka does not answer", "held_back": 3}
    assert tell(30) == {"event": "kafka does not answer"}
    assert sparing(None, "error", {"event": "kafka does not answer"}) == sparing(
        None, "error", {"event": "kafka does not answer"}
    )


def test_what_may_be_a_secret_is_masked(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(LogSettings(format="json"))
    structlog.get_logger("x").info("started", webhook_secret="s3cret", sasl_Password="p", url="http://h")
    assert "s3cret" not in json.dumps(captured := written(capsys))
    assert captured[0]["sasl_Password"] == "***"
    assert captured[0]["url"] == "http://h"


def test_the_level_and_the_form_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(LogSettings(format="console", level="warning"))
    structlog.get_logger("x").info("not sent")
    structlog.get_logger("x").warning("told", source="pier")
    said = capsys.readouterr()
    assert "not sent" not in said.err
    assert "told" in said.err
    assert "source" in said.err
    assert said.out == ""
