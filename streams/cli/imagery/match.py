"""``wakewatch imagery match``: matches images with vessels, and tells the engines."""

from __future__ import annotations

import contextlib
import signal
import threading
from types import FrameType
from typing import Annotated, Final

import typer
from prometheus_client import CollectorRegistry

from streams.broker.acl import refuse_unless_allowed
from streams.broker.clients import admin
from streams.cli.options import Servers, SettingsFile, settings_of
from streams.imagery.matching.needs import require_scipy
from streams.matcher.run import Matcher
from streams.observability import logs
from streams.observability.metrics import Metrics
from streams.observability.metrics_server import serve
from streams.reference.loading import load_reference
from streams.settings.model import Settings

_INTERRUPTED: Final = 130


def command(
    *,
    once: Annotated[bool, typer.Option("--once", help="Match what is there and end.")] = False,
    metrics: Annotated[int | None, typer.Option("--metrics", help="Port of /metrics.", min=0, max=65_535)] = None,
    settings: SettingsFile = None,
    bootstrap_servers: Servers = None,
) -> int:
    r"""Match detections in satellite images with vessels, until Ctrl-C. Alerts are revised by what images show.

    Reads the images that `wakewatch imagery import` has written, the fixes of vessels around each of them from the log,
    and all alerts. Needs `pip install 'wakewatch\[imagery]'`.

    Example: wakewatch imagery match --metrics 9107
    """
    effective = settings_of(settings, bootstrap_servers, imagery__metrics_port=metrics)
    require_scipy()
    logs.configure(effective.log)
    stop, interrupted = threading.Event(), threading.Event()

    def ask(number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGINT:
            interrupted.set()
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)
    _match(effective, stop, once=once)
    return _INTERRUPTED if interrupted.is_set() else 0


def _match(settings: Settings, stop: threading.Event, *, once: bool) -> None:
    with contextlib.closing(admin(settings.kafka)) as client:
        refuse_unless_allowed(client, "imagery match", settings)
    metrics = Metrics(CollectorRegistry())
    matcher = Matcher(settings.kafka, load_reference(settings.reference), metrics, stop)
    with contextlib.ExitStack() as stack:
        if settings.imagery.metrics_port:
            metrics.ready.set_function(lambda: matcher.readiness()[0])
            host, port = settings.imagery.metrics_host, settings.imagery.metrics_port
            stack.enter_context(serve(host, port, metrics.registry, matcher.readiness))
        matcher.run(once=once)
