"""The manifests: built by kustomize, held against Kubernetes's own schemas, and against what a pod must have."""

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
from streams.settings_catalogue import catalogue

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
        try:
            kubernetes_validate.validate(one, VERSION, strict=True)
        except kubernetes_validate.ValidationError as error:
            found.append(f"{one['metadata']['name']}: {error.message}")
    for name, pod in pods(resources).items():
        (container,) = pod["containers"]
        secured = container.get("securityContext", {})
        lacks = {
            "limits": not container.get("resources", {}).get("limits", {}).get("memory"),
            "a read-only root": not secured.get("readOnlyRootFilesystem"),
            "no privilege": secured.get("allowPrivilegeEscalation") is not False,
            "a user": not pod.get("securityContext", {}).get("runAsNonRoot"),
            "probes": name != "topics" and not {"livenessProbe", "readinessProbe"} <= set(container),
            "time to end": pod.get("terminationGracePeriodSeconds", 0) < 10,
        }
        found += [f"{name} lacks {what}" for what, so in lacks.items() if so]
    return found


@pytest.mark.parametrize("folder", ["base", "overlays/existing-kafka"])
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
    for name, pod in pods(resources).items():
        words, command = list(pod["containers"][0]["args"]), typer.main.get_command(build())
        while hasattr(command, "commands"):
            command = command.commands[words.pop(0)]
        command.make_context(name, words)
    (settings,) = [one["data"] for one in resources if one["kind"] == "ConfigMap"]
    assert settings["WAKEWATCH_KAFKA_REPLICATION"] == "3"
    assert set(settings) <= {setting.variable for setting in catalogue().values()}


def test_the_overlay_says_which_kafka() -> None:
    base, overlay = (next(one["data"] for one in built(FOLDER / folder) if one["kind"] == "ConfigMap")
                     for folder in ("base", "overlays/existing-kafka"))  # fmt: skip
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
        (lambda r: detect(r).pop("resources"), "lacks limits"),
        (lambda r: detect(r).pop("readinessProbe"), "lacks probes"),
        (lambda r: detect(r)["securityContext"].pop("readOnlyRootFilesystem"), "lacks a read-only root"),
        (lambda r: pods(r)["detect"].update(terminationGracePeriodSeconds=1), "lacks time to end"),
    ],
)
def test_a_broken_copy_is_found_out(broken: Callable[[list[dict[str, Any]]], Any], said: str) -> None:
    resources = built(FOLDER / "base")
    broken(resources)
    assert any(said in line for line in mistakes(resources)), mistakes(resources)
