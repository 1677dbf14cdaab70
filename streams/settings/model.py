"""Every setting: type, unit (in its name), bound and one sentence. ``loading`` reads them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from detectors.core.ticks import FeedRules
from detectors.core.vessels.capacity import FleetRules

SECRET_ENDINGS = ("_secret", "_password", "apprise_urls")
"""A setting so named is never shown, however it was given."""


class _Discreet(msgspec.Struct, frozen=True, kw_only=True):
    """Shows itself without its secrets: what is logged or stands in a traceback must hold none."""

    def __repr__(self) -> str:
        shown = {name: getattr(self, name) for name in self.__struct_fields__}
        masked = (f"{k}={'***' if v and k.endswith(SECRET_ENDINGS) else repr(v)}" for k, v in shown.items())
        return f"{type(self).__name__}({', '.join(masked)})"


class KafkaSettings(_Discreet, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where Kafka is and how our topics are made."""

    bootstrap_servers: Annotated[str, Meta(description="HOST:PORT[,HOST:PORT]; empty means the embedded broker")] = ""
    topic_prefix: Annotated[
        str, Meta(pattern=r"^[A-Za-z0-9._-]{0,100}$", description="Put before every topic name")
    ] = ""
    security_protocol: Annotated[
        Literal["PLAINTEXT", "SSL", "SASL_SSL", "SASL_PLAINTEXT"],
        Meta(description="How links to Kafka are made; SSL with a certificate of ours is mutual TLS"),
    ] = "PLAINTEXT"
    sasl_mechanism: Annotated[
        Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"], Meta(description="How the password is proven")
    ] = "SCRAM-SHA-512"
    sasl_username: Annotated[str, Meta(description="This process's user at Kafka")] = ""
    sasl_password: Annotated[str, Meta(description="Its password; better given as a file")] = ""
    tls_ca_file: Annotated[
        str, Meta(description="PEM file of who signed the broker's certificate; empty: whom the system trusts")
    ] = ""
    tls_certificate_file: Annotated[str, Meta(description="PEM file of our own certificate, for mutual TLS")] = ""
    tls_key_file: Annotated[str, Meta(description="PEM file of its key; empty: it is in the same file")] = ""
    tls_key_password: Annotated[str, Meta(description="The key's password; better given as a file")] = ""
    allow_insecure: Annotated[bool, Meta(description="Allow a password on a link without TLS (SASL_PLAINTEXT)")] = False
    partitions: Annotated[
        int,
        Meta(
            ge=1,
            le=1024,
            description="Partitions of the per-vessel topics, fixed when they are made: one for every 20,000 vessels in"
            " view, since each knows of its own ships alone how well they are heard",
        ),
    ] = 1
    replication: Annotated[int, Meta(ge=1, le=9, description="Replicas of each topic")] = 1
    sentences_kept_h: Annotated[
        float, Meta(gt=0, le=87_600, description="How long sentences stay in the log, hours")
    ] = 72.0
    compression: Annotated[
        Literal["zstd", "none"],
        Meta(description="How sentences, lists and letters are packed on their way to Kafka and on its disk"),
    ] = "zstd"
    alerts_kept_h: Annotated[
        float, Meta(gt=0, le=87_600, description="How long alert revisions and dead letters stay, hours")
    ] = 24.0 * 28
    ended_alerts_kept_h: Annotated[
        float,
        Meta(
            ge=1,
            le=87_600,
            description="How long ended alerts stay in what console, Grafana and `alerts --state` begin with, h",
        ),
    ] = 24.0 * 7


class IngestSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How bytes become records."""

    pack_sentences: Annotated[int, Meta(ge=1, le=10_000, description="Most sentences in a record")] = 1000
    pack_ms: Annotated[int, Meta(ge=1, le=10_000, description="Longest wait for a record to fill, ms")] = 100
    line_bytes: Annotated[int, Meta(ge=82, le=65_536, description="Longest line that is read, bytes")] = 8192
    fragment_ttl_s: Annotated[
        float, Meta(gt=0, le=600, description="How long a message waits for its other parts, s (event time)")
    ] = 30.0
    fragments_open: Annotated[
        int, Meta(ge=1, le=1_000_000, description="Most messages that wait for parts at once")
    ] = 10_000
    buffer_sentences: Annotated[
        int, Meta(ge=1000, le=100_000_000, description="Most sentences held while the broker is away")
    ] = 500_000
    tick_file_s: Annotated[
        float, Meta(ge=1, le=3600, description="Least event time between ticks when a file is read at full speed, s")
    ] = 60.0
    tick_file_sentences: Annotated[
        int, Meta(ge=1, le=1_000_000, description="... and fewest sentences between them, so that records get full")
    ] = 10_000
    identity_note_every_h: Annotated[
        float,
        Meta(ge=0.1, le=168, description="Partitions are told again after this under which MMSI a ship is heard, h"),
    ] = 3.0
    identity_note_often_s: Annotated[
        float, Meta(ge=10, le=3600, description="... and after this while its IMO number has several MMSIs, s")
    ] = 300.0
    identity_note_recent_h: Annotated[
        float, Meta(ge=1, le=720, description="... which an MMSI unheard for longer is none of, h")
    ] = 24.0
    identity_mmsis_most: Annotated[
        int, Meta(ge=2, le=1000, description="An IMO number that more MMSIs state is nobody's")
    ] = 8
    identity_pairs_most: Annotated[
        int, Meta(ge=1000, le=10_000_000, description="IMO numbers with their MMSIs remembered a source")
    ] = 200_000
    reconnect_max_s: Annotated[float, Meta(gt=0, le=3600, description="Longest wait between tries, s")] = 30.0
    tcp_mute_s: Annotated[
        float, Meta(ge=0, le=86_400, description="A tcp:// connection silent for so long is made again, s; 0: never")
    ] = 300.0
    metrics_port: Annotated[int, Meta(ge=0, le=65_535, description="Port of /metrics and /healthz; 0 for none")] = 0
    metrics_host: Annotated[str, Meta(description="Address that /metrics binds to")] = "127.0.0.1"


class WorkerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The Faust worker."""

    app_id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{1,100}$", description="Consumer group and owner")] = (
        "wakewatch"
    )
    instance_id: Annotated[
        str, Meta(description="Static membership: a name that this worker keeps over restarts; empty for none")
    ] = ""
    data_dir: Annotated[str, Meta(description="Where Faust keeps its few files; empty for the cache folder")] = ""
    snapshot_every_s: Annotated[
        float, Meta(gt=0, le=3600, description="Processing time between snapshots of a partition, s")
    ] = 30.0
    session_timeout_s: Annotated[float, Meta(ge=1, le=600, description="Group session time-out, s")] = 10.0
    set_aside_after: Annotated[
        int, Meta(ge=1, le=100, description="Crashes at one record after which it is set aside as a dead letter")
    ] = 3
    metrics_port: Annotated[int, Meta(ge=0, le=65_535, description="Port of /metrics and /healthz; 0 for none")] = 0
    metrics_host: Annotated[str, Meta(description="Address that /metrics binds to")] = "127.0.0.1"


class NotifySettings(_Discreet, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where notifications go."""

    alertmanager_url: Annotated[str, Meta(description="Base URL of Alertmanager; empty for none")] = ""
    webhook_url: Annotated[str, Meta(description="URL that is sent each alert; empty for none")] = ""
    webhook_secret: Annotated[
        str, Meta(description="Signs what the webhook is sent (HMAC-SHA256); better given as a file; empty for none")
    ] = ""
    apprise_urls: Annotated[
        str, Meta(description="Services as apprise names them, separated by spaces; better given as a file")
    ] = ""
    alertmanager_severities: Annotated[
        tuple[Literal["page", "ticket"], ...], Meta(description="Which severities Alertmanager is told: page, ticket")
    ] = ("page", "ticket")
    webhook_severities: Annotated[
        tuple[Literal["page", "ticket"], ...], Meta(description="Which the webhook is sent")
    ] = ("page", "ticket")
    apprise_severities: Annotated[
        tuple[Literal["page", "ticket"], ...], Meta(description="Which go through apprise")
    ] = ("page", "ticket")
    quiet_hours: Annotated[
        str,
        Meta(
            pattern=r"^(\d\d:\d\d-\d\d:\d\d)?$",
            description="When tickets wait, such as 22:00-06:00; a page never waits; empty: never",
        ),
    ] = ""
    quiet_zone: Annotated[str, Meta(description="Whose clock the quiet hours go by, such as Europe/Oslo")] = "UTC"
    groups_most: Annotated[
        int,
        Meta(
            ge=0, le=1000, description="New cases (pages) or areas (tickets) told one by one in groups_window_s; 0: all"
        ),
    ] = 4
    groups_window_s: Annotated[
        float, Meta(ge=1, le=86_400, description="... the others are told as one: `and 214 more`, s")
    ] = 300.0
    timeout_s: Annotated[float, Meta(gt=0, le=300, description="How long an answer is waited for, s")] = 10.0
    digest_after_s: Annotated[
        float, Meta(ge=60, le=604_800, description="What ended longer ago than this untold is told in one digest, s")
    ] = 3600.0
    resend_every_s: Annotated[
        float, Meta(ge=1, le=3600, description="How often an open alert is sent again to Alertmanager, s")
    ] = 60.0
    metrics_port: Annotated[int, Meta(ge=0, le=65_535, description="Port of /metrics; 0 for none")] = 0
    metrics_host: Annotated[str, Meta(description="Address that /metrics binds to")] = "127.0.0.1"


class ConsoleSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The map page."""

    host: Annotated[str, Meta(description="Address that the page is served on; there is no authentication")] = (
        "127.0.0.1"
    )
    port: Annotated[int, Meta(ge=0, le=65_535, description="Its port; 0 for any free one")] = 8470
    hosts: Annotated[
        tuple[str, ...],
        Meta(description="Names besides localhost under which a proxy asks for the page; none: any, off loopback"),
    ] = ()
    identity_header: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z0-9-]{0,100}$",
            description="Header in which an authenticating proxy names the person, such as X-Forwarded-User; empty: on"
            " the loopback address people give their own name, elsewhere nobody may acknowledge",
        ),
    ] = ""
    reach_kn: Annotated[
        float, Meta(ge=0, le=60, description="Speed assumed for the reach of a silent ship, kn; 0 draws no such circle")
    ] = 15.0


class GrafanaSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``wakewatch grafana-datasource``."""

    hosts: Annotated[
        tuple[str, ...],
        Meta(description="Names besides localhost under which it may be asked; none: any, off loopback"),
    ] = ()


class ReferenceSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Lists and places."""

    watchlists: Annotated[tuple[str, ...], Meta(description="Files of listed ships; none: the four shipped")] = ()
    zones: Annotated[tuple[str, ...], Meta(description="GeoJSON files of zones; none: the shipped ones")] = ()
    fetch_every_h: Annotated[
        float,
        Meta(ge=0, le=8760, description="How often your scheduler imports lists, h; 0: by hand (asked by an alert)"),
    ] = 0.0


class LogSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is written on stderr."""

    format: Annotated[
        Literal["auto", "console", "json"],
        Meta(description="For people, or one JSON object a line; auto: for people on a terminal, else JSON"),
    ] = "auto"
    level: Annotated[Literal["debug", "info", "warning", "error"], Meta(description="The least that is written")] = (
        "info"
    )


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole settings file."""

    kafka: KafkaSettings = KafkaSettings()
    feed: FeedRules = FeedRules()
    fleet: FleetRules = FleetRules()
    ingest: IngestSettings = IngestSettings()
    worker: WorkerSettings = WorkerSettings()
    notify: NotifySettings = NotifySettings()
    console: ConsoleSettings = ConsoleSettings()
    grafana_datasource: GrafanaSettings = GrafanaSettings()
    reference: ReferenceSettings = ReferenceSettings()
    log: LogSettings = LogSettings()
    severity: Annotated[
        dict[str, Literal["page", "ticket", "log"]],
        Meta(description="Severity by situation, such as `gap.listed = 'page'`; see `config show`"),
    ] = {}
    detectors: Annotated[
        dict[str, dict[str, Any]], Meta(description="Thresholds by detector: [detectors.gap] min_silence_s = ...")
    ] = {}
