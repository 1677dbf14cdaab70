"""Reads watchlists and zones from files into ``detectors.core.reference.Reference``."""

from streams.reference.loading import load_reference, make_reference, read_reference

__all__ = ["load_reference", "make_reference", "read_reference"]
