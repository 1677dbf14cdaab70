"""What came of a run: also what compaction would leave of the state topic."""

import json

from tests.chaos.outcome import Result, judged, written


def revision(alert_id: str, number: int) -> bytes:
    return json.dumps({"id": alert_id, "revision": number}).encode()


def test_a_state_that_ends_with_an_older_revision_is_stale() -> None:
    alerts = [revision("a", 1), revision("b", 1), revision("a", 2), revision("a", 1)]
    fresh, late = [revision("a", 1), revision("b", 1), revision("a", 2)], [revision("a", 2), revision("a", 1)]
    assert written(alerts, fresh).stale == ()
    came = written(alerts, late)
    assert came.stale == ("a is in the state topic at revision 1, and was at 2",)
    result = judged(came.values, came, Result("any"))
    assert result.wrong == "missing 0, extra 0, stale 1"
