"""The manifests: built by kustomize, held against Kubernetes's own schemas, and against what a pod must have."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import typer
import yaml

from streams.cli import build
from streams.console.identity import role_of
from streams.settings.catalogue import catalogue
from streams.settings.loading import load

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"
VERSION = "1.33"


def built(folder: Path) -> list[dict[str, Any]]:
    """All resources of a kustomization; skips where kubectl is not installed."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl is not installed (apt-get install kubernetes-client)")
    done = subprocess.run([kubectl, "kustomize", str(folder)], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def pods(resources: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {
        one["metadata"]["name"]: one["spec"]["template"]["spec"]
        for one in resources
        if "template" in one.get("spec", {})
    }


def mistakes(resources: list[dict[str, Any]]) -> list[str]:
    """What the schemas say against them, and what a pod of ours lacks."""
    found = []
    for one in resources:
        if one["kind"] == "PodMonitor":  # a kind of the Prometheus Operator's own, looked at below
            continue
        try:
            kubernetes_validate.validate(one, VERSION, strict=True)
        except kubernetes_validate.ValidationError as error:
            found.append(f"{one['metadata']['name']}: {error.message}")
    for name, pod in pods(resources).items():
        for container in pod["containers"]:
            found += [f"{name} lacks {what}" for what in lacking(name, pod, container)]
    return found


def lacking(name: str, pod: dict[str, Any], container: dict[str, Any]) -> list[str]:
    secured = container.get("securityContext", {})
    lacks = {
        "a limit of memory": not container.get("resources", {}).get("limits", {}).get("memory"),
        "a read-only root": not secured.get("readOnlyRootFilesystem"),
        "no privilege": secured.get("allowPrivilegeEscalation") is not False,
        "a user": not pod.get("securityContext", {}).get("runAsNonRoot"),
        "probes": name != "topics" and not {"livenessProbe", "readinessProbe"} <= set(container),
        "time to end": pod.get("terminationGracePeriodSeconds", 0) < 10,
    }
    return [what for what, so in lacks.items() if so]


@pytest.mark.parametrize("folder", ["base", "overlays/existing-kafka", "overlays/console-oauth2"])
def test_the_manifests_are_sound(folder: str) -> None:
    resources = built(FOLDER / folder)
    assert {one["kind"] for one in resources} >= {
        "Deployment",
        "StatefulSet",
        "Job",
        "PodDisruptionBudget",
        "ConfigMap",
    }
    assert mistakes(resources) == []


def test_commands_and_settings_exist() -> None:
    resources = built(FOLDER / "overlays" / "existing-kafka")
    assert set(pods(resources)) == {
        "topics",
        "ingest",
        "detect",
        "notify",
        "grafana-datasource",
        "console",
        "traffic",
        "match",
    }
    for name, pod in pods(resources).items():
        words, command = list(pod["containers"][0]["args"]), typer.main.get_command(build())
        while hasattr(command, "commands"):
            command = command.commands[words.pop(0)]
        command.make_context(name, words)
    (settings,) = [one["data"] for one in resources if one["kind"] == "ConfigMap"]
    assert settings["WAKEWATCH_KAFKA_REPLICATION"] == "3"
    assert set(settings) <= {setting.variable for setting in catalogue().values()}


def test_the_overlay_says_which_kafka() -> None:
    base, overlay = (
        next(one["data"] for one in built(FOLDER / folder) if one["kind"] == "ConfigMap")
        for folder in ("base", "overlays/existing-kafka")
    )
    assert base["WAKEWATCH_KAFKA_BOOTSTRAP_SERVERS"] != overlay["WAKEWATCH_KAFKA_BOOTSTRAP_SERVERS"]
    assert set(base) == set(overlay)


def detect(resources: list[dict[str, Any]]) -> dict[str, Any]:
    return pods(resources)["detect"]["containers"][0]


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (lambda r: detect(r)["ports"][0].update(containerPort="metrics"), "is not of type"),
        (lambda r: detect(r).update(command="detect"), "is not of type"),
        (lambda r: detect(r).update(probe={}), "Additional properties"),
        (lambda r: detect(r).pop("resources"), "lacks a limit of memory"),
        (lambda r: detect(r).pop("readinessProbe"), "lacks probes"),
        (lambda r: detect(r)["securityContext"].pop("readOnlyRootFilesystem"), "lacks a read-only root"),
        (lambda r: pods(r)["detect"].update(terminationGracePeriodSeconds=1), "lacks time to end"),
    ],
)
def test_a_broken_copy_is_found_out(broken: Callable[[list[dict[str, Any]]], Any], said: str) -> None:
    resources = built(FOLDER / "base")
    broken(resources)
    assert any(said in line for line in mistakes(resources)), mistakes(resources)


def allowed(resources: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    """What the network policies let in to the pods of this name."""
    found = []
    for one in resources:
        if one["kind"] != "NetworkPolicy":
            continue
        selector = one["spec"]["podSelector"]
        named = {selector.get("matchLabels", {}).get("app.kubernetes.io/name")}
        named |= {value for said in selector.get("matchExpressions", ()) for value in said["values"]}
        if name in named:
            found += one["spec"].get("ingress", [])
    return found


def test_nobody_comes_in_but_those_who_are_named() -> None:
    resources = built(FOLDER / "overlays" / "console-oauth2")
    closed = [one for one in resources if one["kind"] == "NetworkPolicy" and one["spec"]["podSelector"] == {}]
    assert [one["spec"]["policyTypes"] for one in closed] == [["Ingress"]]
    assert "ingress" not in closed[0]["spec"]
    to_console = allowed(resources, "console")
    assert [rule["ports"] for rule in to_console if "from" not in rule] == [[{"port": 4180}]], "only the proxy's port"
    assert [list(rule["from"][0]) for rule in to_console if "from" in rule] == [["namespaceSelector"]], "Prometheus"
    in_base = [rule["from"][0] for rule in allowed(built(FOLDER / "base"), "console")]
    assert {"podSelector": {"matchLabels": {"app.kubernetes.io/name": "proxy"}}} in in_base
    to_traffic = [rule["from"][0] for rule in allowed(resources, "traffic")]
    assert {"podSelector": {"matchLabels": {"app.kubernetes.io/name": "console"}}} in to_traffic
    assert all("namespaceSelector" in who or "console" in str(who) for who in to_traffic)
    assert len(allowed(resources, "detect")) == 1


def test_the_proxy_is_in_the_console_s_pod_and_the_settings_go_together() -> None:
    """The console trusts the loopback address, and roles are given to groups of the identity provider."""
    resources = built(FOLDER / "overlays" / "console-oauth2")
    console, proxy = pods(resources)["console"]["containers"]
    settings = load(environ={one["name"]: one["value"] for one in console["env"]}).console
    assert (settings.identity_header, settings.trusted_proxies) == ("X-Forwarded-Email", ())
    assert role_of(settings.roles, "kim", {"watch-officers"}) == "officer"
    assert role_of(settings.roles, "kim", set()) == "none"
    assert "--upstream=http://127.0.0.1:8470" in proxy["args"] and "--pass-user-headers=true" in proxy["args"]
    (service,) = [one["spec"] for one in resources if one["kind"] == "Service" and one["metadata"]["name"] == "proxy"]
    assert service["ports"][0]["targetPort"] in {port["name"] for port in proxy["ports"]}
    assert service["selector"].items() <= {"app.kubernetes.io/name": "console"}.items()


def test_each_process_is_scraped_under_the_name_that_the_rules_ask_for() -> None:
    resources = built(FOLDER / "overlays" / "console-oauth2")
    (monitor,) = [one["spec"] for one in resources if one["kind"] == "PodMonitor"]
    jobs = {f"wakewatch-{name}" for name in monitor["selector"]["matchExpressions"][0]["values"]}
    scraped = yaml.safe_load((FOLDER.parent / "prometheus" / "prometheus.yml").read_text())["scrape_configs"]
    assert jobs == {job["job_name"] for job in scraped if job["job_name"].startswith("wakewatch-")}
    offered = {port["name"] for pod in pods(resources).values() for port in pod["containers"][0].get("ports", ())}
    assert {one["port"] for one in monitor["podMetricsEndpoints"]} == offered
    (relabeling,) = monitor["podMetricsEndpoints"][0]["relabelings"]
    assert (relabeling["targetLabel"], relabeling["replacement"]) == ("job", "wakewatch-$1")


def test_the_matching_of_images_and_the_daily_element_sets_are_off_until_an_overlay_turns_them_on(
    tmp_path: Path,
) -> None:
    resources = built(FOLDER / "overlays" / "existing-kafka")
    (match,) = [one["spec"] for one in resources if one["kind"] == "Deployment" and one["metadata"]["name"] == "match"]
    (job,) = [one["spec"] for one in resources if one["kind"] == "CronJob"]
    assert (match["replicas"], job["suspend"]) == (0, True)
    assert len(allowed(resources, "match")) == 1
    (container,) = job["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    words, command = list(container["args"]), typer.main.get_command(build())
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    command.make_context("elements", words)
    (other,) = pods(resources)["detect"]["containers"]
    assert (container["envFrom"], container["image"]) == (other["envFrom"], other["image"])
    overlay = os.path.relpath(FOLDER / "overlays" / "existing-kafka", tmp_path.resolve())
    (tmp_path / "kustomization.yaml").write_text(f"resources: [{overlay}]\nreplicas: [{{name: match, count: 1}}]\n")
    (match,) = [
        one["spec"] for one in built(tmp_path) if one["metadata"]["name"] == "match" and "replicas" in one["spec"]
    ]
    assert match["replicas"] == 1
