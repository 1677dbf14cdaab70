from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from streams.ingest.framing import Framer, units

LIMIT = 20


def lines_of(chunks: list[bytes]) -> list[bytes]:
    framer = Framer(LIMIT)
    out: list[bytes] = []
    for chunk in chunks:
        out += framer.feed(chunk)
    return out + framer.close()


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=8))
def test_how_bytes_are_cut_into_chunks_changes_nothing(data: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    parts = [data[a:b] for a, b in pairwise(edges)]
    assert lines_of(parts) == lines_of([data]) == lines_of([data[i : i + 1] for i in range(len(data))])


def test_any_line_end_ends_a_line_and_empty_lines_do_not_exist() -> None:
    assert lines_of([b"a\r\nb\n\n\rc\rd"]) == [b"a", b"b", b"c", b"d"]


def test_a_line_too_long_comes_out_one_byte_longer_than_the_limit() -> None:
    assert lines_of([b"x" * 1000 + b"\nshort\n"]) == [b"x" * (LIMIT + 1), b"short"]


def test_ten_megabytes_without_a_newline_are_not_kept() -> None:
    framer = Framer(LIMIT)
    for _ in range(160):
        assert framer.feed(b"x" * 65_536) == []
        assert len(framer._rest) <= LIMIT + 1
    assert framer.feed(b"\n!ok\n") == [b"x" * (LIMIT + 1), b"!ok"]


def test_several_sentences_on_a_line_are_units_of_their_own_with_their_tag_blocks() -> None:
    first, second = rb"\c:1,s:x*00\!AIVDM,2,1,1,A,55,0*37", rb"\g:2-1-1*00\!BSVDM,2,2,1,A,00,2*25"
    assert units(first + second) == [first, second]
    assert units(b"!AIVDM,1,1,,A,1,0*00!AIVDM,1,1,,A,2,0*00") == [b"!AIVDM,1,1,,A,1,0*00", b"!AIVDM,1,1,,A,2,0*00"]
    assert units(b"no! sentence! here") == [b"no! sentence! here"]


@given(st.binary(max_size=120))
def test_units_of_a_line_are_all_of_it(line: bytes) -> None:
    assert b"".join(units(line)) == line
