"""The Watch floor: who is dark, where, since when; is the feed alive; what changed in the last hour."""

from panels import Screen, Section, Spec
from variables import by

_BOTH = by("severity", "detector")
_SHIP = ("ship", "last_word", "silent", "where", "could_hear", "severity", "headline", "explain")
_ALERT = ("time", "severity", "detector", "status", "headline", "verification", "case_id", "explain")

_LISTED = (
    Spec(
        "table",
        "Listed ships",
        "One line per listed vessel that this feed has heard, newest first: time and place, length of the silence, whether the feed could have heard it there, and the newest alert.",
        [("listed", "")],
        width=24,
        columns=_SHIP,
    ),
)
_GLANCE = (
    Spec(
        "stat",
        "Sources received",
        "Live sources that are received now. None: everything below is out of date.",
        [("sum(wakewatch_feed_up)", "")],
        steps=[(1, "green")],
        base="red",
        width=4,
        quiet="no live source",
    ),
    Spec(
        "stat",
        "Records behind",
        "Records that the workers have not processed yet. Alerts are late.",
        [("sum(wakewatch_lag_records)", "")],
        steps=[(300, "orange"), (3000, "red")],
        width=4,
    ),
    Spec(
        "stat",
        "Open gaps",
        "Vessels silent for longer than is usual for honest vessels, listed or not.",
        [('sum(wakewatch_alerts_open{detector="gap"})', "")],
        width=4,
        quiet="none",
    ),
    Spec(
        "stat",
        "Open, near a port",
        "Vessels inside, closing on or bound for a sanctioned port.",
        [('sum(wakewatch_alerts_open{detector="port_proximity"})', "")],
        width=4,
        quiet="none",
    ),
    Spec(
        "stat",
        "Pages, 1 h",
        "Revisions of page severity written in the last hour.",
        [('round(sum(increase(wakewatch_alerts_total{severity="page"}[1h])))', "")],
        steps=[(1, "orange"), (20, "red")],
        width=4,
        quiet="none",
    ),
    Spec(
        "stat",
        "Feeds down",
        "Open feed_outage alerts: during an outage no vessel is judged dark.",
        [('sum(wakewatch_alerts_open{detector="feed_outage"})', "")],
        steps=[(1, "orange")],
        width=4,
        quiet="none",
    ),
)
_ALERTS = (
    Spec(
        "table",
        "Open: pages",
        "Open alerts that need action now, newest first.",
        [(f'alerts{{open="yes",severity="page",{by("detector")}}}', "")],
        width=24,
        columns=_ALERT,
        quiet="no page is open",
    ),
    Spec(
        "table",
        "Open: tickets",
        "Open alerts to check today, newest first.",
        [(f'alerts{{open="yes",severity="ticket",{by("detector")}}}', "")],
        width=24,
        columns=_ALERT,
        quiet="no ticket is open",
    ),
    Spec(
        "table",
        "What changed in the last hour",
        "Revisions written in the last hour, newest first, closed and retracted alerts included.",
        [(f'alerts{{written="last_hour",severity!="log",{by("severity", "detector")}}}', "")],
        width=24,
        columns=_ALERT,
        quiet="nothing changed in the last hour",
    ),
    Spec(
        "map",
        "Where",
        "Last position of every open alert. A marker is the last report of a vessel, not its present position.",
        [(f'alerts{{open="yes",lat!="",{by("severity", "detector")}}}', "")],
        width=24,
    ),
)
_RATES = (
    Spec(
        "graph",
        "Open alerts",
        "By detector.",
        [(f"sum by (detector) (wakewatch_alerts_open{{{by('detector')}}})", "{{detector}}")],
    ),
    Spec(
        "graph",
        "Revisions written, by severity",
        "Per hour. Many pages at once: a region without reception, or a faulty rule.",
        [(f"sum by (severity) (rate(wakewatch_alerts_total{{{_BOTH}}}[$__rate_interval])) * 3600", "{{severity}}")],
        unit="suffix:/h",
    ),
    Spec(
        "graph",
        "Marked as false",
        "`wakewatch alerts false-alarm`, per hour, by detector. If it rises, check the rule.",
        [
            (
                f"sum by (detector) (rate(wakewatch_false_alarms_total{{{by('detector')}}}[$__rate_interval])) * 3600",
                "{{detector}}",
            )
        ],
        unit="suffix:/h",
        quiet="none",
    ),
    Spec(
        "graph",
        "Listed vessels loaded",
        "By list. A drop to zero: the list was not read.",
        [("max by (list) (wakewatch_watchlist_entries)", "{{list}}")],
        width=12,
    ),
    Spec(
        "graph",
        "Age of the lists",
        "Time since each list was loaded by the running workers.",
        [("time() - min by (list) (wakewatch_watchlist_loaded_timestamp_seconds)", "{{list}}")],
        unit="s",
        width=12,
        steps=[(604_800, "orange")],
    ),
)

SCREEN = Screen(
    uid="wakewatch-watch-floor",
    title="wakewatch / Watch floor",
    description="Dark vessels, state of the feed, and changes of the last hour.",
    since="now-6h",
    filters=("detector", "severity"),
    sections=(
        Section("Listed ships", _LISTED),
        Section("Now", _GLANCE),
        Section("Alerts", _ALERTS),
        Section("Rates and lists", _RATES),
    ),
    rows=True,
)
