"""Records that are not what their topic holds: of another version, of a foreign writer, damaged, or hostile."""

from __future__ import annotations

import json
from typing import Any, Final, NamedTuple

from streams.messages.topics import ALERT_STATE, ALERTS, DEAD, FEEDBACK, IDENTITIES, PLACES, REFERENCE, VESSELS


class Poison(NamedTuple):
    """One record. ``topic`` without prefix."""

    topic: str
    value: bytes | None
    key: bytes | None = b"poison"
    headers: tuple[tuple[str, bytes], ...] = ()
    timestamp_ms: int | None = None


class NoUtf8(str):
    """The name of a header that is not UTF-8 on the wire."""

    __slots__ = ()

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        return b"ww_\xff\xfe"


ALERT: Final[dict[str, Any]] = {
    "id": "b" * 32,
    "revision": 1,
    "status": "opened",
    "detector": "gap",
    "rule_version": 1,
    "severity": "page",
    "subject": "mmsi/273999002",
    "case_id": "mmsi/273999002",
    "episode_start": "2024-02-04T04:12:00.000Z",
    "time": "2024-02-04T05:12:00.000Z",
    "headline": "POISON",
}
WORD: Final[dict[str, Any]] = {
    "alert_id": "b" * 32,
    "revision": 1,
    "kind": "acknowledged",
    "case_id": "mmsi/273999002",
    "detector": "gap",
    "by": "Kim",
    "time": "2024-02-04T06:00:00.000Z",
}
SHIP: Final[dict[str, Any]] = {
    "mmsi": 273999002,
    "case_id": "mmsi/273999002",
    "vessel": {},
    "list": "OFAC",
    "entry_id": "1",
    "listed_name": "POISON",
    "last_heard": "2024-02-04T04:12:00.000Z",
    "clock": "2024-02-04T05:12:00.000Z",
    "hearing": "source_up",
}
DEEP: Final = b"[" * 100_000 + b"]" * 100_000
TIMES: Final = (
    "0000-01-01T00:00:00.000Z",
    "garbage",
    "",
    "2024-02-04T05:12:00.000",
    "9999-12-31T23:59:59.999Z",
    "1969-01-01T00:00:00Z",
    "2024-02-30T00:00:00Z",
    "20240204",
    "\x1b[2J",
)
FORMS: Final = (
    b"",
    b"no json",
    b"null",
    b"[]",
    b"{}",
    b"\xff\xfe\x00",
    b'{"id":"\xc3\x28"}',
    b'{"id":"\xff"}',
    DEEP,
    b'{"id":1e999}',
    b'"text"',
    b"9" * 5000,
)


def changed(fields: dict[str, Any], **changes: Any) -> bytes:
    return json.dumps({**fields, **changes}).encode()


def place(lat: object, lon: object, time: str = "2024-02-04T04:12:00.000Z") -> dict[str, object]:
    return {"lat_deg": lat, "lon_deg": lon, "time": time}


def _alerts() -> list[bytes]:
    not_utf8 = changed(ALERT).replace(b"POISON", b"\xff\xfe")
    return [
        *FORMS,
        not_utf8,
        *(changed(ALERT, time=time) for time in TIMES),
        *(changed(ALERT, episode_start=time) for time in TIMES),
        *(changed(ALERT, position=place(1.0, 2.0, time)) for time in TIMES),
        changed(ALERT, position=place(91.0, 181.0)),
        changed(ALERT).replace(b'"headline"', b'"position":{"lat_deg":1e308,"lon_deg":1,"time":"x"},"headline"'),
        changed(ALERT, revision=0),
        changed(ALERT, revision=-1),
        changed(ALERT, revision=2**70),
        changed(ALERT, id="not hex"),
        changed(ALERT, id="../../etc/passwd"),
        changed(ALERT, status="vanished"),
        changed(ALERT, severity="doom"),
        changed(ALERT, mmsi="273999002"),
        changed(ALERT, why=[{"fact": 1}]),
        changed(ALERT).replace(b'"headline"', b'"details":{"deep":' + DEEP + b'},"headline"'),
        changed(ALERT, headline="x" * (2 << 20)),
    ]


def _feedback() -> list[bytes]:
    return [
        *FORMS,
        changed(WORD).replace(b"Kim", b"\xff"),
        *(changed(WORD, time=time) for time in TIMES),
        changed(WORD, by=""),
        changed(WORD, alert_id="x"),
        changed(WORD, kind="praised"),
        changed(WORD, kind="false_alarm", reason="boredom"),
        changed(WORD, kind="assigned", to="x" * 101),
    ]


def _letters() -> list[Poison]:
    counts = (b"", b"x", b"-3", b"0", b"7", b"9" * 5000, b"\xff")
    found = [Poison(DEAD, b"one\ntwo", None, (("count", count), ("detail", b"a\nb"))) for count in counts]
    return [
        *found,
        Poison(DEAD, None, b"x", (("count", b"2"),)),
        Poison(DEAD, b"x", None, (("count", b""), ("reason", b""), ("source", b""), ("detail", b""))),
        Poison(DEAD, b"x", None, (("reason", b"\xff\xfe"), ("source", b"\xff"), ("detail", b"\xff"))),
        Poison(DEAD, b"x", None, ((NoUtf8("x"), b"1"),)),
        Poison(DEAD, b"!AIVDM,1,1,,A,x,0*00", None, (("reason", b"checksum"),), 1_000),
    ]


def _ships() -> list[Poison]:
    keys = (b"", b"x", b"-1", b"9" * 5000, b"\xff")
    values = [
        *FORMS,
        *(changed(SHIP, last_heard=time) for time in TIMES[:3]),
        changed(SHIP, clock="x"),
        changed(SHIP, position=place(91.0, 0.0)),
    ]
    return [
        *(Poison(VESSELS, changed(SHIP), key) for key in keys),
        *(Poison(VESSELS, value, b"273999002") for value in values),
    ]


def _reference(version: str) -> list[Poison]:
    """Under the keys of the version in force, and beside it."""
    forms = (b"\xff", b"{", b"null", DEEP)
    keys = (b"", b"\xff/ship/x", b"a/b/c", b"//", b"head")
    return [
        *(Poison(REFERENCE, b"{}", key) for key in keys),
        *(Poison(REFERENCE, form, f"{version}/ship/POISON/{n}".encode()) for n, form in enumerate(forms)),
        *(Poison(REFERENCE, form, f"{version}/zone/00000{n}".encode()) for n, form in enumerate(forms)),
        *(Poison(REFERENCE, form, f"{version}/head".encode()) for form in forms),
        Poison(REFERENCE, b'{"version":"other","ships":0,"lists":{}}', f"{version}/head".encode()),
        Poison(REFERENCE, b"{", b"fedcba987654/head"),
    ]


def poison(version: str) -> list[Poison]:
    """All of them; ``version`` is the one of the lists that is in force."""
    alerts = [Poison(topic, value) for value in _alerts() for topic in (ALERTS, ALERT_STATE)]
    odd = [
        Poison(
            topic,
            changed(ALERT, id="c" * 32, time=ALERT["time"], severity="log", headline="ODD ENVELOPE"),
            key,
            headers,
            timestamp_ms,
        )
        for topic in (ALERTS, ALERT_STATE)
        for key, headers, timestamp_ms in (
            (None if topic == ALERTS else b"\xff", ((NoUtf8("x"), b""),), None),
            (b"c", (("ce_time", b"\xff"), ("ce_id", b"")), 1_000),
            (b"c", (), 1),
        )
    ]
    return [
        *alerts,
        *odd,
        *(Poison(FEEDBACK, value) for value in _feedback()),
        *_letters(),
        *_ships(),
        *_reference(version),
        *(Poison(topic, value, b"x/y") for topic in (IDENTITIES, PLACES) for value in FORMS[:6]),
    ]
