"""Invented tables of positions, in the columns of DMA and of NOAA, for ``bench tables``. Needs polars."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import polars as pl

START: Final = "2024-03-04"
FIRST_MMSI: Final = 219_000_001
_RATE_HZ: Final = 127.0
"""Reports per second of the Danish feed."""
_AT_REST, _CLASS_B, _SILENT = 0.4, 0.2, 0.05
_DAY_NM: Final = 60.0


def invented(rows: int, ships: int = 3000, rate_hz: float = _RATE_HZ, seed: int = 1) -> pl.DataFrame:
    """``rows`` reports of ``ships`` ships in time order; the same arguments give the same rows.

    Ships sail straight lines forth and back. One in twenty is silent in the middle third of the time.
    """
    draw = np.random.default_rng(seed)
    span_s = rows / rate_hz
    sog_kn = np.where(draw.random(ships) < _AT_REST, 0.0, draw.uniform(3, 18, ships)).round(1)
    cog_deg = draw.uniform(0, 360, ships)
    lat_deg, lon_deg = draw.uniform(54, 58, ships), draw.uniform(8, 14, ships)
    silent, class_b = draw.random(ships) < _SILENT, draw.random(ships) < _CLASS_B
    weights = np.where(sog_kn > 0, 3.0, 1.0)
    time_s, ship = np.sort(draw.uniform(0, span_s, rows)), draw.choice(ships, rows, p=weights / weights.sum())
    heard = np.flatnonzero(~silent)
    hidden = silent[ship] & (np.abs(time_s / span_s - 0.5) < 1 / 6)
    ship[hidden] = draw.choice(heard, np.count_nonzero(hidden))
    way_deg = np.abs((sog_kn[ship] * time_s / 3600 / _DAY_NM + 0.5) % 1 - 0.5)
    angle = np.radians(cog_deg[ship])
    return pl.DataFrame(
        {
            "time": np.datetime64(START, "ms") + time_s.astype(np.int64) * np.timedelta64(1000, "ms"),
            "mmsi": FIRST_MMSI + ship,
            "lat": (lat_deg[ship] + way_deg * np.cos(angle)).round(6),
            "lon": (lon_deg[ship] + way_deg * np.sin(angle) * 1.8).round(6),
            "sog": (sog_kn[ship] + np.where(sog_kn[ship] > 0, draw.integers(-3, 4, rows) / 10, 0)).round(1),
            "cog": cog_deg[ship].round(1),
            "ship": ship,
            "class_b": class_b[ship],
        }
    )


def as_dma(rows: pl.DataFrame) -> pl.DataFrame:
    """The columns of the Danish Maritime Authority, all 26."""
    ship, text = pl.col("ship"), pl.format
    b = pl.col("class_b")
    return rows.select(
        pl.col("time").dt.strftime("%d/%m/%Y %H:%M:%S").alias("# Timestamp"),
        pl.when(b).then(pl.lit("Class B")).otherwise(pl.lit("Class A")).alias("Type of mobile"),
        pl.col("mmsi").alias("MMSI"),
        pl.col("lat").alias("Latitude"),
        pl.col("lon").alias("Longitude"),
        _status("Under way using engine", "Moored").alias("Navigational status"),
        pl.lit(0.0).alias("ROT"),
        pl.col("sog").alias("SOG"),
        pl.col("cog").alias("COG"),
        pl.col("cog").cast(pl.Int64).alias("Heading"),
        pl.when(b).then(pl.lit("Unknown")).otherwise(text("{}", 9_000_000 + ship)).alias("IMO"),
        text("OX{}", ship).alias("Callsign"),
        text("VESSEL {}", ship).alias("Name"),
        pl.when(b).then(pl.lit("Pleasure")).otherwise(pl.lit("Cargo")).alias("Ship type"),
        pl.lit("No additional information").alias("Cargo type"),
        (15 + ship % 20).alias("Width"),
        (80 + ship % 200).alias("Length"),
        pl.lit("GPS").alias("Type of position fixing device"),
        (3 + ship % 90 / 10).round(1).alias("Draught"),
        text("AARHUS {}", ship % 50).alias("Destination"),
        pl.lit("04/03/2024 12:00:00").alias("ETA"),
        pl.lit("AIS").alias("Data source type"),
        *(((5 + ship % (40 + size)).alias(name)) for name, size in zip("ABCD", (80, 40, 2, 4), strict=True)),
    )


def as_noaa(rows: pl.DataFrame) -> pl.DataFrame:
    """The columns of NOAA from 2024 on: longitude before latitude."""
    ship, text = pl.col("ship"), pl.format
    return rows.select(
        "mmsi",
        pl.col("time").dt.strftime("%Y-%m-%d %H:%M:%S").alias("base_date_time"),
        pl.col("lon").round(5).alias("longitude"),
        pl.col("lat").round(5).alias("latitude"),
        "sog",
        "cog",
        pl.col("cog").cast(pl.Int64).alias("heading"),
        text("VESSEL {}", ship).alias("vessel_name"),
        text("IMO{}", 9_000_000 + ship).alias("imo"),
        text("OX{}", ship).alias("call_sign"),
        pl.lit(70).alias("vessel_type"),
        _status(0, 5).alias("status"),
        (80 + ship % 200).alias("length"),
        (15 + ship % 20).alias("width"),
        (3 + ship % 90 / 10).round(1).alias("draft"),
        pl.lit(70).alias("cargo"),
        pl.when("class_b").then(pl.lit("B")).otherwise(pl.lit("A")).alias("transceiver"),
    )


def _status(moving: object, resting: object) -> pl.Expr:
    return pl.when(pl.col("sog") > 0).then(pl.lit(moving)).otherwise(pl.lit(resting))


FORMS: Final[dict[str, Callable[[pl.DataFrame], pl.DataFrame]]] = {"DMA": as_dma, "NOAA": as_noaa}
