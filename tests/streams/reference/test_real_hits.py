"""A real recording against OFAC's real list: every hit verifies by hand, none is missing."""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections import defaultdict
from pathlib import Path

import pyais
import pytest

from detectors.core.engine.alert_writer import Emitted
from streams.ingest.core import SourceKind
from streams.pipeline.replay import InProcessPipeline, ReplayPlan, play
from streams.reference import load_reference
from streams.settings.model import ReferenceSettings, Settings

DATA = Path(__file__).parents[4] / "shared/data"
RECORDINGS = [
    ("global-sample-85k.nmea.gz", 2),
    ("dma-stream-example.txt.gz", 0),
    ("kystverket-1000.nm4", 0),
    ("exactearth-tagblock.txt", 0),
    ("ait250.log", 0),
    ("gpsd-sample.aivdm", 0),
]
"""Recordings that hold static reports, and how many listed ships."""
LIST = DATA / "watchlists/ofac-sdn-2019.csv.gz"


def stated_imos(content: bytes) -> dict[int, set[int]]:
    """The IMO numbers of each MMSI's type 5 reports, by pyais alone."""
    stated: dict[int, set[int]] = defaultdict(set)
    parts: dict[tuple[str, str], list[bytes]] = {}
    for line in content.splitlines():
        cells = line.decode("ascii", "replace").split(",")
        if len(cells) < 7 or cells[1] != "2":
            continue
        key = (cells[3], cells[4])
        if cells[2] == "1" and cells[5].startswith("5"):
            parts[key] = [line]
        elif cells[2] == "2" and key in parts:
            try:
                message = pyais.decode(*parts.pop(key), line, error_if_checksum_invalid=True)
            except pyais.exceptions.AISBaseException:
                continue
            stated[message.mmsi].add(int(getattr(message, "imo", 0)))
    return stated


def listed_imos(content: bytes) -> set[int]:
    rows = csv.reader(io.StringIO(content.decode()))
    return {int(imo) for row in rows if row[2] == "vessel" for imo in re.findall(r"IMO (\d{7})\b", row[11])}


def bare(content: bytes) -> bytes:
    """The sentences, without what stands before them."""
    return b"\n".join(found[0] for line in content.splitlines() if (found := re.search(rb"!..VD[MO],.*", line)))


@pytest.mark.parametrize(("name", "count"), RECORDINGS)
def test_hits_by_imo_number_are_those_of_a_hand_rule(name: str, count: int) -> None:
    if not ((DATA / "nmea" / name).exists() and LIST.exists()):
        pytest.skip("../shared is missing: no recording and no real list here")
    content = (DATA / "nmea" / name).read_bytes()
    content = gzip.decompress(content) if name.endswith(".gz") else content
    listed = listed_imos(gzip.decompress(LIST.read_bytes()))
    stated = stated_imos(bare(content))
    by_hand = {(mmsi, imo) for mmsi, imos in stated.items() for imo in imos & listed}
    settings = Settings(reference=ReferenceSettings(watchlists=(str(LIST),)))
    pipeline = InProcessPipeline(settings, load_reference(settings.reference), 1)
    plan = ReplayPlan(source="sample", source_kind=SourceKind(replayed=True))
    alerts = [i.alert for i in play([io.BytesIO(content)], plan, pipeline, settings) if isinstance(i, Emitted)]
    hits = [a for a in alerts if a.detector == "watchlist" and "imo" in a.details["matched_on"]]
    assert {(a.mmsi, a.vessel.imo) for a in hits if a.vessel} == by_hand
    assert len(by_hand) == count and stated
