"""The committed schemas are those of today's types, and what is written to the topics keeps to them."""

import gzip
import io
import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event

from detectors.core.alert import Alert, encode
from detectors.core.engine.alert_writer import Emitted
from detectors.core.ticks import Tick
from streams.ingest.model import SourceKind
from streams.messages import feedback, schemas
from streams.messages.log_records import encode_tick
from streams.messages.topics import TABLE
from streams.pipeline.replay import InProcessPipeline, ReplayPlan, play
from streams.reference import load_reference
from streams.settings.model import Settings
from streams.worker.publish import cloud_event

FOLDER = Path(__file__).parents[2] / "deploy" / "schemas"


def validator(name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads((FOLDER / f"{name}.schema.json").read_text()))


@pytest.fixture(scope="module")
def alerts(feed: bytes) -> list[dict[str, Any]]:
    """Real alerts of all detectors."""
    pipeline = InProcessPipeline(Settings(), load_reference(Settings().reference), 1)
    items = play(
        [io.BytesIO(feed)], ReplayPlan(source="feed", source_kind=SourceKind(replayed=True)), pipeline, Settings()
    )
    return [json.loads(encode(item.alert)) for item in items if isinstance(item, Emitted)]


@pytest.mark.parametrize("name", schemas.files())
def test_a_committed_schema_is_today_s(name: str) -> None:
    told = "run: python -m streams.messages.schemas deploy/schemas"
    assert (FOLDER / name).read_text("utf-8") == schemas.files()[name], told


@pytest.mark.parametrize("name", [name for name in schemas.files() if name != schemas.ASYNCAPI])
def test_a_schema_is_json_schema_2020_12(name: str) -> None:
    schema = json.loads((FOLDER / name).read_text())
    assert schema["$schema"] == schemas.DIALECT
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
    assert msgspec.json.decode(json.dumps(later), type=Alert).id == alerts[0]["id"]


def told(alert: Alert) -> feedback.Feedback:
    return feedback.about(alert, "false_alarm", "Kim", "receiver was being repaired", "2024-02-04T05:12:00.000Z")


def test_feedback_keeps_to_its_schema(alerts: list[dict[str, Any]]) -> None:
    said = msgspec.to_builtins(told(msgspec.convert(alerts[0], Alert)))
    validator("feedback.v1").validate(said)
    for wrong in ({"kind": "liked"}, {"by": ""}, {"revision": None}, {"note": "x" * 1001}):
        with pytest.raises(jsonschema.ValidationError):
            validator("feedback.v1").validate({**said, **wrong})


# -- version 1 as it was committed -----------------------------------------------------------------------------------

SAMPLES = Path(__file__).parent / "v1"


def samples() -> list[bytes]:
    return (SAMPLES / "alerts.jsonl").read_bytes().splitlines()


def test_today_s_code_reads_the_alerts_that_were_committed_with_version_1() -> None:
    """Every field comes back as it was: none was renamed, retyped or dropped."""
    assert {json.loads(line)["detector"] for line in samples()} >= {"gap", "watchlist", "port_proximity", "feed_outage"}
    for line in samples():
        assert json.loads(encode(msgspec.json.decode(line, type=Alert))) == json.loads(line)


def test_the_committed_alerts_keep_to_the_committed_schema() -> None:
    for line in samples():
        validator("alert.v1").validate(json.loads(line))


def test_a_retyped_field_would_be_noticed() -> None:
    class Retyped(msgspec.Struct):
        id: str
        revision: str

    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(samples()[0], type=Retyped)


# -- CloudEvents -----------------------------------------------------------------------------------------------------


def test_another_library_reads_an_alert_as_a_cloud_event(alerts: list[dict[str, Any]]) -> None:
    alert = msgspec.convert(alerts[0], Alert)
    event = from_binary_event(KafkaMessage(cloud_event(alert), alert.subject.encode(), encode(alert)))
    assert event.get_id() == f"{alert.id}/{alert.revision}"
    assert event.get_type() == f"wakewatch.alert.{alert.detector}.v1"
    assert event.get_subject() == alert.subject
    assert event.get_time().isoformat(timespec="milliseconds").replace("+00:00", "Z") == alert.time
    assert event.get_data() == alerts[0]


# -- AsyncAPI --------------------------------------------------------------------------------------------------------


def against_asyncapi(document: dict[str, Any]) -> list[str]:
    packed = (Path(__file__).parent / "specifications" / "asyncapi-3.0.0.json.gz").read_bytes()
    return [
        error.message for error in jsonschema.Draft7Validator(json.loads(gzip.decompress(packed))).iter_errors(document)
    ]


def test_the_asyncapi_document_keeps_to_its_specification() -> None:
    document = json.loads((FOLDER / schemas.ASYNCAPI).read_text())
    assert against_asyncapi(document) == []
    addresses = {channel["address"] for channel in document["channels"].values()}
    assert addresses <= {topic.name for topic in TABLE}
    for message in document["components"]["messages"].values():
        reference = message["payload"].get("schema", {}).get("$ref")
        assert reference is None or (FOLDER / reference).is_file()
    for operation in document["operations"].values():
        assert operation["channel"]["$ref"].removeprefix("#/channels/") in document["channels"]


@pytest.mark.parametrize("broken", ["action", "channels", "version", "payload"])
def test_a_broken_asyncapi_document_is_found_out(broken: str) -> None:
    document = schemas.asyncapi()
    changes: dict[str, Any] = {
        "action": lambda: document["operations"]["readAlerts"].update(action="read"),
        "channels": lambda: document["channels"].update(alerts="ais.alerts.v1"),
        "version": lambda: document.update(asyncapi="3"),
        "payload": lambda: document["components"]["messages"]["alert"].update(headers="ce_id"),
    }
    changes[broken]()
    assert against_asyncapi(document)
