import threading

import pytest
from kafka.future import Future

from streams.errors import SinkError
from streams.ingest.outbound import OutboundRecord
from streams.ingest.outbox import Outbox

STOP = threading.Event()


class AwayBroker:
    """Takes records and acknowledges them when told to."""

    def __init__(self) -> None:
        self.taken: list[tuple[bytes, Future]] = []

    def send(self, _topic: str, *, value: bytes, **_rest: object) -> Future:
        self.taken.append((value, Future()))
        return self.taken[-1][1]

    def acknowledge(self) -> None:
        for _, future in self.taken:
            if not future.is_done:
                future.success(None)


def letter(name: str, weight: int = 1, messages: int = 1) -> OutboundRecord:
    return OutboundRecord("t", 0, name.encode(), [], 0, weight, messages)


def test_letters_of_one_origin_leave_in_order_and_are_drained() -> None:
    broker = AwayBroker()
    outbox = Outbox(broker, 1000)
    for number in range(100):
        outbox.put("a", letter(str(number)), stop=STOP, waits=True)
    while len(broker.taken) < 100:
        outbox.drain(0.01)
    assert outbox.held == 100
    broker.acknowledge()
    assert outbox.drain(5) == 0
    assert [value for value, _ in broker.taken] == [b"%d" % n for n in range(100)]
    outbox.close()


def test_who_cannot_wait_loses_the_oldest_sentences_but_no_tick() -> None:
    broker = AwayBroker()
    outbox = Outbox(broker, 10)
    outbox.put("u", letter("first", 5), stop=STOP, waits=False)
    while not broker.taken:
        outbox.drain(0.01)
    outbox.put("u", letter("tick", 1, 0), stop=STOP, waits=False)
    dropped = []
    for number in range(20):
        dropped += outbox.put("u", letter(str(number)), stop=STOP, waits=False)
    assert [one.value for one in dropped] == [b"%d" % n for n in range(16)]
    while outbox.held:
        broker.acknowledge()
        outbox.drain(0.01)
    assert [value for value, _ in broker.taken] == [b"first", b"tick", b"16", b"17", b"18", b"19"]
    outbox.close()


def test_who_can_wait_is_kept_waiting() -> None:
    broker = AwayBroker()
    outbox = Outbox(broker, 2)
    done = threading.Event()

    def fill() -> None:
        for number in range(6):
            outbox.put("f", letter(str(number)), stop=STOP, waits=True)
        done.set()

    thread = threading.Thread(target=fill)
    thread.start()
    assert not done.wait(0.1)
    assert outbox.held <= 2
    while not done.wait(0.01):
        broker.acknowledge()
    thread.join(5)
    outbox.close()
    assert len(broker.taken) >= 4


def test_a_refusal_for_good_is_raised_to_the_readers() -> None:
    broker = AwayBroker()
    outbox = Outbox(broker, 10)
    outbox.put("a", letter("x"), stop=STOP, waits=True)
    while not broker.taken:
        outbox.drain(0.01)
    broker.taken[0][1].failure(RuntimeError("too large"))
    with pytest.raises(SinkError, match="too large"):
        outbox.put("a", letter("y"), stop=STOP, waits=True)
    outbox.close()
