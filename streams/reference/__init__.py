"""Watchlists and zones."""
