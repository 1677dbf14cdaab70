"""The world's ports, to name places: a small table, and the code that makes it.

``data/ports.tsv`` holds facts of the World Port Index (US National Geospatial-Intelligence Agency, public domain): a
port per line, ``latitude longitude locode country size name other-name``, positions in thousandths of a degree, size 1
(very small) to 4 (large). ``make_file("INDEX.csv.gz", "ports.tsv")`` makes it.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final

from detectors.core.reference import Port
from streams.reference.countries import country_code

_FILE: Final = "ports.tsv"
_THOUSAND: Final = 1000
_SIZES: Final = {"Very Small": 1, "Small": 2, "Medium": 3, "Large": 4}
_LOCODE: Final = re.compile(r"[A-Z]{2}[A-Z2-9]{3}")
_TABS: Final = re.compile(r"\s+")
_GZIP: Final = b"\x1f\x8b"
_COLUMNS: Final = 7


@cache
def load_ports() -> tuple[Port, ...]:
    """The included table, by name."""
    return read_ports(resources.files("streams.reference").joinpath("data", _FILE).read_text("utf-8"))


def read_ports(text: str) -> tuple[Port, ...]:
    """A table in the form above. Raises ValueError for another."""
    ports = []
    for line in text.splitlines():
        cells = line.split("\t")
        if len(cells) != _COLUMNS:
            raise ValueError(f"a port has {_COLUMNS} cells, not {len(cells)}: {line[:60]!r}")
        lat, lon, locode, country, size, name, other = cells
        ports.append(
            Port(
                name=name,
                lat_deg=int(lat) / _THOUSAND,
                lon_deg=int(lon) / _THOUSAND,
                locode=locode,
                country=country,
                size=int(size),
                aliases=(other,) if other else (),
            )
        )
    return tuple(ports)


def make_table(index: str) -> str:
    """The table from the World Port Index as CSV."""
    rows = []
    for row in csv.DictReader(io.StringIO(index)):
        locode = row["UN/LOCODE"].replace(" ", "").upper()
        other = _clean(row["Alternate Port Name"])
        rows.append(
            (
                _clean(row["Main Port Name"]),
                round(float(row["Latitude"]) * _THOUSAND),
                round(float(row["Longitude"]) * _THOUSAND),
                locode if _LOCODE.fullmatch(locode) else "",
                country_code(row["Country Code"]) or "",
                _SIZES.get(row["Harbor Size"], 1),
                other if other != _clean(row["Main Port Name"]) else "",
            )
        )
    return "".join(
        f"{lat}\t{lon}\t{code}\t{cc}\t{size}\t{name}\t{other}\n"
        for name, lat, lon, code, cc, size, other in sorted(set(rows))
    )


def _clean(cell: str) -> str:
    return _TABS.sub(" ", cell).strip()


def make_file(source: str, target: str) -> None:
    """Writes the table from an index file, packed or not."""
    content = Path(source).read_bytes()
    if content.startswith(_GZIP):
        content = gzip.decompress(content)
    Path(target).write_text(make_table(content.decode("utf-8-sig")), "utf-8")
