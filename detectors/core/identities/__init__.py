"""Identities: who a ship is, held against the watchlist, and which numbers belong together."""
