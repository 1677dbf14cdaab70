"""Loads the settings: a TOML file, overridden by the environment, and both by flags.

Rules.
- A mistake is reported in one line: what, where, how to fix it. All mistakes are found, not only the first.
- ``WAKEWATCH_SETTINGS`` names the file if no flag does. ``WAKEWATCH_<SECTION>_<FIELD>`` sets one value; ``..._FILE``
  names a file that holds a text (a secret), whose value is never shown.
- A list, zones or certificate file named in the settings file is searched for beside the settings file.
- Only named files are read: there is no default settings file in a home or working folder.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from streams.errors import ConfigError
from streams.settings.catalogue import ENVIRONMENT_PREFIX, Setting, catalogue, schema, tables
from streams.settings.console import checked_console
from streams.settings.cot import check_cot
from streams.settings.discreet import SECRET_ENDINGS
from streams.settings.kafka_security import checked
from streams.settings.model import Settings
from streams.settings.named_files import beside
from streams.settings.stations import stations_of
from streams.settings.toml_lines import lines_of

__all__ = ["Effective", "explain", "load", "mistakes", "schema"]

SETTINGS_VARIABLE: Final = ENVIRONMENT_PREFIX + "SETTINGS"
_FILE_SUFFIX: Final = "_FILE"
_LONGEST_FILE_BYTES: Final = 4_000_000
_LONGEST_SHOWN: Final = 60
# Kubernetes gives every pod such variables for each Service: one named wakewatch-kafka must not stop us.
_ORCHESTRATORS: Final = re.compile(r".*_(SERVICE_(HOST|PORT)(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)")


class Effective(msgspec.Struct, frozen=True, kw_only=True):
    """One setting in force. ``origin``: ``default``, ``FILE:LINE``, ``environment NAME`` or ``flag``."""

    key: str
    value: Any
    """For display: secrets, and values that may contain one, are masked."""
    origin: str
    default: Any
    sentence: str
    expected: str


class _Given(msgspec.Struct, frozen=True, kw_only=True):
    """A given value. ``lax``: it is text from which numbers are read."""

    key: str
    value: Any
    origin: str
    lax: bool = False
    secret: bool = False
    folder: Path | None = None


class _Gathered(msgspec.Struct, frozen=True, kw_only=True):
    """The given values, the stronger later, and their mistakes."""

    values: dict[str, Any]
    given: dict[str, _Given]
    mistakes: tuple[str, ...]


def load(
    path: Path | None = None, overrides: Mapping[str, object] | None = None, environ: Mapping[str, str] | None = None
) -> Settings:
    """The settings in force. ``overrides`` are flags by dotted key; None means a flag was not given.

    Raises ConfigError, one line, naming the first mistake and how many more there are.
    """
    gathered = _gather(path, overrides, environ)
    if gathered.mistakes:
        more = len(gathered.mistakes) - 1
        rest = f" (and {more} more: wakewatch config check)" if more else ""
        raise ConfigError(gathered.mistakes[0] + rest)
    return msgspec.convert(_nested(gathered.values), Settings)


def mistakes(
    path: Path | None = None, overrides: Mapping[str, object] | None = None, environ: Mapping[str, str] | None = None
) -> tuple[str, ...]:
    """All mistakes, one line each. Raises ConfigError if a file cannot be read at all."""
    return _gather(path, overrides, environ).mistakes


def explain(
    path: Path | None = None, overrides: Mapping[str, object] | None = None, environ: Mapping[str, str] | None = None
) -> list[Effective]:
    """Every setting with its value in force and its origin. Raises ConfigError like ``load``."""
    load(path, overrides, environ)
    gathered = _gather(path, overrides, environ)
    return [_effective(setting, gathered) for setting in catalogue().values()]


def _effective(setting: Setting, gathered: _Gathered) -> Effective:
    given = gathered.given.get(setting.key)
    value = gathered.values[setting.key] if given else setting.default
    return Effective(
        key=setting.key,
        value="***" if given and (given.secret or (value and _holds_secret(setting.key))) else _masked(value),
        origin=given.origin if given else "default",
        default=setting.default,
        sentence=setting.sentence,
        expected=setting.expected,
    )


def _holds_secret(key: str) -> bool:
    """A secret stays secret no matter how it was given."""
    return key.endswith(SECRET_ENDINGS)


def _gather(path: Path | None, overrides: Mapping[str, object] | None, environ: Mapping[str, str] | None) -> _Gathered:
    environ = os.environ if environ is None else environ
    named = environ.get(SETTINGS_VARIABLE)
    file = path or (Path(named) if named else None)
    values: dict[str, Any] = {}
    given: dict[str, _Given] = {}
    wrong: list[str] = []
    for each in (*(_from_file(file) if file else ()), *_from_environment(environ, wrong), *_from_flags(overrides)):
        try:
            values[each.key] = _converted(each)
            given[each.key] = each
        except ConfigError as error:
            wrong.append(str(error))
    if not wrong:
        wrong += _disagreements(values)
    return _Gathered(values=values, given=given, mistakes=tuple(wrong))


def _disagreements(values: Mapping[str, Any]) -> Iterator[str]:
    """Combinations of valid values that are invalid together."""
    try:
        settings = msgspec.convert(_nested(values), Settings)
        checked(settings.kafka)
        checked_console(settings.console)
        stations_of(settings.ingest.stations)
        check_cot(settings.notify.cot, settings.notify.resend_every_s)
    except ConfigError as error:
        yield str(error)


# -- one value ------------------------------------------------------------------------------------------------------


def _converted(given: _Given) -> Any:
    setting = catalogue().get(given.key)
    if setting is None:
        raise ConfigError(f"{given.origin}: {_unknown(given.key)}")
    value = given.value
    if given.lax and setting.is_list and isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()]
    try:
        converted = msgspec.convert(value, setting.kind, strict=not (given.lax and isinstance(value, str)))
    except (msgspec.ValidationError, OverflowError):
        shown = "this value" if given.secret or _holds_secret(given.key) else _short(given.value)
        raise ConfigError(f"{given.origin}: {given.key} = {shown} is not valid; give {setting.expected}") from None
    return converted if given.folder is None else beside(given.folder, given.key, converted)


def _unknown(key: str) -> str:
    if key in tables():
        return f"{key} is a table of settings; write [{key}] and its settings below"
    table, _, name = key.rpartition(".")
    siblings = {k.rpartition(".")[2]: k for k in catalogue() if k.rpartition(".")[0] == table}
    near = [siblings[n] for n in difflib.get_close_matches(name, siblings, 1, 0.5)]
    near = near or difflib.get_close_matches(key, [*catalogue(), *tables()], 1, 0.5)
    hint = f"did you mean {near[0]}?" if near else "`wakewatch config example` lists all settings"
    return f"unknown setting {_short(key)[1:-1]}; {hint}"


def _short(value: object) -> str:
    """A value on one line; ``repr`` makes control characters of a terminal harmless."""
    text = repr(_masked(value))
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "..." + text[-1]


def _masked(value: Any) -> Any:
    """An address without its password, path and query, which contain the secrets of webhooks."""
    if not isinstance(value, str) or "://" not in value:
        return value
    try:
        parts = urlsplit(value)
    except ValueError:
        return "***"
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}" + ("/***" if parts.path.strip("/") or parts.query or "@" in parts.netloc else "")


def _nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Flat keys as the tables of ``Settings``; ``severity`` stays flat by situation."""
    tree: dict[str, Any] = {}
    for key, value in values.items():
        section, _, rest = key.partition(".")
        table = tree.setdefault(section, {})
        while section != "severity" and "." in rest:
            name, _, rest = rest.partition(".")
            table = table.setdefault(name, {})
        table[rest] = value
    return tree


# -- places of values -----------------------------------------------------------------------------------------------


def _from_file(path: Path) -> Iterator[_Given]:
    text = _text(path)
    try:
        tree = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        reason = str(error) or "nested too deeply"
        raise ConfigError(f"{path}: not TOML: {reason}; see `wakewatch config example`") from None
    lines = lines_of(text)
    for key, value in _flat(tree):
        parts = key.split(".")
        at = next((lines[k] for n in range(len(parts), 0, -1) if (k := ".".join(parts[:n])) in lines), None)
        yield _Given(key=key, value=value, origin=f"{path}:{at}" if at else str(path), folder=path.parent)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_LONGEST_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"{path}: cannot read the settings: {reason}; check the path") from None
    if len(content) > _LONGEST_FILE_BYTES:
        raise ConfigError(f"{path}: larger than {_LONGEST_FILE_BYTES} bytes; this is not a settings file")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}: not UTF-8; save the file as UTF-8 text") from None


def _flat(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in tree.items():
        key = prefix + name
        if isinstance(value, dict) and (value or key not in tables()):
            yield from _flat(value, key + ".") if value else [(key, value)]
        elif not isinstance(value, dict):
            yield key, value


def _from_environment(environ: Mapping[str, str], wrong: list[str]) -> Iterator[_Given]:
    """Values from environment variables; unusable ones are added to ``wrong``."""
    by_variable = {setting.variable: setting for setting in catalogue().values()}
    for name in sorted(n for n in environ if n.startswith(ENVIRONMENT_PREFIX) and n != SETTINGS_VARIABLE):
        origin = f"environment {name}"
        if (setting := by_variable.get(name)) is not None:
            yield _Given(key=setting.key, value=environ[name], origin=origin, lax=True)
        elif (setting := by_variable.get(name.removesuffix(_FILE_SUFFIX))) is not None and setting.is_text:
            if setting.variable in environ:
                wrong.append(f"{origin}: {setting.variable} is also set; unset one of them")
            elif (secret := _secret(Path(environ[name]), origin, wrong)) is not None:
                yield _Given(key=setting.key, value=secret, origin=origin, lax=True, secret=True)
        elif not _ORCHESTRATORS.fullmatch(name):
            near = difflib.get_close_matches(name, by_variable, 1, 0.6)
            hint = f"did you mean {near[0]}?" if near else "unset it, or see `wakewatch config show`"
            wrong.append(f"{origin}: unknown setting; {hint}")


def _secret(path: Path, origin: str, wrong: list[str]) -> str | None:
    try:
        return _text(path).strip()
    except ConfigError as error:
        wrong.append(f"{origin}: {error}")
        return None


def _from_flags(overrides: Mapping[str, object] | None) -> Iterator[_Given]:
    for key, value in (overrides or {}).items():
        if value is not None:
            yield _Given(key=key, value=value, origin="flag", lax=True)
