"""Rejected input: its records, and reading it again as a recording."""
