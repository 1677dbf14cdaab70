"""States of what people rely on: notifier, console, lists."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.ops.programs import Receiver
from tests.states.kafka_states import RUNS
from tests.states.model import Rule, State, Want
from tests.states.room import Room

_NINE_DAYS_S: Final = 9 * 86_400
_AGED: Final = f"""
import time
now = time.time
time.time = lambda: now() - {_NINE_DAYS_S}
from streams.cli import main; main()
"""
"""Our commands, with a clock that is nine days behind."""
_DYING: Final = """
import os, signal
from streams.reference.importing import Importer
flush, calls = Importer._flush, []
def dying(self, producer):
    calls.append(1)
    if len(calls) == 4:
        os.kill(os.getpid(), signal.SIGKILL)
    flush(self, producer)
Importer._flush = dying
from streams.cli import main; main()
"""
"""Our commands, an import of which dies before all partitions are told."""
_SLOW: Final = """
import os, time
from pathlib import Path
from streams.console.topic_reader import _Reading
decoded, slow = _Reading._decoded, Path(os.environ["SLOW"])
def decodes(self, record, kind):
    if slow.exists():
        time.sleep(0.5)
    return decoded(self, record, kind)
_Reading._decoded = decodes
from streams.cli import main; main()
"""
"""The console, whose reading takes half a second an alert while a file is there."""
_MANY: Final = 150
_NOTIFIES: Final = Want(r"^notify runs$", "notify", usual=True)


def _hook_down(room: Room) -> Iterator[None]:
    room.hook.close()
    room.air.arrive()
    yield
    room.hook = Receiver(room.hook_port)


def _only_target_down(room: Room) -> Iterator[None]:
    """Notifier and console are called with one target: the console knows by the settings who is to be told."""
    room.injected["WAKEWATCH_NOTIFY_ALERTMANAGER_URL"] = ""
    room.restart("notify", "console")
    room.await_well()
    yield from _hook_down(room)
    del room.injected["WAKEWATCH_NOTIFY_ALERTMANAGER_URL"]
    room.restart("notify", "console")


def _console_behind(room: Room) -> Iterator[None]:
    slow = Path(room.home / "slow")
    room.stop("console")
    room.injected["SLOW"] = str(slow)
    room.run("console", (sys.executable, "-c", _SLOW))
    room.await_well()
    slow.touch()
    room.air.arrive(_MANY)
    yield
    slow.unlink()


def _list(room: Room, name: str) -> str:
    path = Path(room.home / f"{name}.csv")
    path.write_text(f"list,entry_id,name,mmsi\n{name},1,{name} SHIP,273000001\n")
    return str(path)


def _import(room: Room, name: str, code: str) -> int:
    return room.run_command("watchlist", "import", _list(room, name), "--yes", program=(sys.executable, "-c", code))


def _stale(room: Room) -> Iterator[None]:
    assert _import(room, "OLD", _AGED) == 0
    yield
    assert room.run_command("watchlist", "import", _list(room, "OLD"), "--yes") == 0


def _half(room: Room) -> Iterator[None]:
    assert _import(room, "HALF", _DYING) != 0
    yield
    assert room.run_command("watchlist", "import", _list(room, "HALF"), "--yes") == 0


STATES: Final = (
    State(
        "notifier's target down",
        "the webhook, its only target, is closed; a new alert comes",
        readyz=Want(r"^notify 503 webhook: not delivered for \d+ s", "notify"),
        rule=Rule('wakewatch_notify_failing_seconds{target="webhook"} > 30', r"\d", "WakewatchNotifierFailing"),
        doctor=Want(r"^wrong webhook: cannot be reached.*exit code 1$", "webhook"),
        console=Want(
            r"^alarm: Notifier: webhook has accepted no alerts for \d+ s; \d+ alert revisions are not", "notifier"
        ),
        exits=_NOTIFIES,
        enter=_only_target_down,
    ),
    State(
        "one of two targets down",
        "the webhook is closed, Alertmanager is not; a new alert comes",
        readyz=Want(r"^notify 503 alertmanager: delivering; webhook: not delivered for \d+ s", "notify"),
        rule=Rule('wakewatch_notify_failing_seconds{target="webhook"} > 30', r"\d", "WakewatchNotifierFailing"),
        doctor=Want(r"^wrong webhook: cannot be reached.*exit code 1$", "webhook"),
        console=Want(
            r"^alarm: Notifier: webhook has accepted no alerts for \d+ s; \d+ alert revisions are not", "notifier"
        ),
        exits=_NOTIFIES,
        enter=_hook_down,
        short=True,
    ),
    State(
        "console behind",
        f"injected: half a second an alert; {_MANY} ships come to a sanctioned port",
        readyz=Want(r"^console 503 not up to date", "console"),
        rule=Rule('wakewatch_trouble_seconds{kind="console"} > 10', r"\d", "WakewatchConsoleBehind"),
        doctor=Want(r"^wrong console: .*is not ready: not up to date.*exit code 1$", "console"),
        console=Want(r"^alarm: This page (has not shown new alerts|has been loading the alerts) for \d+ s", "console"),
        exits=Want(r"^console runs$", "console", usual=True),
        enter=_console_behind,
    ),
    State(
        "list stale",
        "a list is imported by a command whose clock is nine days behind (injected)",
        readyz=Want(r"^detect 200 ", usual=True),
        rule=Rule("max(wakewatch:watchlist:age_seconds) > 604800", r"\d", "WakewatchListStale", "pending"),
        doctor=Want(r"^warn watchlist: .*9 d ago", "watchlist"),
        console=Want(r"^notice: The watchlist has not been updated for \d+ s", "lists"),
        exits=RUNS,
        enter=_stale,
    ),
    State(
        "import half done",
        "an import is killed (SIGKILL) before all partitions are told",
        readyz=Want(r"^detect 200 ", usual=True),
        rule=Rule('wakewatch_trouble_seconds{kind="import"} > 0', r"\d", "WakewatchImportUnfinished"),
        doctor=Want(r"^(warn|wrong) import: .* -> .*wakewatch watchlist complete", "import"),
        console=Want(r"^alarm: .*complete it with: wakewatch watchlist complete", "import"),
        exits=RUNS,
        enter=_half,
    ),
)
