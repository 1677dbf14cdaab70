"""The cells around ports: none is missing, wherever the port is in its cell."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from detectors.core.geography.port_cells import PORT_NM, PortCells
from detectors.core.reference import Reference, Zone

CELL_NM = 0.02 * 60
PLACES = st.tuples(
    st.one_of(st.floats(-80, 80), st.integers(-4000, 4000).map(lambda n: round(n * 0.02, 2))),
    st.one_of(st.floats(-180, 180), st.integers(-9000, 9000).map(lambda n: round(n * 0.02, 2))),
)


@given(place=PLACES, radius_nm=st.floats(2, 20), bearing=st.floats(0, 360), share=st.floats(0, 1))
def test_what_is_well_inside_is_found_and_what_is_far_is_not(
    place: tuple[float, float], radius_nm: float, bearing: float, share: float
) -> None:
    """A cell's diagonal is the most by which its middle and a place in it can differ."""
    lat_deg, lon_deg = place
    zone = Zone(name="Port", kind="associated", lat_deg=lat_deg, lon_deg=lon_deg, radius_nm=radius_nm)
    cells = PortCells(Reference(zones=(zone,)))

    def at(far_nm: float) -> tuple[np.ndarray, np.ndarray]:
        north, east = np.cos(np.radians(bearing)), np.sin(np.radians(bearing))
        east_deg = far_nm / 60 * east / np.cos(np.radians(lat_deg))
        return np.array([lat_deg + far_nm / 60 * north]), np.array([(lon_deg + east_deg + 180) % 360 - 180])

    margin_nm = CELL_NM * 0.75
    assert cells.in_port_zone(*at(share * max(0.0, radius_nm - margin_nm)))[0]
    assert not cells.in_port_zone(*at(radius_nm + margin_nm))[0]
    assert cells.at_port(*at(share * (PORT_NM - margin_nm)))[0]
