"""The scenario: a day of transfers at sea, of ships that look alike, and of a listed ship that goes dark."""

from __future__ import annotations

from typing import Final

from streams.scenario.meetings.dark import dark
from streams.scenario.meetings.innocent import innocent
from streams.scenario.meetings.sea import Sea
from streams.scenario.meetings.transfers import transfers
from streams.scenario.model import Options, Scenario

TITLE: Final = "five transfers at sea, a dark rendezvous, and fifty ships beside each other that are innocent"


def build(options: Options) -> Scenario:
    """The scenario; the ship of the options is the listed one, and the seed draws the place and all other ships."""
    sea = Sea(options)
    transfers(sea)
    innocent(sea)
    dark(sea, options)
    return sea.scenario("meetings", TITLE)
