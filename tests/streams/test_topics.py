"""Topics are made as planned, and what differs is shown."""

import msgspec
import pytest

from streams.broker.clients import admin
from streams.settings import KafkaSettings
from streams.topics import create_missing, differences, plans

pytestmark = pytest.mark.broker


def test_missing_topics_are_made_once_and_differences_are_named(kafka_settings: KafkaSettings) -> None:
    client = admin(kafka_settings)
    assert {d.what for d in differences(client, kafka_settings)} == {"topic"}
    assert create_missing(client, kafka_settings) == [plan.name for plan in plans(kafka_settings)]
    assert create_missing(client, kafka_settings) == []
    assert differences(client, kafka_settings) == []
    other = msgspec.structs.replace(kafka_settings, partitions=5, sentences_kept_h=1.0)
    assert {d.what for d in differences(client, other)} == {"partitions", "retention.ms"}
    client.close()
