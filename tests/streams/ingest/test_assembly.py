from streams.errors import Reason
from streams.ingest.assembly import Assembly
from streams.ingest.sentence import Sentence, Tag


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


def test_a_group_joins_where_station_or_sequence_is_missing() -> None:
    first, rest = Tag(station=b"66", group="1278"), Tag(group="1278")
    assert played(part("a", 1, tag=first), part("a", 2, tag=rest))[0] == ["a1a2"]
    one, two = Tag(group="1"), Tag(group="2")
    crossed = [part("a", 1, sequence=b"", tag=one), part("b", 1, sequence=b"", tag=two)]
    crossed += [part("b", 2, sequence=b"", tag=two), part("a", 2, sequence=b"", tag=one)]
    assert played(*crossed)[0] == ["b1b2", "a1a2"]


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
