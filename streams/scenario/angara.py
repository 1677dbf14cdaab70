"""The ANGARA reconstruction: nine months, thinned, with everything that the case requires of a detector.

It is a reconstruction from published sightings, not a recording: the MMSI is visibly invented, and between the
sightings the ship moves plausibly. Published: listed by OFAC on 8 May 2022; munitions from Rajin to Dunai, at least
eleven trips from August 2023, mostly dark; January 2024 in North Korean and Russian ports, dark; AIS on briefly in the
Korea Strait with a destination at Zhoushan; there on 9 February 2024, soon silent, for months.

Its days, UTC, each stated in the truth file. Every span between two that are heard is dark.
- August 2023: a first trip, before anything is heard.
- ``_HEARD``: eight stretches of 14 to 24 h between 5 September and 19 December 2023, at anchor off Vostochny and
  under way from and to a place off Dunai where it disappears and reappears: seven dark legs, twelve round trips.
- 19 December to 7 February: the long dark period, which includes January.
- 7 February 04:10: the blip, minutes in the Korea Strait; first its position alone, its name after six minutes.
- 9 February 01:40: AIS on before the yard, moored 04:00; 11 February 09:00: silent, to the end of the recording.
"""

from __future__ import annotations

from typing import Final

import msgspec

from streams.errors import ConfigError
from streams.nmea.encoder import Particulars
from streams.scenario import waters
from streams.scenario.air import ReceiverOutage
from streams.scenario.angara_others import others
from streams.scenario.model import (
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    SECOND_MS,
    Expected,
    NamedPlace,
    Options,
    Scenario,
    ScenarioTruth,
    at,
)
from streams.scenario.story import StoryScript, StoryShip
from streams.scenario.track import ANCHORED, MOORED, Track, every, length_nm, sail, stay

TITLE: Final = "ANGARA: a reconstruction from published sightings, not a recording; its MMSI is invented"
START_MS, END_MS = at("2023-08-15 00:00"), at("2024-05-12 00:00")
BLIP_MS: Final = at("2024-02-07 04:10")
ARRIVAL_MS: Final = at("2024-02-09 01:40")
MOORED_FOR_MS: Final = int(53.0 * HOUR_MS)
_HEARD: Final = tuple(
    at(day)
    for day in (
        "2023-09-05 02:00", "2023-09-09 06:00", "2023-09-21 05:00", "2023-10-05 07:00", "2023-10-19 04:00",
        "2023-11-09 06:00", "2023-11-30 03:00", "2023-12-19 01:00",
    )
)  # fmt: skip
_TRIPS: Final = (1, 2, 2, 2, 2, 2, 1)
"""Round trips between one heard span and the next."""
FEED_LOSS: Final = ReceiverOutage(None, at("2023-10-25 02:00"), at("2023-10-25 08:00"))
RECEIVER_LOSS: Final = ReceiverOutage("tsushima", at("2024-03-14 01:00"), at("2024-03-14 11:00"))
_SPEED_KN, _SLOW_KN, _FASTEST_KN = 10.0, 6.0, 18.0
_GAP_FROM_MS, _GAP_BY_MS = 16 * MINUTE_MS, HOUR_MS  # it was last heard up to one interval before it disappeared
_SEEN_BY_MS: Final = 2 * MINUTE_MS
_PAGED_BY_MS: Final = 20 * SECOND_MS  # 10 s after its second report, which comes 10 s after its first
_BLIP_AFTER_MS, _BLIP_MOST_MS = 12 * HOUR_MS, 48 * HOUR_MS  # defaults of the detectors, as all times here are
_STAY_AFTER_MS: Final = DAY_MS
_QUIET_AFTER_MS: Final = 4 * HOUR_MS
_LEG_GAP_BY_MS: Final = 6 * HOUR_MS  # few others are heard off home: chance decides how soon its silence counts
_YARD_GAP_BY_MS: Final = 12 * HOUR_MS  # where honest ships switch off at their berths too
_FEASIBLE_BY_MS: Final = DAY_MS  # once it transmits; 99 nm take it 10 h, and the reach is calculated again now and then
_SHUTTLE_LEG: Final = 3
_LADEN_M, _BALLAST_M = 5.9, 4.3


def build(options: Options) -> Scenario:
    """The reconstruction with these options. Raises ConfigError if its places do not fit its dates."""
    story = StoryScript(options.seed, waters.receivers(options))
    story.silences += [FEED_LOSS, RECEIVER_LOSS]
    ship = _ship(options)
    story.truths.append(_overture(options))
    for number, from_ms in enumerate(_HEARD):
        _off_home(story, options, ship, number, from_ms)
    _blip(story, options, ship, _gone_ms(story))
    _yard(story, options, ship)
    others(story, options, START_MS, END_MS)
    told = [_in_one_case(options, truth) for truth in story.truths]
    truths = tuple(sorted(told, key=lambda truth: (truth.from_ms, truth.kind, truth.mmsi or 0)))
    return Scenario("angara", TITLE, story.receivers, story.lines(START_MS, END_MS), truths)


def _ship(options: Options) -> StoryShip:
    """Its particulars; the call sign is invented, the length is that of the real ship's class."""
    says = Particulars(
        imo=options.imo, call_sign="UX999", name=options.name, ship_type=79, length_m=128, beam_m=18,
        draught_m=_BALLAST_M, destination="VOSTOCHNY",
    )  # fmt: skip
    return StoryShip(mmsi=options.mmsi, says=says)


def _truth(options: Options, kind: str, note: str, span: tuple[int, int], **more: object) -> ScenarioTruth:
    return ScenarioTruth(kind=kind, note=note, mmsi=options.mmsi, name=options.name, imo=options.imo, from_ms=span[0],
                 to_ms=span[1], **more)  # type: ignore[arg-type]  # fmt: skip


def _in_one_case(options: Options, truth: ScenarioTruth) -> ScenarioTruth:
    """The truth with all statements about the ship in one case."""
    if truth.mmsi != options.mmsi:
        return truth
    case_id = f"imo/{options.imo}"
    expected = tuple(msgspec.structs.replace(each, case_id=case_id) for each in truth.expected)
    return msgspec.structs.replace(truth, expected=expected)


def _ticket(detector: str, after_ms: int, before_ms: int, **more: object) -> Expected:
    return Expected(
        detector=detector, severity="ticket", after_ms=after_ms, before_ms=before_ms, **more  # type: ignore[arg-type]
    )  # fmt: skip


def _page(detector: str, after_ms: int, before_ms: int, reason: str | None = None) -> Expected:
    return Expected(detector=detector, severity="page", after_ms=after_ms, before_ms=before_ms, reason=reason)


def _gap(from_ms: int, by_ms: int = _GAP_BY_MS) -> Expected:
    return _page("gap", from_ms + _GAP_FROM_MS, from_ms + by_ms)


def _reappeared(from_ms: int) -> Expected:
    return _page("watchlist", from_ms, from_ms + _SEEN_BY_MS, "reappeared")


def _overture(options: Options) -> ScenarioTruth:
    span = (START_MS + 3 * DAY_MS, START_MS + 7 * DAY_MS)
    return _truth(
        options, "unheard_trip", "its first trip, AIS off", span, places=(options.far, options.home), heard=False
    )


def _off_home(story: StoryScript, options: Options, ship: StoryShip, number: int, from_ms: int) -> None:
    """One heard span: in from where it reappeared (the first begins at anchor), at anchor, out again."""
    out = waters.shifted(waters.OUT, waters.HOME, options.home)
    draught_m = _LADEN_M if number % 2 else _BALLAST_M
    says = ship.says._replace(draught_m=draught_m)
    anchored_ms, expected = from_ms, _first_heard(from_ms)
    if number:
        inbound = sail(out[::-1], from_ms, _SPEED_KN)
        _says(story, ship, inbound, says, 0)
        anchored_ms, expected = inbound.to_ms, (_reappeared(from_ms),)
        story.truths.append(_dark_leg(options, number, _gone_ms(story), from_ms))
    rest = stay(out[0], anchored_ms, anchored_ms + (6 if number else 20) * HOUR_MS)
    _says(story, ship, rest, says, ANCHORED)
    outbound = sail(out, rest.to_ms, _SPEED_KN)
    _says(story, ship, outbound, says, 0)
    kind = "heard_off_home" if number else "first_heard"
    note = "its MMSI and IMO become bound" if not number else "in, at anchor, and out again"
    story.truths.append(_truth(options, kind, note, (from_ms, outbound.to_ms), expected=expected))


def _first_heard(from_ms: int) -> tuple[Expected, ...]:
    return (_ticket("watchlist", from_ms, from_ms + HOUR_MS, reason="first_heard"),)


def _says(story: StoryScript, ship: StoryShip, track: Track, says: Particulars, status: int) -> None:
    """Reports from the first to the last moment of ``track``, less often at rest."""
    pace = waters.LISTED_AT_REST if status else waters.LISTED
    story.reports(ship, track, every(track.from_ms, track.to_ms, pace.position_s), status=status)
    story.introduces(ship, track, every(track.from_ms, track.to_ms, pace.static_s, 20.0), says=says)


def _gone_ms(story: StoryScript) -> int:
    """When it was last heard, by the truths so far."""
    return max(truth.to_ms for truth in story.truths if truth.kind in {"first_heard", "heard_off_home", "blip"})


def _dark_leg(options: Options, number: int, from_ms: int, to_ms: int) -> ScenarioTruth:
    (lat, lon), trips = waters.shifted((waters.VANISHES,), waters.HOME, options.home)[0], _TRIPS[number - 1]
    seen, said = NamedPlace("off " + options.home.name, lat, lon), "trip" if trips == 1 else "trips"
    return _truth(
        options, "dark_leg", f"{trips} round {said}, seen as disappearance here, reappearance there", (from_ms, to_ms),
        places=(seen, options.far, options.home, seen), heard=False,
        expected=(_gap(from_ms, _LEG_GAP_BY_MS), *_between(options, number, from_ms, to_ms)),
    )  # fmt: skip


def _between(options: Options, number: int, from_ms: int, to_ms: int) -> tuple[Expected, ...]:
    """The truth about the ends of a leg, if both are zones: they were in reach; from the third leg on the shuttle."""
    usual = Options()
    if (options.home, options.far) != (usual.home, usual.far):
        return ()
    ends = (options.home.name.title(), options.far.name.title())
    feasible = _ticket("port_proximity", from_ms + HOUR_MS, from_ms + _FEASIBLE_BY_MS, reason="feasible_while_dark",
                       mentions=ends)  # fmt: skip
    if number != _SHUTTLE_LEG:
        return (feasible,)
    return feasible, _ticket("shuttle", to_ms, to_ms + _SEEN_BY_MS, mentions=ends)


def _blip(story: StoryScript, options: Options, ship: StoryShip, gone_ms: int) -> None:
    """AIS on in the strait; the first six minutes have its position alone."""
    to_ms = BLIP_MS + int(options.blip_minutes * MINUTE_MS)
    way = (*waters.STRAIT_WAY, waters.shifted(waters.APPROACH, waters.YARD, options.yard)[0])
    speed_kn = length_nm(way) / ((ARRIVAL_MS - BLIP_MS) / HOUR_MS)
    if speed_kn > _FASTEST_KN:
        raise ConfigError(f"{options.yard.name} is {length_nm(way):.0f} nm from the strait: too far for 9 February")
    track = sail(way, BLIP_MS, max(_SLOW_KN, speed_kn))
    pace, says = waters.BLIP, ship.says._replace(destination=_destination(options), draught_m=_BALLAST_M)
    story.reports(ship, track, every(BLIP_MS, min(to_ms, track.to_ms), pace.position_s))
    story.introduces(ship, track, every(BLIP_MS, min(to_ms, track.to_ms), pace.static_s, pace.static_s), says=says)
    story.truths += [
        _truth(options, "long_dark", "in North Korean and Russian ports, AIS off", (gone_ms, BLIP_MS), heard=False,
               places=(options.far, options.home), expected=(_gap(gone_ms, _LEG_GAP_BY_MS),)),
        _truth(options, "blip", "minutes in the strait among hundreds", (BLIP_MS, to_ms),
               expected=(_page("watchlist", BLIP_MS, BLIP_MS + _PAGED_BY_MS, "reappeared"),)),
        _truth(options, "dark_to_yard", "AIS off again", (to_ms, ARRIVAL_MS), heard=False,
               expected=(_gap(to_ms), *_seen_briefly(options, to_ms)) if to_ms < ARRIVAL_MS - DAY_MS else ()),
    ]  # fmt: skip


def _seen_briefly(options: Options, to_ms: int) -> tuple[Expected, ...]:
    """The truth about the blip, once the second silence has lasted, with what it reported in it."""
    if to_ms - BLIP_MS > _BLIP_MOST_MS:
        return ()
    said = (_destination(options),) if options.blip_minutes * MINUTE_MS > waters.BLIP.static_s * SECOND_MS else ()
    return (_ticket("blip", to_ms + _BLIP_AFTER_MS - MINUTE_MS, to_ms + _BLIP_AFTER_MS + HOUR_MS, mentions=said),)


def _destination(options: Options) -> str:
    return (options.yard.name if options.destination is None else options.destination).upper()[:20]


def _yard(story: StoryScript, options: Options, ship: StoryShip) -> None:
    """It switches on before the yard, moors, is heard for two days, and falls silent for good."""
    approach = waters.shifted(waters.APPROACH, waters.YARD, options.yard)
    says = ship.says._replace(destination=_destination(options))
    inbound = sail(approach, ARRIVAL_MS, length_nm(approach) / (140 / 60))
    _says(story, ship, inbound, says, 0)
    berth = stay(approach[-1], inbound.to_ms, inbound.to_ms + MOORED_FOR_MS)
    _says(story, ship, berth, says, MOORED)
    at_yard, silent = (inbound.to_ms, berth.to_ms), (berth.to_ms, END_MS)
    moored_ms, gone_ms, last_ms = inbound.to_ms, berth.to_ms, END_MS - DAY_MS
    quiet = gone_ms + _QUIET_AFTER_MS - HOUR_MS, gone_ms + _QUIET_AFTER_MS + HOUR_MS
    inside = Expected(detector="port_proximity", severity="page", after_ms=ARRIVAL_MS, before_ms=at_yard[0] + HOUR_MS,
                      reason="inside", zone=options.yard.name.title(), until_ms=last_ms)  # fmt: skip
    zoned = (inside,) if options.yard == waters.YARD else ()
    story.truths += [
        _truth(options, "arrival", "AIS on before the yard", (ARRIVAL_MS, inbound.to_ms), places=(options.yard,),
               expected=(_reappeared(ARRIVAL_MS), *zoned)),
        _truth(options, "long_stay", "moored at the yard", at_yard, places=(options.yard,), expected=(
            _ticket("port_call", moored_ms, moored_ms + HOUR_MS, until_ms=last_ms),
            _ticket("long_stay", moored_ms + _STAY_AFTER_MS, moored_ms + _STAY_AFTER_MS + HOUR_MS, until_ms=last_ms),
        )),
        _truth(options, "second_silence", "silent at the yard to the end", silent, places=(options.yard,), heard=False,
               expected=(  # silent at a berth, like ships that power down there: a ticket
                   _ticket("gap", gone_ms + _GAP_FROM_MS, gone_ms + _YARD_GAP_BY_MS, until_ms=last_ms),
                   _ticket("port_call", *quiet, until_ms=last_ms), _ticket("long_stay", *quiet, until_ms=last_ms),
               )),
    ]  # fmt: skip
