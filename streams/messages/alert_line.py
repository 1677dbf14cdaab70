"""One alert on one line: for a terminal, a pipe, a phone."""

from __future__ import annotations

from typing import Final

from rich.text import Text

from detectors.core.alert import Alert

SEVERITY_STYLE: Final = {"page": "bold red", "ticket": "yellow", "log": "dim"}
STATUS_MARK: Final = {"opened": "+", "updated": "~", "closed": "-", "retracted": "x"}


def line(alert: Alert) -> Text:
    """``2024-02-04 04:12Z + page   watchlist ANGARA ...``; the alert's text is text, never markup."""
    text = Text(no_wrap=True, overflow="ignore")
    text.append(f"{alert.time[:10]} {alert.time[11:16]}Z ", "dim")
    text.append(f"{STATUS_MARK[alert.status]} {alert.severity:<6} ", SEVERITY_STYLE[alert.severity])
    text.append(f"{alert.detector:<14} ", "cyan")
    text.append(visible(alert.headline))
    if alert.verification == "unverified":
        text.append(" (unverified)", "dim")
    return text


def visible(text: str) -> str:
    """The text with a question mark for each character that a terminal or a page could obey: controls, bidi marks."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
