"""Generated feeds with known truth: what is heard of a story is written as NMEA, what is true beside it."""

from streams.scenario.angara import Options
from streams.scenario.catalogue import SCENARIOS, Scenario, scenario

__all__ = ["SCENARIOS", "Options", "Scenario", "scenario"]
