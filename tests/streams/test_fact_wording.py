"""A chance as a sentence."""

import pytest

from detectors.core.alert import Fact
from streams.messages.fact_wording import chance_in_words
from streams.notify.notices import spoken

CHANCE = "chance that a transmitting vessel is silent this long within a day"


@pytest.mark.parametrize(
    ("value", "often"),
    [
        (0.04, "on 1 day in 25"),
        (0.31, "on 1 day in 3.2"),
        (0.2, "on 1 day in 5"),
        (0.0005, "on 1 day in 2,000"),
        (0.9, "on most days"),
        (0.000001, "on fewer than 1 day in 10,000"),
    ],
)
def test_a_chance_is_said_as_people_say_it(value: float, often: str) -> None:
    assert chance_in_words(Fact(fact=CHANCE, value=value)) == f"a transmitting vessel is silent this long here {often}"


@pytest.mark.parametrize(
    "fact", [Fact(fact="silence", value=0.04), Fact(fact=CHANCE, value=0), Fact(fact=CHANCE, value="?")]
)
def test_other_facts_and_chances_that_are_none_stay_numbers(fact: Fact) -> None:
    assert chance_in_words(fact) == ""


def test_a_notification_has_the_sentence_and_the_numbers() -> None:
    said = spoken(Fact(fact=CHANCE, value=0.04, threshold=0.05))
    assert said == "a transmitting ship is this quiet here on 1 day in 25 (chance 0.04, threshold 0.05)"
