"""``detectors/README.md``: what every detector claims and how it decides, from the docstring of its module.

``wakewatch config catalogue > detectors/README.md`` writes it; a test compares. A docstring has five parts, in this
order; a detector without one of them is rejected.
"""

from __future__ import annotations

import inspect
import re
import sys
import textwrap
from typing import Any, Final

import msgspec

from detectors.core.protocol import Detector
from detectors.core.registry import detectors

PARTS: Final = ("Claim", "Why it matters", "How it decides", "When it is wrong", "References")
_WIDTH: Final = 118
_HEAD: Final = """# The detectors

One file each; a detector registers by existing in this folder. This page is made from the docstrings at their heads:
`wakewatch config catalogue > detectors/README.md`. Wording: apparent, possible, could have; an alert is a lead for a
person, not a finding.
"""


class DocstringParts(msgspec.Struct, frozen=True, kw_only=True):
    """A docstring, split into its parts."""

    title: str
    """Its first sentence."""
    parts: dict[str, str]
    """The five parts, each without its name, on one line."""


def taken_apart(name: str, docstring: str) -> DocstringParts:
    """Raises ValueError if a part is missing, empty or out of order."""
    title, *paragraphs = [" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", docstring.strip())]
    found: dict[str, str] = {}
    for paragraph in paragraphs:
        named = next((part for part in PARTS if paragraph.startswith(f"{part}. ")), None)
        if named is None and not found:
            raise ValueError(f"{name}: the docstring has {paragraph[:30]!r} where {PARTS[0]}. should be")
        if named is None:
            last = list(found)[-1]
            found[last] += f"\n\n{paragraph}"
        else:
            found[named] = paragraph[len(named) + 2 :]
    if tuple(found) != PARTS:
        raise ValueError(f"{name}: the docstring needs {', '.join(PARTS)}, in this order; it has {', '.join(found)}")
    return DocstringParts(title=title, parts=found)


def catalogue() -> str:
    """The whole page. Raises ValueError if a docstring is incomplete."""
    found = detectors()
    contents = "\n".join(f"- [`{name}`](#{name}): {_lower(_apart(kind).title)}" for name, kind in found.items())
    return "\n".join([_HEAD, contents, *(_section(name, kind) for name, kind in found.items())])


def _apart(kind: type[Detector]) -> DocstringParts:
    return taken_apart(kind.name, inspect.getdoc(sys.modules[kind.__module__]) or "")


def _lower(title: str) -> str:
    """The sentence after the colon, as an entry in a list."""
    return title.partition(": ")[2] or title


def _section(name: str, kind: type[Detector]) -> str:
    told = "\n\n".join(_wrapped(f"**{part}.** {text}") for part, text in _apart(kind).parts.items())
    return f"\n## {name}\n\n{told}\n{_severities(kind)}{_thresholds(name, kind)}"


def _wrapped(text: str) -> str:
    """Paragraphs wrapped to lines of readable length."""
    paragraphs = text.split("\n\n")
    return "\n\n".join(textwrap.fill(one, _WIDTH, break_long_words=False, break_on_hyphens=False) for one in paragraphs)


def _severities(kind: type[Detector]) -> str:
    if not kind.severities:
        return ""
    said = ", ".join(f"`{situation}` {severity}" for situation, severity in kind.severities.items())
    return "\n" + _wrapped(f"Severities, by situation: {said}.") + "\n"


def _thresholds(name: str, kind: type[Detector]) -> str:
    (schema,) = msgspec.json.schema_components([kind.Thresholds])[1].values()
    rows = [_row(field, said) for field, said in schema.get("properties", {}).items()]
    if not rows:
        return ""
    return "\n".join([f"\n| `[detectors.{name}]` | default | bounds | |", "|---|---|---|---|", *rows, ""])


def _row(field: str, said: dict[str, Any]) -> str:
    low, high = said.get("minimum", said.get("exclusiveMinimum")), said.get("maximum", said.get("exclusiveMaximum"))
    bounds = "" if low is None else f"{low:g} to {high:g}" if high is not None else f"from {low:g}"
    default = said.get("default")
    number = f"{default:g}" if isinstance(default, int | float) else ""
    shown = str(default).lower() if isinstance(default, bool) else number
    return f"| `{field}` | {shown} | {bounds} | {said.get('description', '')} |"
