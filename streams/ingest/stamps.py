"""Reads times as people and programs write them, as Unix milliseconds. Nothing here reads a clock.

These forms are read: epochs in seconds (with or without decimals), ms, us and ns, distinguished by their size; ISO 8601
and its relatives (``2024-03-04 00:00:00,5 +0100``, ``20240304T000000Z``, ``2024/03/04 00:00``); days with the name of
the month; dates in numbers (``3/10/2024``) if their order is given; and syslog's ``Mar  4 00:00:05``, which has no
year, if a time near it is known.
"""

from __future__ import annotations

import re
from calendar import timegm
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from streams.errors import ConfigError
from streams.nmea.epochs import TIME_END_MS, epoch_ms

AIS_FROM_MS: Final = 883_612_800_000
"""1998, when ITU-R M.1371 appeared: an earlier bare number beside a sentence is a counter."""
_DAY_MS: Final = 86_400_000
_HALF_A_YEAR_MS: Final = 182 * _DAY_MS
_S_MS: Final = 1000
_AHEAD_MOST: Final = timedelta(hours=14)
_COMPACT: Final = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.\d+)?")

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH: Final = r"(?P<name>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?"
_ZONES: Final = (
    "ACDT|ACST|ADT|AEDT|AEST|AKDT|AKST|AST|AWST|BRST|BRT|BST|CAT|CDT|CEST|CET|CST|EAT|EDT|EEST|EET|EST|GST|HDT|HKT|HST|"
    "ICT|IDT|IRST|IST|JST|KST|MDT|MEST|MESZ|MET|MEZ|MSD|MSK|MST|NDT|NST|NZDT|NZST|PDT|PHT|PKT|PST|SAST|SGT|SST|TRT|WAT|"
    "WEST|WET|WIB|WIT|WITA"
)
"""Words for zones other than UTC, most of them those of the time zone database. Other words may be stations."""
_AREAS: Final = "Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Europe|Indian|Pacific|US"
_OFFSET: Final = r"(?::?\d\d)?(?!\d|\.\d)"  # -33.9 is a latitude
_ZONE: Final = (
    rf"(?P<zone>(?:UTC|GMT)[+-]\d{{1,2}}{_OFFSET}|Z\b|(?:UTC|GMT)\b|[+-]\d\d{_OFFSET})(?:\s\([A-Za-z\s]{{1,40}}\))?"
)
_WORD: Final = rf"\s?[(\[]?(?P<word>(?-i:(?:{_ZONES})\b|(?:{_AREAS})/[A-Za-z_/-]+))[)\]]?"
_CLOCK: Final = (
    r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<part>\d{1,9}))?)?(?!\d)"
    rf"\s?(?P<half>[AP]M\b)?(?:\s?{_ZONE}|{_WORD})?"
)
_FORMS: Final = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"(?<!\d)(?P<year>\d{{4}})(?P<mark>[-/.])(?P<month>\d{{1,2}})(?P=mark)(?P<day>\d{{1,2}})(?:T|[\s,;_]+){_CLOCK}",
        r"(?<!\d)(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)(?:T|\s)(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)"
        rf"(?:[.,](?P<part>\d{{1,9}}))?(?!\d)(?:\s?{_ZONE}|{_WORD})?",
        rf"(?<!\d)(?P<day>\d{{1,2}})[-/\s]{_MONTH}[-/\s](?P<year>\d{{4}})[:T,\s]+{_CLOCK}",
        rf"(?<!\d)(?P<first>\d{{1,2}})(?P<mark>[-/.])(?P<other>\d{{1,2}})(?P=mark)(?P<year>\d{{4}})[,\s]+{_CLOCK}",
        rf"{_MONTH}\s+(?P<day>\d{{1,2}}),?\s+(?:(?P<before>\d{{4}})\s+)?{_CLOCK}(?:\s+(?:UTC\s+)?(?P<year>\d{{4}}))?",
    )
)
_DATE_ONLY: Final = re.compile(r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)")
_LONGEST: Final = 64
"""Characters of text before or after a sentence that are searched for a time."""


class StampRules(msgspec.Struct, frozen=True, kw_only=True):
    """How times are read that are ambiguous by themselves."""

    dates: Literal["", "dmy", "mdy"] = ""
    """Order of dates such as 3/10/2024; empty: they are refused."""
    zone: str = "UTC"
    """Zone of times without one: a name of the time zone database."""
    zone_given: bool = True
    """False: nobody has named the zone, so it holds only where times are published in UTC."""
    near_ms: int | None = None
    """Times without a year are in the year that begins a day before this; None: they are not read."""

    def __post_init__(self) -> None:
        """Raises ConfigError for an unknown zone."""
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ConfigError(
                f"--time-zone {self.zone!r} is not a time zone: write it as UTC or Europe/Oslo"
            ) from error


def of_this_year(rules: StampRules, now_ms: int) -> StampRules:
    """The same rules, by which times without a year lie within half a year of now."""
    near_ms = now_ms - now_ms % _DAY_MS - _HALF_A_YEAR_MS
    return rules if rules.near_ms == near_ms else msgspec.structs.replace(rules, near_ms=near_ms)


class StampError(ValueError):
    """A time that cannot be read; ``str()`` gives the reason."""


def read_ms(text: str, rules: StampRules) -> int:
    """The time in a whole cell. Raises StampError."""
    text = text.strip()
    compact = _COMPACT.fullmatch(text)
    if compact is not None:
        return _joined(tuple(int(piece) for piece in compact.groups()), 0, None, rules)
    time_ms = epoch_ms(text)
    if time_ms is not None:
        return time_ms
    if _DATE_ONLY.fullmatch(text):
        text += " 00:00"
    for form in _FORMS:
        found = form.fullmatch(text)
        if found is not None:
            return _time_ms(found, rules)
    raise StampError("is not a time")


def zoneless(text: str, rules: StampRules) -> bool:
    """Whether the time in a cell has no zone of its own. Raises StampError."""
    utc, other = (read_ms(text, msgspec.structs.replace(rules, zone=zone)) for zone in ("UTC", "Etc/GMT-1"))
    return utc != other


@lru_cache(maxsize=4096)  # the lines of a second share it, and a sentence of many parts
def found_ms(text: bytes, rules: StampRules) -> int | None:
    """The first date with a time of day beside a sentence; None if there is none that can be read."""
    near = text[:_LONGEST].decode("latin-1")
    usual = _FORMS[0].match(near)
    if usual is not None:
        try:
            return _time_ms(usual, rules)
        except StampError:
            pass  # there may be another time behind it
    hits = [found for form in _FORMS if (found := form.search(near)) is not None]
    for found in sorted(hits, key=re.Match.start):
        try:
            return _time_ms(found, rules)
        except StampError:
            continue
    return None


def doubt(text: bytes, rules: StampRules) -> str:
    """Why a date beside a sentence is not read; empty if there is none."""
    near = text[:_LONGEST].decode("latin-1")
    for form in _FORMS:
        found = form.search(near)
        if found is not None:
            try:
                _time_ms(found, rules)
            except StampError as error:
                return f"{found.group().strip()!r} {error}"
    return ""


def _time_ms(found: re.Match[str], rules: StampRules) -> int:
    given = found.groupdict()
    month, day = _month_and_day(given, rules)
    hour = int(given["hour"])
    half = given.get("half")
    if half:
        hour = hour % 12 + (12 if half.upper() == "PM" else 0)
    clock = hour, int(given["minute"]), int(given.get("second") or 0)
    part_ms = int(((given.get("part") or "") + "000")[:3])
    year, zone = given.get("year") or given.get("before"), given.get("zone") or given.get("word")
    if year is None:
        return _in_some_year((month, day, *clock), part_ms, zone, rules)
    return _joined((int(year), month, day, *clock), part_ms, zone, rules)


def _month_and_day(given: dict[str, str | None], rules: StampRules) -> tuple[int, int]:
    if given.get("name"):
        return _MONTHS.index(str(given["name"])[:3].lower()) + 1, int(str(given["day"]))
    if given.get("month"):
        return int(str(given["month"])), int(str(given["day"]))
    first, other = int(str(given["first"])), int(str(given["other"]))
    if given["mark"] == "." or rules.dates == "dmy":  # with full stops the day is always first
        return other, first
    if rules.dates == "mdy":
        return first, other
    raise StampError("may have the day or the month first: give the order, --dates dmy or --dates mdy")


def _in_some_year(fields: tuple[int, ...], part_ms: int, zone: str | None, rules: StampRules) -> int:
    if rules.near_ms is None:
        raise StampError("has no year: give the start, --start 2024-03-04T00:00:00Z")
    from_ms = rules.near_ms - _DAY_MS
    year = datetime.fromtimestamp(from_ms / _S_MS, ZoneInfo("UTC")).year
    problem = StampError("is not a time")
    for candidate in (year, year + 1, year + 2, year + 3, year + 4):  # 29 February is not in every year
        try:
            time_ms = _joined((candidate, *fields), part_ms, zone, rules)
        except StampError as error:
            problem = error
            continue
        if time_ms >= from_ms:
            return time_ms
    raise problem


def _joined(fields: tuple[int, ...], part_ms: int, zone: str | None, rules: StampRules) -> int:
    try:
        moment = datetime(*fields[:3], *fields[3:])  # type: ignore[arg-type]  # six numbers
        ahead = _ahead(moment, zone, rules)
    except StampError:
        raise
    except (ValueError, OverflowError) as error:
        raise StampError("is not a time") from error
    time_ms = (timegm(moment.timetuple()) - int(ahead.total_seconds())) * _S_MS + part_ms
    if not 0 < time_ms < TIME_END_MS:
        raise StampError("is not a time")
    return time_ms


def _ahead(moment: datetime, zone: str | None, rules: StampRules) -> timedelta:
    """How far the zone's clock is ahead of UTC then. ``zone`` is as it is written; None: the one of the rules."""
    if zone is None:
        return timedelta() if rules.zone == "UTC" else _zone(rules.zone).utcoffset(moment) or timedelta()
    offset = zone.upper().removeprefix("UTC").removeprefix("GMT")
    if offset in {"", "Z"}:
        return timedelta()
    if offset[0] not in "+-":
        return _ahead_by_name(moment, zone, rules)
    digits = offset[1:].replace(":", "")
    digits = digits.rjust(len(digits) + len(digits) % 2, "0").ljust(4, "0")
    size = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    if size > _AHEAD_MOST:
        raise StampError("is not a time")
    return size if offset[0] == "+" else -size


def _ahead_by_name(moment: datetime, name: str, rules: StampRules) -> timedelta:
    """By a name of the time zone database, or by letters such as EST if the zone of the rules uses them then."""
    try:
        zones = [_zone(name)] if "/" in name else [_zone(rules.zone)]
    except (ZoneInfoNotFoundError, ValueError, OSError):
        zones = []
    for there in (moment.replace(tzinfo=zone, fold=fold) for zone in zones for fold in (0, 1)):
        if "/" in name or there.tzname() == name:
            return there.utcoffset() or timedelta()
    raise StampError(f"is in {name}, which is not a known zone: name it, such as --time-zone America/New_York")


@lru_cache(maxsize=16)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
