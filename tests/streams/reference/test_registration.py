"""What lists state of flags, de-registrations and owners: read where it is, left out where it is not understood."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.core.reference import FlagPeriod, ListedShip
from streams.reference import ftm_owners
from streams.reference.countries import country_code
from streams.reference.flag_text import Deregistration, dated_flag, dated_flags_in, deregistrations_in
from streams.reference.formats import ListFile, read_lists
from streams.reference.list_dates import date_of, is_after
from streams.reference.loading import read_watchlist_file
from streams.reference.watchlist import WatchlistFile, read_watchlist

from .published import EU, FTM, SDN, UK_CSV, UK_XML, UN


def read(content: bytes) -> WatchlistFile:
    (found,) = read_lists([ListFile("list", [content])])
    return found.watchlist


def own(text: str) -> WatchlistFile:
    return read_watchlist(text.encode(), "mine")


def period(flag: str, from_date: str | None = None, to_date: str | None = None) -> FlagPeriod:
    return FlagPeriod(flag=flag, from_date=from_date, to_date=to_date)


# -- words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "stated"),
    [
        ("Togo (until 5 October 2017)", period("TG", None, "2017-10-05")),
        ("Togo until 5 Oct. 2017", period("TG", None, "2017-10-05")),
        ("Togo until 5 Oct 2017", period("TG", None, "2017-10-05")),
        ("Sierra Leone, 2015-2017", period("SL", "2015", "2017")),
        ("Democratic People's Republic of Korea since October 2017", period("KP", "2017-10")),
        ("Panama: from 2015-03-01 to 2017-10", period("PA", "2015-03-01", "2017-10")),
        ("Panama 05/10/2017 - 03/11/2018", period("PA", "2017-10-05", "2018-11-03")),
        ("Guinea-Bissau till October 5, 2017", period("GW", None, "2017-10-05")),
        ("Comoros 2018 -", period("KM", "2018")),
        ("Togo (2017)", None),
        ("Togo", None),
        ("until 2017", None),
    ],
)
def test_a_flag_with_dates_is_read_as_lists_write_it(cell: str, stated: FlagPeriod | None) -> None:
    assert dated_flag(cell, []) == stated


@pytest.mark.parametrize(
    ("cell", "doubt"),
    [
        ("Atlantis until 2017", "'Atlantis' is not a known country"),
        ("Togo until 31 February 2017", "flag TG: '2017-02-31' is not a date (YYYY-MM-DD)"),
        ("Togo from 2018 until 2017-12", "flag TG from 2018 until 2017-12: the end is before the beginning"),
        ("Togo since 9999", "flag TG: 9999 is not a date of a register (1850 to 2099)"),
    ],
)
def test_what_cannot_be_used_is_a_doubt(cell: str, doubt: str) -> None:
    doubts: list[str] = []
    assert dated_flag(cell, doubts) is None
    assert doubts == [doubt]


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        ("De-registered by Togo on 5 October 2017.", [("TG", "2017-10-05")]),
        ("The vessel was deregistered on 5 Oct. 2017 by the Union of Comoros; seen later", [("KM", "2017-10-05")]),
        ("Togo has de-registered the vessel on 2017-10-05", [("TG", "2017-10-05")]),
        (
            "Sierra Leone deregistered it in October 2017. Togo deregistered it in 2019.",
            [("SL", "2017-10"), ("TG", "2019")],
        ),
        (
            "de-registered by Togo on 3 Jan 2016 and de-registered by Niue on 4 May 2018",
            [("TG", "2016-01-03"), ("NU", "2018-05-04")],
        ),
        ("Struck off the Panama registry on 4 May 2018", [(None, "2018-05-04")]),
        ("Deleted from the register of Panama, 4 May 2018", [("PA", "2018-05-04")]),
        ("Registration cancelled by PA", [("PA", None)]),
        ("De-registered in 2018", [(None, "2018")]),
        ("It was not de-registered by Togo in 2018", []),
        ("To be de-registered by Togo in 2018", []),
        ("De-registered", []),
        ("Removed from the list on 4 May 2018", []),
        ("Registered by Togo in 2018", []),
    ],
)
def test_a_de_registration_is_read_from_prose(text: str, stated: list[tuple[str | None, str | None]]) -> None:
    assert [tuple(each) for each in deregistrations_in(text, [])] == stated


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        (
            "Flag history: Togo (2015-2017), Comoros since October 2017.",
            [period("TG", "2015", "2017"), period("KM", "2017-10")],
        ),
        ("Formerly flagged by Togo until 5 October 2017", [period("TG", None, "2017-10-05")]),
        (
            "It flew the flag of Togo from 2015 to 2017 and Niue since 2018",
            [period("TG", "2015", "2017"), period("NU", "2018")],
        ),
        ("Owned by Togo Shipping from 2015 to 2017", []),
    ],
)
def test_dated_flags_are_read_from_prose_that_is_about_flags(text: str, stated: list[FlagPeriod]) -> None:
    assert list(dated_flags_in(text, [])) == stated


COUNTRIES = ("Togo", "Sierra Leone", "DPRK", "Guinea-Bissau", "Cote d'Ivoire")
DAYS = st.dates(date(1850, 1, 1), date(2099, 12, 31)).map(str)


@given(
    country=st.sampled_from(COUNTRIES),
    ends=st.tuples(DAYS, DAYS).map(sorted),
    form=st.sampled_from(["{} {}..{}", "{} ({} - {})", "{}, from {} to {}", "{}: {} until {}"]),
)
def test_every_form_of_a_period_is_the_period(country: str, ends: list[str], form: str) -> None:
    doubts: list[str] = []
    code = country_code(country)
    assert code
    assert dated_flag(form.format(country, *ends), doubts) == period(code, *ends)
    assert list(dated_flags_in("Flag history: " + form.format(country, *ends), doubts)) == [period(code, *ends)]
    assert doubts == []


WORDS = st.lists(
    st.sampled_from(
        [
            *("de-registered", "deregistered", "flag", "flagged", "by", "from", "of", "the", "Togo", "until", "since"),
            *("2017", "2017-13-45", "5", "Oct.", "31", "February", ",", ";", ".", "(", ")", "Niue", "IN", "in", "-"),
            *("struck", "off", "registry", "register", "cancelled", "not", "\u2013", "\n", "\ud800", "1:", "..", "to"),
        ]
    )
).map(" ".join)


@given(st.one_of(st.text(max_size=200), WORDS))
def test_no_text_raises_and_every_date_is_one(text: str) -> None:
    doubts: list[str] = []
    periods = [each for each in (dated_flag(text, doubts), *dated_flags_in(text, doubts)) if each]
    dates = [day for each in periods for day in (each.from_date, each.to_date) if day]
    ends = [*deregistrations_in(text, doubts)]
    assert all(date_of(day) == day for day in [*dates, *(end.on for end in ends if end.on)])
    assert all(each.from_date or each.to_date for each in periods)
    assert not any(each.from_date and each.to_date and is_after(each.from_date, each.to_date) for each in periods)
    assert Deregistration(None, None) not in ends


@pytest.mark.parametrize("junk", ["flag ", "Togo, ", "from ", "de-registered by ", "( ", "2017-", "a", " ", "by the "])
def test_long_prose_takes_no_long(junk: str) -> None:
    began = time.process_time()
    text = "flag " + junk * 40_000
    list(dated_flags_in(text, []))
    list(deregistrations_in(text, []))
    dated_flag(text[:500], [])
    assert time.process_time() - began < 2


# -- lists -----------------------------------------------------------------------------------------------------------


def test_ofacs_remarks_have_flags_year_of_build_and_links() -> None:
    remarks = (
        b"Vessel Year of Build 1996; Vessel Flag Togo; Other Vessel Flag Niue; "
        b"Former Vessel Flag Malta (until 3 Mar 2015); De-registered by Togo on 5 Oct 2017; "
        b"Linked To: A CO; Linked To: B CO; "
    )
    angara = read(
        SDN.replace(b'"Russia"', b"-0- ", 1).replace(b"Vessel Registration", remarks + b"Vessel Registration", 1)
    ).ships[0]
    assert (angara.flag, angara.former_flags, angara.built) == ("TG", ("NU", "MT"), 1996)
    assert angara.flag_history == (period("MT", None, "2015-03-03"),)
    assert (angara.deregistered_by, angara.deregistered_on) == ("TG", "2017-10-05")
    assert (angara.linked_to, angara.owner) == (("A CO", "B CO", "M LEASING LLC"), "A CO; B CO; M LEASING LLC")
    assert angara.mmsi == 273999001


def test_the_un_list_of_vessels_states_flags_and_de_registrations_in_its_remarks() -> None:
    heading = b"#,vessel_name,imo_number,flag,other_information,designated_owner\n"
    (ship,) = read(
        heading + b"1,EXAMPLE STAR,9074729,1: Niue 2: Togo (until 5 October 2017),"
        b'"1: Deregistered by Togo on 5 October 2017. 2: De-registered by Niue on 3 Jan. 2019.",1: A CO 2: B CO\n'
    ).ships
    assert (ship.flag, ship.former_flags) == ("NU", ("TG",))
    assert ship.flag_history == (period("TG", None, "2017-10-05"),)
    assert (ship.deregistered_by, ship.deregistered_on) == ("NU", "2019-01-03")
    assert ship.linked_to == ("A CO", "B CO")


def test_an_earlier_de_registration_is_the_end_of_a_flag() -> None:
    heading = b"#,vessel_name,imo_number,remarks\n"
    (ship,) = read(
        heading + b'1,STAR,9074729,"De-registered by Togo on 5 October 2017; de-registered by Niue in 2019"\n'
    ).ships
    assert (ship.deregistered_by, ship.deregistered_on) == ("NU", "2019")
    assert ship.flag_history == (period("TG", None, "2017-10-05"),)


def test_a_ship_of_the_consolidated_list_has_the_flags_of_its_comments() -> None:
    said = b"Flagged Togo until 5 October 2017. MMSI 445000001."
    (ship,) = read(UN.replace(b"MMSI 445000001.", said)).ships
    assert (ship.flag, ship.former_flags) == (None, ("TG",))
    assert ship.flag_history == (period("TG", None, "2017-10-05"),)
    assert not read(UN.replace(b"MMSI 445000001.", said)).doubts


@pytest.mark.parametrize("content", [UK_CSV, UK_XML])
def test_the_uk_list_numbers_previous_flags_that_have_years(content: bytes) -> None:
    dated = content.replace(b"(1) Malta (2) Panama", b"(1) Malta (2015-2017) (2) Panama until 2015")
    dated = dated.replace(
        b"<PreviousFlag>Malta</PreviousFlag>",
        b"<PreviousFlag>Malta (2015-2017)</PreviousFlag><PreviousFlag>Panama until 2015</PreviousFlag>",
    )
    (ship,) = read(dated).ships
    assert (ship.flag, ship.former_flags, ship.linked_to) == ("RU", ("MT", "PA"), ("M LEASING LLC",))
    assert ship.flag_history == (period("MT", "2015", "2017"), period("PA", None, "2015"))


def test_the_eu_list_may_have_flag_and_owner() -> None:
    lines = [*EU.splitlines()[:2]]
    (ship,) = read(lines[0] + b";Flag;Previous flags;Owner\n" + lines[1] + b";Togo;Malta until 2015-01-01;A CO\n").ships
    assert (ship.flag, ship.former_flags, ship.linked_to) == ("TG", ("MT",), ("A CO",))


def ftm(*lines: bytes) -> WatchlistFile:
    return read(b"\n".join(lines) + b"\n")


VESSEL = b'{"id":"V%d","caption":"SHIP %d","schema":"Vessel","properties":{"mmsi":["20100000%d"]%s}}'
COMPANY = b'{"id":"%s","caption":"%s","schema":"Company","properties":{}}'
OWNERSHIP = b'{"id":"o","schema":"Ownership","properties":{"asset":["V%d"],"owner":["%s"]%s}}'


def test_followthemoney_names_owners_in_lines_of_any_order() -> None:
    found = ftm(
        COMPANY % (b"C1", b"FIRST CO"),
        OWNERSHIP % (2, b"C2", b""),
        VESSEL % (1, 1, 1, b',"owner":["C1"]'),
        VESSEL % (2, 2, 2, b',"owner":[{"id":"C9","caption":"NESTED CO"}],"buildDate":["1996-05"]'),
        OWNERSHIP % (1, b"C2", b""),
        OWNERSHIP % (1, b"C3", b',"endDate":["2020"]'),
        VESSEL % (3, 3, 3, b',"owner":["C404"],"deregistrationDate":["2017-10","2015"],"pastFlags":["tg"]'),
        COMPANY % (b"C2", b"SECOND CO"),
    )
    assert [ship.linked_to for ship in found.ships] == [
        ("FIRST CO", "SECOND CO"),
        ("SECOND CO", "NESTED CO"),
        ("C404",),
    ]
    assert (found.ships[0].owner, found.ships[1].built) == ("FIRST CO; SECOND CO", 1996)
    third = found.ships[2]
    assert (third.deregistered_on, third.deregistered_by, third.former_flags) == ("2017-10", None, ("TG",))
    assert read(FTM).ships[0].linked_to == ("M LEASING LLC",)


def test_names_of_owners_are_kept_in_bounded_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ftm_owners, "KEPT_MOST", 1)
    found = ftm(
        COMPANY % (b"C0", b"OTHER CO"),
        COMPANY % (b"C1", b"LEFT OUT CO"),
        VESSEL % (1, 1, 1, b',"owner":["C1","C2"]'),
        COMPANY % (b"C2", b"NAMED CO"),
    )
    assert found.ships[0].linked_to == ("C1", "NAMED CO")
    assert [each.reason[:32] for each in found.doubts] == ["1 names of companies or ownershi"]


def test_real_ships_of_one_company_are_linked_to_it(real_lists: Path) -> None:
    ships = read_watchlist_file(real_lists / "ofac-sdn-2019.csv.gz").ships
    linked = [ship for ship in ships if "NATIONAL IRANIAN TANKER COMPANY" in ship.linked_to]
    assert len(linked) == 71
    assert {ship.owner for ship in linked} == {"NATIONAL IRANIAN TANKER COMPANY", "NITC"}, "a column of its own"
    (modern, *_) = (
        ship for ship in read_watchlist_file(real_lists / "ofac-sdn-modern-sample.csv").ships if ship.name == "TASCA"
    )
    assert modern.linked_to == ("BRECALIN HONG KONG CO LTD",)


# -- our own ---------------------------------------------------------------------------------------------------------

HEAD = "name;imo;flag;former_flags;flag_history;deregistered_on;deregistered_by;linked_to;built\n"


def test_our_own_list_states_a_registration_in_csv_and_toml() -> None:
    (of_csv,) = own(
        HEAD + 'STAR;9074729;;MT;"TG 2015-03..2017-10-05;NU 2018..;PA";2019-01-03;NU;"A CO; B CO";1996\n'
    ).ships
    (of_toml,) = own(
        "[[ship]]\nname='STAR'\nimo=9074729\nformer_flags='MT'\nbuilt=1996\nlinked_to=['A CO','B CO']\n"
        "deregistered_on=2019-01-03\nderegistered_by='NU'\n"
        "flag_history=[{flag='TG',from='2015-03',to=2017-10-05},'NU 2018..','PA']\n"
    ).ships
    assert of_csv == of_toml
    assert (of_csv.flag, of_csv.former_flags) == (None, ("MT", "TG", "NU", "PA"))
    assert of_csv.flag_history == (period("TG", "2015-03", "2017-10-05"), period("NU", "2018"))
    assert (of_csv.deregistered_on, of_csv.deregistered_by) == ("2019-01-03", "NU")
    assert (of_csv.linked_to, of_csv.built) == (("A CO", "B CO"), 1996)


def test_a_flag_without_an_end_is_the_present_flag_if_the_list_gives_no_other() -> None:
    assert own("name,imo,flag_history\nSTAR,9074729,KP 2017-10..\n").ships[0].flag == "KP"
    assert own("name,imo,flag,flag_history\nSTAR,9074729,TG,KP 2017-10..\n").ships[0].flag == "TG"
    assert own("name,imo,flag_history\nSTAR,9074729,KP ..2017-10\n").ships[0].flag is None


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("flag_history", "TG 2017", "'TG 2017' is not a flag with dates (such as TG 2015-03..2017-10-05)"),
        ("flag_history", "Togo 2017..", "'Togo' is not a country code (two letters, such as RU)"),
        ("flag_history", "TG 2018..2017", "flag TG from 2018 until 2017: the end is before the beginning"),
        ("flag_history", "TG 5.10.2017..", "'5.10.2017' is not a date (YYYY-MM-DD)"),
        ("flag_history", ";".join(["TG"] * 33), "a flag history of 33 flags (at most 32)"),
        ("deregistered_on", "2017-13", "'2017-13' is not a date (YYYY-MM-DD)"),
        ("deregistered_on", "1017-10", "1017-10 is not a date of a register (1850 to 2099)"),
        ("deregistered_by", "Togo", "'Togo' is not a country code (two letters, such as RU)"),
        ("built", "96", "'96' is not a year (1850 to 2099)"),
    ],
)
def test_a_cell_of_our_own_list_that_cannot_be_used_rejects_its_row(column: str, cell: str, reason: str) -> None:
    found = own(f'name,imo,{column}\nSTAR,9074729,"{cell}"\nMOON,9179842,\n')
    assert [ship.name for ship in found.ships] == ["MOON"]
    assert [(each.line, each.reason) for each in found.refused] == [(2, reason)]


def test_an_unknown_key_of_a_flag_history_in_toml_rejects_its_ship() -> None:
    found = own("[[ship]]\nname='A'\nimo=9179842\nflag_history=[{flag='TG',until='2017'}]\n")
    assert not found.ships
    assert "unknown key" in found.refused[0].reason


@given(
    st.lists(st.tuples(st.sampled_from(["TG", "KP", "NU"]), st.tuples(DAYS, DAYS).map(sorted)), max_size=8),
    st.sampled_from([4, 7, 10]),
)
def test_a_flag_history_is_read_back(flags: list[tuple[str, list[str]]], letters: int) -> None:
    cell = "; ".join(f"{flag} {first[:letters]}..{last[:letters]}" for flag, (first, last) in flags)
    (ship,) = own(f"name,imo,flag_history\nSTAR,9074729,{cell}\n").ships
    expected = [period(flag, first[:letters], last[:letters]) for flag, (first, last) in flags]
    assert ship.flag_history == tuple(dict.fromkeys(expected))
    assert isinstance(ship, ListedShip)
