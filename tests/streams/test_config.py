"""Settings: three places to write them, one line for each mistake."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import fields

from streams.errors import ConfigError
from streams.settings import loading
from streams.settings.catalogue import catalogue, example, schema, toml_value
from streams.settings.model import Settings

EXAMPLE = Path(__file__).parents[2] / "deploy" / "settings.example.toml"
CASES = [
    ("[kafka]\npartition = 4\n", ":2: unknown setting kafka.partition; did you mean kafka.partitions?"),
    ("[kafak]\npartitions = 4\n", "did you mean kafka.partitions?"),
    ("\n[kafka]\npartitions = 0\n", ":3: kafka.partitions = 0 is not valid; give a whole number from 1 to 1024"),
    ("[kafka]\npartitions = 'four'\n", "give a whole number from 1 to 1024"),
    ("[kafka]\npartitions = true\n", "give a whole number"),
    ("[feed]\nallowed_lateness_s = nan\n", "give a number from 0 to 86400"),
    ("kafka = 3\n", ":1: kafka is a table of settings"),
    ("[kafka]\npartitions = 4\npartitions = 5\n", "not TOML"),
    ("[kafka\n", "line 1"),
    ("[detectors.gapp]\n", "did you mean detectors.gap?"),
    ("[detectors.gap]\nmin_silence_s = 1\n", "give a number from 60 to 2592000"),
    ("[detectors.gap]\nmin_silense_s = 100\n", "did you mean detectors.gap.min_silence_s?"),
    ("[severity]\ngap.listed = 'scream'\n", "give one of log, page, ticket"),
    ("[severity]\n'gap.listd' = 'page'\n", "did you mean severity.gap.listed?"),
    ("[reference]\nzones = 'a.geojson'\n", "give a list of strings"),
    ("x = " + "[" * 3000 + "\n", "not TOML"),
    ("[kafka]\npartitions = " + "9" * 5000 + "\n", "not TOML"),
]


def written(folder: Path, text: str) -> Path:
    path = folder / "settings.toml"
    path.write_text(text)
    return path


def complaint(path: Path | None, environ: dict[str, str]) -> str:
    try:
        loading.load(path, environ=environ)
    except ConfigError as error:
        return str(error)
    return ""


def test_nothing_given_means_the_defaults() -> None:
    assert loading.load(environ={}) == Settings()


@pytest.mark.parametrize(("text", "says"), CASES)
def test_each_mistake_is_one_line_with_place_and_remedy(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        loading.load(written(tmp_path, text), environ={})
    assert says in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / "settings.toml"))
    assert "\n" not in str(caught.value)


def test_all_mistakes_are_found_and_the_first_counts_the_others(tmp_path: Path) -> None:
    path = written(tmp_path, "[kafka]\npartitions = 0\nreplication = 0\n[feed]\nx = 1\n")
    assert len(loading.mistakes(path, environ={})) == 3
    with pytest.raises(ConfigError, match="and 2 more"):
        loading.load(path, environ={})


def test_flags_go_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, "[kafka]\npartitions = 2\nreplication = 2\n[worker]\napp_id = 'file'\n")
    environ = {"WAKEWATCH_KAFKA_PARTITIONS": "3", "WAKEWATCH_KAFKA_REPLICATION": "3", "WAKEWATCH_SETTINGS": str(path)}
    effective = {e.key: e for e in loading.explain(None, {"kafka.partitions": 5, "kafka.topic_prefix": None}, environ)}
    assert (effective["kafka.partitions"].value, effective["kafka.partitions"].origin) == (5, "flag")
    assert effective["kafka.replication"].origin == "environment WAKEWATCH_KAFKA_REPLICATION"
    assert effective["kafka.replication"].value == 3
    assert (effective["worker.app_id"].value, effective["worker.app_id"].origin) == ("file", f"{path}:5")
    assert effective["kafka.topic_prefix"].origin == "default"
    settings = loading.load(None, {"kafka.partitions": "5"}, environ)
    assert (settings.kafka.partitions, settings.kafka.replication, settings.worker.app_id) == (5, 3, "file")


def test_detectors_and_severities_are_set_from_each_place(tmp_path: Path) -> None:
    path = written(
        tmp_path, "[severity]\ngap.listed = 'log'\n'gap.at_rest' = 'page'\n[detectors.gap]\nclass_b = true\n"
    )
    environ = {"WAKEWATCH_DETECTORS_GAP_MIN_SILENCE_S": "90", "WAKEWATCH_SEVERITY_GAP_UNLISTED": "ticket"}
    settings = loading.load(path, {"detectors.watchlist.support_least": "3"}, environ)
    assert settings.severity == {"gap.listed": "log", "gap.at_rest": "page", "gap.unlisted": "ticket"}
    assert settings.detectors == {"gap": {"class_b": True, "min_silence_s": 90.0}, "watchlist": {"support_least": 3}}


def test_a_list_in_the_environment_is_separated_by_commas() -> None:
    settings = loading.load(environ={"WAKEWATCH_REFERENCE_ZONES": "a.geojson, b.geojson"})
    assert settings.reference.zones == ("a.geojson", "b.geojson")


def test_files_named_in_the_settings_lie_beside_it(tmp_path: Path) -> None:
    path = written(tmp_path, "[reference]\nwatchlists = ['mine.csv', '/etc/theirs.csv']\n")
    assert loading.load(path, environ={}).reference.watchlists == (str(tmp_path / "mine.csv"), "/etc/theirs.csv")


def test_a_misspelt_variable_is_a_mistake_but_what_kubernetes_sets_is_not() -> None:
    with pytest.raises(ConfigError, match="did you mean WAKEWATCH_KAFKA_PARTITIONS"):
        loading.load(environ={"WAKEWATCH_KAFAK_PARTITIONS": "4"})
    pod = ["KAFKA_SERVICE_HOST", "KAFKA_SERVICE_PORT_CLIENT", "KAFKA_PORT", "KAFKA_PORT_9092_TCP_ADDR", "PORT_1_TCP"]
    assert loading.load(environ={f"WAKEWATCH_{name}": "tcp://10.0.0.1:9092" for name in pod}) == Settings()


def test_a_secret_comes_from_a_file_and_is_never_shown(tmp_path: Path) -> None:
    secret = tmp_path / "hook"
    secret.write_text("https://hooks.example/T0/SECRET\n")
    environ = {"WAKEWATCH_NOTIFY_WEBHOOK_URL_FILE": str(secret)}
    assert loading.load(environ=environ).notify.webhook_url == "https://hooks.example/T0/SECRET"
    assert "SECRET" not in repr(loading.explain(environ=environ))
    with pytest.raises(ConfigError, match="is also set"):
        loading.load(environ=environ | {"WAKEWATCH_NOTIFY_WEBHOOK_URL": "x"})
    secret.unlink()
    with pytest.raises(ConfigError, match="cannot read"):
        loading.load(environ=environ)


def test_passwords_in_addresses_are_masked() -> None:
    shown = {e.key: e for e in loading.explain(environ={"WAKEWATCH_NOTIFY_ALERTMANAGER_URL": "http://u:pw@am:9093"})}
    assert shown["notify.alertmanager_url"].value == "http://am:9093/***"


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"[kafka]\nx = \xff\n"])
def test_what_is_not_text_is_refused_with_a_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "s.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="not UTF-8"):
        loading.load(path, environ={})


def test_a_missing_file_or_a_folder_is_one_line(tmp_path: Path) -> None:
    for path in (tmp_path / "no.toml", tmp_path):
        with pytest.raises(ConfigError, match="cannot read the settings"):
            loading.load(path, environ={})


@given(st.binary(max_size=300))
def test_any_bytes_load_or_say_what_is_wrong(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(content)
    assert len(complaint(path, {}).splitlines()) <= 1


@given(st.sampled_from(sorted(catalogue())), st.text(max_size=30))
def test_any_text_in_any_variable_loads_or_is_one_line(key: str, value: str) -> None:
    assert len(complaint(None, {catalogue()[key].variable: value}).splitlines()) <= 1


def test_the_example_is_current_and_loads_as_the_defaults() -> None:
    import tomllib

    written = tomllib.loads(EXAMPLE.read_text())  # a detector that was added needs no edit there
    named = {*written["detectors"], *written["severity"]}
    assert EXAMPLE.read_text() == example(named), "run: wakewatch config example > deploy/settings.example.toml"
    settings = loading.load(EXAMPLE, environ={})
    for section in fields(Settings):
        if section.name not in {"severity", "detectors"}:
            assert getattr(settings, section.name) == getattr(Settings(), section.name)
    assert all(e.value == e.default for e in loading.explain(EXAMPLE, environ={}))


def test_every_setting_has_a_sentence_a_bound_and_a_variable_of_its_own() -> None:
    settings = catalogue().values()
    assert len({s.variable for s in settings}) == len(settings)
    for setting in settings:
        assert setting.sentence, setting.key
        assert setting.expected not in {"a number", "a whole number"}, f"{setting.key} has no bound"


def test_the_schema_takes_the_example_and_refuses_what_loading_refuses() -> None:
    import tomllib

    validator = jsonschema.Draft202012Validator(json.loads(json.dumps(schema())))
    validator.check_schema(schema())
    validator.validate(tomllib.loads(example()))
    assert not validator.is_valid({"detectors": {"gap": {"min_silence_s": 1}}})
    assert not validator.is_valid({"detectors": {"gapp": {}}})
    assert not validator.is_valid({"severity": {"gap.listd": "page"}})


@given(st.one_of(st.booleans(), st.integers(), st.tuples(st.text(), st.text()), st.text()))
def test_values_are_written_as_toml_reads_them(value: object) -> None:
    import tomllib

    read = tomllib.loads(f"x = {toml_value(value)}")["x"]
    assert (tuple(read) if isinstance(read, list) else read) == value


def test_a_secret_stays_one_however_it_was_given(tmp_path: Path) -> None:
    file = tmp_path / "wakewatch.toml"
    file.write_text('[notify]\nwebhook_secret = "s3cret"\n')
    shown = {entry.key: entry.value for entry in loading.explain(file, environ={})}
    assert shown["notify.webhook_secret"] == "***"
    assert loading.load(file, environ={}).notify.webhook_secret == "s3cret"
    (wrong,) = loading.mistakes(None, environ={}, overrides={"notify.webhook_secret": ["s3cret"]})
    assert "s3cret" not in wrong
