"""Requests of the Sensor Tasking API, read by the models of the specification."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from geojson_pydantic import MultiPolygon, Polygon
from stapi_pydantic import OpportunityPayload, OrderParameters, OrderPayload

from detectors.core.orbits.model import Pass
from streams.imagery.cues import cue_of
from streams.imagery.stapi import opportunities_of, order_of
from streams.messages.cue import Cue
from tests.streams.imagery.cue_alerts import alert_of, passes_over, whole_over


def cue_with(passes: list[Pass], **changes: Any) -> Cue:
    cue = cue_of(alert_of(passes, **changes))
    assert cue is not None
    return cue


def read_order(cue: Cue, at: int = 0) -> OrderPayload[OrderParameters]:
    body = msgspec.json.encode(order_of(cue.properties.passes[at]))
    return OrderPayload[OrderParameters].model_validate_json(body)


def test_an_order_is_of_the_water_and_of_the_time_of_its_pass() -> None:
    passes = passes_over(42.4, 131.5, 60.0)
    cue = cue_with(passes)
    order = read_order(cue, 1)
    begin, end = (datetime.fromisoformat(text) for text in (passes[1].begin, passes[1].end))
    assert order.datetime == (begin - timedelta(seconds=60), end + timedelta(seconds=60))
    stated = msgspec.to_builtins(cue.properties.passes[1].geometry)
    assert order.geometry == type(order.geometry).model_validate(stated)
    assert order.filter is None


def test_opportunities_are_asked_for_a_pass_or_for_all() -> None:
    passes = passes_over(42.4, 131.5, 60.0)
    cue = cue_with(passes)
    for one, first, last in ((None, passes[0], passes[-1]), (cue.properties.passes[1], passes[1], passes[1])):
        asked = opportunities_of(cue, one)
        read = OpportunityPayload.model_validate_json(msgspec.json.encode(asked))
        assert read.datetime[0] == datetime.fromisoformat(first.begin) - timedelta(seconds=60)
        assert read.datetime[1] == datetime.fromisoformat(last.end) + timedelta(seconds=60)
        assert isinstance(read.geometry, Polygon | MultiPolygon)


def test_what_is_cut_at_the_antimeridian_can_be_ordered() -> None:
    cue = cue_with(whole_over(52.0, 179.9, 60.0), lat_deg=52.0, lon_deg=179.9)
    assert isinstance(read_order(cue).geometry, MultiPolygon)


@pytest.mark.parametrize("status", ["closed", "retracted"])
def test_nothing_is_asked_when_the_cue_is_withdrawn(status: str) -> None:
    cue = cue_with(passes_over(42.4, 131.5, 60.0), status=status)
    assert opportunities_of(cue) is None and cue.properties.passes == ()


def test_times_with_an_offset_and_with_fractions_are_utc_in_the_request() -> None:
    (first, *_) = passes_over(42.4, 131.5, 60.0)
    other = msgspec.structs.replace(first, begin="2025-05-09T21:00:00.500+09:00", end="2025-05-09T12:00:30Z")
    order = read_order(cue_with([other]))
    assert order.datetime == (datetime(2025, 5, 9, 11, 59, 0, tzinfo=UTC), datetime(2025, 5, 9, 12, 1, 30, tzinfo=UTC))
