"""Another watchlist between two records: found backwards, closed, renumbered, the same in any cut."""

from __future__ import annotations

import msgspec
import numpy as np

from detectors.core.alert import Alert
from detectors.core.engine.engine import Engine
from detectors.core.reference import ListedShip, Reference, Zone
from detectors.core.reports import Batch
from detectors.core.testing import START_MS, Report, Story, beside, engine, log, voyage
from detectors.core.testing_world import REFERENCE
from detectors.core.units import unix_ms

HOUR = 3600.0
SHIP, OTHER = 273_000_009, 667_001_001  # OTHER is listed by MMSI in REFERENCE
NEW = ListedShip(list="NEW", entry_id="9", name="SEEN BEFORE", mmsi=SHIP, flag="RU")
MORE = Reference(ships=(NEW, *REFERENCE.ships), zones=REFERENCE.zones, version="more")
LESS = Reference(ships=REFERENCE.ships[:1], zones=REFERENCE.zones, version="less")


def restarted(playing: Engine, reference: Reference) -> Engine:
    """The engine as its snapshot brings it back under ``reference``."""
    made = Engine.build(partition=0, reference=reference, feed=playing.sources.rules, thresholds={}, severities={})
    return made.restore([playing.shard(n) for n in range(playing.shard_count())], playing.manifest())


def background(hours: float) -> Story:
    return voyage(205_000_001, np.arange(0, hours * HOUR, 60.0), (30.0, 120.0))


def play(
    story: Story,
    *switches: tuple[float, Reference],
    batch: int = 1000,
    revived: bool = False,
    settings: bool = False,
    detector: str = "watchlist",
) -> list[Alert]:
    """Alerts of a detector in a story in which each reference comes into force at its hour.

    ``settings``: by a restart under other settings, not by the log.
    """
    playing: Engine = engine()
    alerts: list[Alert] = []
    waiting = [(int(hour * HOUR * 1000), reference) for hour, reference in switches]
    start_ms = 0
    for item in log(story, batch=batch, tick_s=600.0):
        time_ms = int(item.reports["time_ms"][0]) if isinstance(item, Batch) else item.to_ms
        start_ms = start_ms or time_ms
        while waiting and time_ms - start_ms >= waiting[0][0]:
            if settings:
                playing = restarted(playing, waiting.pop(0)[1])
                continue
            alerts += [each.alert for each in playing.adopt(waiting.pop(0)[1])]
            assert not playing.drain_faults()
            if revived:
                playing = restarted(playing, playing.reference)
        emitted = playing.apply(item) if isinstance(item, Batch) else playing.tick(item)
        assert not playing.drain_faults()
        alerts += [each.alert for each in emitted]
    return [alert for alert in alerts if alert.detector == detector]


def test_a_ship_seen_before_is_found_at_once_and_told_with_her_silence() -> None:
    story = beside(background(8), voyage(SHIP, np.arange(0, HOUR, 60.0)))
    (alert,) = play(story, (6, MORE))
    assert (alert.status, alert.severity, alert.verification) == ("opened", "ticket", "corroborated")
    assert alert.details["reason"] == "listed_now" and alert.details["list_version"] == "more"
    assert alert.headline.startswith("SEEN BEFORE now listed: seen 4 h ago")
    assert ", no signal since 14 Nov 2312Z, " in alert.headline  # nobody judged that silence
    assert alert.evidence, "the last sentence that it sent"


def test_a_ship_that_transmits_goes_on_in_the_same_alert() -> None:
    story = beside(background(4), voyage(SHIP, np.arange(0, 4 * HOUR, 60.0)))
    (alert,) = play(story, (2, MORE))
    assert (alert.details["reason"], alert.revision) == ("listed_now", 1)
    assert "dark" not in alert.headline


def test_a_ship_silent_for_days_stays_open_and_her_return_is_a_ticket_where_nobody_judged_her_silence() -> None:
    story = beside(background(60), voyage(SHIP, [*np.arange(0, HOUR, 60.0), *np.arange(50 * HOUR, 51 * HOUR, 60.0)]))
    opened, updated = play(story, (30, MORE))
    assert opened.id == updated.id
    assert (opened.severity, updated.severity) == ("ticket", "ticket")
    assert (updated.details["reason"], updated.details["absence"]) == ("reappeared", "out of range")


def test_an_entry_that_went_closes_its_alert_with_the_reason() -> None:
    story = beside(background(4), voyage(OTHER, np.arange(0, 4 * HOUR, 60.0)))
    *_, closed = play(story, (2, LESS))
    assert (closed.status, closed.details["ended"]) == ("closed", "removed from the list")
    assert closed.details["list_version"] == "less"


def test_an_entry_that_only_moved_in_the_list_changes_nothing() -> None:
    story = beside(background(4), voyage(OTHER, np.arange(0, 4 * HOUR, 60.0)))
    assert play(story, (2, MORE)) == play(story)


def test_an_entry_that_says_something_else_is_a_revision() -> None:
    dated = msgspec.structs.replace(REFERENCE.ships[1], listed_on="2020-01-01")
    changed = Reference(ships=(REFERENCE.ships[0], dated), zones=REFERENCE.zones, version="dated")
    story = beside(background(4), voyage(OTHER, np.arange(0, 4 * HOUR, 60.0)))
    *_, last = play(story, (2, changed))
    assert (last.status, last.details["listed_on"]) == ("updated", "2020-01-01")


def test_the_same_list_twice_changes_nothing() -> None:
    story = beside(background(4), voyage(SHIP, np.arange(0, 2 * HOUR, 60.0)))
    assert play(story, (2, MORE), (3, MORE)) == play(story, (2, MORE))


def test_a_switch_is_the_same_in_any_cut_and_over_a_restart() -> None:
    quiet = voyage(SHIP, [*np.arange(0, HOUR, 60.0), *np.arange(9 * HOUR, 10 * HOUR, 60.0)])
    story = beside(background(12), quiet, voyage(OTHER, np.arange(0, 12 * HOUR, 300.0)))
    whole = play(story, (4, MORE), (11, LESS))
    assert {alert.details["reason"] for alert in whole} == {"first_heard", "listed_now"}
    assert play(story, (4, MORE), (11, LESS), batch=7) == whole
    assert play(story, (4, MORE), (11, LESS), revived=True) == whole


def test_a_report_of_her_number_alone_is_enough() -> None:
    by_imo = Reference(ships=(ListedShip(list="X", entry_id="1", name="X", imo=9161003),), version="imo")
    said = Report(at_s=30, mmsi=SHIP, type=5, imo=9161003, name="RENAMED")
    story = beside(background(4), [*voyage(SHIP, [0.0, 60.0]), said])
    assert [alert.details["matched_on"] for alert in play(story, (2, by_imo))] == [["imo"]]


def test_zones_come_go_and_are_renumbered_with_the_reference() -> None:
    forbidden, closed, ordinary, *_ = REFERENCE.zones
    near = Zone(name="New", kind="sanctioned", lat_deg=30.0, lon_deg=120.0, radius_nm=20, severity="log")
    moved = Reference(ships=REFERENCE.ships, zones=(ordinary, closed, forbidden), version="moved")
    without = Reference(ships=REFERENCE.ships, zones=(near, ordinary), version="without")
    inside = voyage(OTHER, np.arange(0, 4 * HOUR, 300.0), (41.95, 131.0), speed_kn=1.0)
    others = voyage(205_000_001, np.arange(0, 4 * HOUR, 60.0), (30.0, 120.0), speed_kn=1.0)
    story = beside(others, inside)
    for settings in (False, True):
        alerts = play(story, (1, moved), (2, without), settings=settings, detector="port_proximity")
        assert [(a.mmsi, a.status, a.details["zone"], a.details.get("ended"), a.severity) for a in alerts] == [
            (OTHER, "opened", "Forbidden", None, "ticket"),
            (OTHER, "updated", "Forbidden", None, "page"),
            (OTHER, "closed", "Forbidden", "withdrawn", "page"),
            (205_000_001, "opened", "New", None, "log"),
        ]
        assert "no longer near a zone in force: FORBIDDEN" in alerts[2].headline


def zoned(*zones: Zone, ships: tuple[ListedShip, ...] = REFERENCE.ships) -> Reference:
    return Reference(ships=ships, zones=zones, version=str((zones, ships)))


def test_who_was_last_in_a_zone_that_comes_or_moves_is_told_at_once_and_closed_when_it_goes() -> None:
    bay = Zone(name="Bay", kind="sanctioned", lat_deg=38.0, lon_deg=130.0, radius_nm=20)
    moved, pipeline = msgspec.structs.replace(bay, lat_deg=44.0), msgspec.structs.replace(bay, kind="associated")
    more = (NEW, *REFERENCE.ships)
    elsewhere = voyage(SHIP + 1, np.arange(0, HOUR, 120.0), (36.0, 130.0))
    story = beside(background(10), voyage(SHIP, np.arange(0, HOUR, 120.0)), elsewhere)
    withdrawn, delisted = "opened Bay, closed Bay withdrawn", "opened Bay, closed Bay delisted"
    cases: tuple[tuple[str, list[tuple[float, Reference]]], ...] = (
        (withdrawn, [(6, zoned(bay)), (8, zoned())]),
        (withdrawn, [(6, zoned(bay)), (8, zoned(moved))]),
        ("", [(6, zoned(moved))]),
        (delisted, [(6, zoned(pipeline)), (7, zoned(pipeline, ships=more)), (9, zoned(pipeline))]),
        ("opened Bay", [(6, zoned(bay)), (8, zoned(bay, ships=more))]),
    )
    for wanted, switches in cases:
        for settings in (False, True):
            alerts = play(story, *switches, settings=settings, detector="port_proximity")
            said = [f"{a.status} {a.details['zone']} {a.details.get('ended', '')}".strip() for a in alerts]
            assert ", ".join(said) == wanted
            assert {a.mmsi for a in alerts} <= {SHIP}
    first, _ = play(story, *cases[0][1], detector="port_proximity")
    assert "last known inside BAY, silent 5 h since" in first.headline and first.severity == "ticket"
    assert first.details["looked_back"] and first.evidence


def test_a_dark_ship_that_can_have_come_to_a_new_zone_is_told_at_once() -> None:
    times = np.arange(0, 16 * HOUR, 150.0)
    peers = [voyage(205_000_100 + n, times + 25.0 * n, (37.0 + n / 100, 130.1), 1.0) for n in range(6)]
    story = beside(*peers, voyage(OTHER, np.arange(0, 4 * HOUR, 60.0), (37.0, 130.0), 1.0))
    near = Zone(name="Near", kind="sanctioned", lat_deg=38.5, lon_deg=130.0, radius_nm=5)
    far = msgspec.structs.replace(near, name="Far", lat_deg=60.0)
    switches = ((0, zoned()), (11, zoned(far)), (12, zoned(far, near)), (14, zoned(far)))
    alerts = play(story, *switches, detector="port_proximity")
    assert [(a.status, a.details["zone"], a.details["reason"], a.details.get("ended")) for a in alerts] == [
        ("opened", "Near", "feasible_while_dark", None),
        ("closed", "Near", "feasible_while_dark", "withdrawn"),
    ]
    assert [round((unix_ms(a.time) - START_MS) / 3_600_000, 1) for a in alerts] == [12, 14]


def test_every_detector_knows_the_reference_in_force_and_none_that_was() -> None:
    now = Reference(ships=REFERENCE.ships, zones=REFERENCE.zones[:1], version="fewer")
    adopted = engine()
    adopted.adopt(now)
    for detector in adopted.dispatcher.detectors:
        made = vars(type(detector)(detector.thresholds, now))
        held = vars(detector)
        assert held.keys() == made.keys() and detector.reference is now
        for name, value in made.items():
            if isinstance(value, np.ndarray | tuple):
                assert np.array_equal(held[name], value), f"{detector.name}.{name}"


def test_a_zone_s_own_severity_bounds_what_is_not_inside_it() -> None:
    bound = [Report(at_s=30.0, mmsi=OTHER, type=5, destination="XX FBD")]
    story = beside(background(1), voyage(OTHER, np.arange(0, HOUR, 60.0), (30.0, 121.0)), bound)
    for severity, wanted in ((None, "ticket"), ("page", "ticket"), ("log", "log")):
        zone = msgspec.structs.replace(REFERENCE.zones[0], severity=severity)
        zoned = Reference(ships=REFERENCE.ships, zones=(zone,), version="zoned")
        alerts = play(story, (0, zoned), detector="port_proximity")
        assert {(alert.details["reason"], alert.severity) for alert in alerts} == {("destination", wanted)}


def test_another_list_in_the_settings_is_another_list_from_the_restart_on() -> None:
    quiet = voyage(SHIP, [*np.arange(0, HOUR, 60.0), *np.arange(9 * HOUR, 10 * HOUR, 60.0)])
    story = beside(background(12), quiet, voyage(OTHER, np.arange(0, 12 * HOUR, 300.0)))
    first = msgspec.structs.replace(MORE, ships=MORE.ships[::-1], version="turned")
    for switches in ([(4, MORE), (11, LESS)], [(4, MORE), (6, first)], [(4, LESS)]):
        assert play(story, *switches, settings=True) == play(story, *switches)
