import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.decode import decode
from streams.errors import Reason
from streams.ingest.core import Ingest
from streams.ingest.tables import Rows, UnreadableRow
from streams.messages.log_records import Sentences

OURS = b"time_s,mmsi,type,lat_deg,lon_deg,sog_kn,cog_deg,nav_status\n"
DMA = (
    b"# Timestamp,Type of mobile,MMSI,Latitude,Longitude,Navigational status,ROT,SOG,COG,Heading,IMO,Callsign,Name,"
    b"Ship type,Cargo type,Width,Length,Type of position fixing device,Draught,Destination,ETA,Data source type\n"
)
NOAA = b"MMSI,BaseDateTime,LAT,LON,SOG,COG,Heading,VesselName,IMO,CallSign,VesselType,Status,Length,Width,Draft,Cargo\n"


def read(data: bytes) -> tuple[Ingest, list[Sentences]]:
    ingest = Ingest("table", 1)
    records = ingest.feed(data) + ingest.end()
    counts = ingest.counts
    assert counts.lines == counts.sentences + counts.other
    assert counts.sentences == counts.messages + counts.rejected_all + counts.merged + ingest.pending
    return ingest, [record for record in records if isinstance(record, Sentences)]


@pytest.mark.parametrize(
    ("data", "static"),
    [
        (OURS + b"1700000000,265001000,1,57.5,11.25,12.5,90.0,0\n", False),
        (
            DMA + b"14/11/2023 22:13:20,Class A,265001000,57.5,11.25,Under way using engine,0,12.5,90.0,91,9179842,"
            b'SABC,"NAME, LONG",Cargo,,20,120,GPS,6.5,GOTHENBURG,,AIS\n',
            True,
        ),
        (
            NOAA + b"265001000,2023-11-14T22:13:20,57.5,11.25,12.5,90.0,91,A NAME,IMO9179842,SABC,70,0,120,20,6.5,70\n",
            True,
        ),
    ],
)
def test_a_row_is_read_as_if_it_had_been_heard(data: bytes, static: bool) -> None:
    _, (record,) = read(data)
    batch = decode(record.value, "table").batch
    fix = batch.reports[0]
    assert (fix["mmsi"], fix["time_ms"], fix["type"], fix["status"]) == (265001000, 1_700_000_000_000, 1, 0)
    assert fix["lat_deg"] == pytest.approx(57.5, abs=1e-5)
    assert fix["lon_deg"] == pytest.approx(11.25, abs=1e-5)
    assert fix["sog_kn"] == pytest.approx(12.5)
    assert len(batch.statics) == static
    if static:
        assert (batch.statics[0]["imo"], batch.statics[0]["length_m"]) == (9179842, 120)


def test_particulars_are_sent_once_and_again_when_they_change() -> None:
    row = b"265001000,2023-11-14T22:13:%02d,57.5,11.25,12.5,90.0,91,%b,IMO9179842,SABC,70,0,120,20,6.5,70\n"
    data = NOAA + b"".join(row % (i + 5, b"NEW" if i > 7 else b"OLD") for i in range(20))
    _, (record,) = read(data)
    names = [static["name"] for static in decode(record.value, "table").batch.statics]
    assert names == [b"OLD", b"NEW"]


@pytest.mark.parametrize(
    "row",
    [
        b"x,265001000,1,57,11,1,1,0",
        b",265001000,1,57,11,1,1,0",
        b"1700000000,2,1,200,11,1,1,0",
        b"1700000000,-4,1,1,1,1,1,0",
        b"1700000000",
    ],
)
def test_a_row_that_cannot_be_read_is_refused(row: bytes) -> None:
    ingest, records = read(OURS + row + b"\n")
    assert ingest.counts.rejected == {Reason.MALFORMED: 1}
    assert ingest.refused[0].raw == row
    assert records == []


@given(st.lists(st.binary(max_size=60), max_size=5))
def test_no_row_raises_and_other_files_pass_untouched(lines: list[bytes]) -> None:
    rows = Rows()
    out = [one for line in (OURS.strip(), *lines) for one in rows.take(line)]
    assert all(
        isinstance(line, UnreadableRow) or line in lines or line.startswith(b"\\s:table:re-encoded,c:")
        for line in out[1:]
    )
    assert all(Rows().take(line) == [line] for line in (b"!AIVDM", *lines))


def test_columns_and_rows_give_the_same_records() -> None:
    rows = [b"%d,26500100%d,1,57.5,%.3f,12.5,90.0,0\n" % (1_700_000_000 + n, n % 7, n / 1000) for n in range(6000)]
    data = OURS + b"".join([*rows[:3000], b"no,row\n", *rows[3000:], rows[5]])

    def records(bulk_bytes: int | None) -> list[tuple[object, ...]]:
        ingest = Ingest("table", 3, bulk_bytes=bulk_bytes)
        made = ingest.feed(data) + ingest.end()
        assert ingest.counts.rejected == {Reason.MALFORMED: 1}
        return [(r.partition, r.value, r.ordinals.tolist()) if isinstance(r, Sentences) else (r,) for r in made]

    assert records(4096) == records(None)


def test_a_day_of_a_real_receiver_is_read(shared_data: Path) -> None:
    with gzip.open(shared_data / "tracks" / "sbarc-2018-06-01_04.csv.gz") as file:
        data = file.read(400_000)
    ingest, _ = read(data[: data.rindex(b"\n")])
    assert ingest.counts.messages == data.count(b"\n") - 1
    assert ingest.counts.rejected == {}
