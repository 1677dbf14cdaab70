"""Text from outside made harmless for programs that display it: no control characters, and no hidden direction marks.

Names, notes and lists come from anyone who has a transmitter or may write to Kafka. A terminal would obey an escape
sequence in a name, a page would show bidirectional text in another order, a spreadsheet would calculate a cell.
"""

from __future__ import annotations

import re
from typing import Final

_LEADS: Final = "=+\\-@\uff1d\uff0b\uff0d\uff20"
_HIDDEN: Final = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # control characters
    "\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # invisible, and directions
    "\ud800-\udfff"  # halves of characters
    "\ufdd0-\ufdef\ufffe\uffff"  # not characters; XML does not allow the last two
    "\U000e0000-\U000e0fff"  # tags
    "]"
)
"""What is not shown as itself. Joiners (200C, 200D) are left: Persian and Indian scripts are spelled with them."""
_BLANKS: Final = frozenset("\t\n\r\v\f\x85\u2028\u2029")
_FORMULA: Final = re.compile(rf"(?:^|(?<=;))(?=\s*[{_LEADS}])")
_FIRST_ASTRAL: Final = 0x10000


def inert(text: str) -> str:
    r"""One line of text in which every character shows itself: ESC becomes ``\x1b``, a line break a blank."""
    return _HIDDEN.sub(_shown, text)


def _shown(found: re.Match[str]) -> str:
    character = found[0]
    if character in _BLANKS:
        return " "
    code = ord(character)
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}" if code < _FIRST_ASTRAL else f"\\U{code:08x}"  # noqa: PLR2004


def inert_cell(text: str) -> str:
    """``inert`` for a table: an apostrophe before everything that a spreadsheet would read as a formula.

    Also after separators, because a spreadsheet of another language cuts lines at semicolons.
    """
    return _FORMULA.sub("'", inert(text))


def inert_json(body: bytes) -> bytes:
    r"""JSON of the same meaning in which hidden characters are escapes (``\u202e``): safe to print, nothing is lost.

    ``body`` is UTF-8 in one line, or with line breaks between its values.
    """
    return _HIDDEN.sub(_escaped, body.decode()).encode()


def _escaped(found: re.Match[str]) -> str:
    character = found[0]
    if character in "\n\t\r":  # between values: an encoder writes them as escapes within a text
        return character
    halves = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{halves[at : at + 4]}" for at in range(0, len(halves), 4))
