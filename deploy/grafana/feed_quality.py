"""Feed quality: are the sources alive, what of them is damaged, how far apart are their clocks."""

from panels import Screen, Section, Spec
from variables import by


def _rate(metric: str, conditions: str = "") -> str:
    return f"rate(wakewatch_{metric}{f'{{{conditions}}}' if conditions else ''}[$__rate_interval])"


# The later stages follow what was heard, the fleet's partitions half a minute behind: no clock is wrong there.
_CLOCKS = 'wakewatch_watermark_timestamp_seconds{partition!~"identities|places|slow"}'
_SOURCES = (
    Spec(
        "stat", "Sources received", "Live sources that are received. A source that is down has its own feed_outage alert.",
        [("sum(wakewatch_feed_up)", "")], steps=[(1, "green")], base="red", width=4, quiet="no live source",
    ),
    Spec(
        "stat", "Sources down", "Live sources that have been silent for longer than is usual for them.",
        [("sum(wakewatch_feed_up == bool 0)", "")], steps=[(1, "orange")], width=4, quiet="no live source",
    ),
    Spec(
        "stat", "Rejected", "Share of sentences and reports that were rejected, last 5 minutes.",
        [("sum(rate(wakewatch_rejected_total[5m])) / sum(rate(wakewatch_sentences_total[5m]))", "")],
        unit="percentunit", steps=[(0.01, "orange"), (0.05, "red")], width=4, quiet="none",
    ),
    Spec(
        "stat", "Received more than once", "Repeated receptions of the same transmission, as a share of the reports, last 5 minutes. It is large where stations overlap.",
        [("sum(rate(wakewatch_duplicate_reports_total[5m])) / sum(rate(wakewatch_reports_total[5m]))", "")],
        unit="percentunit", width=4, quiet="none",
    ),
    Spec(
        "stat", "Late", "Share of the reports that are older than the state of their vessel, last 5 minutes.",
        [("sum(rate(wakewatch_late_reports_total[5m])) / sum(rate(wakewatch_reports_total[5m]))", "")],
        unit="percentunit", steps=[(0.05, "orange")], width=4, quiet="none",
    ),
    Spec(
        "stat", "Event time spread", "Difference in event time between the first and the last partition. Large: the clock of a source is wrong, or a worker is behind.",
        [(f"max({_CLOCKS}) - min({_CLOCKS})", "")],
        unit="s", steps=[(60, "orange"), (600, "red")], width=4,
    ),
    Spec(
        "graph", "Source up", "1 while a source is received, 0 while it is down; no line: it has ended, or ingest does not answer.",
        [(f"min by (source) (wakewatch_feed_up{{{by('source')}}})", "{{source}}")], unit="none", width=12,
    ),
    Spec(
        "graph", "Time since the last sentence", "Wall clock minus the event time of the last sentence of each source. Large and constant for a recording.",
        [(f"time() - max by (source) (wakewatch_feed_last_sentence_timestamp_seconds{{{by('source')}}})", "{{source}}")],
        unit="s", steps=[(60, "orange")], width=12,
    ),
    Spec(
        "graph", "Sentences by source", "Compare with the same hour of the previous day before you call a drop an outage.",
        [(f"sum by (source) ({_rate('sentences_total', by('source'))})", "{{source}}")], unit="cps", width=24,
    ),
)  # fmt: skip
_REFUSED = (
    Spec(
        "graph", "Rejected, by reason", "checksum: damaged in transmission. time_*: wrong clock. mmsi_invalid, position_out_of_range: false data or wrong configuration.",
        [(f"sum by (reason) ({_rate('rejected_total')})", "{{reason}}")], unit="cps", quiet="none", width=12,
    ),
    Spec(
        "graph", "Dead letters, by reason", "Records written to the dead-letter topic; `wakewatch dead show --reason R` shows them.",
        [(f"sum by (reason) ({_rate('dead_letters_total')})", "{{reason}}")], unit="cps", quiet="none", width=12,
    ),
    Spec(
        "graph", "Tag blocks with a wrong checksum", "Common in real feeds. The sentence is counted and still used.",
        [(f"sum({_rate('tag_block_checksum_errors_total')})", "tag blocks")], unit="cps",
    ),
    Spec(
        "graph", "Received more than once, and late", "Repeated receptions of the same transmission, and reports older than the state of their vessel.",
        [(f"sum({_rate('duplicate_reports_total')})", "heard again"), (f"sum({_rate('late_reports_total')})", "late")],
        unit="cps",
    ),
    Spec(
        "graph", "Vessels dropped from state", "By reason. Many at once: a flood of invented vessels displaces others.",
        [(f"sum by (reason) ({_rate('evicted_total')})", "{{reason}}")], unit="cps", quiet="none",
    ),
)  # fmt: skip
_COVERAGE = (
    Spec(
        "graph", "Silences that could not be judged", "By reason: too few other vessels to distinguish silence from poor reception.",
        [(f"sum by (reason) ({_rate('cannot_tell_total')}) * 60", "{{reason}}")], unit="cpm", quiet="none", width=12,
    ),
    Spec(
        "graph", "Vessels to judge", "By detector: vessels that screening passed on. Far more than the alerts means wasted work.",
        [(f"sum by (detector) ({_rate('screened_rows_total', by('detector'))})", "{{detector}}")], unit="cps", quiet="none", width=12,
    ),
    Spec(
        "graph", "Reports by message type", "1 to 3 are class A positions, 18 class B, 5 and 24 static. Types 6, 8, 25, 26 from a vessel that never sent them should be checked.",
        [(f"sum by (type) ({_rate('reports_total')})", "type {{type}}")], unit="cps", width=24,
    ),
)  # fmt: skip

SCREEN = Screen(
    uid="wakewatch-feed-quality",
    title="wakewatch / Feed quality",
    description="State of the sources, rejected data, and differences between their clocks.",
    since="now-6h",
    filters=("source", "detector"),
    sections=(Section("Sources", _SOURCES), Section("Rejected data", _REFUSED), Section("Judgement", _COVERAGE)),
)
