"""Topics are made as planned, and what differs is shown."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest
from kafka.admin import ConfigResource, ConfigResourceType
from typer.testing import CliRunner

from streams.broker.clients import admin
from streams.cli.topics import app
from streams.errors import ConfigError
from streams.messages.topics import CUES, DETECTIONS, FLEET, SENTENCES, TABLE, create_missing, differences, plans
from streams.settings.model import KafkaSettings


def test_partitions_follow_the_settings_where_vessels_are_spread_and_names_have_the_prefix() -> None:
    made = {plan.name: plan.partitions for plan in plans(KafkaSettings(partitions=12, topic_prefix="x."))}
    assert made["x.ais.sentences.v1"] == made["x.ais.fleet.v1"] == 12
    assert made["x.ais.dead.v1"] == 1
    assert len(made) == len(TABLE) == 17


def test_cues_are_compacted_and_leave_when_alerts_do() -> None:
    (cues,) = (plan for plan in plans(KafkaSettings(alerts_kept_h=48.0)) if plan.name == CUES)
    assert cues.configs["cleanup.policy"] == "compact,delete"
    assert int(cues.configs["retention.ms"]) == 48 * 3_600_000


def test_what_is_deleted_by_age_is_kept_in_segments_far_shorter_than_the_age() -> None:
    for kept_h in (1.0, 72.0, 24.0 * 365):
        for plan in plans(KafkaSettings(sentences_kept_h=kept_h, alerts_kept_h=kept_h)):
            if plan.configs["cleanup.policy"] == "delete":
                assert int(plan.configs["retention.ms"]) == kept_h * 3_600_000
                assert int(plan.configs["segment.ms"]) <= int(plan.configs["retention.ms"]) / 5


def test_images_are_compacted_and_deleted_after_30_days() -> None:
    """Of each the newest, until no silence that is judged reaches so far back."""
    (plan,) = (plan for plan in plans(KafkaSettings()) if plan.name == DETECTIONS)
    assert (plan.partitions, plan.configs["cleanup.policy"]) == (1, "compact,delete")
    assert int(plan.configs["retention.ms"]) == 30 * 86_400_000


@pytest.mark.broker
def test_missing_topics_are_made_once_and_differences_are_named(kafka_settings: KafkaSettings) -> None:
    with admin(kafka_settings) as client:
        assert {d.kind for d in differences(client, kafka_settings)} == {"missing"}
        assert create_missing(client, kafka_settings) == [plan.name for plan in plans(kafka_settings)]
        assert create_missing(client, kafka_settings) == []
        assert differences(client, kafka_settings) == []
        other = msgspec.structs.replace(kafka_settings, partitions=5, sentences_kept_h=1.0)
        found = {(d.kind, d.what, d.is_, d.wanted) for d in differences(client, other)}
        assert ("partitions", "partitions", "4", "5") in found
        assert ("config", "retention.ms", "259200000", "3600000") in found


@pytest.mark.broker
def test_a_topic_that_was_made_by_hand_is_left_alone_and_its_differences_are_named(
    kafka_settings: KafkaSettings,
) -> None:
    fleet = kafka_settings.topic_prefix + FLEET
    with admin(kafka_settings) as client:
        client.create_topics({fleet: {"num_partitions": 1, "replication_factor": 1}})
        assert fleet not in create_missing(client, kafka_settings)
        found = {d.what: d.is_ for d in differences(client, kafka_settings)}
        assert found["partitions"] == "1"
        assert found["cleanup.policy"] == "delete"
        assert "compression.type" not in found, "a default that is as wanted is no difference"


@pytest.mark.broker
def test_two_processes_may_make_the_topics_at_once(kafka_settings: KafkaSettings) -> None:
    def make(_: int) -> list[str]:
        with admin(kafka_settings) as client:
            return create_missing(client, kafka_settings)

    with ThreadPoolExecutor(2) as both:
        made = [name for names in both.map(make, range(2)) for name in names]
    assert sorted(made) == sorted(plan.name for plan in plans(kafka_settings))


@pytest.mark.broker
def test_more_replicas_than_brokers_is_one_line_that_says_so(kafka_settings: KafkaSettings) -> None:
    with admin(kafka_settings) as client, pytest.raises(ConfigError, match=r"cannot be created.*kafka\.replication"):
        create_missing(client, msgspec.structs.replace(kafka_settings, replication=3))


@pytest.mark.broker
def test_the_command_makes_checks_and_exits_with_one_on_a_difference(
    kafka_settings: KafkaSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAKEWATCH_KAFKA_TOPIC_PREFIX", kafka_settings.topic_prefix)
    servers = ["--bootstrap-servers", kafka_settings.bootstrap_servers]
    run = CliRunner()
    before = run.invoke(app, ["check", "--json", *servers])
    assert before.exit_code == 1
    assert {d["kind"] for d in json.loads(before.stdout)} == {"missing"}
    assert json.loads(run.invoke(app, ["create", "--json", *servers]).stdout) == [p.name for p in plans(kafka_settings)]
    assert run.invoke(app, ["check", *servers]).exit_code == 0
    sentences = kafka_settings.topic_prefix + SENTENCES
    with admin(kafka_settings) as client:
        client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, sentences, {"retention.ms": "7"})])
    deadline = time.monotonic() + 10
    while (after := run.invoke(app, ["check", *servers])).exit_code == 0 and time.monotonic() < deadline:
        time.sleep(0.1)  # the broker hears of it from its controller
    assert after.exit_code == 1
    assert f"{sentences}: retention.ms is 7, expected 259200000" in after.stdout
