"""Generated feeds with known truth: what is heard of a story is written as NMEA, and the truth to a second file."""

from streams.scenario.catalogue import SCENARIOS, scenario
from streams.scenario.model import Expected, NamedPlace, Options, Scenario, ScenarioTruth, ShoreStation

__all__ = ["SCENARIOS", "Expected", "NamedPlace", "Options", "Scenario", "ScenarioTruth", "ShoreStation", "scenario"]
