"""The catalogue: a module or package in the folder ``detectors/`` that defines a ``Detector`` is registered."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

import msgspec

import detectors as catalogue
from detectors.core.protocol import Detector
from detectors.core.reference import Reference


@cache
def detectors() -> dict[str, type[Detector]]:
    """All detectors by name, in the order of their names."""
    for module in pkgutil.iter_modules(catalogue.__path__, "detectors."):
        importlib.import_module(module.name)
    found = {kind.name: kind for kind in Detector.__subclasses__() if kind.__module__.startswith("detectors.")}
    return dict(sorted(found.items()))


def build(thresholds: Mapping[str, Mapping[str, object]], reference: Reference) -> list[Detector]:
    """One of each detector, with thresholds by name. Raises msgspec.ValidationError on a wrong threshold."""
    made = []
    for name, kind in detectors().items():
        given = msgspec.convert(dict(thresholds.get(name, {})), kind.Thresholds)
        made.append(kind(given, reference))
    return made
