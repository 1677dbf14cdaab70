"""Identities: which ship a vessel is, matched with the watchlist, and which numbers belong together."""
