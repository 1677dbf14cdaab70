"""Readiness follows the broker's ends and progress; what Kafka does not say is unknown, never zero."""

import math

import pytest

from streams.errors import ConfigError, SinkError, StateError, WakewatchError
from streams.worker.end_offsets import EndOffsets, Where
from streams.worker.health import KNOWN_FOR_S, STALLED_S, Watched, WorkerHealth

LOG, TOLD, FLEET, PAST = "p.sentences", "p.identities", "p.fleet", "p.histories"
WATCHED = Watched(sentences=LOG, partitions=2, states=(FLEET, PAST), inputs=(LOG, TOLD))


class Scene:
    """A clock, what Kafka answers and where the worker stands."""

    def __init__(self) -> None:
        self.now_s, self.took_s = 100.0, 0.01
        self.ids = {LOG: "a", TOLD: "b", FLEET: "c", PAST: "d"}
        self.counts = {LOG: 2, TOLD: 1, FLEET: 2, PAST: 1}
        self.ends: dict[Where, int] = {(LOG, 0): 10, (LOG, 1): 0, (TOLD, 0): 0}
        self.stands: dict[Where, int] = {(LOG, 0): 10, (LOG, 1): 0}
        self.ended: list[WakewatchError] = []
        self.health = WorkerHealth(WATCHED, lambda: self.stands, self.ended.append, lambda: self.now_s)

    def look(self, after_s: float = 2.0, *, answers: bool = True) -> tuple[bool, str]:
        self.now_s += after_s
        seen = EndOffsets(self.now_s, dict(self.ids), dict(self.counts), dict(self.ends), self.took_s)
        self.health.look(seen if answers else None)
        return self.health.ready()


def test_kafka_away_is_not_ready_and_what_waits_is_unknown() -> None:
    scene = Scene()
    assert scene.look() == (True, "2 partitions, 0 records behind")
    scene.look(KNOWN_FOR_S + 1, answers=False)
    ready, why = scene.health.ready()
    assert not ready and why == "Kafka has not answered for 16 s: lag unknown"
    assert math.isnan(scene.health.lag((LOG, 0))) and math.isnan(scene.health.stalled_s((LOG, 0)))
    assert math.isnan(scene.health.partitions) and not scene.health.broker_up
    assert scene.look()[0] and scene.health.lag((LOG, 0)) == 0


def test_a_kafka_that_answers_slowly_is_said_and_is_no_reason_not_to_be_ready() -> None:
    scene = Scene()
    assert math.isnan(scene.health.answer_s)
    scene.took_s = 3.14
    assert scene.look() == (True, "2 partitions, 0 records behind; Kafka needed 3.1 s to answer")
    scene.now_s += KNOWN_FOR_S + 1
    assert math.isnan(scene.health.answer_s)


def test_a_kafka_that_stutters_is_slow_until_it_has_been_quick_for_half_a_minute() -> None:
    """Stopped for most of the time it answers some questions at once."""
    scene = Scene()
    for took_s in (3.14, 0.01, 0.02):
        scene.took_s = took_s
        assert scene.look()[1].endswith("; Kafka needed 3.1 s to answer")
    for _ in range(14):
        scene.look()
    assert scene.look() == (True, "2 partitions, 0 records behind") and scene.health.answer_s == 0.02


def test_records_that_wait_while_none_is_taken_in_are_not_ready_however_often_kafka_answers() -> None:
    scene = Scene()
    scene.ends[LOG, 0] = 359_910
    assert scene.look()[0]
    for _ in range(int(STALLED_S // 2) + 1):
        ready, why = scene.look()
    assert not ready and why == "p.sentences/0: no record processed for 32 s, 359900 waiting"
    scene.stands[LOG, 0] += 1
    assert scene.look() == (True, "2 partitions, 359899 records behind")  # a backlog that shrinks is no stall


def test_a_partition_of_bindings_that_stalls_counts_too_and_a_quiet_log_does_not() -> None:
    scene = Scene()
    for _ in range(40):
        assert scene.look()[0]
    scene.stands[TOLD, 0], scene.ends[TOLD, 0] = 0, 5
    for _ in range(17):
        scene.look()
    assert scene.health.ready()[1] == "p.identities/0: no record processed for 32 s, 5 waiting"


def test_nothing_owned_and_a_missing_topic_are_said() -> None:
    scene = Scene()
    scene.stands = {}
    assert scene.look() == (False, "no partition is assigned yet")
    del scene.ids[LOG]
    assert scene.look() == (False, "topic p.sentences does not exist: create it with `wakewatch topics create`")
    assert not scene.ended


@pytest.mark.parametrize(
    ("changed", "kind", "said"),
    [
        ({LOG: "z"}, StateError, "p.sentences was deleted and created again"),
        ({TOLD: "z"}, StateError, "p.identities was deleted and created again"),
        ({LOG: "z", FLEET: "z"}, SinkError, "p.fleet was deleted and created again: restart"),
        ({PAST: "z"}, SinkError, "p.histories was deleted and created again: restart"),
    ],
)
def test_a_topic_that_was_created_again_ends_the_worker(
    changed: dict[str, str], kind: type[Exception], said: str
) -> None:
    scene = Scene()
    scene.look()
    scene.look()
    gone = {name: scene.ids.pop(name) for name in changed}
    scene.look()
    assert gone and not scene.ended  # deleted, and not there again yet
    scene.ids |= changed
    scene.look()
    scene.look()
    (reason,) = scene.ended
    assert isinstance(reason, kind) and said in str(reason)


def test_other_partitions_than_were_set_end_it_as_a_wrong_setting() -> None:
    scene = Scene()
    scene.counts[LOG] = 4
    scene.look()
    scene.counts[LOG] = 2
    scene.look()
    assert not scene.ended  # one answer may have been damaged on its way
    scene.counts[LOG] = 4
    scene.look()
    scene.look()
    (reason,) = scene.ended
    assert isinstance(reason, ConfigError) and "has 4 partitions, kafka.partitions is 2" in str(reason)


@pytest.mark.parametrize("damaged_at", [0, 1, 2, 3])
def test_an_answer_with_a_damaged_topic_id_ends_nothing_whenever_it_comes(damaged_at: int) -> None:
    scene = Scene()
    for number in range(8):
        scene.ids[LOG] = "z" if number == damaged_at else "a"
        scene.look()
    assert not scene.ended
    scene.ids[LOG] = "another"
    scene.look()
    assert not scene.ended
    scene.look()
    assert "was deleted and created again" in str(scene.ended[0])


def test_a_damaged_answer_between_two_good_ones_does_not_hide_a_log_created_again() -> None:
    scene = Scene()
    scene.look()
    scene.look()
    for topic_id in ("new", "damaged", "new", "new"):
        scene.ids[LOG] = topic_id
        scene.look()
    assert len(scene.ended) == 1


def test_a_log_that_ends_too_early_is_believed_only_when_it_is_said_again_and_again() -> None:
    scene = Scene()
    scene.ends[LOG, 0] = 3
    for _ in range(4):
        scene.look()
    scene.ends[LOG, 0] = 10
    scene.look()
    scene.ends[LOG, 0] = 3
    for _ in range(4):
        scene.look()
    assert not scene.ended
    scene.look()
    assert isinstance(scene.ended[0], StateError) and "wakewatch topics forget fleet" in str(scene.ended[0])
