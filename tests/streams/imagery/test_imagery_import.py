"""wakewatch imagery import: what it shows, what it writes, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from streams.broker.clients import admin
from streams.broker.reading import read
from streams.cli import imagery, main
from streams.errors import ConfigError, InputError
from streams.imagery.images import Image
from streams.imagery.importing import write_images
from streams.messages.topics import DETECTIONS, TopicMissingError, create_missing
from streams.settings.model import KafkaSettings

SCENE = "S1A_IW_GRDH_1SDV_20200709T063331_20200709T063356_033373_03DDAA_4C6B"
ROWS = f"""scene_id,timestamp,lat,lon,presence_score,length_m,mmsi,matching_score,fishing_score,matched_category
{SCENE},2020-07-09 06:33:31 UTC,41.23,-9.85,0.9998,183.2,255806000,12.1,0.01,matched_nonfishing
{SCENE},2020-07-09 06:33:31 UTC,91.23,-9.85,0.9998,183.2,,,,
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "detections.csv"
    path.write_text(ROWS)
    return path


def test_an_image_of_a_time_that_has_not_come_is_told(file: Path) -> None:
    table = "lat,lon,time,sensor\n41.2,-9.8,{},Sentinel-1\n"
    for year, expected in ((2020, False), (2090, True)):
        file.write_text(table.format(f"{year}-07-09T06:33:31Z"))
        done = CliRunner().invoke(imagery.app, ["import", str(file), "--dry-run"])
        assert done.exit_code == 0
        assert ("1 image of a time that has not come" in done.stderr) == expected


def test_a_dry_run_shows_images_and_needs_no_kafka(file: Path) -> None:
    done = CliRunner().invoke(imagery.app, ["import", str(file), "--dry-run"])
    assert done.exit_code == 0
    assert SCENE in done.stdout and "2020-07-09T06:33:43.500Z" in done.stdout
    assert "drawn around the contacts" in done.stdout
    assert f"{file}:3: position out of range" in done.stderr and "1 image with 1 contact" in done.stderr


def test_json(file: Path) -> None:
    done = CliRunner().invoke(imagery.app, ["import", str(file), "--dry-run", "--json"])
    said = json.loads(done.stdout)
    assert said["images"][0] | {"time": ""} == {
        "id": SCENE,
        "sensor": "Sentinel-1A",
        "kind": "radar",
        "time": "",
        "contacts": 1,
        "outlined": False,
    }
    assert said["reasons"] == {"position out of range": 1}


def test_a_folder_of_files(file: Path) -> None:
    (file.parent / "footprints.csv").write_text(f'scene_id,wkt\n{SCENE},"POLYGON ((-11 40, -8 40, -8 43, -11 40))"\n')
    done = CliRunner().invoke(imagery.app, ["import", str(file.parent), "--dry-run"])
    assert "stated" in done.stdout and "1 image with 1 contact" in done.stderr


def test_sensor_time_and_columns_of_the_user(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("breite,laenge\n54,8\n")
    options = ["--columns", "lat=breite,lon=laenge", "--sensor", "Umbra", "--time", "2024-05-01T10:00:00Z"]
    done = CliRunner().invoke(imagery.app, ["import", str(path), "--dry-run", *options])
    assert "umbra-20240501T100000Z" in done.stdout
    for wrong in (["--time", "noon"], ["--columns", "breadth=y"]):
        assert isinstance(CliRunner().invoke(imagery.app, ["import", str(path), *wrong]).exception, ConfigError)


@pytest.mark.parametrize(("content", "status"), [("hello\n", 1), (None, 2)])
def test_what_failed_does_not_end_with_0(
    content: str | None,
    status: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A file without detections is 1, one that cannot be read is 2; one line each."""
    path = tmp_path / "a.csv"
    if content is not None:
        path.write_text(content)
    monkeypatch.setattr("sys.argv", ["wakewatch", "imagery", "import", str(path)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == status
    said = capsys.readouterr()
    assert said.err.startswith("wakewatch: ") and said.err.count("\n") == 1 and not said.out


def test_nothing_usable_names_the_first_reason(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("lat,lon,time,sensor\n95,1,1594276411,Umbra\n")
    raised = CliRunner().invoke(imagery.app, ["import", str(path)]).exception
    assert isinstance(raised, InputError) and f"{path}:2: position out of range" in str(raised)


def images(kafka: KafkaSettings) -> list[Image]:
    return [msgspec.json.decode(record.value or b"", type=Image) for record in read(kafka, DETECTIONS)]


@pytest.mark.broker
def test_images_are_written_under_their_identity(
    kafka_settings: KafkaSettings, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAKEWATCH_KAFKA_TOPIC_PREFIX", kafka_settings.topic_prefix)
    call = ["import", str(file), "--bootstrap-servers", kafka_settings.bootstrap_servers]
    early = CliRunner().invoke(imagery.app, call).exception
    assert isinstance(early, TopicMissingError) and "wakewatch topics create" in str(early)
    with admin(kafka_settings) as client:
        create_missing(client, kafka_settings)
    done = CliRunner().invoke(imagery.app, call)
    assert done.exit_code == 0 and "1 image written" in done.stderr
    (image,) = images(kafka_settings)
    assert (image.id, len(image.contacts)) == (SCENE, 1)
    assert [record.key for record in read(kafka_settings, DETECTIONS)] == [SCENE.encode()]
    assert CliRunner().invoke(imagery.app, call).exit_code == 0
    assert images(kafka_settings) == [image, image], "the same again is the same; Kafka keeps the newest"


@pytest.mark.broker
def test_the_largest_image_is_written(kafka_settings: KafkaSettings) -> None:
    """20,000 contacts with identities of 200 characters: 6 MB."""
    with admin(kafka_settings) as client:
        create_missing(client, kafka_settings)
    contacts = tuple(
        {"id": f"{n:0200d}", "lat_deg": 1.123456, "lon_deg": 2.123456, "length_m": 100.5, "confidence": 0.123456}
        for n in range(20_000)
    )
    box = ((2.0, 1.0), (3.0, 1.0), (3.0, 2.0), (2.0, 1.0))
    given = {"id": "i", "sensor": "s", "kind": "radar", "time_ms": 1, "footprint": box, "contacts": contacts}
    image = msgspec.convert(given, Image)
    write_images(kafka_settings, [image])
    assert images(kafka_settings) == [image]
