"""Ports of the world: which one is near, and which one a destination names.

Destinations are typed by hand in 20 letters: ``KRPUS>CNZOS``, ``KR PUS``, ``PUSAN``, ``BUSN,KOREA``, ``FOR ORDERS``.
The text after the last arrow counts, and the last UN/LOCODE in it; that goes before a name, a name before a likeness.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np

from detectors.core.names import NameIndex, likeness, plain
from detectors.core.reference import Port, Zone
from detectors.core.shared_cache import Once
from detectors.core.sphere import bearing_deg, compass, distance_nm, unit_vectors

NEAR_NM: Final = 200.0
AT_NM: Final = 2.0
TYPO_LETTERS_LEAST: Final = 6
LIKENESS_LEAST: Final = 0.85
_LOCODE_LETTERS: Final = 5
_COUNTRY_LETTERS: Final = 2
_NAME_LETTERS_LEAST: Final = 4
_WORD: Final = re.compile(r"[A-Z0-9]+")
_ARROW: Final = re.compile(r"=?>+|->|/|\bTO\b")
_VIA: Final = re.compile(r"\bVIA\b|\bV\.")
_NOISE: Final = frozenset({"PORT", "OF", "ANCH", "ANCHORAGE", "ROADS", "ROAD", "OPL", "FOR", "ORDER", "ORDERS", "EOSP"})


class PortNamed(NamedTuple):
    """A port that a destination names, and how it was recognised."""

    port: Port
    by: str
    """``locode``, ``name`` or ``likeness``."""


class Gazetteer:
    """Ports in columns. ``zones`` are places too, and come first, because they have more names."""

    def __init__(self, ports: Sequence[Port], zones: Sequence[Zone] = ()) -> None:
        self.ports = (*map(_of_zone, zones), *ports)
        lat = np.asarray([port.lat_deg for port in ports], np.float64)
        lon = np.asarray([port.lon_deg for port in ports], np.float64)
        self._listed = tuple(ports)
        self._vectors = unit_vectors(lat, lon)
        self.named = lru_cache(maxsize=65_536)(self._named)

    def nearest(self, lat_deg: float, lon_deg: float) -> tuple[Port, float] | None:
        """The nearest port and its distance, nm to a tenth; None if none is within 200 nm."""
        if not self._listed:
            return None
        here = unit_vectors(np.asarray([lat_deg]), np.asarray([lon_deg]))
        port = self._listed[int((here[:, 0] @ self._vectors).argmax())]
        nm = round(distance_nm(lat_deg, lon_deg, port.lat_deg, port.lon_deg), 1)
        return (port, nm) if nm <= NEAR_NM else None

    def where(self, lat_deg: float, lon_deg: float) -> str | None:
        """In words: ``12 nm E of Busan``, ``at Busan``; None far from every port."""
        found = self.nearest(lat_deg, lon_deg)
        if found is None:
            return None
        port, nm = found
        if nm <= AT_NM:
            return f"at {port.name}"
        return f"{nm:.0f} nm {compass(bearing_deg(port.lat_deg, port.lon_deg, lat_deg, lon_deg))} of {port.name}"

    def _named(self, destination: str) -> PortNamed | None:
        words = words_of(destination)
        if codes := [code for code in _codes(words) if code in self._locodes]:
            return PortNamed(self._locodes[codes[-1]], "locode")
        told = [word for word in words if word not in _NOISE]
        for text in phrases(told):
            if (port := self._names.get(plain(text).letters)) is not None:
                return PortNamed(port, "name")
        return self._alike(told)

    def _alike(self, words: list[str]) -> PortNamed | None:
        """The port whose name differs by one letter, if one is nearer than all others: a typing error, not a guess."""
        for text in phrases(words):
            near = self._index.near(text) if len(plain(text).letters) >= TYPO_LETTERS_LEAST else []
            alike = {n: max(likeness(text, name) for name in _spellings(self.ports[n])) for n in near}
            best = [self.ports[n] for n, value in alike.items() if value == max(alike.values()) >= LIKENESS_LEAST]
            if best and len({port.locode or port.name for port in best}) == 1:
                return PortNamed(best[0], "likeness")
        return None

    @cached_property
    def _locodes(self) -> dict[str, Port]:
        return {port.locode: port for port in reversed(self.ports) if port.locode}

    @cached_property
    def _names(self) -> dict[str, Port]:
        """The largest port of a name; the first of equal ones."""
        found: dict[str, Port] = {}
        for port in self.ports:
            for name in _spellings(port):
                letters = plain(name).letters
                if len(letters) >= _NAME_LETTERS_LEAST and (letters not in found or found[letters].size < port.size):
                    found[letters] = port
        return found

    @cached_property
    def _index(self) -> NameIndex:
        pairs = [(name, n) for n, port in enumerate(self.ports) for name in _spellings(port)]
        return NameIndex([name for name, _ in pairs], [n for _, n in pairs])


gazetteer_of: Final = Once(lambda reference: Gazetteer(reference.ports, reference.zones))
"""The gazetteer of a reference; made once and shared."""


def _spellings(port: Port) -> tuple[str, ...]:
    return (port.name, *port.aliases)


def _of_zone(zone: Zone) -> Port:
    return Port(
        name=zone.name,
        lat_deg=zone.lat_deg,
        lon_deg=zone.lon_deg,
        locode=zone.locode or "",
        country=zone.country or "",
        size=5,
        aliases=zone.aliases,
    )


def _codes(words: list[str]) -> Iterable[str]:
    """What may be UN/LOCODEs, in their order: of a voyage from one to another without an arrow the last is meant."""
    for one, other in pairwise(("", *words)):
        if len(one) == _COUNTRY_LETTERS and len(one + other) == _LOCODE_LETTERS:
            yield one + other
        if len(other) == _LOCODE_LETTERS:
            yield other


def words_of(destination: str) -> list[str]:
    """The words after the last arrow and before a VIA."""
    part = [part for part in _ARROW.split(_VIA.split(destination.upper())[0]) if part.strip()]
    return _WORD.findall(part[-1]) if part else []


def phrases(words: list[str]) -> Iterable[str]:
    """All words together, then fewer and fewer: longest first, from the left."""
    for length in range(len(words), 0, -1):
        for at in range(len(words) - length + 1):
            yield " ".join(words[at : at + length])
