"""The ingest benchmark reads every form of file into a real Kafka."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from streams.bench import feed, ingest
from streams.bench.ingest import run

pytestmark = pytest.mark.broker


def test_every_form_is_read_whole_and_has_its_rates() -> None:
    measured = run(sentences=2000)
    assert [row.name for row in measured.rows] == list(ingest._FORMS)
    for row in measured.rows:
        figures = {figure.name: figure.value for figure in row.figures}
        assert figures["sentences/CPU s"] > 0 and figures["core alone, sentences/CPU s"] > 0
    refused = {row.name: row.figures[3].value for row in measured.rows}
    assert refused["tag blocks, s, 10 % damaged"] > 2 * refused["tag blocks, s"]
    assert measured.rows[-1].figures[-1].name == "share of the clean rate"


def test_forms_are_read_as_lines_of_their_own() -> None:
    bare = [line for line in feed.generated(50).lines if line.startswith(b"!")]
    for form in ingest._FORMS.values():
        lines = ingest._lines(bare, form)
        assert all(next(lines).endswith(b"\n") for _ in range(100))


def test_only_the_result_is_on_stdout(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "streams", "bench", "ingest", "--sentences", "1000", "--json"]
    done = subprocess.run(command, check=True, capture_output=True, cwd=tmp_path)
    assert b"times are generated" in done.stderr
    assert json.loads(done.stdout)["bench"] == "ingest"
