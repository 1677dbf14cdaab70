"""``wakewatch imagery order``, on files of alerts as ``replay --alerts`` writes them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from stapi_pydantic import OpportunityPayload, OrderParameters, OrderPayload

from detectors.core.alert import Alert, encode
from detectors.core.units import rfc3339
from streams.cli import main
from streams.imagery.cues import cue_of
from streams.messages.cue import encode as encode_cue
from tests.streams.imagery.cue_alerts import START_MS, alert_of, passes_over

Call = Callable[..., tuple[int, str, str]]
PASSES = passes_over(42.4, 131.5, 60.0)


@pytest.fixture
def order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Call:
    """Writes alerts to a file and calls a command about them: its exit code, stdout and stderr."""

    def order(
        alerts: list[Alert], *words: str, command: tuple[str, ...] = ("imagery", "order")
    ) -> tuple[int, str, str]:
        path = tmp_path / "alerts.jsonl"
        path.write_bytes(b"\n".join(map(encode, alerts)))
        monkeypatch.setattr(sys, "argv", ["wakewatch", *command, *words, "--alerts", str(path)])
        monkeypatch.setenv("COLUMNS", "240")
        with pytest.raises(SystemExit) as ended:
            main()
        said = capfd.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return order


def test_the_passes_are_a_table_with_their_numbers(order: Call) -> None:
    code, out, err = order([alert_of(PASSES)], "abab")
    assert code == 0
    first, second, _, *rows = out.splitlines()
    assert first == alert_of(PASSES).headline
    assert second == f"cue wanted, priority 1, revision 2, {'ab' * 16}"
    assert [row.split()[0] for row in rows] == ["1", "2", "3"]
    assert all(one.satellite in row for one, row in zip(PASSES, rows, strict=True))
    assert "the passes are over" in err
    assert [row.split()[0] for row in order([alert_of(PASSES)], "abab", "--pass", "2")[1].splitlines()[3:]] == ["2"]


def test_the_cue_is_that_of_the_topic_and_of_the_newest_revision(order: Call) -> None:
    older = alert_of([], revision=1, status="opened")
    cue = cue_of(alert_of(PASSES))
    assert cue is not None
    for words in (["--json"], ["--json", "--format", "geojson"]):
        assert order([alert_of(PASSES), older], "abab", *words)[1] == encode_cue(cue).decode() + "\n"
    whole = order([alert_of(PASSES)], "abab", "--format", "geojson")[1]
    assert len(whole.splitlines()) > 50 and json.loads(whole) == json.loads(encode_cue(cue))


def test_one_pass_of_a_cue_is_its_water_and_its_time(order: Call) -> None:
    one = json.loads(order([alert_of(PASSES)], "abab", "--json", "--pass", "3")[1])
    assert one["properties"]["window"] == {"begin": PASSES[2].begin, "end": PASSES[2].end}
    (only,) = one["properties"]["passes"]
    assert one["geometry"] == only["geometry"] and only["satellite"] == PASSES[2].satellite


def test_requests_of_the_tasking_api_are_of_its_form(order: Call) -> None:
    starts = []
    for words in ([], ["--pass", "1"], ["--pass", "3"]):
        _, out, _ = order([alert_of(PASSES)], "abab", "--format", "stapi-order", *words)
        starts.append(OrderPayload[OrderParameters].model_validate_json(out).datetime[0])
    assert starts[0] == starts[1] < starts[2]
    _, out, _ = order([alert_of(PASSES)], "abab", "--format", "stapi-opportunities")
    whole = OpportunityPayload.model_validate_json(out).datetime
    assert whole[0] == starts[0] and whole[1] > starts[2]


def test_passes_keep_their_numbers_when_one_is_over_land_only(order: Call) -> None:
    """The console counts the passes of the alert."""
    inland = passes_over(55.0, 60.0, 60.0)[:1]
    alert = alert_of([PASSES[0], *inland, PASSES[1]])
    assert [row.split()[0] for row in order([alert], "abab")[1].splitlines()[3:]] == ["1", "3"]
    third = json.loads(order([alert], "abab", "--pass", "3", "--json")[1])["properties"]["passes"]
    assert [(one["number"], one["begin"]) for one in third] == [(3, PASSES[1].begin)]
    code, out, err = order([alert], "abab", "--pass", "2", "--format", "stapi-order")
    assert (code, out) == (2, "") and "pass 2: the cue has passes 1, 3" in err
    assert "the cue has pass 2" in order([alert_of([*inland, PASSES[0]])], "abab", "--pass", "1", "--json")[2]


@pytest.mark.parametrize("kind", ["stapi-order", "stapi-opportunities"])
def test_a_withdrawn_cue_cannot_be_ordered(order: Call, kind: str) -> None:
    closed = alert_of([], revision=3, status="closed")
    code, out, err = order([alert_of(PASSES), closed], "abab", "--format", kind)
    assert code == 1 and not out and "nothing to order: the ship was heard again" in err
    code, out, _ = order([alert_of(PASSES), closed], "abab", "--json", "--pass", "1")
    assert code == 0 and json.loads(out)["properties"]["status"] == "withdrawn"
    assert order([alert_of(PASSES), closed], "abab")[1].splitlines()[1].startswith("cue withdrawn")


@pytest.mark.parametrize(
    ("changes", "words", "code", "said"),
    [
        ({}, ["abab", "--pass", "4"], 2, "pass 4: the cue has passes 1, 2, 3"),
        ({}, ["abab", "--pass", "0"], 2, "Invalid value for '--pass'"),
        ({}, ["abab", "--format", "pdf"], 2, "Invalid value for '--format'"),
        ({}, ["ab"], 2, "'ab' is not an alert id"),
        ({}, ["cdcd"], 1, "no alert cdcd"),
        ({"details": {}}, ["abab"], 1, "alert abababababab names no passes"),
        ({"details": {"imagery": {"passes": 1}}}, ["abab"], 1, "record_unreadable: details.imagery of alert"),
    ],
)
def test_what_cannot_be_ordered_is_one_line(
    order: Call, changes: dict[str, Any], words: list[str], code: int, said: str
) -> None:
    ended, out, err = order([alert_of(PASSES, **changes)], *words)
    assert (ended, out) == (code, "") and said in err and "Traceback" not in err
    assert len(err.strip().splitlines()) == 1


def test_an_alert_of_a_recording_is_not_to_be_ordered_and_a_pass_to_come_has_no_remark(order: Call) -> None:
    assert "follows from a recording" in order([alert_of(PASSES, replayed=True)], "abab", "--json")[2]
    later = [msgspec.structs.replace(PASSES[0], begin="2999-01-01T00:00:00Z", end="2999-01-01T00:00:30Z")]
    assert order([alert_of(later)], "abab", "--json")[2] == ""


def test_explain_says_how_to_order(order: Call) -> None:
    code, out, _ = order([alert_of(PASSES)], "abab", command=("explain",))
    assert code == 0 and "`wakewatch imagery order abababababab` prints an order" in out
    assert "imagery order" not in order([alert_of([], status="closed")], "abab", command=("explain",))[1]
    bare = alert_of([], details={"v_max_kn": 11.9}, time=rfc3339(START_MS))
    assert "Satellite images" not in order([bare], "abab", command=("explain",))[1]
    broken = alert_of([], details={"imagery": 3})
    assert order([broken], "abab", command=("explain",))[0] == 0
