"""Links to Kafka: what is asked of the settings, and what a real broker with TLS, passwords and ACLs says."""

import contextlib
import json
import os
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from streams.broker.acl import EVERY, RIGHTS, acl_commands, grants, table
from streams.broker.clients import admin, consumer
from streams.broker.reading import read
from streams.broker.security import kafka_options, tls_context
from streams.cli import main
from streams.errors import ConfigError
from streams.messages.topics import create_missing
from streams.settings import loading
from streams.settings.kafka_security import checked
from streams.settings.model import KafkaSettings, Settings, WorkerSettings
from tests.ops.programs import Receiver, until
from tests.streams.broker.secure import Authority, SecureKafka

OPERATIONS = Path(__file__).parents[3] / "docs" / "OPERATIONS.md"
SASL = KafkaSettings(security_protocol="SASL_SSL", sasl_username="u", sasl_password="hunter2")


def but(kafka: KafkaSettings, **changes: object) -> KafkaSettings:
    return msgspec.structs.replace(kafka, **changes)


WRONG_TOGETHER = [
    (but(SASL, security_protocol="SASL_PLAINTEXT"), "allow_insecure"),
    (but(SASL, sasl_password=""), "SASL_PASSWORD_FILE"),
    (but(SASL, security_protocol="PLAINTEXT"), "the user name would not be used"),
    (but(SASL, security_protocol="SSL"), "the user name would not be used"),
    (KafkaSettings(tls_ca_file="/ca.pem"), "nothing would be encrypted"),
]


@pytest.mark.parametrize(("kafka", "said"), WRONG_TOGETHER)
def test_settings_that_would_be_less_secure_than_they_read_are_refused(kafka: KafkaSettings, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        checked(kafka)
    assert "hunter2" not in str(caught.value) + repr(kafka)
    assert "\n" not in str(caught.value)


def test_a_password_without_tls_is_allowed_only_when_somebody_says_so() -> None:
    assert kafka_options(but(SASL, security_protocol="SASL_PLAINTEXT", allow_insecure=True))["ssl_context"] is None


def test_all_tls_checks_the_broker_and_its_name() -> None:
    context = tls_context(SASL)
    assert context is not None and context.check_hostname and context.verify_mode == ssl.CERT_REQUIRED
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2


def test_faust_is_never_given_a_password_without_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    """``SASLCredentials`` without a context means plaintext, and says nothing."""
    from streams.worker import credentials

    made = credentials.credentials_of(SASL)
    assert (made.protocol.value, made.mechanism.value) == ("SASL_SSL", "SCRAM-SHA-512")
    assert credentials.credentials_of(KafkaSettings()) is None
    monkeypatch.setattr(credentials, "tls_context", lambda _: None)
    with pytest.raises(ConfigError, match="SASL_PLAINTEXT"):
        credentials.credentials_of(SASL)


def test_secrets_come_from_files_and_are_never_shown(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("hunter2\n")
    environ = {
        "WAKEWATCH_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "WAKEWATCH_KAFKA_SASL_USERNAME": "u",
        "WAKEWATCH_KAFKA_SASL_PASSWORD_FILE": str(tmp_path / "password"),
    }
    loaded = loading.load(environ=environ)
    assert loaded.kafka.sasl_password == "hunter2"
    shown = {each.key: each.value for each in loading.explain(environ=environ)}
    assert shown["kafka.sasl_password"] == "***"
    assert "hunter2" not in repr(loaded) + repr(shown)


def test_what_does_not_go_together_is_a_mistake_of_the_settings(tmp_path: Path) -> None:
    file = tmp_path / "w.toml"
    file.write_text('[kafka]\nsecurity_protocol = "SASL_SSL"\ntls_ca_file = "ca.pem"\n')
    (wrong,) = loading.mistakes(file, environ={})
    assert "kafka.sasl_username" in wrong
    file.write_text('[kafka]\nsecurity_protocol = "SSL"\ntls_ca_file = "ca.pem"\n')
    assert loading.load(file, environ={}).kafka.tls_ca_file == str(tmp_path / "ca.pem")


def test_a_file_that_is_no_certificate_is_named(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "a")
    locked = str(authority.issue("client", password="hunter2"))
    (tmp_path / "der").write_bytes(b"\x30\x82")
    for wrong, said in (
        ({"tls_ca_file": "/nowhere.pem"}, "tls_ca_file /nowhere.pem: no such file"),
        ({"tls_ca_file": str(tmp_path / "der")}, "not a PEM file"),
        ({"tls_certificate_file": locked, "tls_key_password": "wrong"}, "tls_key_password"),
    ):
        with pytest.raises(ConfigError, match=said):
            tls_context(KafkaSettings(security_protocol="SSL", **wrong))
    assert tls_context(KafkaSettings(security_protocol="SSL", tls_certificate_file=locked, tls_key_password="hunter2"))


def test_the_page_about_operations_has_the_table_of_rights() -> None:
    assert table() in OPERATIONS.read_text()


def test_rights_are_printed_as_kafka_takes_them() -> None:
    lines = acl_commands("detect", "User:worker", Settings(kafka=KafkaSettings(topic_prefix="x.")))
    assert "kafka-acls.sh --add --allow-principal User:worker --operation Read --topic x.ais.sentences.v1" in lines
    for line, kind in zip(lines[-4:], ("fleet", "histories", "areas", "meetings"), strict=True):
        assert line.endswith(f"--transactional-id wakewatch-{kind}- --resource-pattern-type prefixed")
    with pytest.raises(ConfigError, match="commands with rights"):
        grants("dance", Settings())


# -- a real one -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureKafka]:
    """With all topics, made by a user who may do just that."""
    home = tmp_path_factory.mktemp("secure")
    try:
        kafka = SecureKafka(home, Authority(home, "harbour"))
    except ConfigError as error:
        pytest.skip(f"no embedded Kafka here: {error}")
    maker = kafka.user("maker", grants("topics create", Settings()))
    with contextlib.closing(admin(maker)) as client:
        assert create_missing(client, maker) == list(EVERY)
    yield kafka
    kafka.close()


def environ_of(kafka: KafkaSettings, home: Path) -> dict[str, str]:
    """As an operator would give it: the password as a file."""
    secret = home / f"{kafka.sasl_username or 'none'}.password"
    secret.write_text(kafka.sasl_password)
    given = {
        f"WAKEWATCH_KAFKA_{name.upper()}": str(getattr(kafka, name))
        for name in ("bootstrap_servers", "security_protocol", "sasl_username", "tls_ca_file", "tls_certificate_file")
    }
    return given | ({"WAKEWATCH_KAFKA_SASL_PASSWORD_FILE": str(secret)} if kafka.sasl_password else {})


Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Call:
    """Runs a command here, as somebody. Returns exit code, stdout, stderr."""

    def run(kafka: KafkaSettings, *words: str, **more: str) -> tuple[int, str, str]:
        for name in [name for name in os.environ if name.startswith("WAKEWATCH_")]:
            monkeypatch.delenv(name)
        for name, value in (environ_of(kafka, tmp_path) | more).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["wakewatch", *words])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        said = capfd.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run


@pytest.mark.broker
def test_each_command_works_with_the_rights_of_its_row_and_no_more(
    secure: SecureKafka, call: Call, tmp_path: Path, feed: bytes
) -> None:
    settings, receiver = Settings(), Receiver()
    who = {name: secure.user(name.replace(" ", "-"), grants(name, settings)) for name in RIGHTS}
    recording, lists = tmp_path / "feed.nmea", tmp_path / "own.csv"
    recording.write_bytes(feed)
    lists.write_text("name,imo\nLADY R,9161003\n")
    log = tmp_path / "worker.log"
    environ = {"WAKEWATCH_WORKER_DATA_DIR": str(tmp_path / "w"), "WAKEWATCH_WORKER_SNAPSHOT_EVERY_S": "0.4"}
    with log.open("wb") as file:
        worker = subprocess.Popen(
            [sys.executable, "-m", "streams.worker"],
            env={**os.environ, **environ_of(who["detect"], tmp_path), **environ},
            stdout=file,
            stderr=file,
        )
    try:
        assert call(who["topics check"], "topics", "check")[0] == 0
        assert call(who["ingest"], "ingest", f"file:{recording}")[0] == 0
        reader = who["alerts"]
        until(lambda: worker.poll() is not None or list(read(reader, "ais.alerts.v1")), 90, "an alert")
        assert worker.poll() is None, log.read_text()
        first = json.loads(call(reader, "alerts", "--json")[1].splitlines()[0])["id"]
        assert call(who["alerts ack"], "alerts", "ack", first, "--by", "me")[0] == 0
        assert call(reader, "alerts", "--state")[0] == 0
        assert call(who["explain"], "explain", first)[0] == 0
        assert call(who["case export"], "case", "export", first, "--out", str(tmp_path / "case.zip"))[0] == 0
        assert call(who["dead"], "dead", "list")[0] == 0
        assert call(who["watchlist import"], "watchlist", "import", str(lists), "--yes")[0] == 0
        assert call(who["notify"], "notify", "--once", "--webhook-url", receiver.url)[0] == 0
        code, out, err = call(who["doctor"], "doctor", "--json")
        assert "refuse" not in out + err and code in {0, 1}, out + err
    finally:
        worker.terminate()
        receiver.close()
        assert worker.wait(60) == 0
    assert call(who["topics forget"], "topics", "forget", "fleet", "--yes")[0] == 0


@pytest.mark.broker
def test_a_certificate_is_a_credential_too(secure: SecureKafka, call: Call) -> None:
    assert call(secure.bearer("captain", grants("alerts", Settings())), "alerts")[0] == 0


COMMANDS = [
    ["topics", "create"],
    ["ingest", "udp://:0"],
    ["detect"],
    ["alerts"],
    ["alerts", "ack", "0123456789", "--by", "me"],
    ["explain", "0123456789"],
    ["case", "export", "imo/9179842"],
    ["dead", "list"],
    ["notify", "--once", "--webhook-url", "http://127.0.0.1:9/"],
    ["watchlist", "import", "LISTS", "--yes"],
    ["grafana-datasource", "--port", "0"],
    ["console", "--port", "0"],
]


@pytest.mark.broker
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_user_without_rights_is_told_so_in_one_line(
    secure: SecureKafka, call: Call, words: list[str], tmp_path: Path
) -> None:
    (tmp_path / "own.csv").write_text("name,imo\nLADY R,9161003\n")
    words = [str(tmp_path / "own.csv") if word == "LISTS" else word for word in words]
    code, _, err = call(secure.user("nobody"), *words)
    lines = err.strip().splitlines()
    assert code == 2, err
    assert lines[-1].startswith("wakewatch: ") and "Traceback" not in err
    assert "rights" in lines[-1], lines[-1]


@pytest.mark.broker
@pytest.mark.parametrize("command", ["detect", "ingest", "notify"])
def test_a_command_that_lacks_one_right_says_so_before_it_hangs_or_loses_anything(
    secure: SecureKafka, call: Call, command: str
) -> None:
    """Each right of its row is taken away in turn."""
    needed = grants(command, Settings(worker=WorkerSettings(app_id="spare")))
    words = {
        "detect": ["detect", "--no-supervise"],
        "ingest": ["ingest", "udp://:0"],
        "notify": ["notify", "--once", "--webhook-url", "http://127.0.0.1:9/"],
    }[command]
    monkey = {"WAKEWATCH_WORKER_APP_ID": "spare"}
    for number, taken in enumerate(needed):
        if taken.kind == "transactional-id":
            continue  # said by the worker itself, when it first claims its state
        who = secure.user(f"{command.replace(' ', '-')}-{number}", [grant for grant in needed if grant is not taken])
        code, _, err = call(who, *words, **monkey)
        assert code == 2, (taken, err)
        assert err.strip().splitlines()[-1].startswith("wakewatch: "), err
        assert taken.name in err.strip().splitlines()[-1], err


@pytest.mark.broker
def test_wrong_credentials_are_one_clear_line_and_code_2(secure: SecureKafka, call: Call, tmp_path: Path) -> None:
    right, other = secure.user("mate", grants("alerts", Settings())), Authority(tmp_path, "pirates")
    bearer = secure.bearer("pilot", grants("alerts", Settings()))
    for wrong, said in (
        (but(right, sasl_password="hunter2"), "kafka.sasl_password"),
        (but(right, sasl_username="nobody-known"), "kafka.sasl_username"),
        (but(right, tls_ca_file=str(other.path)), "kafka.tls_ca_file"),
        (KafkaSettings(bootstrap_servers=right.bootstrap_servers), "kafka.security_protocol"),
        (but(right, bootstrap_servers=secure.plain), "kafka.security_protocol"),
        (
            but(right, bootstrap_servers=bearer.bootstrap_servers, tls_certificate_file=bearer.tls_certificate_file),
            "kafka.security_protocol",
        ),
        (but(bearer, tls_certificate_file=""), "kafka.tls_certificate_file"),
        (but(bearer, tls_certificate_file=str(other.issue("pilot"))), "kafka.tls_certificate_file"),
    ):
        code, out, err = call(wrong, "alerts")
        assert (code, out) == (2, ""), err
        (line,) = err.strip().splitlines()
        assert said in line, line
        assert "hunter2" not in line and right.sasl_password not in line
    alone = subprocess.run(
        [sys.executable, "-m", "streams", "alerts"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environ_of(but(right, sasl_password="hunter2"), tmp_path)},
    )
    assert (alone.returncode, len(alone.stderr.strip().splitlines())) == (2, 1), alone.stderr
    before = threading.active_count()
    with pytest.raises(ConfigError):
        consumer(but(right, sasl_password="hunter2"))
    until(lambda: threading.active_count() <= before, 5, "the refused client's thread ends")
