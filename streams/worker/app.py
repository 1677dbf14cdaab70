"""THE Faust app. ``faust -A streams.worker.app worker --without-web`` runs it, and so does ``wakewatch detect``.

Composition only: settings in, Faust's app, topics, agent and signals out.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any, TypeVar

import faust
import structlog
from mode import CrashingSupervisor
from prometheus_client import CollectorRegistry

from detectors.core.engine.engine import Engine
from detectors.core.engine.snapshot import version_of
from detectors.core.imo_stage.histories import ImoHistories
from detectors.core.meeting_stage.stage import MeetingStage
from detectors.core.place_stage.areas import DisplacedAreas
from detectors.core.reference import Reference
from streams.broker.clients import link_of
from streams.broker.jars import cache_dir
from streams.errors import ConfigError, WakewatchError
from streams.messages.topics import (
    ALERT_STATE,
    ALERTS,
    AREAS,
    CUES,
    DEAD,
    FLEET,
    HISTORIES,
    IDENTITIES,
    MEETINGS,
    PLACES,
    SENTENCES,
    SLOW,
    VESSELS,
)
from streams.observability import repeats
from streams.observability.metrics import Metrics
from streams.observability.metrics_server import serve
from streams.pipeline.engines import areas_for, engine_for, histories_for, meetings_for
from streams.reference import load_reference
from streams.reference.library import Library
from streams.settings import loading
from streams.worker import consumer, malloc
from streams.worker.area_records import AreaRecords
from streams.worker.credentials import credentials_of
from streams.worker.end_offsets import EndOffsetProbe
from streams.worker.fact_topic import FactTopic
from streams.worker.freeze_guard import FreezeGuard
from streams.worker.health import Watched, WorkerHealth
from streams.worker.identities import Identities
from streams.worker.in_flight import deaths_of
from streams.worker.meetings import Meetings
from streams.worker.meter import WorkerMeter
from streams.worker.observer import Observer
from streams.worker.places import Places
from streams.worker.publish import Publisher
from streams.worker.service import Service
from streams.worker.stage import StageObserver, together
from streams.worker.state_log import StoredSnapshot
from streams.worker.supervisor import RESTARTS_VARIABLE
from streams.worker.timelines import Timelines

settings = loading.load()
reference = load_reference(settings.reference)
kafka, rules = settings.kafka, settings.worker
link = link_of(kafka)
data_dir = Path(rules.data_dir or cache_dir() / "worker" / (rules.instance_id or f"{rules.app_id}-{os.getpid()}"))
data_dir.mkdir(parents=True, exist_ok=True)

app = faust.App(
    rules.app_id,
    broker=[f"kafka://{server}" for server in link["bootstrap_servers"].split(",")],
    broker_credentials=credentials_of(kafka),
    store="memory://",
    datadir=str(data_dir),
    web_enabled=False,
    topic_partitions=kafka.partitions,
    topic_replication_factor=kafka.replication,
    topic_disable_leader=True,
    topic_allow_declare=False,
    agent_supervisor=CrashingSupervisor,
    stream_wait_empty=False,
    stream_recovery_delay=0,
    stream_buffer_maxsize=512,
    consumer_auto_offset_reset="earliest",
    consumer_max_fetch_size=4 << 20,
    # A consumer that lost sight of a partition's leader asks again after this long: Faust's five minutes showed up at a
    # join, and at a second stage, which got nothing for exactly this long.
    consumer_metadata_max_age_ms=30_000,
    consumer_group_instance_id=rules.instance_id or None,
    broker_session_timeout=rules.session_timeout_s,
    broker_heartbeat_interval=rules.session_timeout_s / 5,
    broker_request_timeout=90.0,
    broker_commit_interval=1.0,
    producer_linger=0,
    producer_max_request_size=4 << 20,
    producer_max_batch_size=1 << 20,  # at 16 KiB six alerts fill a batch, and the seventh waits for the broker
)
_RAW: dict[str, Any] = {"key_type": bytes, "value_type": bytes, "key_serializer": "raw", "value_serializer": "raw"}


def _topic(name: str, partitions: int = kafka.partitions) -> Any:
    return app.topic(kafka.topic_prefix + name, partitions=partitions, **_RAW)


sentences = _topic(SENTENCES)
bindings, displacements, slow_ships = _topic(IDENTITIES, 1), _topic(PLACES, 1), _topic(SLOW, 1)
publisher = Publisher(
    _topic(ALERTS),
    _topic(ALERT_STATE),
    _topic(CUES),
    _topic(DEAD, 1),
    identities=FactTopic(bindings),
    places=FactTopic(displacements),
    slow=FactTopic(slow_ships),
    areas=AreaRecords(sentences, kafka.partitions),
)
library = Library(kafka, reference)
meter = WorkerMeter(Metrics(CollectorRegistry()))
meter.lists(reference.ships, 0)
meter.fetched_every(settings.reference.fetch_every_h)
meter.restarted(int(os.environ.get(RESTARTS_VARIABLE, "0")))
_StageT = TypeVar("_StageT", bound=Service)


def _stage(kind: type[_StageT], read: str, state: str, observer: Observer, **more: Any) -> _StageT:
    return kind(
        app,
        link=link,
        source=kafka.topic_prefix + read,
        fleet=kafka.topic_prefix + state,
        app_id=rules.app_id,
        every_s=rules.snapshot_every_s,
        set_aside_after=rules.set_aside_after,
        observer=observer,
        guard=FreezeGuard(rules.session_timeout_s),
        **more,
    )


asides = StageObserver(meter), StageObserver(meter), StageObserver(meter)
service = _stage(Service, SENTENCES, FLEET, meter, library=library, vessels=_topic(VESSELS))
identities = _stage(Identities, IDENTITIES, HISTORIES, asides[0])
places = _stage(Places, PLACES, AREAS, asides[1])
meetings = _stage(Meetings, SLOW, MEETINGS, asides[2])
watched = Watched(
    sentences=kafka.topic_prefix + SENTENCES,
    partitions=kafka.partitions,
    states=tuple(kafka.topic_prefix + name for name in (FLEET, HISTORIES, AREAS, MEETINGS)),
    inputs=tuple(kafka.topic_prefix + name for name in (SENTENCES, IDENTITIES, PLACES, SLOW)),
)
service.elsewhere = lambda: together(asides)
stages = (service, identities, places, meetings)
consumer.install(lambda: {where: at for stage in stages for where, at in stage.positions().items()}, service.refuse)
repeats.install()
_BEAT_S = 1.0
_TRIM_S = 300.0  # pages given back cost the next snapshot 0.1 s at most
log = structlog.get_logger("wakewatch.worker")
loop: asyncio.AbstractEventLoop


def ended(error: WakewatchError) -> None:
    """The probe has found an error that ends this process; called in its thread, also while the loop hangs."""
    log.error("worker cannot continue", error=str(error))
    service.broken = service.broken or error
    if service.give_up is not None:
        service.give_up()
    else:
        loop.call_soon_threadsafe(lambda: asyncio.ensure_future(app.crash(error)))


health = WorkerHealth(watched, lambda: {where: at for stage in stages for where, at in stage.places().items()}, ended)
meter.follow(health)
for stage in stages:
    stage.log_ids, stage.deaths = health, deaths_of(os.environ)
probe = EndOffsetProbe(kafka, [*watched.inputs, *watched.states], watched.inputs, health.look)


def make_engine(partition: int, stored: StoredSnapshot | None) -> Timelines:
    """A partition's engines: empty, or as in the snapshot."""

    def fresh(in_force: Reference) -> Engine:
        return engine_for(settings, in_force, partition)

    if stored is None:
        return Timelines(fresh(library.at_start(partition)), fresh)
    version = version_of(stored.head.manifest)
    in_force = library.get(version) or reference
    meter.lists(in_force.ships, library.written_ms(version))
    return Timelines(fresh(in_force), fresh).restore(stored.shards, stored.head.manifest)


def make_histories(_partition: int, stored: StoredSnapshot | None) -> ImoHistories:
    """The histories of IMO numbers: empty, or as in the snapshot."""
    histories = histories_for(settings, kafka.partitions)
    return histories if stored is None else histories.restore(stored.shards, stored.head.manifest)


def make_areas(_partition: int, stored: StoredSnapshot | None) -> DisplacedAreas:
    """The areas from which vessels are displaced: empty, or as in the snapshot."""
    areas = areas_for(settings, kafka.partitions)
    return areas if stored is None else areas.restore(stored.shards, stored.head.manifest)


def make_meetings(_partition: int, stored: StoredSnapshot | None) -> MeetingStage:
    """The meetings of slow ships: empty, or as in the snapshot."""
    found = meetings_for(settings, kafka.partitions)
    return found if stored is None else found.restore(stored.shards, stored.head.manifest)


@app.agent(sentences, concurrency=1)
async def detect(stream: Any) -> None:
    """Processes records, in order."""
    await service.run(stream, publisher)


@app.agent(bindings, concurrency=1)
async def identify(stream: Any) -> None:
    """Processes bindings: the stage of IMO numbers."""
    await identities.run(stream, publisher)


@app.agent(displacements, concurrency=1)
async def locate(stream: Any) -> None:
    """Processes displacements: the stage of places."""
    await places.run(stream, publisher)


@app.agent(slow_ships, concurrency=1)
async def meet(stream: Any) -> None:
    """Processes slow ships: the stage of meetings."""
    await meetings.run(stream, publisher)


@app.task
async def _measured() -> None:
    """Serves /metrics for as long as the process lives; a port that cannot be obtained ends it with exit code 2."""
    if not rules.metrics_port:
        return
    try:
        serve(rules.metrics_host, rules.metrics_port, meter.registry, health.ready)
    except ConfigError as error:
        await service.refuse(error)


@app.timer(interval=_BEAT_S)
async def _beat() -> None:
    for stage in stages:
        await stage.beat()


@app.timer(interval=_TRIM_S)
async def _trim() -> None:
    malloc.give_back()  # milliseconds: a thread of its own would have a heap of its own


@app.on_partitions_assigned.connect
async def _assigned(_app: Any, parts: Any, **_: Any) -> None:
    global loop  # noqa: PLW0603 - there is none before Faust has made it
    loop = asyncio.get_running_loop()
    for stage in stages:
        stage.guard.start()  # at the first assignment; later ones change nothing
    probe.start()  # Faust's own tasks would begin after the partitions are loaded, and that waits for its answer
    for stage in stages:
        stage.assigned(set(parts))


@app.on_rebalance_complete.connect
async def _ready(_app: Any, **_: Any) -> None:
    await asyncio.gather(
        service.take_over(make_engine),
        identities.take_over(make_histories),
        places.take_over(make_areas),
        meetings.take_over(make_meetings),
    )


@app.on_partitions_revoked.connect
async def _revoked(_app: Any, _parts: Any, **_: Any) -> None:
    for stage in stages:
        await stage.let_go(stopping=False)


@app.on_before_shutdown.connect
async def _stopping(_app: Any, **_: Any) -> None:
    for stage in stages:
        await stage.let_go(stopping=True)
