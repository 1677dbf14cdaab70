"""What can pass is tried again; what cannot is said at once."""

import threading

import pytest

from streams.errors import ConfigError, SinkError, WakewatchError
from streams.ingest.supervision import supervised

QUICK_S = 0.001


def failing(*failures: Exception) -> tuple[list[int], object]:
    """A run that fails so often, and a count of its starts."""
    left, starts = list(failures), [0]

    def run() -> str:
        starts[0] += 1
        if left:
            raise left.pop(0)
        return "done"

    return starts, run


def test_what_may_pass_is_started_again_until_it_is_done() -> None:
    starts, run = failing(SinkError("away", retriable=True), RuntimeError("a bug"), OSError("a disk"))
    assert supervised(run, threading.Event(), QUICK_S) == "done"  # type: ignore[arg-type]
    assert starts == [4]


@pytest.mark.parametrize(
    "final", [ConfigError("a setting"), SinkError("too large", retriable=False), WakewatchError("a file")]
)
def test_what_no_start_can_help_is_raised(final: Exception) -> None:
    starts, run = failing(final)
    with pytest.raises(type(final), match=str(final)):
        supervised(run, threading.Event(), QUICK_S)  # type: ignore[arg-type]
    assert starts == [1]


@pytest.mark.parametrize("failure", [SinkError("away", retriable=True), RuntimeError("a bug")])
def test_who_was_asked_to_stop_does_not_start_again(failure: Exception) -> None:
    stop = threading.Event()
    stop.set()
    starts, run = failing(failure)
    with pytest.raises(type(failure)):
        supervised(run, stop, QUICK_S)  # type: ignore[arg-type]
    assert starts == [1]
