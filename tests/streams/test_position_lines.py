"""Lines written in columns are those of the encoder, byte for byte."""

from math import isnan, nan

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streams.nmea import encoder
from streams.nmea.encoder import EncodedFix
from streams.nmea.position_lines import PositionColumns, position_lines

UNKNOWN = st.just(nan)
ROWS = st.lists(
    st.tuples(
        st.integers(10**12, 4_102_444_799_999),
        st.integers(0, 999_999_999),
        st.sampled_from([1, 2, 3, 4, 18]),
        st.integers(0, 15),
        st.floats(-91, 91),
        st.floats(-181, 181),
        UNKNOWN | st.floats(0, 102.3, exclude_max=True),
        UNKNOWN | st.floats(0, 360, exclude_max=True),
        UNKNOWN | st.floats(0, 360, exclude_max=True),
    ),
    min_size=1,
    max_size=20,
)


@given(ROWS)
def test_each_line_is_that_of_the_encoder(rows: list[tuple[float, ...]]) -> None:
    columns = PositionColumns(*(np.array(column) for column in zip(*rows, strict=True)))
    assert position_lines(columns, b"day:re-encoded").tobytes().splitlines() == [line_of(*row) for row in rows]


def line_of(time_ms: int, mmsi: int, kind: int, status: int, lat: float, lon: float, *moves: float) -> bytes:
    fix = EncodedFix(lat, lon, *(None if isnan(value) else value for value in moves))
    if kind == 4:
        bits = encoder.base_station(mmsi, fix)
    elif kind == 18:
        bits = encoder.position_b(mmsi, fix)
    else:
        bits = encoder.position(mmsi, fix, kind=kind, status=status)
    (line,) = encoder.tagged(encoder.sentences(bits), time_ms, "day:re-encoded")
    return line
