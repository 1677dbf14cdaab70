"""The waters of the ANGARA reconstruction: receivers, routes and ways around its three places.

Data for the home end of the shuttle or for the yard move with it if another is chosen. Positions are plausible water,
taken from public charts to about a mile.
"""

from __future__ import annotations

from typing import Final

from streams.scenario.honest import Region, ShippingLane, SmallCraft
from streams.scenario.model import NamedPlace, Options, ShoreStation
from streams.scenario.story import ReportPace
from streams.scenario.track import Way

HOME: Final = Options().home
YARD: Final = Options().yard

ANCHORAGE: Final = (42.735, 133.02)  # off Vostochny
VANISHES: Final = (42.66, 132.20)  # south-west of Askold, 15 nm from Dunai
OUT: Final[Way] = (ANCHORAGE, (42.64, 132.95), (42.58, 132.60), (42.60, 132.32), VANISHES)
"""From the anchorage to where it disappears: seaward, and never within Dunai's own zone."""
DARK_WAY: Final[Way] = (VANISHES, (42.30, 131.60), (42.05, 130.95), (42.15, 130.42), (42.2333, 130.30))
"""Truth only: to Rajin by sea. The straight line from Dunai crosses land at the mouth of the Tumen."""
STRAIT_WAY: Final[Way] = ((34.80, 129.26), (34.20, 128.50), (33.75, 127.60), (32.80, 126.60))
"""Down the western channel and past Jeju, seaward."""
APPROACH: Final[Way] = ((29.80, 122.42), (29.93, 122.25), (29.98, 122.12))

VOYAGE: Final = ReportPace(position_s=540, static_s=7200)
AT_BERTH: Final = ReportPace(position_s=900, static_s=0)
SCENE: Final = ReportPace(position_s=180, static_s=7200)
FERRY: Final = ReportPace(position_s=900, static_s=86_400)
LISTED: Final = ReportPace(position_s=60, static_s=360)
LISTED_AT_REST: Final = ReportPace(position_s=180, static_s=1800)
BLIP: Final = ReportPace(position_s=10, static_s=360)
BASE_EVERY_S: Final = 270.0
"""How often some base station of the feed is heard, at the quietest."""
BASE_BUSY_S: Final = 40.0
AID_EVERY_S: Final = 3600.0
"""Reporting intervals are thinned, otherwise nine months would be tens of millions of sentences."""


def shifted(way: Way, original: NamedPlace, chosen: NamedPlace) -> Way:
    """The way, moved by the difference between ``original`` and ``chosen``."""
    north, east = chosen.lat_deg - original.lat_deg, chosen.lon_deg - original.lon_deg
    return tuple((lat + north, lon + east) for lat, lon in way)


def receivers(options: Options) -> tuple[ShoreStation, ...]:
    """Five stations as disks. There is none near the far end, so nothing there is heard."""
    (vladivostok, nakhodka), (zhoushan,) = (
        shifted(((43.10, 131.90), (42.80, 132.88)), HOME, options.home),
        shifted(((29.95, 122.20),), YARD, options.yard),
    )
    named = (
        ("vladivostok" if options.home == HOME else "home-west", 2_739_981, vladivostok, 35.0),
        ("nakhodka" if options.home == HOME else "home-east", 2_739_982, nakhodka, 40.0),
        ("busan", 4_409_981, (35.10, 129.05), 45.0),
        ("tsushima", 4_319_981, (34.35, 129.25), 40.0),
        ("zhoushan" if options.yard == YARD else "yard", 4_129_981, zhoushan, 40.0),
    )
    return tuple(
        ShoreStation(name=name, mmsi=mmsi, lat_deg=lat, lon_deg=lon, range_nm=range_nm)
        for name, mmsi, (lat, lon), range_nm in named
    )


def _lanes(original: NamedPlace, chosen: NamedPlace, *lanes: tuple[str, Way]) -> tuple[ShippingLane, ...]:
    return tuple(ShippingLane(way=shifted(way, original, chosen), ends_in=port) for port, way in lanes)


def home_region(options: Options) -> Region:
    """Around the home end: to Vladivostok, to Nakhodka, between them, and past the coast."""
    lanes = _lanes(
        HOME,
        options.home,
        ("VLADIVOSTOK", ((42.42, 132.05), (42.75, 131.98), (43.02, 131.80), (43.09, 131.86))),
        ("NAKHODKA", ((42.12, 132.90), (42.62, 132.92), (42.76, 132.90))),
        ("VLADIVOSTOK", ((42.76, 132.90), (42.60, 132.90), (42.60, 132.35), (42.72, 132.00), (43.02, 131.80))),
        ("", ((42.35, 131.50), (42.35, 133.90))),
        ("", ((42.20, 133.00), (42.50, 132.20), (42.48, 131.40))),
    )
    return Region(
        mids=(273, 412, 636, 352), first=0, ships=90, voyages_a_day=2.4, lanes=lanes, pace=VOYAGE, moored=AT_BERTH
    )


STRAIT_LANES: Final = (
    ShippingLane(way=((33.60, 128.20), (34.40, 128.85), (34.95, 129.55), (35.75, 130.20))),
    ShippingLane(way=((33.70, 127.95), (34.48, 128.70), (35.02, 129.42), (35.80, 130.05))),
    ShippingLane(way=((33.60, 129.55), (34.30, 130.00), (35.10, 130.30))),
    ShippingLane(way=((33.90, 128.20), (34.60, 128.90), (34.92, 129.10)), ends_in="BUSAN"),
)


def strait_region() -> Region:
    """The Korea Strait on an ordinary day."""
    return Region(
        mids=(440, 441, 431, 412, 636, 352),
        first=1000,
        ships=120,
        voyages_a_day=1.3,
        lanes=STRAIT_LANES,
        pace=VOYAGE,
        moored=AT_BERTH,
    )


def yard_region(options: Options) -> Region:
    """Around the yard: the coastal route, and the approach."""
    lanes = _lanes(
        YARD,
        options.yard,
        ("", ((30.95, 123.00), (29.90, 122.75), (29.00, 122.50))),
        ("ZHOUSHAN", ((29.40, 123.00), (29.80, 122.42), (29.93, 122.27), (29.96, 122.20))),
    )
    return Region(
        mids=(412, 413, 477, 371), first=2000, ships=90, voyages_a_day=1.6, lanes=lanes, pace=VOYAGE, moored=AT_BERTH
    )


def shoals(options: Options) -> tuple[SmallCraft, ...]:
    """Fishing boats with class B, home and yard."""
    pace = ReportPace(position_s=600, static_s=7200)
    home = shifted(((43.05, 131.85), (42.85, 131.75)), HOME, options.home)
    yard = shifted(((29.90, 122.40), (29.75, 122.65)), YARD, options.yard)
    return (
        SmallCraft(mids=(273,), first=3000, ships=12, trips_a_day=0.5, harbour=home[0], grounds=home[1], pace=pace),
        SmallCraft(mids=(412,), first=3100, ships=12, trips_a_day=0.5, harbour=yard[0], grounds=yard[1], pace=pace),
    )


def ferry_way(options: Options) -> Way:
    """Vladivostok to Slavyanka and back."""
    return shifted(((43.10, 131.87), (43.02, 131.80), (42.90, 131.45)), HOME, options.home)


def aids(options: Options) -> tuple[tuple[int, str, tuple[float, float]], ...]:
    """Aids to navigation: MMSI, name, place."""
    (home,), (yard,) = shifted(((42.76, 132.33),), HOME, options.home), shifted(((29.78, 122.45),), YARD, options.yard)
    return ((992_739_981, "ASKOLD LIGHT", home), (994_129_981, "APPROACH BUOY", yard))
