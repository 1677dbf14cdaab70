"""Feed quality: are the sources alive, what of them is damaged, how far apart are their clocks."""

from panels import Screen, Section, Spec


def _rate(metric: str) -> str:
    return f"rate(wakewatch_{metric}[$__rate_interval])"


# The stage of IMO numbers follows what was heard, the fleet's partitions half a minute behind: no clock is wrong there.
_CLOCKS = 'wakewatch_watermark_timestamp_seconds{partition!="identities"}'
_SOURCES = (
    Spec(
        "stat", "Sources heard", "Live sources that are heard. One that is down has a feed_outage alert of its own.",
        [("sum(wakewatch_feed_up)", "")], steps=[(1, "green")], base="red", width=4, quiet="no live source",
    ),
    Spec(
        "stat", "Sources down", "Live sources that have been silent for longer than is usual for them.",
        [("sum(wakewatch_feed_up == bool 0)", "")], steps=[(1, "orange")], width=4, quiet="no live source",
    ),
    Spec(
        "stat", "Refused", "Share of sentences and reports that were refused, last 5 minutes.",
        [("sum(rate(wakewatch_rejected_total[5m])) / sum(rate(wakewatch_sentences_total[5m]))", "")],
        unit="percentunit", steps=[(0.01, "orange"), (0.05, "red")], width=4, quiet="none",
    ),
    Spec(
        "stat", "Heard more than once", "Further receptions of one transmission, as a share of the reports, last 5 minutes. Overlapping stations make it large.",
        [("sum(rate(wakewatch_duplicate_reports_total[5m])) / sum(rate(wakewatch_reports_total[5m]))", "")],
        unit="percentunit", width=4, quiet="none",
    ),
    Spec(
        "stat", "Late", "Share of the reports that came after what their vessel's state knows, last 5 minutes.",
        [("sum(rate(wakewatch_late_reports_total[5m])) / sum(rate(wakewatch_reports_total[5m]))", "")],
        unit="percentunit", steps=[(0.05, "orange")], width=4, quiet="none",
    ),
    Spec(
        "stat", "Clocks apart", "Between the partition that is farthest in event time and the one least far. Wide: a source's clock is wrong, or a worker is behind.",
        [(f"max({_CLOCKS}) - min({_CLOCKS})", "")],
        unit="s", steps=[(60, "orange"), (600, "red")], width=4,
    ),
    Spec(
        "graph", "Heard or not", "1 while a source is heard, 0 while it is down; no line: it has ended, or ingest is away.",
        [("min by (source) (wakewatch_feed_up)", "{{source}}")], unit="none", width=12,
    ),
    Spec(
        "graph", "Since the last sentence", "Wall clock less the event time of each source's last sentence. Large and steady for a recording.",
        [("time() - max by (source) (wakewatch_feed_last_sentence_timestamp_seconds)", "{{source}}")],
        unit="s", steps=[(60, "orange")], width=12,
    ),
    Spec(
        "graph", "Sentences by source", "Compare with the same hour of yesterday before calling a fall an outage.",
        [(f"sum by (source) ({_rate('sentences_total')})", "{{source}}")], unit="cps", width=24,
    ),
)  # fmt: skip
_REFUSED = (
    Spec(
        "graph", "Refused, by reason", "checksum: damaged on the way. time_*: a clock is wrong. mmsi_invalid, position_out_of_range: forged, or a set up wrong.",
        [(f"sum by (reason) ({_rate('rejected_total')})", "{{reason}}")], unit="cps", quiet="none", width=12,
    ),
    Spec(
        "graph", "Dead letters, by reason", "What was written to the dead-letter topic; `wakewatch dead show --reason R` has it raw.",
        [(f"sum by (reason) ({_rate('dead_letters_total')})", "{{reason}}")], unit="cps", quiet="none", width=12,
    ),
    Spec(
        "graph", "Tag blocks with a wrong checksum", "Common in real feeds. Counted, and the sentence is used all the same.",
        [(f"sum({_rate('tag_block_checksum_errors_total')})", "tag blocks")], unit="cps",
    ),
    Spec(
        "graph", "Heard more than once, and late", "Receptions of a transmission already known, and reports behind their vessel's state.",
        [(f"sum({_rate('duplicate_reports_total')})", "heard again"), (f"sum({_rate('late_reports_total')})", "late")],
        unit="cps",
    ),
    Spec(
        "graph", "Vessels dropped from state", "By reason. Many at once: a flood of invented ships pushes others out.",
        [(f"sum by (reason) ({_rate('evicted_total')})", "{{reason}}")], unit="cps", quiet="none",
    ),
)  # fmt: skip
_COVERAGE = (
    Spec(
        "graph", "Silences that could not be judged", "By reason: too few other ships there to tell silence from poor reception.",
        [(f"sum by (reason) ({_rate('cannot_tell_total')}) * 60", "{{reason}}")], unit="cpm", quiet="none", width=12,
    ),
    Spec(
        "graph", "Rows left to judge", "By detector: what screening could not rule out. Far above the alerts is work for nothing.",
        [(f"sum by (detector) ({_rate('screened_rows_total')})", "{{detector}}")], unit="cps", quiet="none", width=12,
    ),
    Spec(
        "graph", "Reports by message type", "1 to 3 are class A positions, 18 class B, 5 and 24 static. Types 6, 8, 25, 26 from a ship that never sent them are worth a look.",
        [(f"sum by (type) ({_rate('reports_total')})", "type {{type}}")], unit="cps", width=24,
    ),
)  # fmt: skip

SCREEN = Screen(
    uid="wakewatch-feed-quality",
    title="wakewatch / Feed quality",
    description="Are the sources alive, what of them is damaged, how far apart are their clocks.",
    since="now-6h",
    sections=(
        Section("Sources", _SOURCES),
        Section("What is refused", _REFUSED),
        Section("What can be told", _COVERAGE),
    ),
)
