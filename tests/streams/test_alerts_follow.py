"""Following the alerts for months holds no more than what a crash can repeat."""

import pytest

from streams.cli import alerts


def test_what_comes_twice_is_told_once_and_no_more_is_remembered_than_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "_TOLD_MOST", 100)
    once = alerts._Once((f"{number:032x}", 1) for number in range(1000))
    assert not once.is_new((f"{999:032x}", 1))
    assert once.is_new((f"{999:032x}", 2))
    for number in range(1000, 5000):
        assert once.is_new((f"{number:032x}", 1))
        assert not once.is_new((f"{number:032x}", 1))
    assert not once.is_new((f"{4901:032x}", 1))
    assert len(once._told) == 100
