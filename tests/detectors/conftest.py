"""Every alert that any scene of these tests makes is read for its wording."""

from collections.abc import Iterator
from typing import Any

import pytest

from detectors.core.alert import Alert
from detectors.core.engine import alert_writer
from detectors.core.imo_stage import histories
from detectors.core.place_stage import areas
from tests.wording import faults_of


@pytest.fixture(autouse=True)
def _every_alert_is_plainly_worded(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Reads each revision as it is composed; a hundred thousand like it need to be read once only."""
    made: dict[str, Alert] = {}

    def watch(composed: Any) -> Any:
        def compose(*given: Any) -> Alert:
            alert: Alert = composed(*given)
            made.setdefault(alert.headline, alert)
            return alert

        return compose

    monkeypatch.setattr(alert_writer, "composed", watch(alert_writer.composed))
    monkeypatch.setattr(histories, "composed", watch(histories.composed))
    monkeypatch.setattr(areas, "composed", watch(areas.composed))
    yield
    faults = sorted({fault for alert in made.values() for fault in faults_of(alert)})
    assert not faults, "\n".join(faults[:20])
