"""A real Alertmanager and a webhook receiver, on free loopback ports."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from detectors.core.alert import Alert
from tests.ops import programs
from tests.ops.programs import Alertmanager, Receiver


@pytest.fixture
def make() -> Callable[..., Alert]:
    """An alert with some fields changed."""

    def make(**changes: Any) -> Alert:
        fields: dict[str, Any] = {
            "id": "0123456789abcdef0123456789abcdef",
            "revision": 1,
            "status": "opened",
            "detector": "gap",
            "rule_version": 1,
            "severity": "page",
            "subject": "mmsi/273999001",
            "case_id": "imo/9179842",
            "mmsi": 273_999_001,
            "headline": "ANGARA (IMO 9179842) silent 1 h, 34-36.0N 129-30.0E, since 0412Z",
            "episode_start": "2024-02-04T04:12:00.000Z",
            "time": "2024-02-04T05:12:00.000Z",
        }
        return Alert(**{**fields, **changes})

    return make


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def alertmanager(tmp_path: Path, receiver: Receiver) -> Iterator[Alertmanager]:
    program = programs.installed(programs.ALERTMANAGER)
    if program is None:
        pytest.skip("Alertmanager is not installed (apt-get install prometheus-alertmanager)")
    started = Alertmanager(tmp_path, receiver, program)
    yield started
    started.close()


@pytest.fixture
def until() -> Callable[[Callable[[], Any]], Any]:
    """Waits for something to be true, and returns it."""
    return programs.until
