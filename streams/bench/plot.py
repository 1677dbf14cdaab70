"""Precision against recall of every rule, by scenario, as SVG."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Final

from streams.bench.scoring import Score

_COLOURS: Final = ("#0b6e4f", "#7cb518", "#c1121f", "#e36414", "#5f0f40", "#6c757d", "#1d3557")
_SIDE, _PAD, _HEAD, _ACROSS = 190, 34, 40, 4
_TEXT: Final = 'font-family="sans-serif" font-size="{size}" fill="#222"'


def draw(scores: Mapping[tuple[str, str], Score]) -> str:
    """One small square per scenario; right and up is better."""
    scenarios = list(dict.fromkeys(name for name, _ in scores))
    rules = list(dict.fromkeys(rule for _, rule in scores))
    colours = {rule: _COLOURS[i % len(_COLOURS)] for i, rule in enumerate(rules)}
    lines = -(-len(scenarios) // _ACROSS)
    wide, high = _ACROSS * (_SIDE + _PAD) + _PAD, _HEAD + lines * (_SIDE + _PAD + 14) + _PAD
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" width="{wide}" height="{high}">',
        f'<rect width="{wide}" height="{high}" fill="white"/>',
    ]
    for i, rule in enumerate(rules):
        x = _PAD + i * (wide - _PAD) / len(rules)
        parts.append(f'<circle cx="{x:.0f}" cy="16" r="5" fill="{colours[rule]}"/>')
        parts.append(f'<text x="{x + 9:.0f}" y="20" {_TEXT.format(size=11)}>{escape(rule)}</text>')
    for i, name in enumerate(scenarios):
        x, y = _PAD + i % _ACROSS * (_SIDE + _PAD), _HEAD + i // _ACROSS * (_SIDE + _PAD + 14) + 14
        parts += _square(x, y, name)
        parts += [
            f'<circle cx="{x + _SIDE * one.recall:.1f}" cy="{y + _SIDE * (1 - one.precision):.1f}" r="5" '
            f'fill="{colours[rule]}" fill-opacity=".8"><title>{escape(rule)}: recall {one.recall:.2f}, '
            f"precision {one.precision:.2f}</title></circle>"
            for (of, rule), one in scores.items()
            if of == name
        ]
    return "\n".join([*parts, "</svg>", ""])


def _square(x: int, y: int, name: str) -> list[str]:
    return [
        f'<rect x="{x}" y="{y}" width="{_SIDE}" height="{_SIDE}" fill="none" stroke="#999"/>',
        f'<text x="{x}" y="{y - 5}" {_TEXT.format(size=12)}>{escape(name)}</text>',
        f'<text x="{x + _SIDE - 34}" y="{y + _SIDE + 13}" {_TEXT.format(size=9)}>recall</text>',
        f'<text transform="translate({x - 6} {y + 50}) rotate(-90)" {_TEXT.format(size=9)}>precision</text>',
    ]
