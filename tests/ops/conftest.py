"""One operations room for all tests that look at it."""

from collections.abc import Iterator

import pytest

from streams.errors import ConfigError
from tests.ops import programs
from tests.ops.rig import Rig
from tests.ops.story import play


@pytest.fixture(scope="session")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """Running, shown three hours at once and then some live; ANGARA was dark for the last hour and is heard again."""
    prometheus, alertmanager = programs.installed(programs.PROMETHEUS), programs.installed(programs.ALERTMANAGER)
    if prometheus is None or alertmanager is None:
        pytest.skip(
            "Prometheus and Alertmanager are not installed (apt-get install prometheus prometheus-alertmanager)"
        )
    try:
        rig = Rig(tmp_path_factory.mktemp("room"), prometheus, alertmanager)
    except ConfigError as error:
        pytest.skip(f"no embedded Kafka here: {error}")
    with rig:
        play(rig)
        yield rig
