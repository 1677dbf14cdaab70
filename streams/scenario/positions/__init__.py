"""Untrue positions, and what looks like them: shared numbers, wrong fixes, repeated reports, interference."""
