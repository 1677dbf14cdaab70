"""The committed schemas are those of today's types, and what is written to the topics keeps to them."""

import io
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from detectors.core.alert import Alert, encode
from detectors.core.ticks import Tick
from streams import contracts
from streams.ingest.model import Nature
from streams.records import encode_tick
from streams.reference import load_reference
from streams.replay import Place, Plan, Road, play
from streams.settings import Settings

FOLDER = Path(__file__).parents[2] / "deploy" / "schemas"


def validator(name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads((FOLDER / f"{name}.schema.json").read_text()))


@pytest.fixture(scope="module")
def alerts(feed: bytes) -> list[dict[str, Any]]:
    """Real alerts of all detectors."""
    road = Road(Settings(), load_reference(Settings().reference), 4)
    items = play([io.BytesIO(feed)], Plan(source="feed", nature=Nature(replayed=True)), road, Settings())
    return [json.loads(encode(item.alert)) for item in items if not isinstance(item, (int, Place))]


@pytest.mark.parametrize("name", contracts.files())
def test_a_committed_schema_is_today_s(name: str) -> None:
    told = "run: python -m streams.contracts deploy/schemas"
    assert (FOLDER / name).read_text("utf-8") == contracts.files()[name], told


@pytest.mark.parametrize("name", contracts.files())
def test_a_schema_is_json_schema_2020_12(name: str) -> None:
    schema = json.loads((FOLDER / name).read_text())
    assert schema["$schema"] == contracts.DIALECT
    jsonschema.Draft202012Validator.check_schema(schema)


def test_alerts_keep_to_their_schema(alerts: list[dict[str, Any]]) -> None:
    assert {alert["detector"] for alert in alerts} >= {"gap", "watchlist", "port_proximity", "feed_outage"}
    for alert in alerts:
        validator("alert.v1").validate(alert)


@pytest.mark.parametrize(
    "wrong", [{"status": "solved"}, {"severity": "urgent"}, {"revision": "1"}, {"why": [{"fact": "x"}]}, {"id": None}]
)
def test_what_is_no_alert_is_refused(alerts: list[dict[str, Any]], wrong: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        validator("alert.v1").validate({**alerts[0], **wrong})


def test_ticks_keep_to_their_schema() -> None:
    ended = Tick(source="pier", from_ms=0, to_ms=60_000, heard_ms=59_000, state="ended", replayed=True)
    validator("tick.v1").validate(json.loads(encode_tick(ended)))
    with pytest.raises(jsonschema.ValidationError):
        validator("tick.v1").validate({"source": "pier"})


def test_a_value_of_a_later_version_is_still_read(alerts: list[dict[str, Any]]) -> None:
    later = {**alerts[0], "something_new": {"depth": 1}}
    validator("alert.v1").validate(later)
    import msgspec

    assert msgspec.json.decode(json.dumps(later), type=Alert).id == alerts[0]["id"]
