"""Rules, routes, image and units, each checked by its own tool; and each tool finds out a broken copy."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from streams.console.runbook import document
from streams.worker.identities import Identities
from streams.worker.meetings import Meetings
from streams.worker.places import Places

DEPLOY = Path(__file__).parents[2] / "deploy"
_PACKAGES = {
    "promtool": "prometheus",
    "amtool": "prometheus-alertmanager",
    "systemd-analyze": "systemd",
    "kubectl": "kubectl",
}


def tool(name: str) -> str:
    """Where a program is; skips, saying what to install, when it is not."""
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed (apt-get install {_PACKAGES.get(name, name)})")
    return found


def run(*call: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in call],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        cwd=cwd,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )


def copy(folder: str, home: Path, changes: Sequence[tuple[str, str, str]] = ()) -> Path:
    """A folder of deploy/ in ``home``, with (file, this, for that) changed."""
    made = home / folder
    shutil.copytree(DEPLOY / folder, made)
    for file, this, for_that in changes:
        text = (made / file).read_text()
        assert this in text
        (made / file).write_text(text.replace(this, for_that, 1))
    return made


RULES, CASES, DAYS = "wakewatch-rules.yml", "wakewatch-rules-test.yml", "wakewatch-rules-days-test.yml"


def test_prometheus_takes_its_settings_and_rules(tmp_path: Path) -> None:
    done = run(tool("promtool"), "check", "config", copy("prometheus", tmp_path) / "prometheus.yml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_rule_fires_and_stays_quiet_as_its_cases_say(tmp_path: Path) -> None:
    done = run(tool("promtool"), "test", "rules", CASES, DAYS, cwd=copy("prometheus", tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_rule_has_a_case_in_which_it_fires() -> None:
    groups = yaml.safe_load((DEPLOY / "prometheus" / RULES).read_text())["groups"]
    rules = {rule["alert"] for group in groups for rule in group["rules"] if "alert" in rule}
    cases = [
        case for file in (CASES, DAYS) for case in yaml.safe_load((DEPLOY / "prometheus" / file).read_text())["tests"]
    ]
    fired = str([case.get("promql_expr_test") for case in cases]) + str(
        [one for case in cases for one in case.get("alert_rule_test", ()) if one.get("exp_alerts")]
    )
    assert {rule for rule in rules if rule not in fired} == set()
    quiet = {one["alertname"] for case in cases for one in case.get("alert_rule_test", ()) if not one.get("exp_alerts")}
    assert rules - quiet == {"Watchdog"}


def test_every_recorded_series_has_a_case_that_states_its_value() -> None:
    groups = yaml.safe_load((DEPLOY / "prometheus" / RULES).read_text())["groups"]
    recorded = {rule["record"] for group in groups for rule in group["rules"] if "record" in rule}
    cases = yaml.safe_load((DEPLOY / "prometheus" / CASES).read_text())["tests"]
    stated = {one["expr"] for case in cases for one in case.get("promql_expr_test", ()) if one["exp_samples"]}
    assert recorded
    assert recorded - stated == set()


@pytest.mark.parametrize(
    ("of", "was", "becomes"),
    [
        ("WakewatchAllSourcesDown", "max(wakewatch_feed_up) == 0", "max(wakewatch_feed_up) == 5"),
        ("WakewatchMemory", "> 0.9 * wakewatch_memory_cap_bytes", "> 0.1 * wakewatch_memory_cap_bytes"),
        ("WakewatchLag", "wakewatch:lag_records:sum > 300", "wakewatch:lag_records:sum > 30000"),
        ("wakewatch:lag_records:sum", "expr: sum(wakewatch_lag_records)", "expr: max(wakewatch_lag_records)"),
        ("", "> 93600 and", "> 9360000 and"),
    ],
)
def test_a_rule_with_another_threshold_fails_its_cases(tmp_path: Path, of: str, was: str, becomes: str) -> None:
    """Of all cases, which pass with the rules as they are, only those that name it are asked: all take 3 s of CPU."""
    file = CASES if of else DAYS
    folder = copy("prometheus", tmp_path, [(RULES, was, becomes)])
    cases = yaml.safe_load((folder / file).read_text())
    cases["tests"] = [case for case in cases["tests"] if of in str(case)]
    (folder / file).write_text(yaml.safe_dump(cases))
    done = run(tool("promtool"), "test", "rules", file, cwd=folder)
    assert cases["tests"] and done.returncode != 0 and "FAILED" in done.stdout + done.stderr


ROUTES = "alertmanager.yml"


def test_alertmanager_takes_its_routes(tmp_path: Path) -> None:
    done = run(tool("amtool"), "check-config", copy("alertmanager", tmp_path) / ROUTES)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        ({"alertname": "gap", "severity": "page", "case_id": "imo/9179842"}, "page"),
        ({"alertname": "gap", "severity": "ticket", "area": "40N130E"}, "ticket"),
        ({"alertname": "gap", "severity": "log"}, "nobody"),
        ({"alertname": "Watchdog", "severity": "none", "scope": "system"}, "watchdog"),
        ({"alertname": "WakewatchAbsent", "severity": "page", "scope": "system"}, "operations"),
        ({"alertname": "unheard_of", "severity": "page"}, "page"),
        ({"alertname": "unheard_of"}, "ticket"),
    ],
)
def test_whom_an_alert_goes_to(labels: dict[str, str], receiver: str) -> None:
    said = [f"{name}={value}" for name, value in labels.items()]
    done = run(tool("amtool"), "config", "routes", "test", f"--config.file={DEPLOY / 'alertmanager' / ROUTES}", *said)
    assert done.stdout.strip() == receiver, done.stderr


def uncommented(text: str) -> str:
    """The receivers as they are when somebody takes the comment marks away."""
    head, receivers = text.split("receivers:\n")
    return head + "receivers:\n" + re.sub(r"^( +)# (?=\w+_configs:| |-)", r"\1", receivers, flags=re.M)


def test_every_receiver_has_an_example_that_alertmanager_takes(tmp_path: Path) -> None:
    folder = copy("alertmanager", tmp_path)
    text = uncommented((folder / ROUTES).read_text())
    (folder / ROUTES).write_text(text)
    done = run(tool("amtool"), "check-config", folder / ROUTES)
    assert done.returncode == 0, done.stdout + done.stderr
    receivers = yaml.safe_load(text)["receivers"]
    assert [one["name"] for one in receivers if len(one) == 1] == ["nobody"]


@pytest.mark.parametrize(
    "change", [(ROUTES, "- name: page", "- name: pager"), (ROUTES, "group_wait: 30s", "group_wait: soon")]
)
def test_amtool_finds_out_a_broken_copy(tmp_path: Path, change: tuple[str, str, str]) -> None:
    done = run(tool("amtool"), "check-config", copy("alertmanager", tmp_path, [change]) / ROUTES)
    assert done.returncode != 0


def test_hadolint_has_nothing_to_say_of_the_image() -> None:
    done = run(tool("hadolint"), DEPLOY / "Dockerfile")
    assert done.stdout + done.stderr == ""


@pytest.mark.parametrize(
    ("this", "for_that"),
    [
        ("ARG PYTHON=python:3.11.14-slim-bookworm", "FROM python:latest\nARG PYTHON=x"),
        ("WORKDIR /build", "WORKDIR build"),
    ],
)
def test_hadolint_finds_out_a_broken_copy(tmp_path: Path, this: str, for_that: str) -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    assert this in text
    (tmp_path / "Dockerfile").write_text(text.replace(this, for_that, 1))
    assert run(tool("hadolint"), tmp_path / "Dockerfile").returncode != 0


def test_the_image_has_what_the_wheel_needs() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    copied = {word for line in text.splitlines() if line.startswith("COPY ") for word in line.split()[1:-1]}
    assert {
        "requirements.txt",
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "detectors",
        "streams",
        "deploy/RUNBOOK.md",
    } <= copied
    assert text.rstrip().splitlines()[-2] == 'ENTRYPOINT ["wakewatch"]'
    assert "USER 10001:10001" in text


def unit(home: Path, text: str) -> Path:
    """The unit as it would be started, its program one that is here."""
    shutil.copy(DEPLOY / "systemd" / "wakewatch.target", home)
    made = home / "wakewatch@detect-1.service"
    made.write_text(text.replace("/opt/wakewatch/bin/wakewatch", "/bin/true"))
    return made


def said_of(program: str, path: Path) -> list[str]:
    done = run(program, "verify", path)
    return [line for line in (done.stdout + done.stderr).splitlines() if path.name in line]


def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    program = tool("systemd-analyze")
    text = (DEPLOY / "systemd" / "wakewatch@.service").read_text()
    assert said_of(program, unit(tmp_path, text)) == []


@pytest.mark.parametrize(
    ("this", "for_that"), [("Restart=always", "Restarts=always"), ("MemoryMax=2G", "MemoryMax=much")]
)
def test_systemd_finds_out_a_broken_copy(tmp_path: Path, this: str, for_that: str) -> None:
    program = tool("systemd-analyze")
    text = (DEPLOY / "systemd" / "wakewatch@.service").read_text()
    assert this in text
    assert said_of(program, unit(tmp_path, text.replace(this, for_that)))


def test_systemd_understands_the_timer_and_what_it_starts(tmp_path: Path) -> None:
    program = tool("systemd-analyze")
    for name in ("wakewatch-elements.service", "wakewatch-elements.timer"):
        text = (DEPLOY / "systemd" / name).read_text()
        (tmp_path / name).write_text(text.replace("/opt/wakewatch/bin/wakewatch", "/bin/true"))
    for name in ("wakewatch-elements.service", "wakewatch-elements.timer"):
        assert said_of(program, tmp_path / name) == []
    made = tmp_path / "wakewatch-elements.timer"
    made.write_text(made.read_text().replace("OnCalendar=*-*-* 05:40:00 UTC", "OnCalendar=daily-ish"))
    assert said_of(program, made)


def test_every_alert_has_its_paragraph_in_the_runbook() -> None:
    groups = yaml.safe_load((DEPLOY / "prometheus" / RULES).read_text())["groups"]
    alerts = [rule for group in groups for rule in group["rules"] if "alert" in rule]
    rules = {rule["alert"]: rule["annotations"]["runbook_url"] for rule in alerts}
    headings = set(re.findall(r"^### (\w+)$", (DEPLOY / "RUNBOOK.md").read_text(), re.M))
    assert headings == set(rules)
    assert rules == {name: f"{{{{ $externalLabels.console }}}}/runbook#{name.lower()}" for name in rules}


def test_every_link_to_the_runbook_leads_to_a_heading_of_the_console_s_page() -> None:
    groups = yaml.safe_load((DEPLOY / "prometheus" / RULES).read_text())["groups"]
    links = [rule["annotations"]["runbook_url"] for group in groups for rule in group["rules"] if "alert" in rule]
    anchors = set(re.findall(r'<h\d id="([^"]+)"', document().body.decode()))
    assert {link.partition("/runbook#")[2] for link in links} <= anchors


def test_rules_and_dashboards_leave_out_the_partitions_of_every_stage() -> None:
    """A stage has a clock and a lag of its own, and no partition of the log."""
    stages = "|".join(sorted(stage.name for stage in (Identities, Places, Meetings)))
    files = [DEPLOY / "prometheus" / RULES, *(DEPLOY / "grafana" / "dashboards").glob("*.json")]
    left_out = {one for file in files for one in re.findall(r'partition!~\\?"([a-z|]+)\\?"', file.read_text())}
    assert left_out == {stages}
