"""Where receiving stations are, as the setting ``ingest.stations`` gives it."""

from __future__ import annotations

from collections.abc import Iterable

from streams.errors import ConfigError

_LAT_MOST, _LON_MOST = 90.0, 180.0


def stations_of(given: Iterable[str]) -> dict[str, tuple[float, float]]:
    """Latitude and longitude in degrees by the station's name. Raises ConfigError."""
    found: dict[str, tuple[float, float]] = {}
    for text in given:
        name, at = _one(text)
        if name in found:
            raise ConfigError(f"ingest.stations: {name} is given twice; give each station once")
        found[name] = at
    return found


def _one(text: str) -> tuple[str, tuple[float, float]]:
    try:
        name, lat, lon = text.split()
        lat_deg, lon_deg = map(float, (lat, lon))
        if not (name.isascii() and abs(lat_deg) <= _LAT_MOST and abs(lon_deg) <= _LON_MOST):
            raise ValueError
    except ValueError:
        raise ConfigError(
            f"ingest.stations: {text!r}; write 'STATION LATITUDE LONGITUDE' in degrees, such as 'PIER 51.5 -1.25'"
        ) from None
    return name, (lat_deg, lon_deg)
