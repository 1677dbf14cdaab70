"""Names and notes that programs must show and not obey, and what none of them may be given."""

import re

ESCAPE, BIDI, NUL = "\x1b]0;owned\x07\x1b[31m", "\u202egnp.exe\u2066", "\x00"
MARKUP = "<img src=x onerror=alert(1)>"
FORMULA = '=HYPERLINK("http://x.example","open")'
HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)
"""Except line breaks and tabs between fields."""
ALL = (MARKUP, FORMULA, f"A{ESCAPE}B", f"A{BIDI}B", f"A{NUL}B", "@SUM(1)", "+1+1", "-1+1", "A;=1+1", "\uff1d1+1")


def nothing_hidden(text: str) -> bool:
    """Whether every character of a text shows itself."""
    return HIDDEN.search(text) is None
