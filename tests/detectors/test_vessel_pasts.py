"""Memory: what is kept of a vessel's past, how much of it, and that it lives as long as it does."""

import numpy as np
import pytest

from detectors.core.engine.engine import Engine
from detectors.core.reports import Batch
from detectors.core.testing import Report, Story, beside, engine, log, revive, voyage
from detectors.core.vessels import past
from detectors.core.vessels.capacity import FleetRules
from detectors.core.vessels.past import PastError, PastSilence, Stay, VesselPasts

HOUR = 3600.0
SHIP = 205_000_002
PLACE = (42.5, 132.25)


def silence(number: int, verdict: int = past.DARK) -> PastSilence:
    return PastSilence(number * 1000, number * 1000 + 1, number * 1000 + 500, PLACE, None, verdict)


def stay(number: int) -> Stay:
    return Stay(number * 1000, number * 1000 + 500, PLACE, past.PORT_CALL, 3, True)


def test_a_past_is_bounded_and_a_listed_ship_keeps_more() -> None:
    memory = VesselPasts()
    for number in range(300):
        memory.add_silence(1, silence(number), listed=False)
        memory.add_silence(2, silence(number), listed=True)
        memory.add_stay(1, stay(number), listed=False)
        memory.add_stay(2, stay(number), listed=True)
    assert [s.from_ms // 1000 for s in memory.silences(1)] == list(range(292, 300))
    assert (len(memory.silences(2)), len(memory.stays(1)), len(memory.stays(2))) == (128, 4, 64)
    assert memory.stays(2)[-1] == stay(299)
    assert (memory.silences(9), memory.stays(9), 9 in memory) == ([], [], False)


def test_of_two_verdicts_on_one_silence_the_stronger_stays() -> None:
    memory = VesselPasts()
    for verdict in (past.CANNOT_TELL, past.DARK, past.AT_REST):
        memory.add_silence(1, silence(5, verdict), listed=True)
    assert [s.verdict for s in memory.silences(1)] == [past.DARK]


def test_a_silence_that_ended_with_a_name_alone_is_completed_by_the_next_fix() -> None:
    memory = VesselPasts()
    memory.add_silence(1, silence(5), listed=True)
    memory.complete(1, (30.0, 122.0))
    assert memory.silences(1)[0].after == (30.0, 122.0)


@pytest.mark.parametrize("packed", [b"\x02\x00", b"\x01\x05abc", b"\x01\x00abc"])
def test_a_past_that_no_version_wrote_is_refused(packed: bytes) -> None:
    with pytest.raises(PastError):
        VesselPasts().restore([(1, packed)])


def played(playing: Engine, story: Story) -> Engine:
    for item in log(story, batch=200, tick_s=600.0):
        playing.apply(item) if isinstance(item, Batch) else playing.tick(item)
    return playing


def test_a_gap_that_ends_is_remembered_and_outlives_a_restart() -> None:
    heard = [t for t in np.arange(5, 22 * HOUR, 60.0).tolist() if not 8 * HOUR < t < 20 * HOUR]
    peers = [voyage(205_000_003 + n, np.arange(n, 22 * HOUR, 100.0), (38.0, 130.0), 1.0) for n in range(4)]
    playing = played(engine(), beside(*peers, voyage(SHIP, heard, (38.0, 130.0), 1.0)))
    again = revive(playing)
    for each in (playing, again):
        row = int(each.fleet.index.find(np.array([SHIP], np.uint32))[0])
        (found,) = each.fleet.memory.silences(row)
        assert round((found.to_ms - found.from_ms) / 1000 / HOUR) == 12
        assert (found.verdict, found.fix_ms) == (past.DARK, found.from_ms)
        assert found.before is not None and found.after is not None
        assert found.after[0] - found.before[0] == pytest.approx(0.2, abs=0.01)


def test_a_vessel_that_is_dropped_takes_her_past_with_her() -> None:
    playing = engine(fleet=FleetRules(vessels_most=8))
    played(playing, [Report(at_s=1.0 + n, mmsi=SHIP + n, lat_deg=1, lon_deg=1) for n in range(8)])
    playing.fleet.memory.add_silence(0, silence(1), listed=False)
    played(playing, [Report(at_s=20.0 + n, mmsi=SHIP + 50 + n, lat_deg=1, lon_deg=1) for n in range(8)])
    assert len(playing.fleet.memory) == 0
