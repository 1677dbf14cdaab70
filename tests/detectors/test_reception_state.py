"""What a partition knows of its hearing is a function of the log: not of cuts, restarts or, in time, of ticks."""

import msgspec
import numpy as np
import pytest

from detectors.core.coverage.cells import COARSE, FINE
from detectors.core.coverage.slot_blocks import SLOT_MS
from detectors.core.coverage.vessel_statistics import VESSEL
from detectors.core.engine.engine import Engine
from detectors.core.reports import Batch
from detectors.core.testing import START_MS, Report, Story, beside, engine, log, revive, run, voyage, written
from detectors.core.vessels.fleet import SHARD_ROWS

HOUR = 3600.0


def feed(seed: int, hours: float, every_s: float, *, late_s: float = 0.0) -> Story:
    """Ships of three stations that come, stop, fall silent and go; one is listed once it says who it is."""
    draw = np.random.default_rng(seed)
    heard: list[tuple[float, Report]] = []
    for n in range(12):
        begins, ends = np.sort(draw.uniform(0, hours * HOUR, 2)) if n % 3 == 0 else (0.0, hours * HOUR)
        dark = draw.uniform(0, hours * HOUR)
        for t in np.cumsum(draw.exponential(every_s, int(hours * HOUR / every_s))):
            if begins <= t <= ends and not (n % 2 and dark < t < dark + 2 * HOUR):
                delay_s = draw.uniform(0, late_s) if draw.random() < 0.1 else 0.0
                said = Report(
                    at_s=round(float(t), 1),
                    mmsi=205_000_001 + n,
                    lat_deg=38 + n / 20 + t / 3e5,
                    lon_deg=130 + n % 3,
                    sog_kn=float(n % 4) * 3,
                    cog_deg=0.0,
                    station=("", "east", "west")[n % 3],
                )
                heard.append((t + delay_s, said))
        heard += [
            (t, Report(at_s=round(float(t), 1), mmsi=205_000_001 + n, type=5, imo=9179842, name="ONE"))
            for t in draw.uniform(0, hours * HOUR, 3)
        ]
    quiet_s = 0.45 * hours * HOUR, 0.55 * hours * HOUR  # an outage of all stations
    return [said for at_s, said in sorted(heard, key=lambda pair: pair[0]) if not quiet_s[0] < at_s < quiet_s[1]]


def known(story: Story, *, batch: int = 100_000, tick_s: float = 600.0, restart_every: int = 0) -> list[bytes]:
    """Everything that coverage has learned by the end."""
    playing: Engine = engine()
    written: dict[int, bytes] = {}
    for number, item in enumerate(log(story, batch=batch, tick_s=tick_s)):
        _ = playing.apply(item) if isinstance(item, Batch) else playing.tick(item, playing.counts["reports"])
        if restart_every and number % restart_every == 0:
            playing = revive(playing, written=written)
    reception, size = playing.reception, playing.fleet.size
    water = reception.coverage.cell_statistics
    order = np.argsort(playing.fleet.core.mmsi[:size])  # cut otherwise, rows are given in another order
    columns = [getattr(reception.vessel_columns, column.name)[:size][order].tobytes() for column in VESSEL]
    counts = [part.tobytes() for size in (FINE, COARSE) for part in water.cells.counts(size)]
    return [*columns, *counts, reception.coverage.silences.counts.tobytes(), msgspec.json.encode(playing.cannot_tell)]


def full(*values: float) -> object:
    """More of the same: too long for ``make unit``."""
    return pytest.param(*values, marks=pytest.mark.full)


@pytest.mark.parametrize(("seed", "every_s", "hours"), [(1, 60.0, 3), (2, 900.0, 20), full(3, 6000.0, 120)])
def test_neither_cuts_nor_restarts_show_however_late_reports_come(seed: int, every_s: float, hours: float) -> None:
    story = feed(seed, hours, every_s, late_s=1500.0)
    whole = known(story)
    assert known(story, batch=7) == whole
    assert known(story, batch=40, restart_every=9)[:-1] == whole[:-1]  # the count for the metrics begins anew


@pytest.mark.parametrize(("seed", "every_s", "hours"), [(4, 60.0, 3), full(5, 6000.0, 80)])
def test_ticks_do_not_show_where_reports_come_in_time(seed: int, every_s: float, hours: float) -> None:
    story = feed(seed, hours, every_s, late_s=25.0)
    whole = known(story, tick_s=10.0)
    assert known(story, tick_s=61.7) == whole == known(story, tick_s=1800.0)


def test_a_gap_that_has_ended_is_told_however_far_ahead_its_batch_goes() -> None:
    """Its ship is heard again, and silent again, before anything else of the batch is taken in."""
    hours = np.arange(0, 20 * HOUR, 30.0)
    heard = (hours < 12 * HOUR) | ((hours > 17 * HOUR) & (hours < 17.5 * HOUR) & (hours % 600 == 0))
    peers = [voyage(205_000_001 + n, np.arange(n * 13.0, 20 * HOUR, 117.0), speed_kn=1.0) for n in range(9)]
    story = beside(voyage(205_000_100, hours[heard], speed_kn=1.0), *peers)
    cut = run(story, batch=40, tick_s=1e6)
    assert [alert.status for alert in cut if alert.detector == "gap"] == ["opened", "closed"]
    assert written(run(story, batch=100_000, tick_s=1e6)) == written(cut)


def test_a_stretch_without_anybody_is_in_every_shard_of_the_next_snapshot() -> None:
    playing = engine()
    mmsis = 205_000_001 + np.arange(SHARD_ROWS + 1)
    once = [Report(at_s=float(n) / 10, mmsi=int(mmsi), lat_deg=38.0, lon_deg=130.0) for n, mmsi in enumerate(mmsis)]
    later = [msgspec.structs.replace(once[0], at_s=at_s) for at_s in (2.5 * HOUR, 2.6 * HOUR, 6 * HOUR, 7 * HOUR)]
    for item in log(once + later[:2], batch=1000, tick_s=600.0):
        _ = playing.apply(item) if isinstance(item, Batch) else playing.tick(item)
    playing.mark_clean()
    for item in log(later[2:], batch=1000, tick_s=600.0):
        _ = playing.apply(item) if isinstance(item, Batch) else None
    assert playing.dirty() == [0, 1, 2]  # the cells, and both shards of rows


def spread_over_a_boundary(first_s: float, count: int, spacing_s: float) -> Story:
    """The first report a partition hears lies after a slot boundary; those of the seconds before it follow."""
    boundary_s = 300.0 - START_MS / 1000 % 300
    return [
        Report(at_s=boundary_s + (first_s if n == 0 else -spacing_s * n), mmsi=205_000_001 + n, lat_deg=38, lon_deg=130)
        for n in range(count)
    ] + voyage(205_000_900, boundary_s + np.arange(60.0, HOUR, 20.0))


@pytest.mark.parametrize(("first_s", "count", "spacing_s"), [(0.0, 9, 2.0), (1.0, 20, 1.0), (29.0, 12, 0.05)])
def test_the_first_slot_takes_in_what_was_heard_just_before_its_first_report(
    first_s: float, count: int, spacing_s: float
) -> None:
    """Two receivers with two seconds between them are enough; the cut into records must not show either."""
    story = spread_over_a_boundary(first_s, count, spacing_s)
    whole = known(story)
    assert known(story, batch=1) == whole
    assert known(story, batch=7, restart_every=1)[:-1] == whole[:-1]


def test_a_snapshot_that_took_its_first_slot_for_the_first_ever_can_still_be_read() -> None:
    """It was written by a version that began at the first report's own slot: what comes earlier is late."""
    story = spread_over_a_boundary(0.0, 9, 2.0)
    playing = engine()
    for item in log(story, batch=1, tick_s=600.0):
        _ = playing.apply(item) if isinstance(item, Batch) else playing.tick(item, playing.counts["reports"])
        if playing.counts["reports"] == 1 and playing.fleet.size == 1:
            playing.reception.listening.next_slot = playing.reception.listening.front_ms // SLOT_MS
            playing = revive(playing)
    assert playing.vessels == len({said.mmsi for said in story})
