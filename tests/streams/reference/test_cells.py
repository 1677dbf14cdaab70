"""Single cells of lists: what is kept, what is refused."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.core.imo_number import check_digit
from streams.reference import list_cells
from streams.reference.list_cells import Refusal


@pytest.mark.parametrize("written", ["9179842", "IMO 9179842", "imo9179842", " IMO: 9179842 "])
def test_an_imo_number_is_read_as_people_write_it(written: str) -> None:
    assert list_cells.imo_number(written) == 9179842


@pytest.mark.parametrize("written", ["9179843", "917984", "91798420", "1799842 x", "Does not exist", "٩١٧٩٨٤٢"])
def test_a_wrong_imo_number_is_refused(written: str) -> None:
    with pytest.raises(Refusal):
        list_cells.imo_number(written)


@pytest.mark.parametrize("imo", [9179842, 9161003, 9358010, 8517839, 9124043, 9339301])
def test_real_imo_numbers_pass_the_check_digit(imo: int) -> None:
    assert check_digit(imo) == imo % 10


@pytest.mark.parametrize("nothing", ["", "  ", "-0- ", "-", "N/A", "null", "\u200b"])
def test_an_empty_cell_is_unknown(nothing: str) -> None:
    assert list_cells.text(nothing) is None
    assert list_cells.imo_number(nothing) is None


def test_marks_that_turn_or_hide_text_are_taken_out() -> None:
    assert list_cells.text("AN\u202eGA\u200bRA\x1b[31m\tII") == "ANGARA[31m II"
    assert list_cells.text("<SCRIPT SRC=//X.CO>") == "SCRIPT SRC=//X.CO"


@pytest.mark.parametrize("formula", ["=CMD()", "+1+1", "-2+3", "@SUM(A1)", "\t=CMD()", "\u200b=CMD()", "<=1"])
def test_a_formula_is_refused(formula: str) -> None:
    with pytest.raises(Refusal, match="formula"):
        list_cells.text(formula)


def test_a_huge_cell_is_refused() -> None:
    with pytest.raises(Refusal, match="characters"):
        list_cells.text("A" * 1_000_000)


@pytest.mark.parametrize("written", ["8.5.2022", "05/08/2022", "2022-13-01", "20220508", "2022-W18-7"])
def test_a_date_in_another_order_is_refused_not_guessed(written: str) -> None:
    with pytest.raises(Refusal):
        list_cells.day(written)


@pytest.mark.parametrize("written", ["12345678", "000000000", "999999999", "1111111111", "27 3999001"])
def test_what_is_no_ships_mmsi_is_refused(written: str) -> None:
    with pytest.raises(Refusal):
        list_cells.mmsi_number(written)


@pytest.mark.parametrize("written", ["nan", "inf", "1e400", "-5", "0", "12000", "long"])
def test_what_is_no_length_is_refused(written: str) -> None:
    with pytest.raises(Refusal):
        list_cells.length(written)


@given(st.text())
def test_any_text_is_clean_or_refused(cell: str) -> None:
    try:
        clean = list_cells.text(cell)
    except Refusal:
        return
    if clean is not None:
        assert not any(unicodedata.category(c)[0] == "C" or c in "<>" for c in clean)
        assert clean == list_cells.text(clean)
