"""The shipped table of ports, against the index that it was made from."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import pytest

from streams.reference.loading import included
from streams.reference.ports import load_ports, make_table, read_ports

INDEX = Path(__file__).parents[4] / "shared/data/ports/nga-world-port-index.csv.gz"


def test_the_table_holds_the_worlds_ports() -> None:
    ports = load_ports()
    assert len(ports) > 3500
    busan = next(port for port in ports if port.locode == "KRPUS")
    assert (busan.name, busan.country, busan.size) == ("Busan", "KR", 4)
    assert abs(busan.lat_deg - 35.1) < 0.1 and abs(busan.lon_deg - 129.05) < 0.1
    assert all(abs(port.lat_deg) <= 90 and abs(port.lon_deg) <= 180 and port.name for port in ports)


def test_the_table_is_small() -> None:
    assert len(included("ports.tsv")) < 200_000


def test_the_table_is_that_of_the_index() -> None:
    if not INDEX.exists():
        pytest.skip("../shared is missing: the World Port Index is not here")
    index = gzip.decompress(INDEX.read_bytes()).decode("utf-8-sig")
    assert make_table(index).encode() == included("ports.tsv")
    rows = list(csv.DictReader(io.StringIO(index)))
    by_hand = {(row["Main Port Name"].split(), round(float(row["Latitude"]) * 1000) / 1000).__repr__() for row in rows}
    assert {(port.name.split(), port.lat_deg).__repr__() for port in load_ports()} == by_hand


def test_a_line_of_something_else_is_an_error() -> None:
    with pytest.raises(ValueError, match="7 cells"):
        read_ports("a\tb\n")
