"""The order of a Parquet file is seen by its times alone, as it would be by all of its text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from streams.files.recordings import all_recordings
from streams.ingest.line_times import OrderRules
from streams.ingest.time_order import Survey, in_time_order, surveyed

pl = pytest.importorskip("polars")
FIRST: Final = datetime(2024, 3, 10, 6, tzinfo=UTC)
TIMES: Final = [FIRST + timedelta(seconds=20 * number) for number in range(300)]
FORMS: Final[dict[str, list[Any]]] = {
    "text": [f"{time:%Y-%m-%dT%H:%M:%S}" for time in TIMES],
    "days first": [f"{time:%d/%m/%Y %H:%M:%S}" for time in TIMES],
    "moments with a zone": TIMES,
    "moments without one": [time.replace(tzinfo=None) for time in TIMES],
    "seconds": [int(time.timestamp()) for time in TIMES],
    "milliseconds": [int(time.timestamp()) * 1000 for time in TIMES],
    "decimals": [time.timestamp() for time in TIMES],
    "some empty": [None if number % 7 == 3 else str(time) for number, time in enumerate(TIMES)],
    "some unreadable": ["soon" if number % 7 == 3 else str(time) for number, time in enumerate(TIMES)],
}


def written(path: Path, times: Sequence[Any], *, more: bool = False) -> Path:
    """``more``: as the Danish Maritime Authority has it, with the day first."""
    frame = pl.DataFrame({"# Timestamp" if more else "time": times})
    frame = frame.with_columns(MMSI=pl.lit(257_111_000), lat=pl.lit(60.5), lon=pl.lit(5))
    if more:
        more_columns = {"Type of mobile": pl.lit("Class A"), "Navigational status": pl.lit("moored")}
        frame = frame.with_columns(**more_columns)
    frame.write_parquet(path)
    return path


def both(path: Path) -> tuple[Survey, Survey]:
    (alone,) = (surveyed(one, OrderRules(), lambda: False) for one in all_recordings([path]))
    (whole,) = (surveyed(one._replace(parquet=None), OrderRules(), lambda: False) for one in all_recordings([path]))
    return alone, whole


def played(*paths: Path) -> tuple[list[str], str]:
    """The times as they are played, and what is said."""
    said: list[str] = []
    texts = [recording.file.read().decode() for recording in in_time_order(paths, OrderRules(), said.append)]
    return [line.split(",")[0] for text in texts for line in text.splitlines()[1:]], " ".join(said)


@pytest.mark.parametrize("form", FORMS)
def test_times_alone_show_what_the_whole_text_shows(form: str, tmp_path: Path) -> None:
    alone, whole = both(written(tmp_path / "day", FORMS[form], more=form == "days first"))
    seen = [(each.timed, each.first_ms, each.least_ms, each.top_ms, each.late) for each in (alone, whole)]
    assert seen[0] == seen[1]
    assert seen[0][0] == (257 if form.startswith("some") else 300)
    assert (alone.size == 0) == (form != "decimals")


def test_one_that_is_not_in_order_is_read_whole_and_sorted(tmp_path: Path) -> None:
    path = written(tmp_path / "day", FORMS["text"][::-1])
    assert both(path)[0].size
    times, said = played(path)
    assert times == FORMS["text"]
    assert "(298 of 300 lines are late)" in said


def test_overlapping_ones_that_are_each_in_order_are_merged(tmp_path: Path) -> None:
    paths = [written(tmp_path / str(begin), FORMS["text"][begin::2]) for begin in (0, 1)]
    times, said = played(*paths)
    assert times == FORMS["text"]
    assert "(0 of 300 lines are late)" in said
