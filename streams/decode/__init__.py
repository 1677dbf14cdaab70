"""Sentences in, columns out."""

from streams.decode.batch import decode
from streams.decode.model import Decoded, Refused
from streams.decode.raw import RawMessage, decode_raw, raw_messages

__all__ = ["Decoded", "RawMessage", "Refused", "decode", "decode_raw", "raw_messages"]
