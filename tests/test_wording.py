"""Every text that the product can show is plain English: alerts, help, settings, metrics, logs, errors, pages."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
import typer
from prometheus_client import CollectorRegistry

from detectors.core.alert import Alert, Fact
from detectors.core.units import DAY_MS, HOUR_MS, MINUTE_MS, rfc3339, stamp
from streams.cli import build
from streams.messages import schemas
from streams.observability.metrics import Metrics
from streams.settings.catalogue import catalogue, example, schema
from streams.settings.detectors_page import catalogue as detectors_page
from tests.wording import BANNED, banned_in, faults_of, undated_in

ROOT = Path(__file__).parents[1]
CODE = ("detectors", "streams", "deploy")
NOT_PROSE = frozenset({"streams/bench/faults.py", "streams/bench/lists.py", "streams/bench/load.py"})
"""Names of scenarios, which seed their draws; invented names of vessels; names of columns that results keep."""
_QUOTED = re.compile(r'"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\\n]|\\.)*)`')
_TAG = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>|\{\{.*?\}\}", re.DOTALL)
_ATTRIBUTE = re.compile(r'\b(?:title|placeholder|aria-label)="([^"]*)"')


def faults(where: str, texts: Iterator[str]) -> list[str]:
    return [f"{where}: {fault}" for text in texts for fault in banned_in(text)]


# -- what is read -----------------------------------------------------------------------------------------------------


def strings_of(source: str) -> Iterator[str]:
    """The string constants of a module that hold a space, docstrings left out; an f-string as one text."""
    tree = ast.parse(source)
    skipped = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            skipped |= {id(part) for part in node.values}
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "_" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
            yield node.value if " " in node.value else ""


def page_strings(path: Path) -> Iterator[str]:
    """What the console's page can show: quoted texts of its scripts, texts and titles of its HTML."""
    text = path.read_text("utf-8")
    if path.suffix == ".html":
        yield from _ATTRIBUTE.findall(text)
        yield " ".join(_TAG.sub(" ", text).split())
        return
    for line in text.splitlines():
        for quoted in _QUOTED.findall(line):
            yield from (re.sub(r"\$\{[^}]*\}", "_", one) for one in quoted if " " in one)


def values_of(tree: Any, *keys: str) -> Iterator[str]:
    """The texts under some keys of a nested structure."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            if key in keys and isinstance(value, str):
                yield value
            yield from values_of(value, *keys)
    elif isinstance(tree, list):
        for each in tree:
            yield from values_of(each, *keys)


@cache
def commands() -> dict[str, Any]:
    """Every command and group, by its words."""
    found: dict[str, Any] = {}

    def walk(words: str, command: Any) -> None:
        found[words] = command
        for name, inner in getattr(command, "commands", {}).items():
            walk(f"{words} {name}", inner)

    walk("wakewatch", typer.main.get_command(build()))
    return found


def help_of(command: Any) -> Iterator[str]:
    """Help, epilog and short help of a command, and of each of its options and arguments."""
    yield from filter(None, (command.help, command.short_help, command.epilog))
    for parameter in command.params:
        if getattr(parameter, "help", None):
            yield parameter.help


# -- tests ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "folder", sorted({str(p.parent.relative_to(ROOT)) for d in CODE for p in (ROOT / d).rglob("*.py")})
)
def test_no_string_of_the_code_has_a_banned_word(folder: str) -> None:
    """Headlines, facts, errors, log lines, findings of doctor: also texts that no scene of a test produces."""
    found: list[str] = []
    for path in sorted((ROOT / folder).glob("*.py")):
        name = str(path.relative_to(ROOT))
        if name not in NOT_PROSE:
            found += faults(name, strings_of(path.read_text("utf-8")))
    assert not found, "\n".join(found)


def test_help_has_no_banned_word_and_is_there() -> None:
    assert len(commands()) > 40
    found = [fault for words, command in commands().items() for fault in faults(words, help_of(command))]
    assert not found, "\n".join(found)
    bare = [
        f"{words} {parameter.name}"
        for words, command in commands().items()
        for parameter in command.params
        if not getattr(parameter, "help", None) and parameter.name != "help"
    ]
    assert not bare, f"no help: {bare}"


def test_settings_have_no_banned_word() -> None:
    said = [setting.sentence for setting in catalogue().values()]
    assert len(said) > 100 and all(said)
    found = faults("settings", iter([*said, example(), *values_of(schema(), "description", "title")]))
    assert not found, "\n".join(found)


def test_metrics_have_no_banned_word() -> None:
    families = list(Metrics(CollectorRegistry()).registry.collect())
    assert len(families) > 40
    found = [fault for family in families for fault in faults(family.name, iter([family.documentation]))]
    assert not found, "\n".join(found)


def test_the_page_of_the_detectors_and_the_schemas_have_no_banned_word() -> None:
    assert not faults("detectors/README.md", iter([detectors_page()]))
    files = sorted((ROOT / "deploy" / "schemas").rglob("*.json"))
    assert files and schemas
    found = [
        fault
        for path in files
        for fault in faults(path.name, values_of(json.loads(path.read_text("utf-8")), "description", "title"))
    ]
    assert not found, "\n".join(found)


def test_the_console_has_no_banned_word() -> None:
    paths = [*(ROOT / "streams/console/page").glob("*.js"), *(ROOT / "streams/console/page").glob("*.html")]
    found = [fault for path in sorted(paths) for fault in faults(path.name, page_strings(path))]
    assert len(paths) > 5 and not found, "\n".join(found)


def test_rules_and_dashboards_have_no_banned_word() -> None:
    rules = (ROOT / "deploy/prometheus/wakewatch-rules.yml").read_text("utf-8")
    said = re.findall(r"^ +(?:summary|description|action): (.*)$", rules, re.MULTILINE)
    assert len(said) > 60
    found = faults("wakewatch-rules.yml", iter(said))
    for path in sorted((ROOT / "deploy/grafana/dashboards").glob("*.json")):
        texts = values_of(json.loads(path.read_text("utf-8")), "title", "description", "noValue", "legendFormat")
        found += faults(path.name, texts)
    assert not found, "\n".join(found)


# -- the checks themselves --------------------------------------------------------------------------------------------


def alert_of(headline: str, *, last_heard: str = "2024-02-03T04:12:09.000Z") -> Alert:
    return Alert(
        id="0" * 32,
        revision=1,
        status="opened",
        detector="gap",
        rule_version=1,
        severity="page",
        subject="mmsi/273999001",
        case_id="mmsi/273999001",
        episode_start=last_heard,
        time="2024-02-04T05:00:00.000Z",
        headline=headline,
        why=(Fact(fact="silence", value=1, unit="s"),),
        would_change=("Any report from the vessel closes it",),
        verification="corroborated",
        details={"last_heard": last_heard},
        evidence=(),
    )


def test_a_time_of_another_day_needs_its_day() -> None:
    assert list(undated_in(alert_of("ANGARA silent 24 h, since 0412Z")))
    assert not list(undated_in(alert_of("ANGARA silent 24 h, since 3 Feb 0412Z")))
    assert not list(undated_in(alert_of("ANGARA reappeared, 0500Z")))
    assert not list(undated_in(alert_of("ANGARA silent 1 h, since 0412Z", last_heard="2024-02-04T04:12:00.000Z")))


def test_a_stamp_has_its_day_unless_it_is_that_of_the_alert_and_its_year_unless_it_is_that_too() -> None:
    now_ms = 1_707_022_800_000
    assert rfc3339(now_ms) == "2024-02-04T05:00:00.000Z"
    ago = (0, 4 * HOUR_MS, 5 * HOUR_MS, 5 * HOUR_MS + MINUTE_MS, 40 * DAY_MS, -DAY_MS)
    assert [stamp(now_ms - ms, now_ms) for ms in ago] == [
        "0500Z",
        "0100Z",
        "0000Z",
        "3 Feb 2359Z",
        "26 Dec 2023 0500Z",
        "5 Feb 0500Z",
    ]


def test_each_banned_word_is_found_and_a_plain_alert_is_not() -> None:
    for text in (
        "it is no ship",
        "is TOLD again",
        "a silence, else none",
        "5 alerts a day",
        "made anew",
        "take in",
        "her",
    ):
        assert list(banned_in(text)), text
    for text in ("there is no authentication", "no longer", "threshold", "a day later", "cannot tell if dark", "heard"):
        assert not list(banned_in(text)), text
    assert not list(faults_of(alert_of("ANGARA (IMO 9179842) silent 24 h, since 3 Feb 0412Z, listed: OFAC")))
    long = msgspec.structs.replace(alert_of("X" * 101), would_change=("any report",))
    assert len(list(faults_of(long))) == 2
    assert len(BANNED) > 25
