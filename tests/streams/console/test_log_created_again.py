"""What waits in a log that was deleted and created again: offsets saved of the former one say nothing of it."""

from contextlib import closing
from typing import Any

import pytest

from streams.broker.clients import consumer, producer
from streams.console.health_checks import _CheckClients
from streams.messages.topics import ALERTS, SENTENCES
from streams.messages.unreadable import UnreadableRecords
from streams.settings.model import KafkaSettings, NotifySettings, Settings, WorkerSettings
from tests.streams.worker.conftest import make_topics

pytestmark = pytest.mark.broker
RECORDS = 5


def commit(kafka: KafkaSettings, group: str, topic: str, offset: int) -> None:
    from kafka import TopicPartition
    from kafka.structs import OffsetAndMetadata

    with closing(consumer(kafka, group_id=group)) as client:
        part = TopicPartition(kafka.topic_prefix + topic, 0)
        client.assign([part])
        client.commit({part: OffsetAndMetadata(offset, "", -1)})


@pytest.mark.parametrize(("saved", "waits"), [(RECORDS, 0), (RECORDS - 2, 2), (RECORDS + 1, RECORDS), (500, RECORDS)])
def test_offsets_past_the_end_cover_no_record(kafka_settings: KafkaSettings, saved: int, waits: int) -> None:
    app = f"{kafka_settings.topic_prefix}app"
    settings = Settings(
        kafka=kafka_settings,
        worker=WorkerSettings(app_id=app),
        notify=NotifySettings(webhook_url="http://127.0.0.1:9/"),
    )
    make_topics(kafka_settings)
    with closing(producer(kafka_settings)) as sender:
        for topic in (SENTENCES, ALERTS):
            for _ in range(RECORDS):
                sender.send(kafka_settings.topic_prefix + topic, value=b"x", partition=0)
        sender.flush()
    commit(kafka_settings, app, SENTENCES, saved)
    commit(kafka_settings, f"{app}-notify-webhook", ALERTS, saved)
    with _CheckClients(settings, UnreadableRecords(lambda _: None)) as checks:
        waiting: Any = checks._waiting()
        unsent = checks._unsent()
    assert waiting[0].records == waits
    assert sum(one.records for one in unsent.values()) == waits
