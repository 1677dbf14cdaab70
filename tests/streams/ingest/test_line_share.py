"""How much of a live source is no AIS: in its ticks, over the last minute or two, whatever came before."""

import pytest

from streams.ingest.core import Ingest
from streams.ingest.model import SourceKind
from streams.messages.log_records import TickRecord

BARE = b"!AIVDM,1,1,,A,13HOI:0P0000VOHLCnHQKwvL05Ip,0*23\n"
OTHER = b"$GPGGA,x\n"
BEGIN_MS = 1_750_000_000_000


def shares(minutes: list[bytes], bulk_bytes: int | None) -> list[float]:
    """What the tick at the end of each minute says, of a source that sends these lines each second of it."""
    ingest, found, now_ms = Ingest("pier", 1, source_kind=SourceKind(live=True), bulk_bytes=bulk_bytes), [], BEGIN_MS
    ingest.clock(now_ms)
    for lines in minutes:
        records = []
        for _ in range(60):
            now_ms += 1000
            records += [*ingest.feed(lines, now_ms), *ingest.clock(now_ms)]
        found.append([record.tick.other_share for record in records if isinstance(record, TickRecord)][-1])
    return found


@pytest.mark.parametrize("bulk_bytes", [None, 1])
@pytest.mark.parametrize(
    ("minutes", "wanted"),
    [
        ([BARE] * 3, [0, 0, 0]),
        ([BARE + OTHER] * 3, [0.5, 0.5, 0.5]),
        ([OTHER] * 3, [1, 1, 1]),
        ([b""] * 3, [0, 0, 0]),
        ([BARE, BARE, OTHER, OTHER, OTHER], [0, 0, 0.5, 1, 1]),
        ([OTHER, BARE, BARE, BARE], [1, 0.5, 0, 0]),
    ],
)
def test_the_share_is_that_of_the_last_minutes(
    minutes: list[bytes], wanted: list[float], bulk_bytes: int | None
) -> None:
    assert shares(minutes, bulk_bytes) == pytest.approx(wanted, abs=0.05)


def test_a_few_lines_say_nothing() -> None:
    ingest = Ingest("pier", 1, source_kind=SourceKind(live=True))
    ingest.clock(BEGIN_MS)
    ingest.feed(OTHER * 10, BEGIN_MS)
    records = ingest.clock(BEGIN_MS + 5000)
    assert {record.tick.other_share for record in records if isinstance(record, TickRecord)} == {0}
