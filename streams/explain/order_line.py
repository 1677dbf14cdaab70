"""The line on satellite images that could be ordered."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from detectors.core.alert import Alert
from streams.errors import InputError
from streams.imagery.cues import cue_of


def order_line(newest: Alert) -> Iterator[Text]:
    """How to order images of the ship, if its alert has passes; nothing if they cannot be read."""
    try:
        cue = cue_of(newest)
    except InputError:
        return
    if cue is None:
        return
    passes = len(cue.properties.passes)
    yield Text()
    if passes:
        could = "1 pass could show it" if passes == 1 else f"{passes} passes could show it"
        yield Text(f"Satellite images: {could}; `wakewatch imagery order {newest.id[:12]}` prints an order")
    else:
        yield Text("Satellite images: nothing to order, it was heard again or no pass covers water")
