"""Decodes sentences into columns."""

from streams.decode.batch import decode
from streams.decode.model import Decoded, RefusedReports
from streams.decode.raw import RawMessage, decode_raw, raw_messages

__all__ = ["Decoded", "RawMessage", "RefusedReports", "decode", "decode_raw", "raw_messages"]
