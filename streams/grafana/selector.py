"""Parses the only supported query, a PromQL selector: ``alerts{open="yes",severity!="log"}``.

Patterns are RE2's, like Prometheus's: they are matched in linear time and bounded memory.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec
import re2

from streams.errors import ConfigError

_SELECTOR: Final = re.compile(r"\s*([A-Za-z_]\w*)\s*(?:\{(.*)\})?\s*", re.DOTALL)
_MATCHER: Final = re.compile(r'\s*([A-Za-z_]\w*)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"\s*(?:,|$)')
_ESCAPED: Final = re.compile(r"\\(.)")
_LONGEST: Final = 2000
_MATCHERS_MOST: Final = 20
_PATTERN_BYTES_MOST: Final = 1 << 20
"""Memory of one compiled pattern: a{1000}{1000} is rejected."""

Operator = Literal["=", "!=", "=~", "!~"]


class LabelMatcher(msgspec.Struct, frozen=True):
    """One condition on one column; a column that a row lacks is the empty text, as in PromQL."""

    column: str
    operator: Operator
    value: str
    pattern: Any = None
    """The RE2 pattern, if the operator needs one."""

    def holds(self, row: Mapping[str, str]) -> bool:
        """Whether the row meets the condition."""
        found = row.get(self.column, "")
        same = found == self.value if self.pattern is None else self.pattern.fullmatch(found) is not None
        return same != self.operator.startswith("!")


class Selector(msgspec.Struct, frozen=True):
    """A table's name and conditions that must all hold."""

    table: str
    matchers: tuple[LabelMatcher, ...] = ()

    def holds(self, row: Mapping[str, str]) -> bool:
        """Whether the row is selected."""
        return all(matcher.holds(row) for matcher in self.matchers)


def parse(query: str) -> Selector:
    """Parses a query. Raises ConfigError, one line, for anything but a selector."""
    found = _SELECTOR.fullmatch(query) if len(query) <= _LONGEST else None
    if found is None:
        raise ConfigError('only selectors are answered, such as alerts{open="yes",severity="page"}, not other PromQL')
    return Selector(found[1], tuple(_matchers(found[2] or "")))


def _matchers(text: str) -> list[LabelMatcher]:
    matchers: list[LabelMatcher] = []
    at = 0
    while text[at:].strip():
        found = _MATCHER.match(text, at)
        if found is None:
            raise ConfigError(f'rows: {text[at:].strip()[:40]!r} is not a condition such as severity="page"')
        value = _ESCAPED.sub(r"\1", found[3]) if found[2] in {"=", "!="} else found[3].replace("\\\\", "\\")
        pattern = _compiled(value) if "~" in found[2] else None
        matchers.append(LabelMatcher(found[1], found[2], value, pattern))  # type: ignore[arg-type]  # as the pattern has it
        if len(matchers) > _MATCHERS_MOST:
            raise ConfigError(f"rows: more than {_MATCHERS_MOST} conditions")
        at = found.end()
    return matchers


def _compiled(value: str) -> Any:
    options = re2.Options()
    options.max_mem = _PATTERN_BYTES_MOST
    options.log_errors = False
    options.never_capture = True  # groups alone would need the slower of its engines
    try:
        return re2.compile(value, options)
    except re2.error as error:
        raise ConfigError(f"rows: {value[:60]!r} is not a regular expression of RE2 ({_why(error)})") from error


def _why(error: Exception) -> str:
    said = error.args[0] if error.args else ""
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
