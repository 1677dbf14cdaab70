"""Where a consumer stands, while the leader of a new partition is not known yet."""

from __future__ import annotations

import pytest
from kafka import KafkaConsumer, TopicPartition

from streams.broker.positions import PositionedConsumer
from streams.errors import SinkError

PLACE = TopicPartition("topic", 0)


@pytest.fixture
def client() -> PositionedConsumer:
    return PositionedConsumer.__new__(PositionedConsumer)  # no broker is asked here


def test_a_position_that_is_not_known_yet_is_waited_for(
    client: PositionedConsumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = iter([None, None, 7])
    monkeypatch.setattr(KafkaConsumer, "position", lambda *_args, **_options: next(told))
    assert client.position(PLACE) == 7


def test_one_that_does_not_come_is_an_error_that_can_be_tried_again(
    client: PositionedConsumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(KafkaConsumer, "position", lambda *_args, **_options: None)
    with pytest.raises(SinkError, match="topic: no broker gives") as failed:
        client.position(PLACE, timeout_ms=1)
    assert failed.value.retriable


@pytest.mark.parametrize("asked", ["end_offsets", "beginning_offsets"])
def test_an_end_that_is_not_known_yet_is_asked_for_again(
    client: PositionedConsumer, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    told = iter([KeyError(PLACE), {PLACE: 3}])

    def answer(*_given: object) -> object:
        if isinstance(one := next(told), KeyError):
            raise one
        return one

    monkeypatch.setattr(KafkaConsumer, asked, answer)
    assert getattr(client, asked)([PLACE]) == {PLACE: 3}
