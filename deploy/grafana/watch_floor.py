"""The Watch floor: who is dark, where, since when; is the feed alive; what changed in the last hour."""

from panels import Screen, Section, Spec

_SHIP = ("ship", "last_word", "silent", "where", "could_hear", "severity", "headline", "explain")
_ALERT = ("time", "severity", "detector", "status", "headline", "verification", "case_id", "explain")

_LISTED = (
    Spec(
        "table",
        "Listed ships",
        "One line a listed ship that this feed has ever heard, the last heard first: when and where, silent for how long, whether the feed could have heard it there, and the newest alert about it.",
        [("listed", "")],
        width=24,
        columns=_SHIP,
    ),
)
_GLANCE = (
    Spec(
        "stat",
        "Sources heard",
        "Live sources that are heard now. None: nothing below is true any more.",
        [("sum(wakewatch_feed_up)", "")],
        steps=[(1, "green")],
        base="red",
        width=4,
        quiet="no live source",
    ),
    Spec(
        "stat",
        "Records behind",
        "What the workers have not taken in yet. Alerts come late by as much.",
        [("sum(wakewatch_lag_records)", "")],
        steps=[(300, "orange"), (3000, "red")],
        width=4,
    ),
    Spec(
        "stat",
        "Open gaps",
        "Ships silent for longer than honest ships are, listed or not.",
        [('sum(wakewatch_alerts_open{detector="gap"})', "")],
        width=4,
        quiet="none",
    ),
    Spec(
        "stat",
        "Open, near a port",
        "Ships inside, closing on or bound for a sanctioned port.",
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
        "Open feed_outage alerts: where a feed is down, no ship is called dark.",
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
        "Every open alert that wakes somebody, newest first.",
        [('alerts{open="yes",severity="page"}', "")],
        width=24,
        columns=_ALERT,
        quiet="no page is open",
    ),
    Spec(
        "table",
        "Open: tickets",
        "Open alerts to be looked at today, newest first.",
        [('alerts{open="yes",severity="ticket"}', "")],
        width=24,
        columns=_ALERT,
        quiet="no ticket is open",
    ),
    Spec(
        "table",
        "What changed in the last hour",
        "Revisions that the worker wrote in the last hour, newest first, also of what was closed or retracted.",
        [('alerts{written="last_hour",severity!="log"}', "")],
        width=24,
        columns=_ALERT,
        quiet="nothing changed in the last hour",
    ),
    Spec(
        "map",
        "Where",
        "The last fix of every open alert that has one. A marker is a ship's last word, not where it is.",
        [('alerts{open="yes",lat!=""}', "")],
        width=24,
    ),
)
_RATES = (
    Spec("graph", "Open alerts", "By detector.", [("sum by (detector) (wakewatch_alerts_open)", "{{detector}}")]),
    Spec(
        "graph",
        "Revisions written, by severity",
        "An hour. A burst of pages at once is a region that went dark, or a rule that went wrong.",
        [("sum by (severity) (rate(wakewatch_alerts_total[$__rate_interval])) * 3600", "{{severity}}")],
        unit="suffix:/h",
    ),
    Spec(
        "graph",
        "Called false by people",
        "`wakewatch alerts false-alarm`, an hour, by detector. Where it climbs, the rule needs another look.",
        [("sum by (detector) (rate(wakewatch_false_alarms_total[$__rate_interval])) * 3600", "{{detector}}")],
        unit="suffix:/h",
        quiet="none",
    ),
    Spec(
        "graph",
        "Listed vessels loaded",
        "By list. A fall to nothing is a list that was not read.",
        [("max by (list) (wakewatch_watchlist_entries)", "{{list}}")],
        width=12,
    ),
    Spec(
        "graph",
        "Age of the lists",
        "Since each list was loaded into the running workers.",
        [("time() - min by (list) (wakewatch_watchlist_loaded_timestamp_seconds)", "{{list}}")],
        unit="s",
        width=12,
        steps=[(604_800, "orange")],
    ),
)

SCREEN = Screen(
    uid="wakewatch-watch-floor",
    title="wakewatch / Watch floor",
    description="Who is dark, where, since when; is the feed alive; what changed in the last hour.",
    since="now-6h",
    sections=(
        Section("Listed ships", _LISTED),
        Section("Now", _GLANCE),
        Section("Alerts", _ALERTS),
        Section("Rates and lists", _RATES),
    ),
    rows=True,
)
