"""What we write, a decoder that we did not write reads back."""

import pyais
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.nmea import encoder
from streams.nmea.encoder import EncodedFix, Particulars

MMSI = st.integers(1, 999_999_999)


def fixes() -> st.SearchStrategy[EncodedFix]:
    return st.builds(
        EncodedFix,
        st.floats(-90, 90),
        st.floats(-180, 180),
        st.floats(0, 102),
        st.floats(0, 359.9),
        st.floats(0, 359),
        st.integers(0, 59),
        turn_deg_min=st.none() | st.floats(-708, 708),
    )


@given(mmsi=MMSI, fix=fixes(), kind=st.sampled_from([1, 2, 3, 18]))
def test_positions_are_read_back(mmsi: int, fix: EncodedFix, kind: int) -> None:
    bits = encoder.position_b(mmsi, fix) if kind == 18 else encoder.position(mmsi, fix, kind=kind, status=5)
    (line,) = encoder.sentences(bits)
    read = pyais.decode(line, error_if_checksum_invalid=True)
    assert (read.msg_type, read.mmsi) == (kind, mmsi)
    assert read.lat == pytest.approx(fix.lat_deg, abs=1e-5)
    assert read.lon == pytest.approx(fix.lon_deg, abs=1e-5)
    assert read.speed == pytest.approx(fix.sog_kn, abs=0.051)
    assert read.second == fix.second


@given(mmsi=MMSI, imo=st.integers(0, 2**30 - 1), name=st.text("ABC XYZ09-/", max_size=20))
def test_static_data_is_read_back(mmsi: int, imo: int, name: str) -> None:
    ship = Particulars(
        imo=imo, name=name, call_sign="UBAA1", ship_type=70, length_m=121, beam_m=18, destination="CNZOS"
    )
    lines = encoder.sentences(encoder.static(mmsi, ship), sequence=3)
    assert len(lines) == 2
    read = pyais.decode(*lines, error_if_checksum_invalid=True)
    assert (read.imo, read.shipname.strip(), read.destination, read.ship_type) == (imo, name.strip(), "CNZOS", 70)
    assert read.to_bow + read.to_stern == 121


def test_unknown_is_the_sentinel() -> None:
    (line,) = encoder.sentences(encoder.position(273_999_001, EncodedFix()))
    read = pyais.decode(line)
    assert (read.lat, read.lon, read.heading, read.course, read.speed) == (91.0, 181.0, 511, 360.0, 102.3)


def test_a_tag_block_carries_time_station_and_a_right_checksum() -> None:
    (line,) = encoder.tagged([b"!AIVDM,1,1,,A,x,0*00"], 1_700_000_000_123, "pier")
    tag, star = line.split(b"\\")[1].split(b"*")
    assert tag == b"s:pier,c:1700000000123"
    assert int(star, 16) == encoder.checksum(tag)
