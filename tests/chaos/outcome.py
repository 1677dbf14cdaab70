"""What came of a run: alerts compared by id, revision and every byte, what differs in them, and the table of all."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

import msgspec
from rich.console import Console
from rich.table import Table

Key = tuple[str, int, str]
_SAID_MOST: Final = 10
_ABSENT: Final = "nothing"


class Written(NamedTuple):
    """Revisions of alerts, as they stand in the topic."""

    times: Counter[Key]
    values: dict[Key, bytes]
    stale: tuple[str, ...] = ()
    """Alerts whose newest record in the state topic is not their newest revision: what compaction would keep."""


class Strike(NamedTuple):
    """One fault, at the moment that it was done."""

    inside: bool
    """A snapshot's transaction was open."""
    lag: int
    """Records in the log that nobody had begun to take in."""
    live: bool
    """Ingest was still writing."""
    second: bool
    """The stage of IMO numbers had taken in records that no snapshot of its own covered."""


class Result(NamedTuple):
    """What came of a kind of fault."""

    name: str
    strikes: tuple[Strike, ...] = ()
    rounds: int = 0
    missing: int = 0
    extra: int = 0
    stale: int = 0
    """Alerts that the state topic would hold in an older revision."""
    duplicates: int = 0
    crashes: int = 0
    alerts: int = 0
    """Compared, in all rounds."""
    took_s: float = 0.0
    stuck: bool = False
    """Something that had to happen did not: nothing was compared."""
    recoveries_s: tuple[float, ...] = ()

    @property
    def wrong(self) -> str:
        """What must be nothing."""
        return f"missing {self.missing}, extra {self.extra}, stale {self.stale}"

    @property
    def second(self) -> int:
        """Faults that came while the stage of IMO numbers was at work."""
        return sum(strike.second for strike in self.strikes)


def written(values: Iterable[bytes], state: Iterable[bytes] = ()) -> Written:
    """What a topic of alerts holds; ``state`` are the records of the state topic, in the order of each partition."""
    held = [(_key_of(value), value) for value in values]
    return Written(Counter(key for key, _ in held), dict(held), tuple(_stale([key for key, _ in held], state)))


def _stale(keys: Iterable[Key], state: Iterable[bytes]) -> Iterator[str]:
    newest: dict[str, int] = {}
    for alert_id, revision, _ in keys:
        newest[alert_id] = max(revision, newest.get(alert_id, 0))
    for alert_id, revision in {key[0]: key[1] for key in map(_key_of, state)}.items():
        if revision < newest.get(alert_id, 0):
            yield f"{alert_id} is in the state topic at revision {revision}, and was at {newest[alert_id]}"


def _key_of(value: bytes) -> Key:
    alert = msgspec.json.decode(value)
    return alert["id"], alert["revision"], hashlib.sha256(value).hexdigest()


def judged(wanted: Mapping[Key, bytes], came: Written, so_far: Result) -> Result:
    """``so_far`` with what is missing and extra in ``came``."""
    missing, extra = wanted.keys() - came.values.keys(), came.values.keys() - wanted.keys()
    return so_far._replace(
        missing=so_far.missing + len(missing),
        extra=so_far.extra + len(extra),
        stale=so_far.stale + len(came.stale),
        duplicates=so_far.duplicates + sum(came.times.values()) - len(came.times),
        alerts=so_far.alerts + len(wanted),
    )


def differences(wanted: Mapping[Key, bytes], came: Written) -> list[str]:
    """A line for each revision that differs, and how: at most a few of each kind."""
    missing, extra = wanted.keys() - came.values.keys(), came.values.keys() - wanted.keys()
    others = {key[:2]: came.values[key] for key in extra}
    changed = [key for key in sorted(missing) if key[:2] in others]
    lost = [key for key in sorted(missing) if key[:2] not in others]
    invented = sorted(key for key in extra if key[:2] not in {key[:2] for key in changed})
    return [
        *(
            f"other bytes: {_named(key, wanted[key])}: {_changes(wanted[key], others[key[:2]])}"
            for key in changed[:_SAID_MOST]
        ),
        *(f"missing: {_named(key, wanted[key])}" for key in lost[:_SAID_MOST]),
        *(f"extra: {_named(key, came.values[key])}" for key in invented[:_SAID_MOST]),
        *(f"stale: {one}" for one in came.stale[:_SAID_MOST]),
    ]


def _named(key: Key, value: bytes) -> str:
    alert = msgspec.json.decode(value)
    return f"{key[0]}/{key[1]} ({alert['detector']}, {alert['status']}, {alert['time']}, {alert['headline']})"


def _changes(wanted: bytes, came: bytes) -> str:
    before, after = (dict(_leaves(msgspec.json.decode(value))) for value in (wanted, came))
    places = [place for place in {**before, **after} if before.get(place, _ABSENT) != after.get(place, _ABSENT)]
    return "; ".join(f"{place} {before.get(place, _ABSENT)!r} -> {after.get(place, _ABSENT)!r}" for place in places)


def _leaves(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Each value of a JSON text with its place in it."""
    if not isinstance(value, dict | list) or not value:
        yield place, value
        return
    for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
        yield from _leaves(inner, f"{place}.{name}" if place else str(name))


def print_table(results: Iterable[Result]) -> None:
    """One line for each kind of fault, on stdout."""
    table = Table(
        "fault",
        "times",
        "inside a snapshot",
        "while ingest wrote",
        "later stage at work",
        "least backlog",
        "rounds",
        "alerts",
        "missing",
        "extra",
        "stale",
        "duplicates",
        "crashes",
        "recovery s (median, worst)",
        "s",
        box=None,
    )
    for result in results:
        strikes, waits = result.strikes, sorted(result.recoveries_s) or [0.0]
        hits = [
            len(strikes),
            sum(s.inside for s in strikes),
            sum(s.live for s in strikes),
            result.second,
            min((s.lag for s in strikes), default=0),
        ]
        wrong = [result.missing, result.extra, result.stale]
        outcome = [result.rounds, result.alerts, *wrong, result.duplicates, result.crashes]
        recovery = f"{waits[len(waits) // 2]:.1f}, {waits[-1]:.1f}"
        name = f"{result.name}: STUCK" if result.stuck else result.name
        table.add_row(name, *map(str, hits + outcome), recovery, f"{result.took_s:.0f}")
    Console(highlight=False, width=190).print(table)
