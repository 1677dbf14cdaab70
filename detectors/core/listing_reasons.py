"""Why a vessel is listed, and the highest severity of an alert about it for that reason.

A list of sanctions gives no reasons, and its entries have no topics (None). A collection of many lists distinguishes
its entries by topics, in the terms of OpenSanctions: ``sanction``, ``sanction.linked``, ``mare.detained``. An entry of
such a collection without any was merely mentioned. Each topic has a setting, ``severity.list.*``; if several entries
are about one vessel, the highest counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from detectors.core.alert import HEIGHT, Severity
from detectors.core.reference import ListedShip, Reference
from detectors.core.shared_cache import Once

UNSTATED, NONE, OTHER = "list.unstated", "list.no_topic", "list.other"
SEVERITIES: Final[Mapping[str, Severity]] = {
    UNSTATED: "page",
    "list.sanction": "page",
    "list.sanction_linked": "ticket",
    "list.sanction_counter": "ticket",
    "list.mare_shadow": "ticket",
    "list.mare_detained": "ticket",
    "list.debarment": "ticket",
    "list.export_control": "ticket",
    "list.reg_warn": "ticket",
    OTHER: "ticket",
    NONE: "ticket",
}
"""By setting; the highest severity of an alert about a vessel that is listed for that alone."""
SENTENCES: Final[Mapping[str, str]] = {
    UNSTATED: "on a list that gives no topics, such as a sanctions list",
    NONE: "on a list that gives topics, but none for this vessel",
    OTHER: "for any other topic",
}
"""Descriptions of such a listing if the key alone is not clear."""


def sentence_of(key: str) -> str:
    """What a setting is about."""
    topic = key.removeprefix("list.").replace("_", ".")
    return f"Highest severity of an alert about a vessel listed {SENTENCES.get(key, f'for {topic}')}"


def keys_of(topics: Iterable[str] | None) -> tuple[str, ...]:
    """The settings of the topics of an entry; None for a list without topics."""
    if topics is None:
        return (UNSTATED,)
    keys = ("list." + topic.replace(".", "_") for topic in topics)
    return tuple(sorted({key if key in SEVERITIES else OTHER for key in keys})) or (NONE,)


def highest(keys: Iterable[str], severities: Mapping[str, Severity]) -> Severity:
    """The highest severity that any of these settings allows."""
    return max((severities[key] for key in keys), key=HEIGHT.__getitem__)


def _of_all(reference: Reference) -> tuple[tuple[str, ...], ...]:
    """For each entry the settings of all entries about the same vessel: by IMO number, otherwise by MMSI."""
    together = defaultdict[object, set[str]](set)
    for ship in reference.ships:
        if ship.broken_up_on is None:
            together[vessel_key(ship)].update(keys_of(ship.topics))
    return tuple(tuple(sorted(together[vessel_key(ship)])) for ship in reference.ships)


def vessel_key(ship: ListedShip) -> object:
    """What is equal for two entries about the same vessel: its IMO number, otherwise its MMSI."""
    if ship.imo is not None and not ship.imo_wrong:
        return "imo", ship.imo
    return ("mmsi", ship.mmsi) if ship.mmsi is not None else (ship.list, ship.entry_id)


listed_for: Final = Once(_of_all)
"""For each entry of a reference, in order: the settings of the reasons for listing its vessel."""
