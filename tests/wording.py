"""What the project does not say, and what an alert must say: for the tests of every text that users read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from detectors.core.alert import Alert

HEADLINE_MOST: Final = 100
BANNED: Final = {
    r"told|tells|telling": "reported, states, notified",
    r"tak(?:e|es|en|ing) in|took in": "processed",
    r"so many|so much|so few|(?:for|after|than|as) so long|so lately": "a number, this long",
    r"anew|afresh|made again|made anew|start(?:s|ed|ing) again": "again, recreated, restarted",
    r"stands?|stood|standing still": "is, appears, does not advance",
    r"lies|lying|lain": "is, is stationary",
    r"(?<!there )(?:is|are|was|were) no(?! longer| more\b)(?= \w)": "is not a",
    r"of no(?= \w)|whether or no": "without",
    r"nobody|somebody|whoever|whom": "no user, a person, anyone who",
    r"of which|of whom|thereof|whereof|wherein|therein": "a sentence of its own",
    r"(?:its|their|last|own|a person's|list's) word": "report, feedback",
    r"looks?(?! like| the same)|looked|looking": "check",
    r"nearness|likelier|seldom|oftener|hardly|shall|lest|hence|ere|whereas|thereby": "a plain word",
    r"vanish(?:es|ed|ing)?": "disappear, be removed",
    r"put up with|mend(?:s|ed|ing)?|amiss|whyever|as ever": "tolerate, fix, wrong, for any reason",
    r"shipped": "included (a ship is a vessel here)",
    r"(?:is|are) away|goes on|go on|gone on|falls? to nothing": "does not answer, continues, drops to zero",
    r"is sound|are sound": "is valid",
    r"wakes?|waked|accused?": "pages, reported",
    r"passed over|pass over|made up|had in full|spares": "skipped, generated",
    r"as the crow flies|slip of the pen|on the way listen|the truth against|dies of": "no metaphor",
    r"ears|havens?|habits|desk|burial|sparing|(?<!busy )(?<!shipping )lane|letters_again": "the glossary's term",
    r"strips|heap|the same road|the data's way": "the glossary's term",
    r"[;,] else": "otherwise, default:",
    r"(?:sentences|alerts|reports|records|gaps|GB|ticks?|revisions) a (?:second|minute|hour|day|week)": "per second",
    r"say --\w+|says?|said": "use, give, report",
    r"refus(?:e|es|ed|ing)(?! service)": "reject",
    r"is it (?:up|well|running)|are they swapped|does it run": "check that it runs",
    r"be had|hangs up|let go": "be obtained, closes the connection",
    r"she|her|hers|herself": "it, its, the vessel",
    r"whatever|wherever|whenever": "any, in any case",
    r"its ground|take away|takes that": "remove",
    r"of it is|what is no|must be (?:\d|so)": "a plain sentence",
    r"illegal|guilty?|criminal|violat\w+|smuggl\w+": "apparent, possible, could have",
}
"""Words and phrases, as regular expressions, with what to write instead."""
STATUS_6: Final = "constrained by her draught"
"""A navigational status, as ITU-R M.1371-5 names it."""
_EDGES: Final = r"(?<![\w`./_-])", r"(?![\w_-])"
_WANTED: Final = {
    pattern: re.compile(f"{'' if pattern[0] == '[' else _EDGES[0]}(?:{pattern}){_EDGES[1]}", re.IGNORECASE)
    for pattern in BANNED
}
_CLOCK: Final = re.compile(r"(?<!\d)(?P<day>\d{1,2} [A-Z][a-z]{2} (?:\d{4} )?)?(?P<hour>\d\d)(?P<minute>\d\d)Z")
_NAMES: Final = re.compile(r"\b[A-Z0-9][A-Z0-9'/-]+\b")
"""Names of vessels, ports and lists, which are not ours."""
_STAMP: Final = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d):(\d\d):")


def banned_in(text: str) -> Iterator[str]:
    """Each banned word of a text, with its neighbours and what to write."""
    text = text.replace(STATUS_6, "")
    for pattern, wanted in _WANTED.items():
        for match in wanted.finditer(text):
            around = text[max(0, match.start() - 40) : match.end() + 40]
            yield f"write {BANNED[pattern]!r} for {match[0]!r}: ...{around}..."


def texts_of(alert: Alert) -> Iterable[str]:
    """What a person reads of an alert, data that vessels and lists state left out."""
    yield alert.headline
    yield from (fact.fact for fact in alert.why)
    yield from alert.would_change


def faults_of(alert: Alert) -> Iterator[str]:
    """What is wrong with the wording of an alert."""
    for text in texts_of(alert):
        yield from banned_in(_NAMES.sub("", text))
    if len(alert.headline) > HEADLINE_MOST:
        yield f"a headline of {len(alert.headline)} characters: {alert.headline}"
    if alert.headline.endswith((" ", ",")) or "  " in alert.headline:
        yield f"a headline that is cut badly: {alert.headline}"
    for sentence in alert.would_change:
        if not sentence[:1].isupper() and not sentence[:1].isdigit():
            yield f"a sentence that begins with a small letter: {sentence}"
    yield from undated_in(alert)


def undated_in(alert: Alert) -> Iterator[str]:
    """Times of a headline without a day that are not of the day of the alert.

    Every time in a headline is one of the alert's own stamps: `0412Z` needs one at 04:12 on the day of ``alert.time``.
    """
    stamps = {(day, hour, minute) for day, hour, minute in _STAMP.findall(msgspec.json.encode(alert).decode())}
    for clock in _CLOCK.finditer(alert.headline):
        if not clock["day"] and (alert.time[:10], clock["hour"], clock["minute"]) not in stamps:
            yield f"{clock[0]} is not of {alert.time[:10]}: {alert.headline}"
