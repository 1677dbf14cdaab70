"""The compose file keeps to its specification, and to what the rest of the project says."""

import json
import re
from collections.abc import Callable
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import typer
import yaml

from streams.cli import build
from streams.settings.catalogue import catalogue
from streams.settings.loading import load
from streams.settings.model import Settings

DEPLOY = Path(__file__).parents[2] / "deploy"
SPECIFICATION = json.loads((Path(__file__).parent / "specifications" / "compose-spec.json").read_text())


def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((DEPLOY / "compose.yaml").read_text()))


def ours() -> dict[str, dict[str, Any]]:
    return {name: one for name, one in compose()["services"].items() if one["image"].startswith("wakewatch")}


def mistakes(made: dict[str, Any]) -> list[str]:
    """What the specification says against it, and what points nowhere."""
    found = [error.message for error in jsonschema.Draft202012Validator(SPECIFICATION).iter_errors(made)]
    services = made.get("services", {})
    for name, one in services.items():
        found += [f"{name} waits for {other}" for other in one.get("depends_on", ()) if other not in services]
        found += [f"{name} has no secret {what}" for what in one.get("secrets", ()) if what not in made["secrets"]]
        limits = one.get("deploy", {}).get("resources", {}).get("limits", {})
        found += [f"{name} has no limit of {what}" for what in ("cpus", "memory", "pids") if what not in limits]
        if "healthcheck" not in one and one.get("restart") != "on-failure":
            found.append(f"{name} has no health check")
        found += [
            f"{name}: {key} is written here"
            for key, value in one.get("environment", {}).items()
            if key.upper().endswith(("PASSWORD", "SECRET", "TOKEN")) and value
        ]
        for volume in one.get("volumes", ()):
            source = volume.partition(":")[0]
            known = (DEPLOY / source).exists() if source.startswith(".") else source in made.get("volumes", {})
            found += [] if known else [f"{name} mounts {source}"]
        image = re.sub(r"\$\{\w+:-(.*)\}", r"\1", one.get("image", ""))
        if ":" not in image or image.endswith(":latest"):
            found.append(f"{name}: its image has no version")
        found += [f"{name} is open to everybody: {port}" for port in one.get("ports", ()) if "127.0.0.1" not in port]
    return found


def test_the_compose_file_keeps_to_the_specification() -> None:
    assert mistakes(compose()) == []


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (lambda c: c["services"]["kafka"].update(imagen="x"), "imagen"),
        (lambda c: c["services"]["ingest"].update(restart=["always"]), "is not of type"),
        (lambda c: c["services"]["ingest"]["depends_on"].update(kafak={}), "kafak"),
        (lambda c: c["services"]["grafana"]["volumes"].append("./nowhere:/x"), "mounts ./nowhere"),
        (lambda c: c["services"]["grafana"].update(image="grafana/grafana:latest"), "no version"),
        (lambda c: c["services"]["grafana"].update(image="${GRAFANA_IMAGE:-grafana/grafana}"), "no version"),
        (lambda c: c["services"]["prometheus"].update(ports=["9090:9090"]), "open to everybody"),
        (lambda c: c.update(service={}), "service"),
        (lambda c: c["services"]["console"].pop("healthcheck"), "no health check"),
        (lambda c: c["services"]["proxy"].pop("deploy"), "proxy has no limit of memory"),
        (lambda c: c["services"]["grafana"]["environment"].update(GF_SECURITY_ADMIN_PASSWORD="admin"), "written here"),
        (lambda c: c["services"]["grafana"].update(secrets=["x"]), "no secret x"),
    ],
)
def test_a_broken_copy_is_found_out(broken: Callable[[dict[str, Any]], Any], said: str) -> None:
    made = compose()
    broken(made)
    assert any(said in line for line in mistakes(made))


@pytest.mark.parametrize("name", ours())
def test_a_service_s_command_and_settings_exist(name: str) -> None:
    service = ours()[name]
    command: Any = typer.main.get_command(build())
    words = [word.replace("${FEED:-", "").rstrip("}") for word in service["command"]]
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    command.make_context(name, words)  # raises on an option or a word that it does not know
    variables = {setting.variable for setting in catalogue().values()} | {"WAKEWATCH_SETTINGS"}
    assert set(service["environment"]) <= variables


def test_only_the_proxy_leads_to_the_console() -> None:
    services = compose()["services"]
    assert "ports" not in services["console"]
    assert services["proxy"]["environment"]["CONSOLE_UPSTREAM"] == "console:8470"
    assert "secrets" in services["proxy"]
    settings = load(environ={k: v for k, v in services["console"]["environment"].items() if "_CONSOLE_" in k}).console
    at = services["proxy"]["networks"]["watch"]["ipv4_address"]
    assert settings.trusted_proxies == (at,), "the console believes the proxy's own address"
    (subnet,) = compose()["networks"]["watch"]["ipam"]["config"]
    assert ip_address(at) in ip_network(subnet["subnet"])
    on_it = {name for name, one in services.items() if "watch" in one.get("networks", ())}
    assert on_it == {"proxy", "console"}


def test_the_settings_that_are_mounted_can_be_read() -> None:
    assert load(DEPLOY / "config" / "wakewatch.toml", environ={}) == Settings()


def test_prometheus_scrapes_every_service_that_measures() -> None:
    jobs = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())["scrape_configs"]
    targets = {
        target.partition(":")[0] for job in jobs for one in job.get("static_configs", ()) for target in one["targets"]
    }
    optional = {name for job in jobs for one in job.get("dns_sd_configs", ()) for name in one["names"]}
    assert optional == {name for name, one in compose()["services"].items() if "profiles" in one} == {"match"}
    assert targets - {"localhost"} == {
        "ingest",
        "detect-1",
        "detect-2",
        "notify",
        "grafana-datasource",
        "console",
        "traffic",
        "alertmanager",
    }
    assert targets - {"localhost"} <= set(compose()["services"])


def test_grafana_s_data_sources_are_services() -> None:
    made = yaml.safe_load((DEPLOY / "grafana" / "provisioning" / "datasources" / "wakewatch.yaml").read_text())
    hosts = {source["url"].removeprefix("http://").partition(":")[0] for source in made["datasources"]}
    assert hosts == {"prometheus", "grafana-datasource"} <= set(compose()["services"])
    assert all(source["type"] == "prometheus" for source in made["datasources"])
