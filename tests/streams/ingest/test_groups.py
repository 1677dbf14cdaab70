"""Tag-block groups from bytes to the log: whose parts are joined, and what a group says of its sentences."""

import pytest

from streams.decode import decode
from streams.ingest.core import Ingest, SourceKind
from streams.ingest.groups import WITHIN, Groups
from streams.messages.log_records import Sentences
from streams.nmea.checksum import checksum
from streams.nmea.encoder import EncodedFix, Particulars, position, sentences, static
from streams.nmea.sentence import Group, Tag

NOW_S = 1_709_510_400
LADY_R, HONEST = 273_222_000, 440_888_000
FILLER = [line for n in range(40) for line in sentences(position(440_000_000 + n, EncodedFix(35.0, 129.0)))]


def tag(*fields: bytes) -> bytes:
    body = b",".join(fields)
    return b"\\%b*%02X\\" % (body, checksum(body))


def voyage(mmsi: int, name: str, destination: str) -> list[bytes]:
    return sentences(static(mmsi, Particulars(imo=9_161_003, name=name, destination=destination)), sequence=5)


def heard(lines: list[bytes], *, bulk: bool, live: bool = True) -> list[tuple[int, str, int, str, str]]:
    """(MMSI, station, time, name, destination) of each static report in the log."""
    ingest = Ingest("pier", 1, source_kind=SourceKind(live=live, replayed=not live), bulk_bytes=1 if bulk else None)
    data = b"\n".join([*lines, b""])
    records = [*ingest.feed(data, NOW_S * 1000), *ingest.end()]
    reports = []
    for record in records:
        if not isinstance(record, Sentences):
            continue
        read = decode(record.value, "pier")
        assert not read.refused
        for report in read.batch.reports:
            line = record.value[int(report["start"]) : int(report["end"])]
            station = line.split(b"s:")[1].split(b",")[0].decode()
            said = read.batch.statics[int(report["static"])] if report["static"] >= 0 else None
            words = ("", "") if said is None else tuple(bytes(said[f]).decode() for f in ("name", "destination"))
            reports.append((int(report["mmsi"]), station, int(report["time_ms"]), *words))
    counts = ingest.counts
    assert counts.sentences == counts.messages + counts.merged + counts.rejected_all + ingest.pending
    return reports


TIME = b"c:%d" % NOW_S
LADY = voyage(LADY_R, "LADY R", "YOSU VIA RAJIN")
SHIP = voyage(HONEST, "HONEST SHIP", "YOSU VIA BUSAN")


@pytest.mark.parametrize("bulk", [False, True])
@pytest.mark.parametrize("form", [b"g:%d-2-%b", b"%dG2:%b"])
def test_interleaved_groups_give_each_ship_its_own_destination(form: bytes, *, bulk: bool) -> None:
    timed = tag(b"s:ST2", TIME)
    lines = [timed + FILLER[0], *(timed + line for line in FILLER)]
    lines += [tag(form % (1, b"77"), b"s:ST2", TIME) + SHIP[0], tag(form % (1, b"1234"), b"s:ST1", TIME) + LADY[0]]
    lines += [tag(form % (2, b"77")) + SHIP[1], tag(form % (2, b"1234")) + LADY[1]]
    reports = [one for one in heard(lines, bulk=bulk) if one[3]]
    assert reports == [
        (HONEST, "ST2", NOW_S * 1000, "HONEST SHIP", "YOSU VIA BUSAN"),
        (LADY_R, "ST1", NOW_S * 1000, "LADY R", "YOSU VIA RAJIN"),
    ]


@pytest.mark.parametrize("bulk", [False, True])
def test_half_lost_groups_give_no_destination_at_all(*, bulk: bool) -> None:
    lines = [tag(b"s:ST2", TIME) + FILLER[0], tag(b"g:1-2-77", b"s:ST2", TIME) + SHIP[0]]
    lines += [tag(b"g:2-2-1234") + LADY[1]]
    assert [one for one in heard(lines, bulk=bulk) if one[3]] == []


@pytest.mark.parametrize("bulk", [False, True])
@pytest.mark.parametrize("live", [False, True])
def test_a_groups_first_tag_block_covers_what_has_none_of_its_own(*, bulk: bool, live: bool) -> None:
    """Station and time of single sentences in a group, of a part without any tag block, and of an opening line."""
    head = [tag(b"s:ST2", b"c:%d" % (NOW_S - 60)) + line for line in FILLER]
    group = [tag(b"g:1-3-9", b"s:ST7", TIME) + FILLER[0], tag(b"g:2-3-9") + FILLER[1], tag(b"g:3-3-9") + FILLER[2]]
    alone = [tag(b"g:1-2-10", b"s:ST8", TIME) + b"$ARVSI,r1,1,,,,*00", tag(b"g:2-2-10") + FILLER[3]]
    bare = [tag(b"g:1-2-11", b"s:ST9", TIME) + SHIP[0], SHIP[1]]
    reports = heard([*head, *group, *alone, *bare], bulk=bulk, live=live)
    assert [one[1:3] for one in reports[len(head) :]] == [
        *[("ST7", NOW_S * 1000)] * 3,
        ("ST8", NOW_S * 1000),
        ("ST9", NOW_S * 1000),
    ]


def test_a_connection_lost_between_two_parts_joins_nothing() -> None:
    ingest = Ingest("pier", 1, source_kind=SourceKind(live=True))
    ingest.feed(SHIP[0] + b"\n", NOW_S * 1000)
    ingest.hang_up("", NOW_S * 1000)
    ingest.feed(LADY[1] + b"\n", NOW_S * 1000)
    ingest.end()
    assert (ingest.counts.messages, ingest.counts.rejected_all) == (0, 2)


def test_parts_that_wait_at_the_end_are_refused_and_not_forgotten() -> None:
    ingest = Ingest("pier", 1)
    ingest.feed(tag(b"s:ST2", TIME) + SHIP[0] + b"\n")
    ingest.end()
    assert [line.reason.value for line in ingest.refused] == ["fragment_expired"]
    assert ingest.pending == 0


def test_what_a_group_says_is_bounded_in_number_and_reach_and_never_of_two_stations() -> None:
    groups = Groups(3)
    opening, second = Tag(b"x", 5, Group("7", 1, 3)), Tag(group=Group("7", 2, 3))
    groups.note(opening, "", 0)
    assert groups.complete(second, "", WITHIN) == Tag(b"x", 5, Group("7", 2, 3))
    assert groups.complete(second, "", WITHIN + 1) == second
    assert groups.complete(second, "other", 0) == second
    groups.note(opening._replace(station=b"y"), "", 0)
    assert groups.complete(second, "", 0) == second
    for n in range(10):
        groups.note(Tag(b"x", 5, Group(f"{n}", 1, 2)), "", 0)
    assert groups.complete(Tag(group=Group("2", 2, 2)), "", 0).station == b""
    assert groups.complete(Tag(group=Group("9", 2, 2)), "", 0).station == b"x"
