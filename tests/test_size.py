"""What counts as long, and that the project has nothing longer."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.size import main, size_of

TEXT = '''"""A module."""

VALUE = 1  # why
"""What it is."""


def long(a, b):
    """Says nothing.

    Twice.
    """
    # a reason
    return (
        a,
        b,
    )
'''


def test_lines_are_counted_by_their_kind() -> None:
    size = size_of(Path("m.py"), TEXT)
    assert (size.lines, size.code, size.comments) == (16, 6, 8)


@pytest.mark.parametrize(("count", "named"), [(40, False), (41, True)])
def test_a_long_body_is_named_and_its_docstring_is_not_counted(count: int, named: bool) -> None:
    text = 'def long(a):\n    """One.\n\n    Two.\n    """\n' + "    a += 1\n" * count
    assert bool(size_of(Path("m.py"), text).long_functions) is named


def test_nothing_here_is_too_long(capsys: pytest.CaptureFixture[str]) -> None:
    assert main() == 0, capsys.readouterr().err
