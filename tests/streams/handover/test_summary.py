"""What one watch hands to the next: what waits, what opened and changed, and who did what."""

from __future__ import annotations

import random
from typing import Any

from detectors.core.alert import Alert, Vessel
from detectors.core.units import rfc3339, unix_ms
from streams.handover.summary import LINES_MOST, Records, WrittenRevision, summary
from streams.handover.text import as_text
from streams.messages.feedback import Feedback, Kind, about

SINCE = unix_ms("2024-02-04T04:00:00.000Z")
UNTIL = unix_ms("2024-02-04T12:00:00.000Z")
MINUTE = 60_000


def made(id: str = "a", **changes: Any) -> Alert:
    number = int(id[0], 16)
    fields: dict[str, Any] = {
        "id": (id * 32)[:32],
        "revision": 1,
        "status": "opened",
        "detector": "gap",
        "rule_version": 1,
        "severity": "page",
        "subject": f"mmsi/{number}",
        "case_id": f"mmsi/{number}",
        "mmsi": number,
        "vessel": Vessel(name=f"SHIP {id.upper()}"),
        "headline": f"SHIP {id.upper()} silent 1 h",
        "episode_start": "2024-02-04T04:12:00.000Z",
        "time": "2024-02-04T05:12:00.000Z",
    }
    return Alert(**{**fields, **changes})


def wrote(alert: Alert, minute: int = 5) -> WrittenRevision:
    return WrittenRevision(alert, SINCE + minute * MINUTE)


def did(alert: Alert, kind: Kind, hour: float, **more: Any) -> Feedback:
    return about(alert, kind, "Kim", more.pop("note", ""), rfc3339(int(SINCE + hour * 60 * MINUTE)), **more)


def watch(
    written: list[WrittenRevision], said: list[Feedback] | None = None, present: list[Alert] | None = None
) -> Any:
    return summary(Records(written=written, present=present or [], said=said or []), SINCE, UNTIL)


def ids(lines: Any) -> str:
    return "".join(line.alert_id[0] for line in lines)


def test_pages_that_wait_are_first_and_what_is_decided_is_in_hand() -> None:
    page, ticket, done = made(), made("b", severity="ticket"), made("c")
    found = watch([wrote(one) for one in (ticket, page, done)], [did(done, "acknowledged", 2)])
    assert (ids(found.waiting), ids(found.in_hand)) == ("ab", "c")
    assert found.in_hand[0].decision == "acknowledged by Kim"


def test_what_was_open_before_waits_too_but_did_not_open_in_this_watch() -> None:
    found = watch([], present=[made()])
    assert (ids(found.waiting), found.opened, found.changed) == ("a", (), ())


def test_what_changed_is_its_newest_revision_and_a_renewed_pass_is_no_change() -> None:
    closed = made(revision=3, status="closed", headline="SHIP A reappeared")
    again = made("b", revision=2, status="updated", same_as=1)
    found = watch([wrote(made(revision=2, status="updated")), wrote(closed, 9), wrote(again)], present=[again])
    assert [(line.alert_id[0], line.status) for line in found.changed] == [("a", "closed")]
    assert (ids(found.waiting), found.opened) == ("b", ())


def test_a_later_alert_of_an_acknowledged_case_waits() -> None:
    first = made()
    later = made("b", case_id=first.case_id, time="2024-02-04T09:00:00.000Z")
    found = watch([wrote(first), wrote(later, 300)], [did(first, "acknowledged", 3)])
    assert (ids(found.waiting), found.waiting[0].decision) == ("b", "acknowledged by Kim")
    found = watch([wrote(first), wrote(later, 300)], [did(first, "acknowledged", 6)])
    assert ids(found.in_hand) == "b"


def test_news_or_a_withdrawal_makes_a_case_wait_again() -> None:
    said = [did(made(), "acknowledged", 2)]
    assert ids(watch([wrote(made()), wrote(made(revision=2, status="updated"), 9)], said).waiting) == "a"
    assert ids(watch([wrote(made())], [*said, did(made(), "withdrawn", 3)]).waiting) == "a"
    assert ids(watch([wrote(made())], [*said, did(made(), "note", 3, note="x")]).in_hand) == "a"


def test_who_did_what_is_that_of_the_watch_and_notes_of_before_are_kept() -> None:
    before = did(made(), "note", -3, note="called the agent")
    late = did(made(), "acknowledged", 9)
    found = watch([wrote(made())], [before, did(made(), "assigned", 2, to="Lee"), late])
    assert [line.words for line in found.actions] == ["assigned to Lee by Kim"]
    (case,) = found.waiting
    assert (case.assigned, case.note, case.note_by) == ("Lee", "called the agent", "Kim")


def test_the_order_of_records_and_second_copies_change_nothing() -> None:
    written = [wrote(made(id), number) for number, id in enumerate("abcdef")]
    written += [wrote(made("a", revision=2, status="updated"), 30), wrote(made("b", revision=2, status="closed"), 40)]
    wanted = watch(written)
    for seed in range(5):
        mixed = [*written, *(WrittenRevision(one.alert, one.written_ms + MINUTE) for one in written)]
        random.Random(seed).shuffle(mixed)
        assert watch(mixed) == wanted


def test_alerts_for_the_record_are_counted_and_long_lists_are_bounded() -> None:
    many = [wrote(made(id=f"{number:032x}", severity="log" if number % 2 else "page")) for number in range(1, 1000)]
    found = watch(many)
    assert found.for_the_record == 500 and len(found.opened) == LINES_MOST and found.more["opened"] == 299
    assert "OPENED (499), 299 of them not listed" in as_text(found)


def test_the_text_has_all_of_it_and_names_order_nothing() -> None:
    alert = made(headline="\x1b[2J\u202eSHIP silent 1 h", vessel=Vessel(name="\x1b[2J"))
    text = as_text(watch([wrote(alert)], [did(alert, "note", 1, note="two\nlines\x07")]))
    assert all(line.isprintable() for line in text.splitlines())
    for part in (
        "4 Feb 0400Z to 4 Feb 1200Z",
        "WAITING FOR AN ANSWER (1)",
        "IN HAND (0)",
        "OPENED (1)",
        "WHO DID WHAT (1)",
    ):
        assert part in text
    assert "note by Kim: two?lines?" in text and "assigned to no one" in text
