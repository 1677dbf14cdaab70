"""How a node is set up: ports of its own, and the reason where its storage cannot be made."""

from pathlib import Path

import pytest

from streams.broker import node
from streams.broker.jars import class_path, java
from streams.errors import ConfigError, WakewatchError


def test_a_free_port_is_none_of_those_that_are_to_be_used_already(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node, "_LAST_PORT", node._FIRST_PORT + 1)
    monkeypatch.setattr(node, "_taken", lambda _: "")
    first = node.free_port()
    assert {node.free_port(first) for _ in range(20)} == {2 * node._FIRST_PORT + 1 - first}


def test_why_storage_cannot_be_made_is_said_in_java_s_own_words(tmp_path: Path) -> None:
    """The end of a stack trace says nothing."""
    try:
        base = node.command(java(), class_path(), tmp_path)
    except ConfigError as error:
        pytest.skip(f"no embedded Kafka here: {error}")
    with pytest.raises(WakewatchError, match=r"cannot be created in .*Exception: .*port"):
        node.ensure_storage(base, tmp_path, 20_001, 20_001)
