"""Vessels: what is known of each, in columns, and how a batch of reports is written there."""
