"""replay: the same bytes out for the same bytes in, whatever the batch."""

import io
from pathlib import Path

import pytest

from detectors.core.alert import encode
from detectors.core.engine.alert_writer import Emitted
from streams.files.recordings import open_recording
from streams.ingest.core import SourceKind
from streams.pipeline.replay import InProcessPipeline, RefusalPlace, ReplayPlan, play
from streams.reference.loading import load_reference
from streams.settings.model import Settings

DATA = Path(__file__).parents[3] / "shared" / "data"
SETTINGS = Settings()
REFERENCE = load_reference(SETTINGS.reference)
RECORDINGS = sorted((*(DATA / "nmea").rglob("*.*"), *(DATA / "tracks").glob("*.ais.gz"))) if DATA.is_dir() else []
HOUR_MS = 3_600_000
_QUICK_BYTES = 80_000


def replayed(
    content: bytes, batch: int, partitions: int = 4
) -> tuple[list[bytes], InProcessPipeline, list[RefusalPlace]]:
    pipeline = InProcessPipeline(SETTINGS, REFERENCE, partitions)
    plan = ReplayPlan(source="x", partitions=partitions, source_kind=SourceKind(replayed=True, batch=batch))
    items = list(play([io.BytesIO(content)], plan, pipeline, SETTINGS))
    alerts = [encode(i.alert) for i in items if isinstance(i, Emitted)]
    return alerts, pipeline, [i for i in items if isinstance(i, RefusalPlace)]


def whole(path: Path) -> object:
    """The largest take seconds each: too long for ``make unit``."""
    return pytest.param(path, marks=pytest.mark.full if path.stat().st_size > _QUICK_BYTES else ())


@pytest.mark.skipif(not RECORDINGS, reason="the recordings of ../shared/data are not here")
@pytest.mark.parametrize("path", [whole(path) for path in RECORDINGS], ids=lambda p: p.name)
def test_a_recording_gives_the_same_bytes_at_any_batch_size(path: Path) -> None:
    with open_recording(path) as file:
        content = file.read()[:400_000]
    whole, pipeline, _ = replayed(content, 1000)
    again, cut, _ = replayed(content, 7)
    assert whole == again
    assert cut.steps >= pipeline.steps
    assert cut.totals.reports == pipeline.totals.reports


@pytest.mark.skipif(not RECORDINGS, reason="the recordings of ../shared/data are not here")
@pytest.mark.parametrize("path", RECORDINGS, ids=lambda p: p.name)
def test_every_sentence_is_accounted_for(path: Path) -> None:
    with open_recording(path) as file:
        content = file.read()[:400_000]
    _, pipeline, places = replayed(content, 1000)
    totals = pipeline.totals
    refused_here = sum(totals.rejected.values()) + sum(totals.refused_fixes.values())
    assert totals.sentences + len(list(places)) == totals.reports + totals.merged + refused_here


def lines(hours: float, hole: tuple[float, float] | None = None) -> bytes:
    start = 1_700_000_000
    times = [t for t in range(0, int(hours * 3600), 10) if not (hole and hole[0] * 3600 < t < hole[1] * 3600)]
    sentences = [b"!AIVDM,1,1,,A,13HOI:0P0000VOHLCnHQKwvL05Ip,0*23", b"!AIVDM,1,1,,A,133sVfPP00PD>hRMDH@jNOvN20S8,0*7F"]
    return b"\n".join(b"\\c:%d*00\\%s" % (start + t, sentences[n % 2]) for n, t in enumerate(times))


def test_a_batch_size_really_cuts() -> None:
    content = lines(0.3)
    steps = [replayed(content, batch, partitions=1)[1].steps for batch in (1, 7, 1000)]
    assert steps[0] == 108
    assert steps[0] > steps[1] > steps[2]


def test_a_hole_of_ninety_days_is_one_outage_and_costs_two_ticks() -> None:
    alerts, pipeline, _ = replayed(lines(90 * 24 + 1, (0.5, 90 * 24 + 0.5)), 1000)
    assert len(alerts) == 3
    assert b'"feed_outage"' in alerts[0] and b'"opened"' in alerts[0] and b'"closed"' in alerts[2]
    assert pipeline.totals.ticks < 100


@pytest.mark.parametrize("partitions", [1, 4, 12])
def test_the_alerts_are_the_same_at_every_partition_count(partitions: int) -> None:
    content = lines(3, (1.0, 1.5))
    assert sorted(replayed(content, 100, partitions)[0]) == sorted(replayed(content, 100, 4)[0])
