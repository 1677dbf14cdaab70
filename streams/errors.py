"""Every error that wakewatch raises on purpose.

WakewatchError
├── ConfigError     a setting or a call is wrong: one line, exit code 2, nothing was changed
├── InputError      one piece of input is rejected, for a counted reason; the run continues
├── StateError      a snapshot cannot be used; stop, a person must check it
└── SinkError       something could not be delivered; ``retriable``: whether to try again
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar


class WakewatchError(Exception):
    """Base of all errors raised on purpose."""

    retriable: ClassVar[bool] = False


class ConfigError(WakewatchError):
    """A wrong setting or call. ``str()`` is one line: what, where, how to fix it."""


class Reason(StrEnum):
    """Why input was rejected: the label of ``rejected_total`` and of dead letters."""

    # sentence level (ingest)
    LINE_TOO_LONG = "line_too_long"
    CHECKSUM = "checksum"
    MALFORMED = "malformed"  # looks like an AIS sentence and does not parse as one
    FRAGMENT_EXPIRED = "fragment_expired"  # the other parts never came
    FRAGMENT_CLASH = "fragment_clash"  # a part that belongs to no open message, or to another one
    NO_MMSI = "no_mmsi"  # payload too short to state an MMSI
    TIME_AHEAD = "time_ahead"  # claims a time that no one else confirms
    TIME_BEHIND = "time_behind"  # a day or more before the feed's clock
    STATION_CLOCK = "station_clock"  # from a station whose clock is wrong, if such times are not corrected
    BUFFER_FULL = "buffer_full"  # the broker did not answer for longer than a datagram source can wait
    # report level (decode)
    UNDECODABLE = "undecodable"
    # fix level
    MMSI_INVALID = "mmsi_invalid"  # of letters written by versions that rejected some; none is rejected now
    POSITION_OUT_OF_RANGE = "position_out_of_range"
    # record level (worker)
    RECORD_UNREADABLE = "record_unreadable"
    DETECTOR = "detector"
    STAGE_FULL = "stage_full"  # too many facts wait for a partition that makes no progress
    SET_ASIDE = "set_aside"  # the worker crashed at it repeatedly
    # files about satellites
    IMAGERY_UNUSABLE = "imagery_unusable"  # nothing in a file of elements, plans or images can be used
    # on the way out (notifier)
    NOTIFICATION_REFUSED = "notification_refused"  # an alert that its target answered with 4xx


class InputError(WakewatchError):
    """Input that is rejected. ``reason`` is counted and labels the dead letter."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason.value}: {detail}" if detail else reason.value)
        self.reason = reason


class StateError(WakewatchError):
    """A snapshot that cannot be used: unreadable, incomplete, another application's, or ahead of its input."""


class SinkError(WakewatchError):
    """Delivery failed."""

    def __init__(self, message: str, *, retriable: bool) -> None:
        super().__init__(message)
        self.retriable = retriable  # type: ignore[misc]  # narrows the class default for one instance
