"""The list of all settings: key, type, bound, default and sentence, read from the types.

The settings file, the environment, the flags, the example file and the JSON Schema all follow from this list.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from functools import cache
from typing import Any, Final, Literal

import msgspec
from msgspec import inspect

from streams.settings.model import Settings

ENVIRONMENT_PREFIX: Final = "WAKEWATCH_"
_BY_DETECTOR: Final = ("severity", "detectors")
Level = Literal["page", "ticket", "log"]


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """One setting; ``key`` is dotted: ``kafka.partitions``, ``severity.gap.listed``, ``detectors.gap.at_rest_kn``."""

    key: str
    kind: Any
    """The annotated Python type, bounds included."""
    default: Any
    sentence: str
    expected: str
    """Type and bound in words: ``a whole number from 1 to 1024``."""

    @property
    def variable(self) -> str:
        """Its environment variable."""
        return ENVIRONMENT_PREFIX + self.key.upper().replace(".", "_")

    @property
    def detector(self) -> str | None:
        """The detector whose threshold or severity it is, if any."""
        table, _, rest = self.key.partition(".")
        return rest.partition(".")[0] if table in _BY_DETECTOR else None

    @property
    def is_text(self) -> bool:
        """Whether its value is free text."""
        return isinstance(_bare(inspect.type_info(self.kind)), inspect.StrType)

    @property
    def is_list(self) -> bool:
        """Whether its value is a list of strings; separated by commas in the environment and in flags."""
        return isinstance(_bare(inspect.type_info(self.kind)), inspect.VarTupleType)


@cache
def catalogue() -> dict[str, Setting]:
    """All settings by key, in the order of their definition; detectors by name."""
    from detectors.core.listing_reasons import SEVERITIES, sentence_of
    from detectors.core.registry import detectors

    found: list[Setting] = []
    for section in msgspec.structs.fields(Settings):
        if section.name not in _BY_DETECTOR:
            found += _of(section.name, section.type)
    for detector in detectors().values():
        found += [
            _setting(f"severity.{situation}", Level, level, f"Severity of {situation} alerts")
            for situation, level in detector.severities.items()
        ]
    found += [_setting(f"severity.{key}", Level, level, sentence_of(key)) for key, level in SEVERITIES.items()]
    for name, detector in detectors().items():
        found += _of(f"detectors.{name}", detector.Thresholds)
    return {setting.key: setting for setting in found}


def tables() -> frozenset[str]:
    """The names of all tables, such as ``kafka`` and ``detectors.gap``."""
    parts = [key.split(".") for key in catalogue()]
    return frozenset(".".join(p[:n]) for p in parts for n in range(1, len(p)))


def _of(table: str, struct: Any) -> list[Setting]:
    found: list[Setting] = []
    for field in msgspec.structs.fields(struct):
        key = f"{table}.{field.encode_name}"
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            found += _of(key, field.type)  # a table in the table
        else:
            found.append(_setting(key, field.type, field.default, _sentence(field.type)))
    return found


def _setting(key: str, kind: Any, default: Any, sentence: str) -> Setting:
    return Setting(key=key, kind=kind, default=default, sentence=sentence, expected=_words(inspect.type_info(kind)))


def _sentence(kind: Any) -> str:
    info = inspect.type_info(kind)
    schema = info.extra_json_schema if isinstance(info, inspect.Metadata) else None
    return str((schema or {}).get("description", ""))


def _bare(info: inspect.Type) -> inspect.Type:
    return info.type if isinstance(info, inspect.Metadata) else info


def _words(info: inspect.Type) -> str:
    words = "a string"
    match _bare(info):
        case inspect.IntType() as number:
            words = "a whole number" + _bounds(number)
        case inspect.FloatType() as number:
            words = "a number" + _bounds(number)
        case inspect.BoolType():
            words = "true or false"
        case inspect.LiteralType(values=values):
            words = "one of " + ", ".join(map(str, values))
        case inspect.VarTupleType():
            words = "a list of strings"
        case inspect.StrType(pattern=str(pattern)):
            words = f"a string that matches {pattern}"
    return words


def _bounds(info: inspect.IntType | inspect.FloatType) -> str:
    low = f" from {info.ge:g}" if info.ge is not None else f" above {info.gt:g}" if info.gt is not None else ""
    high = f" to {info.le:.15g}" if info.le is not None else f" below {info.lt:.15g}" if info.lt is not None else ""
    return low + high


def schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of the settings file, the detectors' thresholds and the severities included."""
    from detectors.core.registry import detectors

    thresholds = {name: kind.Thresholds for name, kind in detectors().items()}
    (whole, *each), parts = msgspec.json.schema_components(
        [Settings, *thresholds.values()], ref_template="#/$defs/{name}"
    )
    # Every detector calls its thresholds Thresholds: msgspec distinguishes them by their full names.
    settings = parts["Settings"]
    settings["properties"]["detectors"] = _closed(dict(zip(thresholds, each, strict=True)), "Thresholds by detector")
    settings["properties"]["severity"] = _closed(_severities(), "Severity by situation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **whole, "$defs": parts}


def _severities() -> dict[str, Any]:
    """Both spellings of a situation are valid: ``gap.listed = ...`` nests in TOML, ``"gap.listed" = ...`` does not."""
    flat: dict[str, Any] = {}
    nested: dict[str, dict[str, Any]] = {}
    for setting in catalogue().values():
        table, _, situation = setting.key.partition(".")
        if table == "severity":
            detector, _, name = situation.partition(".")
            flat[situation] = {"enum": ["page", "ticket", "log"], "default": setting.default}
            nested.setdefault(detector, {})[name] = flat[situation]
    return flat | {name: _closed(each, f"Severities of {name}") for name, each in nested.items()}


def _closed(properties: dict[str, Any], description: str) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False, "description": description}


def example(only: Collection[str] | None = None) -> str:
    """A settings file with every setting at its default, each under its sentence and bound.

    ``only``: these detectors; None: all detectors.
    """
    lines = [
        "# wakewatch: every setting with its default. Keep the lines that you change.",
        f"# An environment variable overrides this file ({ENVIRONMENT_PREFIX}KAFKA_PARTITIONS), a flag overrides both;",
        f"# {ENVIRONMENT_PREFIX}<NAME>_FILE names a file that contains the value: for secrets.",
        "# `wakewatch config check` reports errors in a file, `wakewatch config show` the effective settings.",
    ]
    table = ""
    for setting in catalogue().values():
        if only is not None and setting.detector not in (None, *only):
            continue
        head, _, name = setting.key.rpartition(".")
        head, name = (
            ("severity", setting.key.removeprefix("severity.")) if head.startswith("severity") else (head, name)
        )
        if head != table:
            lines += ["", f"[{head}]"]
            table = head
        lines += [f"# {setting.sentence}: {setting.expected}.", f"{name} = {toml_value(setting.default)}"]
    return "\n".join(lines) + "\n"


def toml_value(value: Any) -> str:
    """A setting's value in TOML."""
    if isinstance(value, tuple):
        return "[" + ", ".join(map(toml_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
