"""The list and the zones of tests of detectors."""

from __future__ import annotations

from detectors.core.reference import ListedShip, Reference, Zone


def _box(west: float, south: float, east: float, north: float) -> tuple[tuple[float, float], ...]:
    return ((west, south), (east, south), (east, north), (west, north), (west, south))


REFERENCE = Reference(
    ships=(
        ListedShip(list="TEST", entry_id="1", name="EXAMPLE ONE", imo=9179842),
        ListedShip(list="TEST", entry_id="2", name="EXAMPLE TWO", mmsi=667_001_001),
        ListedShip(list="TEST", entry_id="3", name="EXAMPLE THREE", mmsi=667_001_003),
        ListedShip(list="TEST", entry_id="4", name="EXAMPLE FOUR", mmsi=667_001_004),
        ListedShip(list="TEST", entry_id="5", name="EXAMPLE FIVE", mmsi=667_001_005),
        ListedShip(list="TEST", entry_id="6", name="EXAMPLE SIX", mmsi=667_001_006),
        ListedShip(list="TEST", entry_id="7", name="EXAMPLE SEVEN", mmsi=667_001_007),
        ListedShip(list="TEST", entry_id="8", name="EXAMPLE EIGHT", mmsi=667_001_008),
        ListedShip(list="TEST", entry_id="9", name="EXAMPLE NINE", mmsi=667_001_009),
        ListedShip(
            list="BREAKERS 2023",
            entry_id="imo/9074729",
            name="EXAMPLE HULK",
            imo=9074729,
            ship_type="Bulk Carrier",
            tonnage_gt=25_899,
            broken_up_on="2023-07-01",
            broken_up_at="Alang, India",
            yard_lat_deg=21.4,
            yard_lon_deg=72.2,
        ),
    ),
    zones=(
        Zone(name="Forbidden", kind="sanctioned", lat_deg=42.0, lon_deg=131.0, radius_nm=5, locode="XXFBD"),
        Zone(name="Closed", kind="sanctioned", lat_deg=43.6, lon_deg=131.3, radius_nm=5, horizon_h=0.1, country="XY"),
        Zone(name="Ordinary", kind="associated", lat_deg=35.0, lon_deg=129.0, radius_nm=5, aliases=("ORDINAR",)),
        Zone(
            name="Arctic",
            kind="associated",
            lat_deg=80.0,
            lon_deg=20.0,
            radius_nm=47.0,
            polygon=(_box(17.0, 79.5, 23.0, 80.5), _box(19.5, 79.9, 20.5, 80.1)),
        ),
        Zone(
            name="Dateline",
            kind="associated",
            lat_deg=60.5,
            lon_deg=-180.0,
            radius_nm=43.0,
            polygon=(_box(179.0, 60.0, 180.0, 61.0),),
            more_polygons=((_box(180.0, 60.0, 181.0, 61.0),),),
        ),
    ),
    version="test",
)
