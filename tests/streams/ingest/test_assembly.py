import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.errors import Reason
from streams.ingest.assembly import Assembly
from streams.ingest.sentence import Sentence
from streams.nmea.sentence import Group, Tag


def part(name: str, number: int, total: int = 2, *, sequence: bytes = b"1", tag: Tag | None = None) -> Sentence:
    text = f"{name}{number}".encode()
    return Sentence(text, tag or Tag(), total, number, sequence, b"A", text)


def played(*parts: Sentence, spacing_ms: int = 10, ttl_ms: int = 30_000) -> tuple[list[str], list[Reason], int]:
    assembly = Assembly(ttl_ms, 100)
    whole = []
    for unit, one in enumerate(parts):
        found = assembly.add(one, unit, unit * spacing_ms)
        if found:
            whole.append("".join(p.text.decode() for p in found))
    return whole, [lost.reason for lost in assembly.lost], assembly.pending


CLASH = Reason.FRAGMENT_CLASH


def test_parts_in_order_become_one_message() -> None:
    assert played(part("a", 1, 3), part("a", 2, 3), part("a", 3, 3)) == (["a1a2a3"], [], 0)


def test_parts_of_two_vessels_under_one_key_are_never_joined() -> None:
    assert played(part("a", 1), part("b", 1), part("a", 2), part("b", 2)) == ([], [CLASH] * 4, 0)


def test_the_key_is_good_again_once_the_doubt_has_passed() -> None:
    assembly = Assembly(30_000, 100)
    for unit, one in enumerate([part("a", 1), part("b", 1)]):
        assembly.add(one, unit, 0)
    assembly.add(part("c", 1), 2, 5000)
    assert assembly.add(part("c", 2), 3, 5010) is not None


def test_a_first_part_much_later_only_ends_the_old_message() -> None:
    assert played(part("a", 1), part("b", 1), part("b", 2), spacing_ms=3000) == (["b1b2"], [CLASH], 0)


def test_the_same_part_heard_twice_is_counted_once() -> None:
    assert played(part("a", 1), part("a", 1), part("a", 2), part("a", 2)) == (["a1a2"], [CLASH] * 2, 0)


def test_stations_and_sequences_keep_messages_apart() -> None:
    here, there = Tag(station=b"x"), Tag(station=b"y")
    mixed = [part("a", 1, tag=here), part("b", 1, tag=there), part("b", 2, tag=there), part("a", 2, tag=here)]
    assert played(*mixed)[0] == ["b1b2", "a1a2"]
    assert played(part("a", 1), part("b", 1, sequence=b"2"), part("a", 2))[0] == ["a1a2"]


def grouped(name: str, number: int, total: int = 2, *, station: bytes = b"") -> Tag:
    return Tag(station=station, group=Group(name, number, total))


def test_a_group_joins_where_station_or_sequence_is_missing() -> None:
    assert played(part("a", 1, tag=grouped("1278", 1, station=b"66")), part("a", 2, tag=grouped("1278", 2)))[0]
    crossed = [part(name, 1, sequence=b"", tag=grouped(name, 1)) for name in "ab"]
    crossed += [part(name, 2, sequence=b"", tag=grouped(name, 2)) for name in "ba"]
    assert played(*crossed)[0] == ["b1b2", "a1a2"]


def test_groups_under_one_sequence_number_keep_messages_apart() -> None:
    """Two stations' messages between each other, the second parts without a station: as gateways merge them."""
    crossed = [part("a", 1, tag=grouped("77", 1, station=b"x")), part("b", 1, tag=grouped("1234", 1, station=b"y"))]
    crossed += [part("a", 2, tag=grouped("77", 2)), part("b", 2, tag=grouped("1234", 2))]
    assert played(*crossed) == (["a1a2", "b1b2"], [], 0)


def test_of_half_lost_groups_nothing_is_made() -> None:
    halves = [part("a", 1, tag=grouped("77", 1)), part("b", 2, tag=grouped("78", 2))]
    assert played(*halves) == ([], [CLASH], 1)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (grouped("7", 1), grouped("7", 2, 3)),  # another group of that name
        (grouped("7", 2, 3), grouped("7", 1, 3)),  # stands before it in the group
        (grouped("7", 1, station=b"x"), grouped("7", 2, station=b"y")),
        (Tag(station=b"x"), grouped("7", 2, station=b"x")),  # its first part is in the group too, so not this one
        (grouped("7", 1, station=b"x"), Tag(station=b"y")),
    ],
)
def test_what_contradicts_the_group_is_not_joined(first: Tag, second: Tag) -> None:
    assert played(part("a", 1, tag=first), part("b", 2, tag=second))[0] == []


def test_one_group_of_two_stations_is_told_apart_by_the_station_or_not_at_all() -> None:
    firsts = [part("a", 1, tag=grouped("7", 1, station=b"x")), part("b", 1, tag=grouped("7", 1, station=b"y"))]
    named = [part("a", 2, tag=grouped("7", 2, station=b"x")), part("b", 2, tag=grouped("7", 2, station=b"y"))]
    assert played(*firsts, *named)[0] == ["a1a2", "b1b2"]
    assert played(*firsts, part("a", 2, tag=grouped("7", 2)), part("b", 2, tag=grouped("7", 2)))[0] == []


def test_a_group_may_hold_other_sentences_between_the_parts() -> None:
    parts = [part("a", 1, tag=grouped("7", 2, 5)), part("a", 2, tag=grouped("7", 4, 5))]
    assert played(*parts)[0] == ["a1a2"]


def test_a_part_without_a_tag_block_joins_the_group_right_before_it_alone() -> None:
    first, bare = part("a", 1, tag=grouped("7", 1, station=b"x")), part("a", 2)
    assert played(first, bare)[0] == ["a1a2"]
    assert played(first, part("c", 1, sequence=b"9"), bare)[0] == []
    other = part("b", 1, tag=grouped("8", 1, station=b"y"))
    assert played(first, other, bare, part("b", 2))[0] == []  # each second part could be of either


def test_peers_of_one_source_are_kept_apart_and_leave_nothing_behind() -> None:
    assembly = Assembly(30_000, 100)
    assert assembly.add(part("a", 1), 0, 0, "one") is None
    assert assembly.add(part("b", 2), 1, 0, "two") is None
    assembly.hang_up("one")
    assert assembly.add(part("b", 2), 2, 0, "one") is None
    assert [lost.reason for lost in assembly.lost] == [CLASH, Reason.FRAGMENT_EXPIRED, CLASH]


def test_parts_that_claim_other_times_are_of_other_messages() -> None:
    early, late = Tag(time_ms=1_000_000), Tag(time_ms=1_009_000)
    assert played(part("a", 1, tag=early), part("a", 2, tag=late)) == ([], [CLASH], 1)


def test_a_part_without_its_first_is_refused_and_a_swapped_pair_too() -> None:
    assert played(part("a", 2), part("a", 1)) == ([], [CLASH], 1)


def test_what_waits_too_long_has_expired() -> None:
    assert played(part("a", 1), part("a", 2), spacing_ms=31_000) == ([], [Reason.FRAGMENT_EXPIRED, CLASH], 0)


def test_endless_first_parts_are_bounded() -> None:
    assembly = Assembly(30_000, 100)
    for unit in range(1000):
        assembly.add(part("a", 1, tag=Tag(station=b"%d" % unit)), unit, 0)
    assert assembly.pending == 100
    assert len(assembly.lost) == 900


Whose = tuple[int, bytes, bytes, int, bytes]
"""Ordinal of a message, its station, sequence, number of parts, and what names its group."""


@st.composite
def messages(draw: st.DrawFn, *, with_groups: bool) -> list[list[tuple[Whose, Sentence]]]:
    """Messages of two or three parts that share few sequence numbers and stations; each in a group of its own."""
    made = []
    for ordinal in range(draw(st.integers(2, 6))):
        station = draw(st.sampled_from([b"x", b"y", b""] if with_groups else [b"x", b"y"]))
        sequence, total = draw(st.sampled_from([b"1", b"2", b""])), draw(st.sampled_from([2, 2, 3]))
        only_first = with_groups and draw(st.booleans())
        whose = (ordinal, station, sequence, total, b"")
        parts = []
        for number in range(1, total + 1):
            named = b"" if only_first and number > 1 else station
            group = Group(f"{ordinal}", number, total) if with_groups else None
            text = f"{ordinal}-{number}".encode()
            parts.append((whose, Sentence(text, Tag(named, None, group), total, number, sequence, b"A", text)))
        made.append(parts)
    return made


def shuffled(made: list[list[tuple[Whose, Sentence]]], seed: int) -> list[tuple[Whose, Sentence]]:
    """The parts of all in any order, some lost and some doubled."""
    rng = random.Random(seed)
    if seed % 3:  # each message's parts in their order, as a gateway merges them
        queues, flat = [list(parts) for parts in made], []
        while any(queues):
            flat.append(rng.choice([queue for queue in queues if queue]).pop(0))
    else:
        flat = [one for parts in made for one in parts]
        rng.shuffle(flat)
    kept = [one for one in flat if rng.random() > 0.15]
    return [one for one in kept for _ in range(1 if rng.random() > 0.15 else 2)]


def joined(stream: list[tuple[Whose, Sentence]], seed: int) -> list[list[Whose]]:
    """Whose parts were made one message."""
    owners = {sentence.text: whose for whose, sentence in stream}
    rng, clock_ms, whole = random.Random(seed), 0, []
    assembly = Assembly(30_000, 100)
    for unit, (_, sentence) in enumerate(stream):
        clock_ms += rng.choice([0, 20, 400, 2000])
        found = assembly.add(sentence, unit, clock_ms)
        if found:
            assert [one.number for one in found] == list(range(1, len(found) + 1))
            whole.append([owners[one.text] for one in found])
    taken = sum(len(parts) for parts in whole)
    assert taken + len(assembly.lost) + assembly.pending == len(stream)
    return whole


@settings(max_examples=400, deadline=None)
@given(messages(with_groups=True), st.integers(0, 10**6))
def test_no_message_mixes_the_parts_of_two_groups(made: list[list[tuple[Whose, Sentence]]], seed: int) -> None:
    for owners in joined(shuffled(made, seed), seed):
        assert len(set(owners)) == 1


@settings(max_examples=400, deadline=None)
@given(messages(with_groups=False), st.integers(0, 10**6))
def test_no_message_mixes_stations_sequences_or_totals(made: list[list[tuple[Whose, Sentence]]], seed: int) -> None:
    for owners in joined(shuffled(made, seed), seed):
        assert len({whose[1:] for whose in owners}) == 1


@settings(max_examples=200, deadline=None)
@given(messages(with_groups=True), st.integers(0, 10**6))
def test_of_groups_in_any_order_between_each_other_every_message_is_made(
    made: list[list[tuple[Whose, Sentence]]], seed: int
) -> None:
    rng, queues, stream = random.Random(seed), [list(parts) for parts in made], []
    while any(queues):
        stream.append(rng.choice([queue for queue in queues if queue]).pop(0))
    assert sorted(owners[0] for owners in joined(stream, 0)) == sorted(parts[0][0] for parts in made)
