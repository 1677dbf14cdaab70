"""Recordings on disk: plain or compressed, read in large pieces."""
