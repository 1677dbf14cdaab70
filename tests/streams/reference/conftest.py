"""Lists as their publishers write them, made up here."""

from __future__ import annotations

from pathlib import Path

import pytest

REAL = Path(__file__).parents[4] / "shared/data/watchlists"


@pytest.fixture
def real_lists() -> Path:
    """The folder of real published lists."""
    if not REAL.is_dir():
        pytest.skip("../shared is missing: no real lists here")
    return REAL
