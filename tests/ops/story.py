"""The story that the operations room is shown: a ship is dark, somebody is paged, she is heard again."""

from __future__ import annotations

from tests.ops.programs import until
from tests.ops.rig import Rig


def play(rig: Rig) -> None:
    """About fifteen seconds. Fails when the page, or its end, does not come."""
    until(lambda: rig.live(0.5, angara=False) or rig.pages(), what="the page")
    rig.live(3, angara=False)
    rig.live(6, angara=True)
    until(lambda: rig.pages()[-1]["status"] == "resolved", what="the resolution")
