"""The reconstruction says what is known, hides what was hidden, and is honest about everybody else."""

from collections import Counter, deque
from datetime import UTC, datetime

import numpy as np
import pyais
import pytest

from detectors.core.sphere import distance_nm
from detectors.core.ticks import FeedRules
from streams.errors import ConfigError
from streams.nmea.checksum import checksum
from streams.scenario import NamedPlace, Options, Scenario, ScenarioTruth, scenario
from streams.scenario.angara import FEED_LOSS, START_MS
from streams.scenario.model import HOUR_MS, MINUTE_MS

MOST_SENTENCES = 325_000
HERS = b",145CTV"  # how a type 1 of MMSI 273999001 begins
RAJIN, DUNAI = (42.2333, 130.3000), (42.880, 132.338)


class Feed:
    """The default reconstruction, generated once."""

    def __init__(self, made: Scenario) -> None:
        self.made = made
        self.lines = list(made.lines)
        self.times_ms = np.array([time_of(line) for line in self.lines])
        self.hers = [decoded(line) for line in self.lines if HERS in line]

    def truths(self, kind: str) -> list[ScenarioTruth]:
        return [truth for truth in self.made.truths if truth.kind == kind]


@pytest.fixture(scope="module")
def feed() -> Feed:
    return Feed(scenario("angara"))


@pytest.fixture(scope="module")
def other() -> Feed:
    return Feed(scenario("angara", Options(seed=7)))


def time_of(line: bytes) -> int:
    return int(line.split(b"c:", 1)[1][:13])


def decoded(line: bytes) -> tuple[int, pyais.messages.ANY_MESSAGE]:
    return time_of(line), pyais.decode(line.split(b"\\")[2], error_if_checksum_invalid=True)


def day(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%Y-%m-%d")


def test_it_says_that_it_is_a_reconstruction_and_stays_within_its_size(feed: Feed) -> None:
    assert "reconstruction" in feed.made.title and "not a recording" in feed.made.title
    assert 200_000 < len(feed.lines) <= MOST_SENTENCES
    assert (feed.times_ms[-1] - feed.times_ms[0]) / HOUR_MS / 24 == pytest.approx(271, abs=1)


def test_times_never_fall(feed: Feed) -> None:
    assert (np.diff(feed.times_ms) >= 0).all()


def test_the_same_options_give_the_same_bytes_and_another_seed_others(feed: Feed, other: Feed) -> None:
    assert list(scenario("angara").lines) == feed.lines
    assert other.lines != feed.lines
    assert len(other.lines) <= MOST_SENTENCES


def test_every_checksum_is_right(feed: Feed) -> None:
    for line in feed.lines:
        tag, sentence = line.split(b"\\")[1:]
        for body, star in (tag.rsplit(b"*", 1), sentence[1:].rsplit(b"*", 1)):
            assert checksum(body) == int(star, 16)


def test_a_decoder_of_other_people_reads_every_kind_of_sentence(feed: Feed) -> None:
    kinds, held = Counter(), b""
    for line in feed.lines[::-1][:20_000] + feed.lines[::31]:
        sentence = line.split(b"\\")[2]
        if sentence.startswith(b"!AIVDM,2"):
            held = sentence
            continue
        kinds[pyais.decode(sentence, error_if_checksum_invalid=True).msg_type] += 1
    assert held
    assert {1, 4, 18, 21, 24} <= set(kinds)


def test_static_reports_are_two_sentences_side_by_side(feed: Feed) -> None:
    for first, second in zip(feed.lines[:-1], feed.lines[1:], strict=True):
        if b"!AIVDM,2,1," in first:
            assert b"!AIVDM,2,2," in second
            assert time_of(first) == time_of(second)


def test_the_dates_are_those_that_are_known(feed: Feed) -> None:
    (blip,), (arrival,), (stay,) = feed.truths("blip"), feed.truths("arrival"), feed.truths("long_stay")
    assert day(blip.from_ms).startswith("2024-02-0")
    assert blip.to_ms - blip.from_ms <= 39 * HOUR_MS
    assert day(arrival.from_ms) == day(stay.from_ms) == "2024-02-09"
    heard = {day(time_ms)[:7] for time_ms, _ in feed.hers}
    assert heard == {"2023-09", "2023-10", "2023-11", "2023-12", "2024-02"}
    assert feed.truths("unheard_trip")[0].from_ms < datetime(2023, 9, 1, tzinfo=UTC).timestamp() * 1000


def test_she_is_heard_when_the_truth_says_so_and_at_no_other_time(feed: Feed) -> None:
    spans = [(t.from_ms, t.to_ms) for t in feed.made.truths if t.mmsi == Options().mmsi and t.heard]
    assert all(any(a <= time_ms <= b for a, b in spans) for time_ms, _ in feed.hers)
    for a, b in spans:
        times = [time_ms for time_ms, _ in feed.hers if a <= time_ms <= b]
        assert times[0] - a <= 3 * MINUTE_MS and b - times[-1] <= 3 * MINUTE_MS
        assert max(np.diff(times)) <= 3 * MINUTE_MS


def test_there_are_eleven_trips_and_more_and_three_dark_legs_in_ninety_days(feed: Feed) -> None:
    legs = feed.truths("dark_leg")
    assert sum(int(leg.note.split()[0]) for leg in legs) + len(feed.truths("unheard_trip")) >= 11
    assert legs[2].to_ms - legs[0].from_ms <= 90 * 24 * HOUR_MS
    for leg in legs:
        fastest_kn = 2 * distance_nm(*RAJIN, *DUNAI) / ((leg.to_ms - leg.from_ms) / HOUR_MS)
        assert fastest_kn < 12


def test_nobody_could_have_heard_her_at_the_far_port(feed: Feed) -> None:
    for receiver in feed.made.receivers:
        assert distance_nm(*RAJIN, receiver.lat_deg, receiver.lon_deg) > receiver.range_nm + 20


def test_she_is_never_on_the_straight_line_from_rajin_to_dunai(feed: Feed) -> None:
    off_home = [m for _, m in feed.hers if m.lat > 42]
    for share in np.linspace(0, 0.97, 60):
        lat, lon = (a + (b - a) * share for a, b in zip(RAJIN, DUNAI, strict=True))
        assert min(distance_nm(lat, lon, m.lat, m.lon) for m in off_home[::7]) > 3


def test_she_vanishes_and_reappears_well_inside_coverage(feed: Feed) -> None:
    for leg in feed.truths("dark_leg"):
        place = leg.places[0]
        margins = [
            r.range_nm - distance_nm(place.lat_deg, place.lon_deg, r.lat_deg, r.lon_deg) for r in feed.made.receivers
        ]
        assert max(margins) > 3


def test_the_blip_carries_her_position_alone_for_six_minutes_then_the_destination(feed: Feed) -> None:
    (blip,) = feed.truths("blip")
    window = [line for line in feed.lines if blip.from_ms <= time_of(line) <= blip.to_ms]
    mine = [i for i, line in enumerate(window) if b"!AIVDM,2,1," in line and b",545CTV@" in line]
    assert time_of(window[mine[0]]) - blip.from_ms >= 6 * MINUTE_MS
    read = pyais.decode(*(window[mine[0] + part].split(b"\\")[2] for part in (0, 1)))
    assert (read.imo, read.destination, read.shipname) == (9_179_842, "ZHOUSHAN", "ANGARA")
    near = {pyais.decode(line.split(b"\\")[2]).mmsi for line in window[::3] if b"VDM,1,1," in line}
    assert len(near) > 100


def limits_s(times_ms: np.ndarray, rules: FeedRules) -> np.ndarray:
    """For each sentence, how long the silence before it was allowed to be: the mean of the last hundred spacings."""
    pauses_s: deque[float] = deque(maxlen=100)
    allowed = [np.inf]
    for spacing_s in (np.diff(times_ms) / 1000).tolist():
        mean_s = sum(pauses_s) / len(pauses_s) if pauses_s else 15.0
        allowed.append(max(rules.feed_silent_after_s, rules.feed_silent_spacings * mean_s))
        pauses_s.append(min(spacing_s, allowed[-1]))
    return np.array(allowed)


def test_the_feed_is_never_down_but_for_the_declared_loss(feed: Feed, other: Feed) -> None:
    for times_ms in (feed.times_ms, other.times_ms):
        silent_s = np.diff(times_ms, prepend=times_ms[0]) / 1000
        down = times_ms[np.flatnonzero(silent_s > limits_s(times_ms, FeedRules())) - 1]
        assert len(down) == 1
        assert FEED_LOSS.from_ms - 5 * MINUTE_MS <= down[0] <= FEED_LOSS.from_ms


def test_nothing_but_the_loss_needs_witnesses_for_a_leap_of_time(feed: Feed) -> None:
    leaps = np.flatnonzero(np.diff(feed.times_ms) > FeedRules().jump_ahead_s * 1000)
    assert len(leaps) == 1


def test_another_ship_and_port_have_the_same_story() -> None:
    chosen = Options(
        mmsi=273_999_777, imo=9_161_003, name="LADY R", yard=NamedPlace("DALIAN", 38.93, 121.65), vessels=20
    )
    made = scenario("angara", chosen)
    usual = scenario("angara")
    mine = [t for t in made.truths if t.mmsi == chosen.mmsi]
    assert [t.kind for t in mine] == [t.kind for t in usual.truths if t.mmsi == Options().mmsi]
    assert {t.imo for t in mine} == {9_161_003}
    assert any(r.name == "yard" for r in made.receivers)
    assert mine[0].from_ms > START_MS


def test_a_yard_out_of_reach_is_refused() -> None:
    with pytest.raises(ConfigError, match="too far"):
        scenario("angara", Options(yard=NamedPlace("ROTTERDAM", 51.95, 4.1)))
