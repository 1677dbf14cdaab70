"""Contacts of an image matched with vessels: pure functions, without I/O and clock. ``match`` is the entrance.

Distances are in km and speeds in km/s here: images are measured so, and areas need one unit.
"""
