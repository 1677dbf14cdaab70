"""A log of a test's own in the embedded Kafka, and the settings file that names it."""

from pathlib import Path

import pytest

from streams.broker import clients
from streams.settings.model import IngestSettings, KafkaSettings, Settings
from tests.streams.ingest.kafka_rig import PACK, PARTITIONS


@pytest.fixture
def settings(kafka_settings: KafkaSettings) -> Settings:
    from kafka.admin import NewTopic

    admin, prefix = clients.admin(kafka_settings), kafka_settings.topic_prefix
    admin.create_topics([NewTopic(f"{prefix}ais.sentences.v1", PARTITIONS, 1), NewTopic(f"{prefix}ais.dead.v1", 1, 1)])
    admin.close()
    return Settings(kafka=kafka_settings, ingest=IngestSettings(pack_sentences=PACK))


@pytest.fixture
def config(settings: Settings, tmp_path: Path) -> Path:
    path = tmp_path / "wakewatch.toml"
    kafka = settings.kafka
    path.write_text(
        f'[kafka]\nbootstrap_servers = "{kafka.bootstrap_servers}"\ntopic_prefix = "{kafka.topic_prefix}"\n'
        f"[ingest]\npack_sentences = {PACK}\n"
    )
    return path
