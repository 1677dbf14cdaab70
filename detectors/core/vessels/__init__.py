"""Vessels: the state of each, in columns, and how a batch of reports is written to it."""
