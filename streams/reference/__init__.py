"""Watchlists and zones: files in, ``detectors.core.reference.Reference`` out."""

from streams.reference.loading import load_reference, make_reference, read_reference

__all__ = ["load_reference", "make_reference", "read_reference"]
