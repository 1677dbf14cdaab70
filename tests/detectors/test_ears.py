"""What a partition knows of its hearing is a function of the log: not of cuts, restarts or, in time, of ticks."""

import msgspec
import numpy as np
import pytest

from detectors.core.engine import Engine
from detectors.core.hearing.cells import COARSE, FINE
from detectors.core.hearing.habits import VESSEL
from detectors.core.reports import Batch
from detectors.core.testing import Said, Story, beside, engine, log, revive, run, voyage, written
from detectors.core.vessels.fleet import SHARD_ROWS

HOUR = 3600.0


def feed(seed: int, hours: float, every_s: float, *, late_s: float = 0.0) -> Story:
    """Ships of three stations that come, stop, fall silent and go; one is listed once she says who she is."""
    draw = np.random.default_rng(seed)
    heard: list[tuple[float, Said]] = []
    for n in range(12):
        begins, ends = np.sort(draw.uniform(0, hours * HOUR, 2)) if n % 3 == 0 else (0.0, hours * HOUR)
        dark = draw.uniform(0, hours * HOUR)
        for t in np.cumsum(draw.exponential(every_s, int(hours * HOUR / every_s))):
            if begins <= t <= ends and not (n % 2 and dark < t < dark + 2 * HOUR):
                delay_s = draw.uniform(0, late_s) if draw.random() < 0.1 else 0.0
                said = Said(
                    at_s=round(float(t), 1), mmsi=205_000_001 + n, lat_deg=38 + n / 20 + t / 3e5, lon_deg=130 + n % 3,
                    sog_kn=float(n % 4) * 3, cog_deg=0.0, station=("", "east", "west")[n % 3],
                )  # fmt: skip
                heard.append((t + delay_s, said))
        heard += [
            (t, Said(at_s=round(float(t), 1), mmsi=205_000_001 + n, type=5, imo=9179842, name="ONE"))
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
    ears, size = playing.ears, playing.fleet.size
    water = ears.coverage.water
    order = np.argsort(playing.fleet.core.mmsi[:size])  # cut otherwise, rows are given in another order
    columns = [getattr(ears.strips, column.name)[:size][order].tobytes() for column in VESSEL]
    counts = [part.tobytes() for size in (FINE, COARSE) for part in water.cells.counts(size)]
    return [*columns, *counts, ears.coverage.silences.counts.tobytes(), msgspec.json.encode(playing.cannot_tell)]


@pytest.mark.parametrize(("seed", "every_s", "hours"), [(1, 60.0, 3), (2, 900.0, 20), (3, 6000.0, 120)])
def test_neither_cuts_nor_restarts_show_however_late_reports_come(seed: int, every_s: float, hours: float) -> None:
    story = feed(seed, hours, every_s, late_s=1500.0)
    whole = known(story)
    assert known(story, batch=7) == whole
    assert known(story, batch=40, restart_every=9)[:-1] == whole[:-1]  # the count for the metrics begins anew


@pytest.mark.parametrize(("seed", "every_s", "hours"), [(4, 60.0, 3), (5, 6000.0, 80)])
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
    once = [Said(at_s=float(n) / 10, mmsi=int(mmsi), lat_deg=38.0, lon_deg=130.0) for n, mmsi in enumerate(mmsis)]
    later = [msgspec.structs.replace(once[0], at_s=at_s) for at_s in (2.5 * HOUR, 2.6 * HOUR, 6 * HOUR, 7 * HOUR)]
    for item in log(once + later[:2], batch=1000, tick_s=600.0):
        _ = playing.apply(item) if isinstance(item, Batch) else playing.tick(item)
    playing.mark_clean()
    for item in log(later[2:], batch=1000, tick_s=600.0):
        _ = playing.apply(item) if isinstance(item, Batch) else None
    assert playing.dirty() == [0, 1]
