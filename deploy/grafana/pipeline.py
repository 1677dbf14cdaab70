"""The Pipeline: is it running, is it keeping up, what does it cost."""

import service_levels
from panels import Screen, Section, Spec
from variables import by

_ALL = 'job=~"wakewatch-.*"'
_WORKERS = 'job="wakewatch-detect"'


def _rate(metric: str, conditions: str = "") -> str:
    return f"rate(wakewatch_{metric}{f'{{{conditions}}}' if conditions else ''}[$__rate_interval])"


def _quantile(share: float, histogram: str) -> str:
    return f"histogram_quantile({share}, sum by (le) ({_rate(histogram + '_bucket')}))"


_GLANCE = (
    Spec(
        "stat",
        "Processes up",
        "Processes that answer: ingest, workers, notifier. Fewer than usual: one has failed.",
        [(f"sum(up{{{_ALL}}})", "")],
        steps=[(1, "green")],
        base="red",
        width=4,
    ),
    Spec(
        "stat",
        "Processes down",
        "Processes known to Prometheus that do not answer. WakewatchAbsent fires after half a minute.",
        [(f"sum(up{{{_ALL}}} == bool 0)", "")],
        steps=[(1, "red")],
        width=4,
    ),
    Spec(
        "stat",
        "Records behind",
        "Records of the log that no worker has processed yet, all partitions.",
        [("sum(wakewatch_lag_records)", "")],
        steps=[(300, "orange"), (3000, "red")],
        width=4,
    ),
    Spec(
        "stat",
        "Sentence to alert, p99",
        "Time from reading the sentence to delivery of the alert to Kafka, last 5 minutes.",
        [("histogram_quantile(0.99, sum by (le) (rate(wakewatch_ingest_to_alert_seconds_bucket[5m])))", "")],
        unit="s",
        steps=[(1, "orange"), (10, "red")],
        width=4,
        quiet="no alerts",
    ),
    Spec(
        "stat",
        "Restarts of workers",
        "How often the supervisor restarted the running workers.",
        [("sum(wakewatch_worker_restarts_total)", "")],
        steps=[(1, "orange"), (5, "red")],
        width=4,
    ),
    Spec(
        "stat",
        "Dead letters, 1 h",
        "Records rejected or not judged in the last hour; `wakewatch dead list` shows the reasons.",
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
        "By source. A drop to zero is a source that fell silent.",
        [(f"sum by (source) ({_rate('sentences_total', by('source'))})", "{{source}}")],
        unit="cps",
    ),
    Spec(
        "graph",
        "Reports decoded",
        "AIS messages processed by the workers. Fewer than the sentences, because some are merged or rejected.",
        [(f"sum ({_rate('reports_total')})", "reports")],
        unit="cps",
    ),
    Spec(
        "graph",
        "Alert revisions written",
        "By detector: opened, updated, closed and retracted together.",
        [(f"sum by (detector) ({_rate('alerts_total', by('detector'))}) * 60", "{{detector}}")],
        unit="cpm",
    ),
)
_KEEPING_UP = (
    Spec(
        "graph",
        "Records behind, by partition",
        "One growing partition: its worker hangs. All growing: more workers are needed.",
        [("sum by (partition) (wakewatch_lag_records)", "partition {{partition}}")],
        steps=[(300, "orange"), (3000, "red")],
    ),
    Spec(
        "graph",
        "Event time behind wall clock",
        "Wall clock minus event time. Large and constant for a recording; for a live feed about the allowed lateness (30 s).",
        [("time() - max by (partition) (wakewatch_watermark_timestamp_seconds)", "partition {{partition}}")],
        unit="s",
        steps=[(300, "orange")],
    ),
    Spec(
        "graph",
        "Sentence to alert",
        "Time from reading the sentence to delivery of the alert, as percentiles.",
        [(_quantile(q, "ingest_to_alert_seconds"), f"p{100 * q:.0f}") for q in (0.5, 0.99)],
        unit="s",
        steps=[(1, "orange")],
    ),
    Spec(
        "graph",
        "Time to process a record",
        "Decoding and the engine's step for one packed record (up to 1,000 sentences).",
        [(_quantile(q, "step_duration_seconds"), f"p{100 * q:.0f}") for q in (0.5, 0.99)],
        unit="s",
        steps=[(1, "orange")],
    ),
    Spec(
        "graph",
        "CPU by process",
        "One core is 1. If workers are near 1, start another one, up to one per partition.",
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
        "CPU time per report. A step up after an upgrade is a regression.",
        [
            (
                f"sum(rate(process_cpu_seconds_total{{{_WORKERS}}}[$__rate_interval])) / sum({_rate('reports_total')})",
                "per report",
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
        "By partition. Uneven: a feed with few vessels. Growth without end: a flood of invented vessels.",
        [("sum by (partition) (wakewatch_vessels)", "partition {{partition}}")],
    ),
    Spec(
        "graph",
        "Memory",
        "Resident memory and the limit of each process. Above the limit the system stops the process.",
        [
            (f"sum by (job, instance) (wakewatch_memory_bytes{{{_ALL}}})", "{{job}} {{instance}}"),
            (f"min(wakewatch_memory_cap_bytes{{{_ALL}}})", "lowest limit"),
        ],
        unit="bytes",
    ),
    Spec(
        "graph",
        "Snapshots committed",
        "Per minute. None while records arrive: state is not saved.",
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
        "Snapshots run in the background and delay nothing, but a slow one makes recovery after a crash longer.",
        [(_quantile(q, "snapshot_duration_seconds"), f"p{100 * q:.0f}") for q in (0.5, 0.99)],
        unit="s",
        steps=[(5, "orange")],
    ),
    Spec(
        "graph",
        "Size of the last snapshot",
        "Size of the changed shards; without changes, of the previous snapshot.",
        [(f"sum by (instance) (wakewatch_snapshot_bytes{{{_WORKERS}}})", "{{instance}}")],
        unit="bytes",
    ),
    Spec(
        "graph",
        "Duration of the last takeover",
        "Claim, load and rebuild after a start or a rebalance. There are no alerts during this time.",
        [(f"max by (instance) (wakewatch_recovery_seconds{{{_WORKERS}}})", "{{instance}}")],
        unit="s",
        steps=[(30, "orange")],
    ),
)
_DETECTION = (
    Spec(
        "graph",
        "Notifications",
        "By target and outcome. Retried without delivered: the target does not answer.",
        [(f"sum by (target, outcome) ({_rate('notifications_total')}) * 60", "{{target}} {{outcome}}")],
        unit="cpm",
        quiet="none sent",
    ),
    Spec(
        "graph",
        "Detectors that failed",
        "Vessels that a detector skipped because it failed. This is a bug; the record is in the dead letters.",
        [(f"sum by (detector) ({_rate('detector_errors_total', by('detector'))})", "{{detector}}")],
        unit="cps",
        steps=[(0.01, "red")],
        quiet="none",
    ),
    Spec(
        "graph",
        "Offsets skipped",
        "Records of the log that could not be read. Cause retention: sentences were lost because a worker was down for too long.",
        [(f"sum by (cause) ({_rate('skipped_records_total')})", "{{cause}}")],
        unit="cps",
        steps=[(0.01, "orange")],
        quiet="none",
    ),
    Spec(
        "graph",
        "Satellite images matched",
        "Per minute, by outcome. Not matched: the log does not hold its time. Doubtful: it does not agree with AIS.",
        [(f"sum by (outcome) ({_rate('images_matched_total')}) * 60", "{{outcome}}")],
        unit="cpm",
        quiet="none",
    ),
    Spec(
        "graph",
        "Sightings reported",
        "Per minute: records of what images show of a vessel. Each revises an alert, or opens not_in_image.",
        [(f"sum({_rate('sightings_reported_total')}) * 60", "reported")],
        unit="cpm",
        quiet="none",
    ),
    Spec(
        "stat",
        "Images wait",
        "How long the oldest image that can be matched has waited for the reading of the log.",
        [("max(wakewatch_image_wait_seconds)", "waits")],
        unit="s",
        steps=[(600, "orange"), (1800, "red")],
        quiet="no matching",
    ),
    Spec(
        "stat",
        "Versions running",
        "More than one: an upgrade is running, or has stopped halfway.",
        [("count by (version) (wakewatch_build_info)", "{{version}}")],
        width=24,
    ),
)

SCREEN = Screen(
    uid="wakewatch-pipeline",
    title="wakewatch / Pipeline",
    description="Health, lag and cost of the processes.",
    since="now-1h",
    filters=("source", "detector"),
    sections=(
        Section("Overview", _GLANCE),
        service_levels.SECTION,
        Section("Rates", _RATES),
        Section("Load and cost", _KEEPING_UP),
        Section("State", _STATE),
        Section("Errors", _DETECTION),
    ),
)
