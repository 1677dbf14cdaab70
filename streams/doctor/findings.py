"""The findings of the doctor: one line per check."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

Verdict = Literal["ok", "warn", "wrong"]
"""``warn``: worth knowing, not necessarily a fault. ``wrong``: alerts are late, lost or not sent."""

_MINUTE_S: Final = 60
_HOUR_S: Final = 3600
_DAY_S: Final = 86_400
_TWICE: Final = 2


class DoctorFinding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One finding. ``remedy`` is empty exactly if there is no fault."""

    name: str
    verdict: Verdict
    said: str
    remedy: str = ""


def ok(name: str, said: str) -> DoctorFinding:
    """No fault."""
    return DoctorFinding(name=name, verdict="ok", said=said)


def warn(name: str, said: str, remedy: str) -> DoctorFinding:
    """Worth knowing."""
    return DoctorFinding(name=name, verdict="warn", said=said, remedy=remedy)


def wrong(name: str, said: str, remedy: str) -> DoctorFinding:
    """A fault."""
    return DoctorFinding(name=name, verdict="wrong", said=said, remedy=remedy)


def span(seconds: float) -> str:
    """``90 s``, ``5 min``, ``3 h``, ``12 d``: whole units, from twice the unit on."""
    for unit_s, word in ((_DAY_S, "d"), (_HOUR_S, "h"), (_MINUTE_S, "min")):
        if seconds >= _TWICE * unit_s:
            return f"{seconds / unit_s:.0f} {word}"
    return f"{max(0.0, seconds):.0f} s"
