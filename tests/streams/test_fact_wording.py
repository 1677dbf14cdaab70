"""A chance as a sentence."""

import re
from pathlib import Path

import pytest

from detectors.core.alert import Fact
from detectors.core.gap_wording import CHANCE_FACT
from streams.messages.fact_wording import chance_in_words, spoken

FORMER = "chance of such a silence within a day, transmitting"
"""In alerts of earlier versions."""


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
    said = f"a transmitting vessel is silent this long here {often}"
    assert chance_in_words(Fact(fact=CHANCE_FACT, value=value)) == said
    assert chance_in_words(Fact(fact=FORMER, value=value)) == said


@pytest.mark.parametrize(
    "fact", [Fact(fact="silence", value=0.04), Fact(fact=CHANCE_FACT, value=0), Fact(fact=CHANCE_FACT, value="?")]
)
def test_other_facts_and_chances_that_are_none_stay_numbers(fact: Fact) -> None:
    assert chance_in_words(fact) == ""


def test_a_notification_has_the_sentence_and_the_numbers() -> None:
    said = spoken(Fact(fact=CHANCE_FACT, value=0.04, threshold=0.05))
    assert said == "a transmitting vessel is silent this long here on 1 day in 25 (chance 0.04, threshold 0.05)"


def test_the_page_recognises_the_fact_too() -> None:
    script = (Path(__file__).parents[2] / "streams/console/page/detail.js").read_text("utf-8")
    (pattern,) = re.findall(r"if \(!/(\^chance .*?)/\.test\(fact\.fact\)", script)
    assert re.search(pattern, CHANCE_FACT) and re.search(pattern, FORMER) and not re.search(pattern, "silence")
