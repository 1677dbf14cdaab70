"""Lists as attack: what stands in a name, in any format, is cleaned or refused with a reason; the next counts."""

from __future__ import annotations

import csv
import gzip
import io
import json
import unicodedata
from collections.abc import Callable
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from streams.errors import ConfigError
from streams.reference import loading
from streams.reference.formats import ListFile, read_lists
from streams.reference.loading import read_watchlist_file
from streams.reference.watchlist import WatchlistFile
from streams.reference.zones import read_zones

IMO, NEXT_IMO = "9179842", "9161003"
NEXT = "LADY R"


def table(*rows: list[str], head: str = "", delimiter: str = ",") -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    return (head + out.getvalue()).encode("utf-8", "surrogatepass")


def sdn(name: str, imo: str) -> list[str]:
    return [imo, name, "vessel", "X", *["-0- "] * 7, f"Vessel Registration Identification IMO {imo}."]


def uk(name: str, imo: str) -> list[str]:
    return [f"RUS{imo}", name, "Primary Name", "Russia", "Ship", "24/02/2024", imo]


def un(name: str, imo: str) -> str:
    return (
        f"<ENTITY><FIRST_NAME>{escape(name)}</FIRST_NAME><REFERENCE_NUMBER>KPe.{imo}</REFERENCE_NUMBER>"
        f"<COMMENTS1>Ship listed for transfers. IMO Number: {imo}. MMSI 445{imo[:6]}.</COMMENTS1></ENTITY>"
    )


def uk_ship(name: str, imo: str) -> str:
    return (
        f"<Designation><UniqueID>RUS{imo}</UniqueID><Names><Name><Name6>{escape(name)}</Name6>"
        "<NameType>Primary Name</NameType></Name></Names><IndividualEntityShip>Ship</IndividualEntityShip>"
        f"<ShipDetails><Ship><IMONumbers><IMONumber>{imo}</IMONumber></IMONumbers></Ship></ShipDetails></Designation>"
    )


def ftm(name: str, imo: str) -> str:
    vessel = {"name": [name], "imoNumber": [imo], "topics": ["sanction"]}
    return json.dumps({"id": imo, "caption": name, "schema": "Vessel", "datasets": ["x"], "properties": vessel})


UK_HEAD = (
    "Report Date: 11-Sep-2026\nUnique ID,Name 6,Name type,Regime Name,Designation Type,Date Designated,IMO number\n"
)
MAKERS: dict[str, Callable[[str], bytes]] = {
    "own csv": lambda name: table(["name", "imo"], [name, IMO], [NEXT, NEXT_IMO]),
    "own toml": lambda name: (
        f"[[ship]]\nname = {json.dumps(name)}\nimo = {IMO}\n[[ship]]\nname = '{NEXT}'\nimo = {NEXT_IMO}\n"
    ).encode(),
    "ofac": lambda name: table(sdn(NEXT, NEXT_IMO), sdn(name, IMO)),
    "eu": lambda name: table(
        ["1", name, IMO, "24.6.2024"],
        ["2", NEXT, NEXT_IMO, "24.6.2024"],
        head="No;Vessel name;IMO number;Date of application\n",
        delimiter=";",
    ),
    "uk csv": lambda name: table(uk(name, IMO), uk(NEXT, NEXT_IMO), head=UK_HEAD),
    "maritime": lambda name: table(
        ["VESSEL", name, f"IMO{IMO}", "sanction", "x"],
        ["VESSEL", NEXT, f"IMO{NEXT_IMO}", "sanction", "x"],
        head="type,caption,imo,risk,datasets\n",
    ),
    "un": lambda name: (
        f"<CONSOLIDATED_LIST><ENTITIES>{un(NEXT, NEXT_IMO)}{un(name, IMO)}</ENTITIES></CONSOLIDATED_LIST>"
    ).encode("utf-8", "surrogatepass"),
    "uk xml": lambda name: f"<Designations>{uk_ship(NEXT, NEXT_IMO)}{uk_ship(name, IMO)}</Designations>".encode(
        "utf-8", "surrogatepass"
    ),
    "ftm": lambda name: f"{ftm(NEXT, NEXT_IMO)}\n{ftm(name, IMO)}\n".encode(),
}
ATTACKS = [
    ("=cmd|'/C calc'!A1", None),
    ("+1+1", None),
    ("-2+3", None),
    ("@SUM(A1:A9)", None),
    ("\uff1dCMD()", None),
    ("\u200b=CMD()", None),
    ("\t=CMD()", None),
    ("\u202eARAGNA\u202c", "ARAGNA"),
    ("AN\u200bGA\u2066RA\ufeff", "ANGARA"),
    ("AN\x07GA\x1b[31mRA", "ANGA[31mRA"),
    ("ANGARA\r\nEVIL", "ANGARA EVIL"),
    ("<script src=//x.io>", "script src=//x.io"),
    ("ANGA\ue000RA", "ANGARA"),
    ("A" * 501, None),
    ("A" * 2_000_000, None),
    ("\u200b\u2060", None),
    ("\ud800", None),
]


def read(content: bytes) -> WatchlistFile:
    (found,) = read_lists([ListFile("attack", [content])])
    return found.watchlist


@pytest.mark.parametrize("kind", MAKERS)
def test_what_stands_in_a_name_is_cleaned_or_refused_with_a_reason(kind: str) -> None:
    plain = read(MAKERS[kind]("ANGARA"))
    assert {ship.name for ship in plain.ships} == {"ANGARA", NEXT} and not plain.refused
    for attack, clean in ATTACKS:
        found = read(MAKERS[kind](attack))
        names = {ship.name for ship in found.ships}
        broken = kind in {"own toml", "un", "uk xml"} and attack != unicodedata.normalize("NFC", attack).strip("\ud800")
        if broken or ("\x07" in attack and kind in {"un", "uk xml"}):
            assert names <= {NEXT} and found.refused, "the file is no XML or TOML at all"
        elif clean is None:
            assert (names, bool(found.refused)) == ({NEXT}, True), (attack[:20], found)
        else:
            assert names == {clean, NEXT}, attack
        assert all(each.reason and len(each.reason) < 300 and each.reason.isprintable() for each in found.refused)


def test_a_zone_s_name_is_no_better() -> None:
    for attack, clean in ATTACKS:
        where = {"type": "Point", "coordinates": [130.3, 42.2]}
        properties = {"name": attack, "kind": "sanctioned", "radius_nm": 5}
        feature = {"type": "Feature", "geometry": where, "properties": properties}
        found = read_zones(json.dumps({"type": "FeatureCollection", "features": [feature]}).encode())
        assert [zone.name for zone in found.zones] == ([] if clean is None else [clean])
        assert bool(found.refused) == (clean is None)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32", "cp1251", "cp037", "shift_jis"])
@pytest.mark.parametrize("kind", ["own csv", "ofac", "eu", "ftm", "un"])
def test_a_wrong_encoding_gives_no_wrong_name(kind: str, encoding: str) -> None:
    content = MAKERS[kind]("АНГАРА").decode().encode(encoding, "replace")
    found = read(content)
    assert {ship.name for ship in found.ships} <= {"АНГАРА", NEXT, "??????"}
    assert found.refused or len(found.ships) == 2


def test_a_bomb_of_gzip_is_refused_in_the_memory_of_a_chunk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "_LARGEST_UNPACKED_BYTES", 4 << 20)
    bomb = tmp_path / "bomb.csv.gz"
    bomb.write_bytes(gzip.compress(b"name,imo\n" + bytes(16 << 20)))
    assert bomb.stat().st_size < 20_000
    with pytest.raises(ConfigError, match="unpacks to more than"):
        read_watchlist_file(bomb)
    bomb.write_bytes(gzip.compress(b"name,imo\nX,9179842\n")[:-9])
    with pytest.raises(ConfigError, match="cut off"):
        read_watchlist_file(bomb)
