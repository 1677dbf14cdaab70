"""Checks the processes by their own /readyz, and the targets of notifications."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from streams.doctor.findings import DoctorFinding, ok, warn, wrong
from streams.doctor.receivers import receivers_finding
from streams.errors import ConfigError, SinkError
from streams.notify.apprise_messages import Apprise
from streams.notify.cot import cot_of
from streams.notify.http import Endpoint, endpoint
from streams.observability.target_names import named_targets
from streams.settings.model import ConsoleSettings, NotifySettings, Settings

_WAIT_S: Final = 3.0
_ANSWER_MOST: Final = 200
_DOCUMENT_MOST: Final = 1_000_000
_EVERYWHERE: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared with, not bound to
_LOOPBACK: Final = "127.0.0.1"
_OWN_NAME: Final = {"Host": "localhost"}
"""Our servers answer to it in addition to their other names."""
_NO_HEADERS: Final[Mapping[str, str]] = {}


def service_findings(settings: Settings) -> Iterator[DoctorFinding]:
    """The responses at configured ports and addresses; what is not configured is not checked."""
    for name, host, port, start in (
        ("ingest", settings.ingest.metrics_host, settings.ingest.metrics_port, "wakewatch ingest URL"),
        ("worker", settings.worker.metrics_host, settings.worker.metrics_port, "wakewatch detect"),
        ("notifier", settings.notify.metrics_host, settings.notify.metrics_port, "wakewatch notify"),
        ("image matching", settings.imagery.metrics_host, settings.imagery.metrics_port, "wakewatch imagery match"),
    ):
        if port:
            yield _process(name, _LOOPBACK if host in _EVERYWHERE else host, port, start)
    if settings.console.port:
        yield _console(settings.console)
    if settings.console.traffic_url:
        yield _traffic(settings.console.traffic_url)
    yield from _targets(settings)


def _console(rules: ConsoleSettings) -> DoctorFinding:
    """Its port is always set, and a console is optional: its absence is reported, but is not a fault."""
    host = _LOOPBACK if rules.host in _EVERYWHERE else rules.host
    try:
        socket.create_connection((host, rules.port), _WAIT_S).close()
    except ConnectionRefusedError:
        return ok("console", f"not running at {host}:{rules.port}")
    except OSError:
        pass  # it is queried, and the result is reported
    return _process("console", host, rules.port, "wakewatch console")


def _traffic(url: str) -> DoctorFinding:
    """Its address is always set, and it is optional, as a console is."""
    try:
        to = endpoint("console.traffic_url", url)
        status, said = _get(to, "/readyz", _OWN_NAME)
    except ConfigError as error:
        return wrong("traffic", str(error), "fix console.traffic_url")
    except SinkError:
        return ok("traffic", f"not running at {url}: the map shows cases only")
    if status != http.client.OK:
        return warn("traffic", f"{url} is not ready: {said}", "wait until it has read the log; otherwise check its log")
    return ok("traffic", f"{url} is ready: {said}")


def _process(name: str, host: str, port: int, start: str) -> DoctorFinding:
    try:
        status, said = _get(Endpoint(secure=False, host=host, port=port, path=""), "/readyz", _OWN_NAME)
    except SinkError as error:
        return wrong(name, f"{host}:{port} does not answer ({error})", f"check that it runs; start it with `{start}`")
    if status != http.client.OK:
        return wrong(name, f"{host}:{port} is not ready: {said}", f"check its log; then restart `{start}`")
    return ok(name, f"{host}:{port} is ready: {said}")


def _targets(settings: Settings) -> Iterator[DoctorFinding]:
    rules = settings.notify
    if not named_targets(rules):
        remedy = "set notify.alertmanager_url, notify.webhook_url, notify.apprise_urls or notify.cot.url"
        yield warn("notification", "no target for notifications", remedy)
    if rules.alertmanager_url:
        yield from _alertmanager(rules.alertmanager_url)
    if rules.webhook_url:
        yield _webhook(rules.webhook_url)
    if rules.apprise_urls:
        yield _apprise(rules.apprise_urls)
    if rules.cot.url:
        yield _tak(rules)


def _alertmanager(url: str) -> Iterator[DoctorFinding]:
    name = "alertmanager"
    try:
        to = endpoint("notify.alertmanager_url", url)
        status, said = _get(to, "/-/ready")
        loaded = _get_all(to, "/api/v2/status")[1] if status == http.client.OK else ""
    except ConfigError as error:
        yield wrong(name, str(error), "fix notify.alertmanager_url")
        return
    except SinkError as error:
        yield wrong(
            name, f"does not answer ({error})", "check that it runs and notify.alertmanager_url; pages wait for it"
        )
        return
    if status != http.client.OK:
        yield wrong(name, f"answers {status}: {said}", "check its log; pages wait for it")
        return
    yield ok(name, "is ready")
    yield receivers_finding(loaded)


def _webhook(url: str) -> DoctorFinding:
    """Connects and sends nothing: a POST would be an alert."""
    name = "webhook"
    try:
        to = endpoint("notify.webhook_url", url)
        socket.create_connection((to.host, to.port or (443 if to.secure else 80)), _WAIT_S).close()
    except ConfigError as error:
        return wrong(name, str(error), "fix notify.webhook_url")
    except OSError as error:
        return wrong(
            name, f"cannot be reached ({error.strerror or error})", "check that it runs and notify.webhook_url"
        )
    return ok(name, f"{to.host} accepts")


def _apprise(urls: str) -> DoctorFinding:
    """Reads the addresses and sends nothing."""
    try:
        Apprise(urls)
    except ConfigError as error:
        return wrong("apprise", str(error), "fix notify.apprise_urls")
    return ok("apprise", f"{len(urls.split())} addresses understood; not called")


def _tak(rules: NotifySettings) -> DoctorFinding:
    """Connects and sends nothing; to datagrams nothing answers."""
    name = "tak"
    try:
        target = cot_of(msgspec.structs.replace(rules, timeout_s=min(rules.timeout_s, _WAIT_S)))
        assert target is not None
        if target.link.address.kind == "udp":
            return ok(name, f"datagrams to {target.link.address}; whether they arrive cannot be checked")
        target.link.connect()
        target.close()
    except ConfigError as error:
        return wrong(name, str(error), "fix [notify.cot]")
    except SinkError as error:
        return wrong(name, f"cannot be reached ({error})", "check that it runs, notify.cot.url and the certificates")
    return ok(name, f"{target.link.address} accepts")


def _get(to: Endpoint, path: str, headers: Mapping[str, str] = _NO_HEADERS) -> tuple[int, str]:
    """Status and first line. Raises SinkError."""
    status, text = _get_all(to, path, _ANSWER_MOST, headers)
    return status, text.strip().partition("\n")[0]


def _get_all(
    to: Endpoint, path: str, most: int = _DOCUMENT_MOST, headers: Mapping[str, str] = _NO_HEADERS
) -> tuple[int, str]:
    """Status and the first ``most`` bytes of the body. Raises SinkError."""
    kind = http.client.HTTPSConnection if to.secure else http.client.HTTPConnection
    connection = kind(to.host, to.port, timeout=_WAIT_S)
    try:
        connection.request("GET", to.path + path, headers=dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.read(most).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        said = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise SinkError(said.lower(), retriable=True) from error
    finally:
        connection.close()
