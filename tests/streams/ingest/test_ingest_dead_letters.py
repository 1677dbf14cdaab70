"""What is refused becomes dead letters, many lines in one, the same ones after an interruption."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from streams.broker.reading import TopicRecord
from streams.dead_letters.record import letter_of
from streams.ingest.core import Ingest
from streams.ingest.outbound import DEAD_TOPIC, OutboundRecord, Sender
from streams.ingest.outbox import Outbox
from streams.ingest.source_runner import SourceRunner, fresh
from streams.ingest.sources.file import FileSource
from streams.messages.log_records import H_COUNT, H_ORDINAL

GOOD = b"\\s:pier,c:1700000000*00\\!AIVDM,1,1,,A,13HOI:0P0000VOHLCnHQKwvL05Ip,0*23\n"


class Acknowledged:
    """What a producer's send gives back, at once acknowledged."""

    def add_callback(self, done: object, weight: int) -> None:
        done(weight, None)  # type: ignore[operator]

    def add_errback(self, _failed: object) -> None:
        """Nothing fails."""


class Keeper:
    """A producer that keeps what it is given."""

    def __init__(self) -> None:
        self.letters: list[OutboundRecord] = []

    def send(self, topic: str, *, value: bytes, headers: list[tuple[str, bytes]], **where: int) -> Acknowledged:
        self.letters.append(OutboundRecord(topic, where["partition"], value, headers, where["timestamp_ms"], 1))
        return Acknowledged()


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    path = tmp_path / "damaged.nmea"
    lines = (GOOD.replace(b"*23", b"*%02X" % (n % 256)) if n % 3 else b"!AIVDM,1,1,no %d\n" % n for n in range(3000))
    path.write_bytes(b"".join(lines))
    return path


def posted(path: Path, reached: int = 0) -> list[OutboundRecord]:
    """The dead letters of a whole run over a file, so many lines of which an earlier run has delivered."""
    keeper = Keeper()
    outbox = Outbox(keeper, 100_000)
    runner = SourceRunner(
        source=FileSource(path, 5000),
        ingest=Ingest("x", 4),
        sender=Sender("x", "run", True, ""),
        outbox=outbox,
        partitions=4,
        reached=fresh(4),
        letters_reached=reached,
    )
    runner.run(Event())
    outbox.drain(10)
    outbox.close()
    return [letter for letter in keeper.letters if letter.topic == DEAD_TOPIC]


def lines(letters: list[OutboundRecord]) -> Iterator[tuple[bytes, bytes]]:
    for letter in letters:
        headers = dict(letter.headers)
        pieces = letter.value.split(b"\n")
        assert len(pieces) == int(headers[H_COUNT]) == len(headers["detail"].split(b"\n"))
        for piece in pieces:
            yield headers["reason"], piece


def test_every_refused_line_is_in_a_letter_of_its_reason(damaged: Path) -> None:
    letters = posted(damaged)
    found = sorted(lines(letters))
    core = Ingest("x", 4)
    core.feed(damaged.read_bytes())
    core.end()
    assert found == sorted((line.reason.value.encode(), line.raw) for line in core.refused)
    assert len(found) > 2900 and len(letters) <= 2 * (len(found) // 500 + 1)
    assert int(dict(letters[-1].headers)[H_ORDINAL]) == len(found) - 1


@pytest.mark.parametrize("delivered", range(13))
def test_after_an_interruption_the_rest_follows(damaged: Path, delivered: int) -> None:
    whole = posted(damaged)
    arrived = whole[:delivered]
    reached = int(dict(arrived[-1].headers)[H_ORDINAL]) + 1 if arrived else 0
    rest = posted(damaged, reached)
    assert [*lines(arrived), *lines(rest)] == [*lines(whole)]


def test_people_are_shown_one_line_each(damaged: Path) -> None:
    letters = posted(damaged)
    told = [letter_of(TopicRecord(0, 1, 2, None, letter.value, dict(letter.headers))) for letter in letters]
    shown = [piece for letter in told for piece in letter.pieces]
    assert [piece.raw for piece in shown] == [raw for _, raw in lines(letters)]
    assert not any(letter.problem for letter in told)
    foreign = letter_of(TopicRecord(0, 1, 2, None, b"two\nlines", {"reason": b"undecodable", "detail": b"why"}))
    assert (foreign.reason, [piece.raw for piece in foreign.pieces]) == ("undecodable", [b"two\nlines"])


@pytest.mark.parametrize("count", [b"", b"-1", b"0", b"3", b"9" * 5000, b"\xff", b"two"])
def test_a_letter_whose_headers_contradict_each_other_is_taken_whole(count: bytes) -> None:
    letter = letter_of(TopicRecord(0, 1, 2, None, b"one\ntwo", {"detail": b"a\nb", H_COUNT: count}))
    assert [piece.raw for piece in letter.pieces] == [b"one\ntwo"] and "count" in letter.problem
