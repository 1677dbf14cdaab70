"""The catalogue is what the docstrings say, and every docstring says five things."""

from pathlib import Path

import pytest

from detectors.core.registry import detectors
from streams.settings.detectors_page import PARTS, catalogue, taken_apart

PAGE = Path(__file__).parents[2] / "detectors" / "README.md"
WHOLE = "T: t.\n\nClaim. c\n\nWhy it matters. w\n\nHow it decides. h\n\nWhen it is wrong. x\n\nReferences. r"


def test_the_page_is_made_from_the_docstrings() -> None:
    told = "run: wakewatch config catalogue > detectors/README.md"
    assert PAGE.read_text("utf-8") == catalogue(), told
    assert PAGE.read_text("utf-8").count("**Claim.**") == len(detectors())


@pytest.mark.parametrize("part", PARTS)
def test_a_docstring_without_one_of_its_parts_is_refused(part: str) -> None:
    assert tuple(taken_apart("x", WHOLE).parts) == PARTS
    missing = "\n\n".join(p for p in WHOLE.split("\n\n") if not p.startswith(part))
    with pytest.raises(ValueError, match=r"needs|where"):
        taken_apart("x", missing)


def test_no_detector_words_a_likelihood_as_guilt() -> None:
    assert "illegal" not in catalogue().lower()
