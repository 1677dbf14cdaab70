"""A log of a test's own in the embedded Kafka with the settings file that names it, and a certificate."""

import datetime as dt
import ipaddress
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


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that signs itself, with its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "feed")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "feed.pem"
    pem, private = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    path.write_bytes(made.public_bytes(pem) + key.private_bytes(pem, private, serialization.NoEncryption()))
    return path
