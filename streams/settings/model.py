"""Every setting: type, unit (in its name), bound and one sentence. ``loading`` reads them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from detectors.core.ticks import FeedRules
from detectors.core.vessels.capacity import FleetRules
from streams.settings.console import ConsoleSettings as ConsoleSettings  # noqa: PLC0414  # a section, like those here
from streams.settings.cot import CotSettings
from streams.settings.discreet import Discreet
from streams.settings.feeds import MqttSettings, TopicFeedSettings
from streams.settings.imagery import ImagerySettings
from streams.settings.kafka_connection import KafkaSecurity
from streams.settings.sources import AisstreamSettings, HttpListenSettings
from streams.settings.traffic import TrafficSettings


class KafkaSettings(KafkaSecurity, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where Kafka is and how our topics are made."""

    bootstrap_servers: Annotated[str, Meta(description="HOST:PORT[,HOST:PORT]; empty: the embedded broker")] = ""
    topic_prefix: Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{0,100}$", description="Prefix of every topic name")] = (
        ""
    )
    partitions: Annotated[
        int,
        Meta(
            ge=1,
            le=1024,
            description="Partitions of the per-vessel topics, fixed at creation; one for every 20,000 vessels in"
            " view, because each learns coverage from its own vessels only",
        ),
    ] = 1
    replication: Annotated[int, Meta(ge=1, le=9, description="Replicas of each topic")] = 1
    sentences_kept_h: Annotated[
        float, Meta(gt=0, le=87_600, description="How long sentences are kept in the log, hours")
    ] = 72.0
    compression: Annotated[
        Literal["zstd", "none"], Meta(description="Compression of records that we send to Kafka, and on its disk")
    ] = "zstd"
    alerts_kept_h: Annotated[
        float, Meta(gt=0, le=87_600, description="How long alert revisions and dead letters are kept, hours")
    ] = 24.0 * 28
    ended_alerts_kept_h: Annotated[
        float,
        Meta(
            ge=1,
            le=87_600,
            description="How long ended alerts are kept for the console, Grafana and `alerts --state`, h",
        ),
    ] = 24.0 * 7


class IngestSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How bytes become records."""

    pack_sentences: Annotated[int, Meta(ge=1, le=10_000, description="Maximum number of sentences in a record")] = 1000
    pack_ms: Annotated[int, Meta(ge=1, le=10_000, description="Longest wait for a record to fill, ms")] = 100
    line_bytes: Annotated[int, Meta(ge=82, le=65_536, description="Longest line that is read, bytes")] = 8192
    fragment_ttl_s: Annotated[
        float, Meta(gt=0, le=600, description="How long a message waits for its other parts, s (event time)")
    ] = 30.0
    fragments_open: Annotated[
        int, Meta(ge=1, le=1_000_000, description="Maximum number of messages that wait for parts")
    ] = 10_000
    buffer_sentences: Annotated[
        int, Meta(ge=1000, le=100_000_000, description="Maximum number of sentences held while Kafka does not answer")
    ] = 500_000
    tick_file_s: Annotated[
        float, Meta(ge=1, le=3600, description="Shortest event time between ticks when a file is read at full speed, s")
    ] = 60.0
    tick_file_sentences: Annotated[
        int, Meta(ge=1, le=1_000_000, description="... and fewest sentences between them, so that records are full")
    ] = 10_000
    identity_note_every_h: Annotated[
        float,
        Meta(
            ge=0.1, le=168, description="Interval at which ingest repeats to the partitions which MMSI a vessel uses, h"
        ),
    ] = 3.0
    identity_note_often_s: Annotated[
        float, Meta(ge=10, le=3600, description="... and while its IMO number has several MMSIs, s")
    ] = 300.0
    identity_note_recent_h: Annotated[
        float,
        Meta(ge=1, le=720, description="An MMSI silent for longer than this no longer counts as one of several, h"),
    ] = 24.0
    identity_mmsis_most: Annotated[
        int, Meta(ge=2, le=1000, description="An IMO number reported by more MMSIs than this is a placeholder")
    ] = 8
    identity_pairs_most: Annotated[
        int, Meta(ge=1000, le=10_000_000, description="Maximum number of IMO numbers kept for a source")
    ] = 200_000
    station_clock: Annotated[
        Literal["correct", "reject"],
        Meta(description="Sentences of a station whose clock is wrong by a minute or more: corrected or rejected"),
    ] = "correct"
    stations: Annotated[
        tuple[str, ...],
        Meta(
            description="Where receiving stations are, each as 'STATION LATITUDE LONGITUDE' in degrees; the places of "
            "others are learned from what they hear"
        ),
    ] = ()
    reconnect_max_s: Annotated[
        float, Meta(gt=0, le=3600, description="Longest wait between connection attempts, s")
    ] = 30.0
    tcp_mute_s: Annotated[
        float, Meta(ge=0, le=86_400, description="Reconnect a source after this silence, s; 0: never")
    ] = 300.0
    tls_ca_file: Annotated[
        str, Meta(description="PEM file of authorities that TLS sources may be signed by, besides those of the system")
    ] = ""
    metrics_port: Annotated[int, Meta(ge=0, le=65_535, description="Port of /metrics and /healthz; 0: none")] = 0
    metrics_host: Annotated[str, Meta(description="Address that /metrics binds to")] = "127.0.0.1"


class WorkerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The Faust worker."""

    app_id: Annotated[
        str, Meta(pattern=r"^[A-Za-z0-9._-]{1,100}$", description="Consumer group, and owner of the snapshots")
    ] = "wakewatch"
    instance_id: Annotated[
        str, Meta(description="Static membership: a name that this worker keeps across restarts; empty: none")
    ] = ""
    data_dir: Annotated[str, Meta(description="Folder for the files of Faust; empty: the cache folder")] = ""
    snapshot_every_s: Annotated[
        float, Meta(gt=0, le=3600, description="Processing time between snapshots of a partition, s")
    ] = 30.0
    session_timeout_s: Annotated[float, Meta(ge=1, le=600, description="Session timeout of the consumer group, s")] = (
        10.0
    )
    set_aside_after: Annotated[
        int, Meta(ge=1, le=100, description="Number of crashes at one record after which it becomes a dead letter")
    ] = 3
    metrics_port: Annotated[int, Meta(ge=0, le=65_535, description="Port of /metrics and /healthz; 0: none")] = 0
    metrics_host: Annotated[str, Meta(description="Address that /metrics binds to")] = "127.0.0.1"


class NotifySettings(Discreet, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where notifications go."""

    alertmanager_url: Annotated[str, Meta(description="Base URL of Alertmanager; empty: none")] = ""
    webhook_url: Annotated[str, Meta(description="URL that receives each alert; empty: none")] = ""
    webhook_secret: Annotated[
        str,
        Meta(description="Key that signs the webhook requests (HMAC-SHA256); preferably given as a file; empty: none"),
    ] = ""
    apprise_urls: Annotated[
        str, Meta(description="Services as apprise URLs, separated by spaces; preferably given as a file")
    ] = ""
    console_url: Annotated[
        str, Meta(description="Public address of the console, to which notifications link; empty: no links")
    ] = ""
    alertmanager_severities: Annotated[
        tuple[Literal["page", "ticket"], ...], Meta(description="Severities sent to Alertmanager: page, ticket")
    ] = ("page", "ticket")
    webhook_severities: Annotated[
        tuple[Literal["page", "ticket"], ...], Meta(description="Severities sent to the webhook")
    ] = ("page", "ticket")
    apprise_severities: Annotated[
        tuple[Literal["page", "ticket"], ...], Meta(description="Severities sent through apprise")
    ] = ("page", "ticket")
    quiet_hours: Annotated[
        str,
        Meta(
            pattern=r"^(\d\d:\d\d-\d\d:\d\d)?$",
            description="Quiet hours in which tickets wait, such as 22:00-06:00; pages never wait; empty: none",
        ),
    ] = ""
    quiet_zone: Annotated[str, Meta(description="Time zone of the quiet hours, such as Europe/Oslo")] = "UTC"
    groups_most: Annotated[
        int,
        Meta(
            ge=0,
            le=1000,
            description="New cases (pages) or areas (tickets) notified one by one in groups_window_s; 0: all",
        ),
    ] = 4
    groups_window_s: Annotated[
        float, Meta(ge=1, le=86_400, description="... the others are sent as one notification: `and 214 more`, s")
    ] = 300.0
    timeout_s: Annotated[float, Meta(gt=0, le=300, description="How long to wait for an answer, s")] = 10.0
    digest_after_s: Annotated[
        float,
        Meta(
            ge=60,
            le=604_800,
            description="Alerts that ended longer ago than this without a notification are sent as one digest, s",
        ),
    ] = 3600.0
    resend_every_s: Annotated[
        float, Meta(ge=1, le=3600, description="Interval at which an open alert is sent again to Alertmanager, s")
    ] = 60.0
    metrics_port: Annotated[int, Meta(ge=0, le=65_535, description="Port of /metrics; 0: none")] = 0
    metrics_host: Annotated[str, Meta(description="Address that /metrics binds to")] = "127.0.0.1"
    cot: CotSettings = CotSettings()


class GrafanaSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``wakewatch grafana-datasource``."""

    hosts: Annotated[
        tuple[str, ...],
        Meta(description="Host names besides localhost under which it may be requested; none: any off loopback"),
    ] = ()


class ReferenceSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Lists and places."""

    watchlists: Annotated[tuple[str, ...], Meta(description="Watchlist files; none: the four included")] = ()
    zones: Annotated[tuple[str, ...], Meta(description="GeoJSON files of zones; none: those included")] = ()
    fetch_every_h: Annotated[
        float,
        Meta(
            ge=0,
            le=8760,
            description="Interval at which your scheduler imports lists, h; 0: by hand (used by an alert)",
        ),
    ] = 0.0


class LogSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is written on stderr."""

    format: Annotated[
        Literal["auto", "console", "json"],
        Meta(description="text, or one JSON object per line; auto: text on a terminal, JSON otherwise"),
    ] = "auto"
    level: Annotated[Literal["debug", "info", "warning", "error"], Meta(description="Lowest level that is written")] = (
        "info"
    )


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole settings file."""

    kafka: KafkaSettings = KafkaSettings()
    feed: FeedRules = FeedRules()
    fleet: FleetRules = FleetRules()
    ingest: IngestSettings = IngestSettings()
    topic_feed: TopicFeedSettings = TopicFeedSettings()
    mqtt: MqttSettings = MqttSettings()
    aisstream: AisstreamSettings = AisstreamSettings()
    http_listen: HttpListenSettings = HttpListenSettings()
    worker: WorkerSettings = WorkerSettings()
    notify: NotifySettings = NotifySettings()
    console: ConsoleSettings = ConsoleSettings()
    traffic: TrafficSettings = TrafficSettings()
    grafana_datasource: GrafanaSettings = GrafanaSettings()
    reference: ReferenceSettings = ReferenceSettings()
    imagery: ImagerySettings = ImagerySettings()
    log: LogSettings = LogSettings()
    severity: Annotated[
        dict[str, Literal["page", "ticket", "log"]],
        Meta(description="Severity by situation, such as `gap.listed = 'page'`; see `config show`"),
    ] = {}
    detectors: Annotated[
        dict[str, dict[str, Any]], Meta(description="Thresholds by detector: [detectors.gap] min_silence_s = ...")
    ] = {}
