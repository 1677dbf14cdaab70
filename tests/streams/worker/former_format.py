"""A snapshot as the version before the present format would have written it: ``migrations`` backwards, for tests."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

import msgspec

from detectors.core.engine.migrations import FLEET_FORMAT

_VERDICT = ("chance", "alpha", "missed", "peers", "kind", "level", "step")
_COLUMNS: Mapping[str, Mapping[str, str]] = {
    "core": {"stated_imo": "told_imo", "stated_ms": "told_ms"},
    "gap": {
        "near_heard_share": "near_habit",
        "verdict_heard_share": "told_habit",
        **{
            f"verdict_{what}": f"told_{what}"
            for what in ("chance", "alpha", "missed", "peers", "kind", "level", "step")
        },
    },
}
_OF_OTHERS: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "run",
            "run_from",
            "other_s",
            "other_since",
            "other_fixes",
            "other_turns",
            "other_behind",
            "trusted_s",
            "rare_due_ms",
        ),
        "",
    ),
    "other_lat_deg": "stray_lat_deg",
    "other_lon_deg": "stray_lon_deg",
}
_RECEPTION = {"heard_share": "habit"}


def _of_format_4(column: dict[str, Any]) -> list[dict[str, Any]]:
    """The column in format 4: the place of a stray is where the first of the other tracks is now."""
    if column["owner"] != "core" or column["name"] not in _OF_OTHERS:
        return [column]
    former = _OF_OTHERS[column["name"]]
    return [{**column, "name": former, "dtype": "<f4"}] if former else []


def as_format_3(manifest: bytes) -> bytes:
    """The manifest in the words of format 3; its shards are the same bytes in both."""
    head = msgspec.json.decode(manifest)
    assert head["format"] == FLEET_FORMAT == 5, "write the way back from the new format, too"
    head["format"] = 3
    for table in [*head["tables"], *filter(None, [head.get("dropped")])]:
        table["columns"] = [column for each in table["columns"] for column in _of_format_4(each)]
        for column in table["columns"]:
            column["name"] = _COLUMNS.get(column["owner"], {}).get(column["name"], column["name"])
    if head.get("coverage"):
        kept = msgspec.msgpack.decode(
            zlib.decompress(msgspec.json.decode(b'"%s"' % head["coverage"].encode(), type=bytes))
        )
        kept["columns"] = [[_RECEPTION.get(name, name), dtype] for name, dtype in kept["columns"]]
        kept["belated"] = kept.pop("late_reports")
        head["coverage"] = zlib.compress(msgspec.msgpack.encode(kept), 1)
    return msgspec.json.encode(head)


def columns_of(manifest: bytes) -> set[tuple[str, str]]:
    """Owner and name of each column."""
    return {(c["owner"], c["name"]) for table in msgspec.json.decode(manifest)["tables"] for c in table["columns"]}
