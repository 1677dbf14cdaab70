"""The harness finds what it is there to find: workers that break a rule lose alerts, and it says so."""

import pytest

from tests.chaos.__main__ import main
from tests.chaos.sabotage import RULES

pytestmark = [pytest.mark.broker, pytest.mark.slow]
SUSPENDED = ["--only", "suspended sends", "--hours", "2", "--seed", "1"]


@pytest.mark.parametrize("rule", sorted(set(RULES) - {"torn"}))
def test_a_worker_that_breaks_a_rule_is_found(rule: str) -> None:
    assert main(["--only", "kill -9", "--times", "6", "--sabotage", rule, "--seed", "1"]) == 1


def test_a_snapshot_in_the_middle_of_a_record_is_found_where_sends_are_suspended() -> None:
    told = ["--only", "suspended sends", "--times", "3", "--hours", "4"]
    assert main([*told, "--sabotage", "torn", "--seed", "2"]) == 1


def test_a_worker_whose_sends_are_suspended_loses_nothing() -> None:
    assert main([*SUSPENDED, "--times", "3"]) == 0


def test_a_worker_that_keeps_them_is_not() -> None:
    assert main(["--only", "kill -9", "--times", "2", "--seed", "1"]) == 0
