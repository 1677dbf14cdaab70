"""Which MMSI states which IMO number, as ingest notes it in ticks: the same however the input is cut."""

import random
from typing import NamedTuple

import pytest

from detectors.core.imo_notes import Note, refusal_of
from detectors.core.imo_number import is_imo_number
from streams.ingest import bulk
from streams.ingest.core import Ingest, SourceKind
from streams.messages.log_records import Record, Sentences, TickRecord
from streams.nmea.encoder import Bits, EncodedFix, Particulars, position, position_long_range, sentences, static, tagged
from streams.settings.model import IngestSettings

NOON_MS = 1_700_000_000_000
IMO, OTHER = 9179842, 9161003
FORMER, LATER = 273_111_000, 613_222_000
FEW = IngestSettings(tick_file_sentences=200, pack_sentences=50)


class Sent(NamedTuple):
    """A message and when it was sent."""

    at_s: float
    bits: Bits


def said(at_s: float, mmsi: int, imo: int = IMO) -> Sent:
    return Sent(at_s, static(mmsi, Particulars(imo=imo, name="ANGARA", ship_type=70, length_m=119)))


def seen(at_s: float, mmsi: int, lat_deg: float = 42.0, lon_deg: float = 132.0) -> Sent:
    return Sent(at_s, position(mmsi, EncodedFix(lat_deg, lon_deg, sog_kn=2.0, cog_deg=45.0)))


def lines(sent: list[Sent]) -> bytes:
    made = []
    for number, (at_s, bits) in enumerate(sorted(sent, key=lambda each: each.at_s)):
        made += tagged(sentences(bits, sequence=number % 10), NOON_MS + int(at_s * 1000), "pier")
    return b"\n".join([*made, b""])


def records(
    data: bytes,
    *,
    bulk_bytes: int | None = None,
    sizes: tuple[int, ...] = (1 << 20,),
    seed: int = 0,
    settings: IngestSettings = FEW,
) -> list[object]:
    rng, ingest = (
        random.Random(seed),
        Ingest("x", 4, settings, source_kind=SourceKind(replayed=True), bulk_bytes=bulk_bytes),
    )
    out: list[Record] = []
    at = 0
    while at < len(data):
        size = rng.choice(sizes)
        out += ingest.feed(data[at : at + size])
        at += size
    out += ingest.end()
    assert ingest.refused == []
    return [r._replace(ordinals=r.ordinals.tolist()) if isinstance(r, Sentences) else r for r in out]


def notes(sent: list[Sent]) -> list[Note]:
    found = [note for r in records(lines(sent)) if isinstance(r, TickRecord) for note in r.tick.notes]
    assert not [refusal_of(note) for note in found if refusal_of(note)]
    return found


def brief(sent: list[Sent]) -> list[tuple[int, float, bool]]:
    return [(note.mmsi, (note.time_ms - NOON_MS) / 1000, note.lat_deg is not None) for note in notes(sent)]


def track(mmsi: int, from_s: float, to_s: float, every_s: float = 60.0) -> list[Sent]:
    return [seen(from_s + n * every_s, mmsi, 42.0 + n * 1e-5) for n in range(int((to_s - from_s) / every_s))]


def test_an_mmsi_is_noted_at_its_second_position_after_the_statement_and_three_hours_later() -> None:
    sent = [*track(FORMER, 0, 4 * 3600), *(said(5 + n * 360.0, FORMER) for n in range(40))]
    assert brief(sent) == [(FORMER, 120.0, True), (FORMER, 11_280.0, True)]
    note = notes(sent)[0]
    assert (note.imo, note.name, note.ship_type, note.length_m) == (IMO, "ANGARA", 70, 119)
    assert (note.lat_deg, note.sog_kn, note.cog_deg) == (42.00002, 2.0, 45.0)
    assert note.sentence.startswith("!AIVDM,1,1,,A,1")


def test_another_mmsi_is_noted_as_it_states_the_number_and_then_every_five_minutes() -> None:
    sent = [
        *track(FORMER, 0, 3600),
        *(said(5 + n * 360.0, FORMER) for n in range(10)),
        *track(LATER, 3601, 5000),
        *(said(3610 + n * 360.0, LATER) for n in range(4)),
    ]
    of_later = [each for each in brief(sent) if each[0] == LATER]
    assert of_later[:4] == [(LATER, 3610.0, False), (LATER, 3721.0, True), (LATER, 4021.0, True), (LATER, 4321.0, True)]


def test_a_note_about_a_ship_with_two_mmsis_stands_right_behind_its_sentence() -> None:
    sent = [*track(FORMER, 0, 600), said(5, FORMER), *track(LATER, 601, 1200), said(610, LATER)]
    behind, last = 0, ""
    for record in records(lines(sent)):
        if isinstance(record, Sentences):
            last = record.value.decode().splitlines()[-1]
        elif isinstance(record, TickRecord):
            behind += sum(note.mmsi == LATER and note.sentence in last for note in record.tick.notes if note.sentence)
    assert behind


def test_a_number_that_is_corrected_is_noted_with_the_former_one() -> None:
    sent = [*track(FORMER, 0, 600), said(5, FORMER), said(300, FORMER, OTHER)]
    assert [(n.imo, n.instead_of) for n in notes(sent)] == [(IMO, None), (OTHER, IMO), (OTHER, IMO)]


def test_nobodys_number_and_numbers_of_no_form_are_not_noted() -> None:
    assert notes([*track(FORMER, 0, 600), said(5, FORMER, 1234568)]) == []
    many = [each for n in range(20) for each in (said(n * 60.0, FORMER + n), *track(FORMER + n, n * 60.0 + 1, 2400))]
    assert {note.mmsi for note in notes(many)} <= {FORMER + n for n in range(9)}


def test_two_positions_that_no_ship_sails_between_are_not_noted() -> None:
    sent = [said(0, FORMER), *(seen(n * 60.0, FORMER, 10.0 if n % 2 else 50.0) for n in range(1, 19))]
    assert notes(sent) == []


def test_a_long_range_report_is_a_position_too() -> None:
    sent = [
        said(0, FORMER),
        *(
            Sent(n * 180.0, position_long_range(FORMER, EncodedFix(42.0, 132.0, sog_kn=5.0, cog_deg=90.0)))
            for n in (1, 2)
        ),
    ]
    assert [(n.lat_deg, n.sog_kn) for n in notes(sent)] == [(42.0, 5.0)]


def crowd(seed: int) -> bytes:
    """Ships that share, change and mistype their numbers; 6,000 messages in five hours."""
    rng = random.Random(seed)
    numbers = [9_000_003, 9_000_015, 9_000_027, IMO, OTHER, 0, 1234568]
    sent = []
    for _ in range(6000):
        at_s, mmsi = rng.uniform(0, 5 * 3600), 200_000_000 + rng.randrange(60)
        if rng.random() < 0.1:
            sent.append(said(at_s, mmsi, numbers[(mmsi + rng.randrange(2)) % len(numbers)]))
        else:
            sent.append(seen(at_s, mmsi, 42.0 + (mmsi % 7) * 0.1 + rng.uniform(0, 0.01)))
    return lines(sent)


@pytest.mark.parametrize("seed", range(3))
def test_any_cut_and_many_lines_at_once_give_the_same_records(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "ONE_BY_ONE", 1)
    data = crowd(seed)
    whole = records(data)
    assert sum(len(r.tick.notes) for r in whole if isinstance(r, TickRecord)) > 50
    assert records(data, sizes=(1, 70, 3000), seed=seed) == whole
    assert records(data, bulk_bytes=1) == whole
    assert records(data, bulk_bytes=1, sizes=(30, 500, 3000, 20_000), seed=seed) == whole


def test_pairs_that_are_forgotten_are_so_at_the_same_place_however_lines_are_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bulk, "ONE_BY_ONE", 1)
    few = IngestSettings(tick_file_sentences=200, pack_sentences=50, identity_pairs_most=1000)
    rng, good = random.Random(9), [imo for imo in range(9_000_000, 9_015_000) if is_imo_number(imo)]
    sent = [said(rng.uniform(0, 3600), 200_000_000 + rng.randrange(3000), rng.choice(good)) for _ in range(5000)]
    data = lines(sent)
    whole = records(data, settings=few)
    assert records(data, bulk_bytes=1, sizes=(5000, 20_000), seed=1, settings=few) == whole
