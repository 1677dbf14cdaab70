"""The hand-over of a watch as plain text, for a terminal, a mail or a printer. Names order nothing in it."""

from __future__ import annotations

from collections.abc import Iterator

from streams.handover.summary import ActionLine, AlertLine, CaseLine, Handover
from streams.messages.alert_line import STATUS_MARK, visible

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def as_text(made: Handover) -> str:
    """All of it; each line is free of control characters."""
    return "\n".join(map(visible, _lines(made))) + "\n"


def _lines(made: Handover) -> Iterator[str]:
    yield f"HAND-OVER OF THE WATCH, {_when(made.since)} to {_when(made.until)}"
    for title, lines in (("WAITING FOR AN ANSWER", made.waiting), ("IN HAND", made.in_hand)):
        yield from _title(title, len(lines), made.more.get("waiting" if lines is made.waiting else "in_hand", 0))
        for case in lines:
            yield from _case(case)
    for title, alerts, name in (("OPENED", made.opened, "opened"), ("CHANGED", made.changed, "changed")):
        yield from _title(title, len(alerts), made.more.get(name, 0))
        yield from map(_alert, alerts)
    if made.for_the_record:
        yield f"  and {made.for_the_record} opened for the record"
    yield from _title("WHO DID WHAT", len(made.actions), made.more.get("actions", 0))
    yield from map(_action, made.actions)
    yield ""
    if made.unreadable:
        yield f"{made.unreadable} records of the topics could not be read."
    yield "Times of alerts are event times, those of people the wall clock; UTC. A lead to check, not a finding."


def _title(title: str, count: int, more: int) -> Iterator[str]:
    yield ""
    yield f"{title} ({count + more})" + (f", {more} of them not listed" if more else "")
    if not count:
        yield "  none"


def _case(case: CaseLine) -> Iterator[str]:
    yield f"  {case.severity:<6} {case.headline}"
    told = [f"since {_when(case.since)}", f"{case.open} open alerts" if case.open > 1 else ""]
    told += [f"assigned to {case.assigned}" if case.assigned else "assigned to no one", case.decision]
    told += ["recording" if case.replayed else "", f"case {case.case_id}", f"id {case.alert_id[:8]}"]
    yield f"         {'; '.join(filter(None, told))}"
    if case.note:
        yield f"         note by {case.note_by}: {case.note}"


def _alert(one: AlertLine) -> str:
    return f"  {_when(one.time)} {STATUS_MARK[one.status]} {one.severity:<6} {one.headline}  {one.alert_id[:8]}"


def _action(one: ActionLine) -> str:
    about = one.who or one.case_id
    return f"  {_when(one.time)} {one.words}: {about}{f': {one.note}' if one.note else ''}"


def _when(time: str) -> str:
    """``4 Feb 0412Z``."""
    return f"{int(time[8:10])} {_MONTHS[int(time[5:7]) - 1]} {time[11:13]}{time[14:16]}Z"
