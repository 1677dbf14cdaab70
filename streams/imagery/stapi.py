"""Bodies of requests of the Sensor Tasking API (STAPI 0.1.0, stapi-spec/stapi-spec) made from a cue.

| body | request |
|---|---|
| ``opportunities`` | ``POST /products/{productId}/opportunities``: what a provider could image |
| ``order`` | ``POST /products/{productId}/orders`` |

Both have the interval of time and the water. There is no ``filter``, because the properties that it may name differ by
product, and ``order_parameters`` are empty: the specification says that nothing else is valid unless the product
defines it. Which product it is, and with which credentials, is for the sender to know.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from detectors.core.units import MS
from streams.messages.cue import Cue, CuePass, Shape
from streams.messages.values import time_ms

MARGIN: Final = timedelta(seconds=60)
"""Before and after a pass. A satellite that has manoeuvred since the epoch of its elements is early or late, and a
provider plans with its own orbits: an interval of seconds would exclude the pass that is meant."""


class OpportunityRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a request for opportunities."""

    datetime: str
    """Begin and end, RFC 3339 UTC, with a solidus between."""
    geometry: Shape


class OrderRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The body of an order."""

    datetime: str
    geometry: Shape
    order_parameters: dict[str, str] = {}


def opportunities_of(cue: Cue, one: CuePass | None = None) -> OpportunityRequest | None:
    """What could be imaged at a pass of this cue, or at all of them; None if it is withdrawn."""
    if one is not None:
        return OpportunityRequest(datetime=_interval(one.begin, one.end), geometry=one.geometry)
    window = cue.properties.window
    if window is None or cue.geometry is None:
        return None
    return OpportunityRequest(datetime=_interval(window.begin, window.end), geometry=cue.geometry)


def order_of(one: CuePass) -> OrderRequest:
    """An order of the image of one pass."""
    return OrderRequest(datetime=_interval(one.begin, one.end), geometry=one.geometry)


def _interval(begin: str, end: str) -> str:
    first, last = (datetime.fromtimestamp(time_ms(text) / MS, UTC) for text in (begin, end))
    return f"{_text(first - MARGIN)}/{_text(last + MARGIN)}"


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
