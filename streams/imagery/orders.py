"""An order in one of the forms in which it can be sent: for the command line and for the console."""

from __future__ import annotations

from typing import Final, Literal, get_args

import msgspec

from detectors.core.alert import Alert
from streams.errors import ConfigError, WakewatchError
from streams.imagery.cues import cue_of
from streams.imagery.stapi import OpportunityRequest, OrderRequest, opportunities_of, order_of
from streams.messages.cue import Cue, CuePass, CueWindow

OrderFormat = Literal["geojson", "stapi-order", "stapi-opportunities"]
FORMATS: Final[tuple[OrderFormat, ...]] = get_args(OrderFormat)


class NoOrderError(WakewatchError):
    """There is nothing to order: the alert says nothing of passes, or its cue is withdrawn."""


def cue_for(alert: Alert) -> Cue:
    """The cue of an alert. Raises NoOrderError if it has none, InputError if its passes are not of their form."""
    cue = cue_of(alert)
    if cue is None:
        raise NoOrderError(
            f"alert {alert.id[:12]} names no passes: only silences of listed ships do, where element sets are given"
        )
    return cue


def order_for(alert: Alert, kind: OrderFormat, number: int | None = None) -> Cue | OrderRequest | OpportunityRequest:
    """What to send. ``number`` is a pass, counted as in the alert from 1.

    Without it ``geojson`` and ``stapi-opportunities`` are of all passes, and ``stapi-order`` is of the first. Raises
    NoOrderError if there is nothing to order (``geojson`` is then the withdrawal), ConfigError for any other pass.
    """
    cue = cue_for(alert)
    if not cue.properties.passes:
        if kind == "geojson":
            return cue
        raise NoOrderError(
            f"alert {alert.id[:12]} has nothing to order: the ship was heard again, or no pass covers water"
        )
    one = None if number is None else _pass(cue, number)
    if kind == "geojson":
        return cue if one is None else _only(cue, one)
    if kind == "stapi-order":
        return order_of(one or cue.properties.passes[0])
    asked = opportunities_of(cue, one)
    assert asked is not None
    return asked


def encoded(order: Cue | OrderRequest | OpportunityRequest, *, indented: bool = False) -> bytes:
    """The order as JSON, always the same bytes."""
    body = msgspec.json.encode(order)
    return msgspec.json.format(body, indent=2) if indented else body


def _pass(cue: Cue, number: int) -> CuePass:
    for one in cue.properties.passes:
        if one.number == number:
            return one
    has = ", ".join(str(one.number) for one in cue.properties.passes)
    raise ConfigError(
        f"pass {number}: the cue has {'passes' if ',' in has else 'pass'} {has}; the others have only land"
    )


def _only(cue: Cue, one: CuePass) -> Cue:
    said = msgspec.structs.replace(cue.properties, passes=(one,), window=CueWindow(begin=one.begin, end=one.end))
    return msgspec.structs.replace(cue, geometry=one.geometry, properties=said)
