"""The console answers with the runbook, so that links in alerts about wakewatch itself open."""

import urllib.request
from collections.abc import Callable

from streams.console.runbook import document
from streams.console.serving import Console


def test_headings_are_anchors_and_the_page_runs_nothing() -> None:
    body = document().body.decode()
    assert '<h3 id="wakewatchabsent">WakewatchAbsent</h3>' in body
    assert "<script" not in body
    assert "default-src 'none'" in document().policy


def test_a_running_console_answers_with_it(write: Callable[..., None], started: Callable[[], Console]) -> None:
    write()
    with urllib.request.urlopen(started().url + "runbook", timeout=20) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert b'id="restore"' in answer.read()
