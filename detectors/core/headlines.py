"""Building blocks of headlines: the vessel; what, where and when as clauses, the most important first; the list.

A headline has at most 100 characters, for a phone at night. If it is longer, whole clauses are dropped from the end; no
word is cut, and the vessel and what it did are always kept.
"""

from __future__ import annotations

from typing import Final

from detectors.core.reference import Reference, Zone
from detectors.core.shared_cache import Once
from detectors.core.sphere import place

HEADLINE_MOST: Final = 100
NAME_LETTERS: Final = 20
"""Letters of a port's name: the longest of a zone has 16."""
LIST_LETTERS: Final = 13
"""Letters of a list's name: OpenSanctions."""


def list_word(name: str) -> str:
    """A list's name, shortened to whole words; "listed" if the first word is too long."""
    said = ""
    for word in name.split():
        if len(f"{said} {word}".strip()) > LIST_LETTERS:
            break
        said = f"{said} {word}".strip()
    return said or "listed"


def fitted(text: str, listed: str | None = None) -> str:
    """A headline that fits, followed by the list that names the subject: ``, listed: OFAC``, or ``, listed``."""
    word = list_word(listed) if listed else ""
    ends = (f", listed: {word}", ", listed") if word not in {"", "listed"} else (", listed",) if listed else ("",)
    while True:
        for end in ends:
            if len(text) + len(end) <= HEADLINE_MOST:
                return text + end
        if ", " not in text:
            return text[: HEADLINE_MOST - len(ends[-1])] + ends[-1]
        text = text.rpartition(", ")[0]


def listed_by(headline: str) -> str | None:
    """The list that a headline names, as ``fitted`` wrote it; ``listed`` if it had no room for it; None: not listed."""
    _, found, word = headline.rpartition(", listed")
    return word.removeprefix(": ") or "listed" if found else None


def at(lat_deg: float | None, lon_deg: float | None) -> str:
    """The position as a clause: ``, 29-58.8N 122-07.2E``; empty if unknown."""
    return "" if lat_deg is None or lon_deg is None else f", {place(lat_deg, lon_deg)}"


def port(name: str, country: str | None) -> str:
    """A port with its country: ``RAJIN (KP)``."""
    return f"{name.upper()[:NAME_LETTERS]} ({country})" if country else name.upper()[:NAME_LETTERS]


def zone_label(zone: Zone) -> str:
    """A zone: ``RAJIN (KP)``."""
    return port(zone.name, zone.country)


def _labels(reference: Reference) -> dict[str, str]:
    return {zone.name: zone_label(zone) for zone in reference.zones}


_labels_of: Final = Once(_labels)


def zone_said(reference: Reference, name: object) -> str:
    """The label of a zone that an open alert names; only its name if the zone is no longer in force."""
    return _labels_of(reference).get(str(name)) or port(str(name), None)
