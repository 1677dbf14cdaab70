"""Whatever comes in, each line is accounted for, what is lost is kept with a reason, and the ships beside it are heard.

``lines = sentences + other`` and ``sentences = reports + rejected + merged + pending``, where rejected is what ingest
and what decoding refused; fixes that are refused as such are counted apart.
"""

import gzip
import random
from collections import Counter
from pathlib import Path

import pytest

from streams.decode import decode
from streams.errors import Reason
from streams.ingest.core import Ingest
from streams.ingest.model import SourceKind
from streams.messages.log_records import Sentences
from streams.nmea import encoder
from streams.nmea.encoder import EncodedFix, Particulars

NOW_MS = 1_700_000_000_000
FIX = EncodedFix(lat_deg=35.0, lon_deg=129.0, sog_kn=10.0, cog_deg=45.0, heading_deg=45.0)


def at(second: float, mmsi: int, fix: EncodedFix = FIX, station: bytes = b"pier") -> bytes:
    (sentence,) = encoder.sentences(encoder.position(mmsi, fix, status=0))
    body = b"s:%b,c:%d" % (station, NOW_MS + int(second * 1000))
    return b"\\%b*%02X\\%b" % (body, encoder.checksum(body), sentence)


def parts(second: float, mmsi: int, sequence: int, station: bytes = b"pier") -> list[bytes]:
    bits = encoder.static(mmsi, Particulars(imo=9_074_729, name=f"SHIP {mmsi}"))
    body = b"s:%b,c:%d" % (station, NOW_MS + int(second * 1000))
    tag = b"\\%b*%02X\\" % (body, encoder.checksum(body))
    return [tag + sentence for sentence in encoder.sentences(bits, sequence=sequence)]


class Account:
    """What became of an input, from bytes to fixes."""

    def __init__(self, data: bytes, *, live: bool = False, bulk_bytes: int | None = 1, step: int = 50_000) -> None:
        ingest = Ingest("x", 4, source_kind=SourceKind(live=live, replayed=not live), bulk_bytes=bulk_bytes)
        records = [r for place in range(0, len(data), step) for r in ingest.feed(data[place : place + step], NOW_MS)]
        records += ingest.end()
        self.counts, self.pending, self.refused = ingest.counts, ingest.pending, ingest.refused
        decoded = [decode(r.value, r.source, r.ordinals) for r in records if isinstance(r, Sentences)]
        self.reports = sum(len(one.batch.reports) for one in decoded)
        self.mmsis = Counter(int(m) for one in decoded for m in one.batch.reports["mmsi"])
        self.rejected = Counter(ingest.counts.rejected)
        self.letters = Counter(line.reason for line in ingest.refused)
        self.refused_fixes: Counter[Reason] = Counter()
        undecoded = 0
        for one in decoded:
            self.rejected.update(refused.reason for refused in one.refused)
            undecoded += sum(refused.raw.count(b"\n") + 1 for refused in one.refused)
            self.refused_fixes.update(refused.reason for refused in one.refused_fixes)
        refused_whole = sum(self.refused_fixes.values())
        assert self.counts.lines == self.counts.sentences + self.counts.other
        assert self.counts.sentences == (
            self.reports
            + refused_whole
            + self.counts.merged
            + self.counts.rejected_all
            + self.pending
            + sum(len(one.refused) for one in decoded)
        )
        assert self.letters == Counter(ingest.counts.rejected)


@pytest.mark.parametrize("live", [False, True])
def test_the_sums_hold_on_every_corrupt_recording(shared_data: Path, live: bool) -> None:
    for path in sorted((shared_data / "nmea").rglob("*")):
        if path.is_file():
            content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
            account = Account(content[:120_000], live=live)
            assert account.counts.lines, path


SHIP = 205_000_001
SHIPS = 8
"""Where fewer than six are in view, fewer than three are enough to move the clock."""
HONEST = [at(n, SHIP + 1000 * (n % SHIPS)) for n in range(40)]


def among(*bad: bytes) -> bytes:
    """An honest ship's lines with the bad ones in their middle."""
    return b"\n".join([*HONEST[:20], *bad, *HONEST[20:], b""])


RNG = random.Random(11)
NOISE = [bytes(b for b in RNG.randbytes(150) if b not in b"\r\n!") for _ in range(50)]
ONE, TWO = parts(19, 205_000_002, 1), parts(19, 205_000_003, 1)
BAD: dict[str, tuple[list[bytes], dict[Reason, int]]] = {
    "cut short": ([HONEST[3][:40], HONEST[3][:-1]], {Reason.MALFORMED: 2}),
    "wrong checksum": ([HONEST[3][:-1] + (b"0" if HONEST[3][-1:] != b"0" else b"1")], {Reason.CHECKSUM: 1}),
    "binary noise": (NOISE, {}),
    "no end of line": ([b"\x00\xff" * 5_000_000], {Reason.LINE_TOO_LONG: 1}),
    "a fragment that never ends": ([ONE[0]], {Reason.FRAGMENT_EXPIRED: 1}),
    "fragments in the wrong order": ([ONE[1], ONE[0]], {Reason.FRAGMENT_CLASH: 1, Reason.FRAGMENT_EXPIRED: 1}),
    "fragments of two vessels": ([ONE[0], TWO[0], TWO[1], ONE[1]], {Reason.FRAGMENT_CLASH: 4}),
    "a day back": ([at(-86_500, 205_000_004)], {Reason.TIME_BEHIND: 1}),
    "a year ahead": ([at(86_400 * 365, 205_000_004)], {Reason.TIME_AHEAD: 1}),
    "a time that is none": ([at(10**13, 205_000_004)], {}),
    "too short to say who": (
        [b"!AIVDM,1,1,,A,13HOI:,0*%02X" % encoder.checksum(b"AIVDM,1,1,,A,13HOI:,0")],
        {Reason.NO_MMSI: 1},
    ),
}


@pytest.mark.parametrize("what", BAD)
@pytest.mark.parametrize("bulk_bytes", [None, 1])
def test_bad_input_has_its_reason_and_harms_nobody(what: str, bulk_bytes: int | None) -> None:
    bad, reasons = BAD[what]
    first = b"\n".join(HONEST[:1]) + b"\n"
    later = b"\n".join(at(n, SHIP) for n in range(100, 140)) + b"\n"
    account = Account(first + among(*bad) + later, live=True, bulk_bytes=bulk_bytes)
    assert account.rejected == Counter(reasons)
    assert sum(account.mmsis[SHIP + 1000 * n] for n in range(SHIPS)) == 81


@pytest.mark.parametrize(
    ("mmsi", "fix", "reason"),
    [
        (205_000_005, EncodedFix(lat_deg=90.1, lon_deg=1.0), Reason.POSITION_OUT_OF_RANGE),
        (0, FIX, None),
        (999_999_999, FIX, None),
        (205_000_005, EncodedFix(lat_deg=91.0, lon_deg=181.0, sog_kn=None, cog_deg=None, heading_deg=None), None),
    ],
)
def test_a_fix_that_cannot_be_is_counted_apart(mmsi: int, fix: EncodedFix, reason: Reason | None) -> None:
    account = Account(among(at(19, mmsi, fix)), live=True)
    assert account.refused_fixes == (Counter({reason: 1}) if reason else Counter())
    assert sum(account.mmsis[SHIP + 1000 * n] for n in range(SHIPS)) == 40
