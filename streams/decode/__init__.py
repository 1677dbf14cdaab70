"""Sentences in, columns out."""

from streams.decode.batch import decode
from streams.decode.model import Decoded, Refused

__all__ = ["Decoded", "Refused", "decode"]
