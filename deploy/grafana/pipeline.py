"""The Pipeline: is it running, is it keeping up, what does it cost."""

from panels import Screen, Section, Spec

_ALL = 'job=~"wakewatch-.*"'
_WORKERS = 'job="wakewatch-detect"'


def _rate(metric: str) -> str:
    return f"rate(wakewatch_{metric}[$__rate_interval])"


def _quantile(share: float, histogram: str) -> str:
    return f"histogram_quantile({share}, sum by (le) ({_rate(histogram + '_bucket')}))"


_GLANCE = (
    Spec(
        "stat",
        "Processes that answer",
        "Scraped and alive: ingest, workers, notifier. Fewer than usual means one is gone.",
        [(f"sum(up{{{_ALL}}})", "")],
        steps=[(1, "green")],
        base="red",
        width=4,
    ),
    Spec(
        "stat",
        "Processes away",
        "Known to Prometheus and not answering. WakewatchAbsent fires after half a minute.",
        [(f"sum(up{{{_ALL}}} == bool 0)", "")],
        steps=[(1, "red")],
        width=4,
    ),
    Spec(
        "stat",
        "Records behind",
        "Records of the log that no worker has taken in yet, over all partitions.",
        [("sum(wakewatch_lag_records)", "")],
        steps=[(300, "orange"), (3000, "red")],
        width=4,
    ),
    Spec(
        "stat",
        "From air to alert, p99",
        "From reading the sentence to the alert's delivery to Kafka, last 5 minutes.",
        [("histogram_quantile(0.99, sum by (le) (rate(wakewatch_ingest_to_alert_seconds_bucket[5m])))", "")],
        unit="s",
        steps=[(1, "orange"), (10, "red")],
        width=4,
        quiet="no alerts",
    ),
    Spec(
        "stat",
        "Restarts of workers",
        "How often the supervisor had to start the running workers again.",
        [("sum(wakewatch_worker_restarts_total)", "")],
        steps=[(1, "orange"), (5, "red")],
        width=4,
    ),
    Spec(
        "stat",
        "Dead letters, 1 h",
        "What was refused or could not be judged in the last hour; `wakewatch dead list` has the reasons.",
        [("round(sum(increase(wakewatch_dead_letters_total[1h])))", "")],
        steps=[(100, "orange"), (10_000, "red")],
        width=4,
        quiet="none",
    ),
)
_RATES = (
    Spec(
        "graph",
        "Sentences read",
        "By source, as ingest frames them. A fall to nothing is a source that went silent.",
        [(f"sum by (source) ({_rate('sentences_total')})", "{{source}}")],
        unit="cps",
    ),
    Spec(
        "graph",
        "Reports decoded",
        "AIS messages that the workers took in. Below the sentences by what is merged or refused.",
        [(f"sum ({_rate('reports_total')})", "reports")],
        unit="cps",
    ),
    Spec(
        "graph",
        "Alert revisions written",
        "By detector: opened, updated, closed and retracted together.",
        [(f"sum by (detector) ({_rate('alerts_total')}) * 60", "{{detector}}")],
        unit="cpm",
    ),
)
_KEEPING_UP = (
    Spec(
        "graph",
        "Records behind, by partition",
        "A partition that climbs alone has a worker that hangs; all climbing need more workers.",
        [("sum by (partition) (wakewatch_lag_records)", "partition {{partition}}")],
        steps=[(300, "orange"), (3000, "red")],
    ),
    Spec(
        "graph",
        "Event time behind the clock",
        "Wall clock less the event time reached. Large and steady for a recording; for a live feed about the allowed lateness (30 s).",
        [("time() - max by (partition) (wakewatch_watermark_timestamp_seconds)", "partition {{partition}}")],
        unit="s",
        steps=[(300, "orange")],
    ),
    Spec(
        "graph",
        "From air to alert",
        "Reading the sentence to the alert's delivery, and its spread.",
        [(_quantile(q, "ingest_to_alert_seconds"), f"p{100 * q:.0f}") for q in (0.5, 0.99)],
        unit="s",
        steps=[(1, "orange")],
    ),
    Spec(
        "graph",
        "Time to take in a record",
        "Decoding and the engine's step for one packed record (up to 1,000 sentences).",
        [(_quantile(q, "step_duration_seconds"), f"p{100 * q:.0f}") for q in (0.5, 0.99)],
        unit="s",
        steps=[(1, "orange")],
    ),
    Spec(
        "graph",
        "CPU by process",
        "One core is 1. Workers near 1 are the bottleneck: start another, up to one a partition.",
        [
            (
                f"sum by (job, instance) (rate(process_cpu_seconds_total{{{_ALL}}}[$__rate_interval]))",
                "{{job}} {{instance}}",
            )
        ],
        unit="none",
        steps=[(0.9, "orange")],
    ),
    Spec(
        "graph",
        "CPU of the workers per report",
        "What a report costs. A step up after an upgrade is a regression.",
        [
            (
                f"sum(rate(process_cpu_seconds_total{{{_WORKERS}}}[$__rate_interval])) / sum({_rate('reports_total')})",
                "a report",
            )
        ],
        unit="s",
        steps=[(0.0005, "orange")],
    ),
)
_STATE = (
    Spec(
        "graph",
        "Vessels in state",
        "By partition. An uneven spread is a feed of few ships; growth without end is a flood of invented ones.",
        [("sum by (partition) (wakewatch_vessels)", "partition {{partition}}")],
    ),
    Spec(
        "graph",
        "Memory",
        "Resident, against what each process may use. Beyond it the system stops the process.",
        [
            (f"sum by (job, instance) (wakewatch_memory_bytes{{{_ALL}}})", "{{job}} {{instance}}"),
            (f"min(wakewatch_memory_cap_bytes{{{_ALL}}})", "least that one may use"),
        ],
        unit="bytes",
    ),
    Spec(
        "graph",
        "Snapshots committed",
        "A minute. None while records come in means that state is not saved.",
        [
            (
                f"sum by (instance) (rate(wakewatch_snapshot_duration_seconds_count{{{_WORKERS}}}[$__rate_interval])) * 60",
                "{{instance}}",
            )
        ],
        unit="cpm",
    ),
    Spec(
        "graph",
        "Time to commit a snapshot",
        "Beside the stream: it delays nothing, but a slow one makes a crash cost more.",
        [(_quantile(q, "snapshot_duration_seconds"), f"p{100 * q:.0f}") for q in (0.5, 0.99)],
        unit="s",
        steps=[(5, "orange")],
    ),
    Spec(
        "graph",
        "Size of the last snapshot",
        "The shards that had changed; where nothing had, the one before.",
        [(f"sum by (instance) (wakewatch_snapshot_bytes{{{_WORKERS}}})", "{{instance}}")],
        unit="bytes",
    ),
    Spec(
        "graph",
        "Time of the last take-over",
        "Claim, load and rebuild after a start or a rebalance. Alerts stand still for so long.",
        [(f"max by (instance) (wakewatch_recovery_seconds{{{_WORKERS}}})", "{{instance}}")],
        unit="s",
        steps=[(30, "orange")],
    ),
)
_DETECTION = (
    Spec(
        "graph",
        "Notifications",
        "By target and what came of them. Retried without delivered: the target is away.",
        [(f"sum by (target, outcome) ({_rate('notifications_total')}) * 60", "{{target}} {{outcome}}")],
        unit="cpm",
        quiet="none sent",
    ),
    Spec(
        "graph",
        "Detectors that failed",
        "Vessels that a detector had to skip because it raised: a bug; the record is in the dead letters.",
        [(f"sum by (detector) ({_rate('detector_errors_total')})", "{{detector}}")],
        unit="cps",
        steps=[(0.01, "red")],
        quiet="none",
    ),
    Spec(
        "graph",
        "Offsets passed over",
        "Records of the log that could not be had. Retention means that sentences were lost: a worker was away for too long.",
        [(f"sum by (cause) ({_rate('skipped_records_total')})", "{{cause}}")],
        unit="cps",
        steps=[(0.01, "orange")],
        quiet="none",
    ),
    Spec(
        "stat",
        "Versions running",
        "More than one is an upgrade that is under way, or stuck.",
        [("count by (version) (wakewatch_build_info)", "{{version}}")],
        width=24,
    ),
)

SCREEN = Screen(
    uid="wakewatch-pipeline",
    title="wakewatch / Pipeline",
    description="Is it running, is it keeping up, what does it cost.",
    since="now-1h",
    sections=(
        Section("At a glance", _GLANCE),
        Section("Rates", _RATES),
        Section("Keeping up, and the cost", _KEEPING_UP),
        Section("State", _STATE),
        Section("What goes wrong", _DETECTION),
    ),
)
