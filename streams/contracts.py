"""JSON Schema 2020-12 of every JSON value on a topic, from the types. ``python -m streams.contracts deploy/schemas``.

Version 1 only grows: a field may come, none goes or changes its meaning, and readers ignore what they do not know.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

import msgspec

from detectors.core.alert import Alert
from detectors.core.ticks import Tick
from streams.topics import ALERT_STATE, ALERTS, SENTENCES

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


class Contract(msgspec.Struct, frozen=True, kw_only=True):
    """What a topic's value is."""

    name: str
    """Of the schema's file, without its ending; it ends in its version."""
    type: type[msgspec.Struct]
    topics: tuple[str, ...]
    sentence: str


CONTRACTS: Final = (
    Contract(
        name="alert.v1",
        type=Alert,
        topics=(ALERTS, ALERT_STATE),
        sentence="One revision of one alert. The record's headers are CloudEvents 1.0, binary mode.",
    ),
    Contract(
        name="tick.v1",
        type=Tick,
        topics=(SENTENCES,),
        sentence="The feed's clock: the value of a record whose header ww_kind is tick. All others are NMEA lines.",
    ),
)


def schema(contract: Contract) -> dict[str, Any]:
    """The JSON Schema of a contract."""
    made = msgspec.json.schema(contract.type)
    return {
        "$schema": DIALECT,
        "$id": f"urn:wakewatch:{contract.name.replace('.', ':')}",
        "title": contract.name,
        "description": f"{contract.sentence} Topics: {', '.join(contract.topics)}.",
        **made,
    }


def files() -> dict[str, str]:
    """Every schema as the text of its file, by file name."""
    return {
        f"{contract.name}.schema.json": msgspec.json.format(msgspec.json.encode(schema(contract)), indent=2).decode()
        + "\n"
        for contract in CONTRACTS
    }


def write(folder: Path) -> None:
    """Writes all schemas into ``folder``."""
    for name, text in files().items():
        (folder / name).write_text(text, "utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
