"""A ship that goes on under another MMSI is heard: what was open about the former one ends, and a return is told."""

from __future__ import annotations

from functools import cache

import msgspec
import numpy as np
import pytest

from detectors.core import testing
from detectors.core.alert import Alert
from detectors.core.testing import Report, Story, beside, run, voyage, written

HOUR = 3600.0
IMO, OTHER_IMO = 9161003, 9179842
FORMER, LATER = 667_001_005, 636_000_111
"""The former one is listed by its MMSI (``testing.REFERENCE``)."""
AT = (38.0, 130.0)


def stated(at_s: float, mmsi: int, place: tuple[float, float] | None = None, **more: object) -> Report:
    """A type 5; with ``place`` ingest notes it."""
    told = Report(at_s=at_s, mmsi=mmsi, type=5, imo=IMO, name="ADLINA", ship_type=70, length_m=119, noted=place)
    return msgspec.structs.replace(told, **more)


def before(until_s: float = 2 * HOUR, every_s: float = 300.0) -> Story:
    """The ship under its former MMSI, at rest."""
    return [stated(10.0, FORMER, AT), *voyage(FORMER, np.arange(20.0, until_s, every_s), AT, 0.0)]


def after(from_s: float, until_s: float, place: tuple[float, float] = AT, **more: object) -> Story:
    """The ship under its later MMSI: noted at once, and then every five minutes."""
    noted = [stated(float(t), LATER, place, **more) for t in np.arange(from_s, until_s, 300.0)]
    return beside(noted, voyage(LATER, np.arange(from_s + 5, until_s, 60.0), place, 0.0))


def until(hours: float) -> Story:
    """Another ship, for the clock: its source is never down, which would cost more than its reports."""
    return voyage(205_000_001, np.arange(0.0, hours * HOUR, 55.0), (38.2, 130.0), 0.0)


WORLD = beside(before(), after(15 * HOUR, 16 * HOUR))


def played(*stories: Story, hours: float = 30.0) -> list[Alert]:
    return run(beside(*stories, until(hours)), batch=100_000)


def of(alerts: list[Alert], detector: str, mmsi: int = FORMER) -> list[Alert]:
    return [a for a in alerts if a.detector == detector and a.mmsi == mmsi]


def left_open(alerts: list[Alert], mmsi: int = FORMER) -> set[str]:
    newest = {a.id: a for a in alerts if a.mmsi == mmsi}
    return {a.detector for a in newest.values() if a.status in {"opened", "updated"}}


def test_a_return_under_a_new_mmsi_is_told_and_what_was_open_about_the_former_one_is_closed() -> None:
    alerts = played(before(), after(15 * HOUR, 17 * HOUR), hours=16.5)
    unheard, closed = of(alerts, "gap")
    assert (unheard.status, closed.status, closed.details["ended"]) == ("opened", "closed", "heard under another MMSI")
    assert closed.details["heard_as"] == LATER and closed.details["flag_now"] == "LR"
    (told,) = of(alerts, "heard_as")
    assert (told.status, told.severity) == ("opened", "ticket")  # at rest is not judged dark
    assert "heard under MMSI 636000111" in told.headline and "after 13 h" in told.headline
    assert told.position is not None and told.position.lat_deg == AT[0]
    assert left_open(alerts) == {"heard_as"}


def test_a_return_states_the_registration_beside_the_new_flag(monkeypatch: pytest.MonkeyPatch) -> None:
    (known,) = (ship for ship in testing.REFERENCE.ships if ship.mmsi == FORMER)
    ship = msgspec.structs.replace(known, flag="TG", deregistered_on="1969-10-05", deregistered_by="TG")
    others = tuple(each for each in testing.REFERENCE.ships if each is not known)
    monkeypatch.setattr(testing, "REFERENCE", msgspec.structs.replace(testing.REFERENCE, ships=(ship, *others)))
    (told,) = of(played(before(), after(15 * HOUR, 17 * HOUR), hours=16.5), "heard_as")
    assert [fact.fact for fact in told.why][-1] == "de-registered on 1969-10-05 by TG, transmits flag LR"
    assert told.details["registration"]["flag"] == "LR"
    assert told.severity == "ticket"


def test_a_return_after_a_month_is_a_page_whatever_the_silence_was() -> None:
    heard = [*np.arange(0.0, 3 * HOUR, 55.0), *np.arange(30 * 24 * HOUR, 31 * 24 * HOUR, 55.0)]
    other = voyage(205_000_001, heard, (38.2, 130.0), 0.0)
    alerts = run(beside(before(), after(30.5 * 24 * HOUR, 30.6 * 24 * HOUR), other), batch=100_000)
    assert [a.severity for a in of(alerts, "heard_as") if a.status == "opened"] == ["page"]


def test_a_change_without_a_silence_leaves_nothing_open_and_is_no_news_of_its_own() -> None:
    alerts = played(before(), after(2 * HOUR + 60, 20 * HOUR), hours=20)
    assert not of(alerts, "gap") and not of(alerts, "heard_as")
    assert [a.status for a in of(alerts, "watchlist")][-1] == "closed"
    assert left_open(alerts) == set()


@pytest.mark.parametrize(
    ("place", "more"),
    [((-30.0, 20.0), {}), ((38.0, 139.0), {}), (AT, {"ship_type": 36, "length_m": 12}), (AT, {"length_m": 30})],
    ids=["another ocean", "too far for the time", "a yacht", "far too short"],
)
def test_an_impostor_ends_nothing(place: tuple[float, float], more: dict[str, object]) -> None:
    """In 13 hours a cargo ship does not come 425 nm east."""
    alerts = played(before(), after(15 * HOUR, 17 * HOUR, place, **more))
    assert [a.status for a in of(alerts, "gap")] == ["opened"]
    assert not of(alerts, "heard_as")


def test_an_mmsi_that_was_heard_elsewhere_at_the_same_time_ends_nothing_later_either() -> None:
    """At the end it could have come there."""
    alerts = played(before(4 * HOUR), after(2 * HOUR, 29 * HOUR, (42.0, 130.0)))
    assert [a.status for a in of(alerts, "gap")] == ["opened"]
    assert not of(alerts, "heard_as")


def test_two_transponders_are_one_ship_whichever_is_silent() -> None:
    both = beside(before(20 * HOUR, 60.0), after(1 * HOUR, 3 * HOUR), after(6 * HOUR, 28 * HOUR))
    alerts = played(both, hours=28)
    assert not of(alerts, "gap") and not of(alerts, "gap", LATER) and not of(alerts, "heard_as")


def test_back_under_the_former_mmsi_it_is_judged_by_it_again() -> None:
    again = voyage(FORMER, np.arange(18 * HOUR, 19 * HOUR, 300.0), AT, 0.0)
    alerts = played(before(), after(15 * HOUR, 16 * HOUR), again)
    assert [a.status for a in of(alerts, "heard_as")] == ["opened", "closed"]
    assert [a.status for a in of(alerts, "gap")] == ["opened", "closed", "opened"]
    assert len({a.id for a in of(alerts, "gap")}) == 2


def test_a_mistyped_number_that_is_corrected_is_taken_back() -> None:
    wrong = after(15 * HOUR, 15.2 * HOUR)
    right = stated(15.3 * HOUR, LATER, AT, imo=OTHER_IMO, instead_of=IMO)
    alerts = played(before(), wrong, [right], hours=24)
    assert [a.status for a in of(alerts, "heard_as")] == ["opened", "retracted"]
    gaps = of(alerts, "gap")
    assert [a.status for a in gaps[:3]] == ["opened", "closed", "opened"]
    assert gaps[2].id not in {gaps[0].id, gaps[1].id} and left_open(alerts) >= {"gap"}


def test_one_note_is_enough_when_the_later_mmsi_falls_silent_at_once() -> None:
    """What is open about the former one closes at the step at which it has been silent for long enough."""
    alerts = played(before(), [stated(2 * HOUR + 60, LATER, AT)], hours=20)
    assert [a.status for a in of(alerts, "watchlist")][-1] == "closed"
    assert not of(alerts, "gap")
    assert left_open(alerts) == set()


def test_a_ship_that_reports_seldom_is_not_told_of_while_it_is_heard_under_another_mmsi() -> None:
    """Five of its usual intervals are ten hours: longer than a listed vessel is silent without a ticket."""
    seldom = voyage(FORMER, np.arange(20.0, 30 * HOUR, 2 * HOUR), AT, 0.0)
    alerts = played([stated(10.0, FORMER, AT)], seldom, after(30.1 * HOUR, 46 * HOUR), hours=46)
    assert not [a for a in of(alerts, "gap") if a.time > "2023-11-16T04:"]
    assert left_open(alerts) <= {"watchlist"}


@cache
def there_and_back(hours: float) -> Story:
    """Heard under the later MMSI, and under the former one again."""
    again = voyage(FORMER, np.arange(18 * HOUR, 19 * HOUR, 300.0), AT, 0.0)
    return beside(before(), after(15 * HOUR, 16 * HOUR), again, until(hours))


@pytest.mark.parametrize(
    ("hours", "batch", "tick_s", "every"),
    [
        (20.0, 7, 1800.0, 0),
        (20.0, 100_000, 1800.0, 1),
        pytest.param(34.0, 1, 1800.0, 0, marks=pytest.mark.full),
        pytest.param(34.0, 7, 61.7, 0, marks=pytest.mark.full),
        pytest.param(34.0, 100_000, 1800.0, 1, marks=pytest.mark.full),
    ],
)
def test_any_cut_and_any_restart_gives_the_same_bytes(hours: float, batch: int, tick_s: float, every: int) -> None:
    story = there_and_back(hours)
    whole = written(run(story, batch=100_000, tick_s=1800.0))
    assert any(b'"heard_as"' in alert for alert in whole)
    cut = written(run(story, batch=batch, tick_s=tick_s, snapshot_every=every))
    assert (cut == whole) if tick_s == 1800.0 else (sorted(cut) == sorted(whole))
