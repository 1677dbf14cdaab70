"""The one form of question that is understood: a PromQL selector, ``alerts{open="yes",severity!="log"}``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from streams.errors import ConfigError

_SELECTOR: Final = re.compile(r"\s*([A-Za-z_]\w*)\s*(?:\{(.*)\})?\s*", re.DOTALL)
_MATCHER: Final = re.compile(r'\s*([A-Za-z_]\w*)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"\s*(?:,|$)')
_ESCAPED: Final = re.compile(r"\\(.)")
_LONGEST: Final = 2000

Operator = Literal["=", "!=", "=~", "!~"]


class Matcher(msgspec.Struct, frozen=True):
    """One condition on one column; a column that a row lacks is the empty text, as in PromQL."""

    column: str
    operator: Operator
    value: str

    def holds(self, row: Mapping[str, str]) -> bool:
        """Whether the row meets it."""
        found = row.get(self.column, "")
        same = found == self.value if "~" not in self.operator else bool(re.fullmatch(self.value, found))
        return same != self.operator.startswith("!")


class Selector(msgspec.Struct, frozen=True):
    """A table's name and conditions that must all hold."""

    table: str
    matchers: tuple[Matcher, ...] = ()

    def holds(self, row: Mapping[str, str]) -> bool:
        """Whether the row is asked for."""
        return all(matcher.holds(row) for matcher in self.matchers)


def parse(query: str) -> Selector:
    """Raises ConfigError, one line, for anything but a selector."""
    found = _SELECTOR.fullmatch(query) if len(query) <= _LONGEST else None
    if found is None:
        raise ConfigError('rows answer a selector, such as alerts{open="yes",severity="page"}, and no other PromQL')
    return Selector(found[1], tuple(_matchers(found[2] or "")))


def _matchers(text: str) -> list[Matcher]:
    matchers: list[Matcher] = []
    at = 0
    while text[at:].strip():
        found = _MATCHER.match(text, at)
        if found is None:
            raise ConfigError(f'rows: {text[at:].strip()[:40]!r} is no condition such as severity="page"')
        value = _ESCAPED.sub(r"\1", found[3]) if found[2] in {"=", "!="} else found[3].replace("\\\\", "\\")
        try:
            re.compile(value if "~" in found[2] else "")
        except re.error as error:
            raise ConfigError(f"rows: {value!r} is no regular expression ({error})") from error
        matchers.append(Matcher(found[1], found[2], value))  # type: ignore[arg-type]  # as the pattern has it
        at = found.end()
    return matchers
