"""The service levels: how well alerts, sources, log and notifications were served, and how fast the budgets are used."""

from panels import Section, Spec

_LEVELS = (
    ("alerts_in_time", "Alerts in time", "Share of alerts that were in Kafka within 5 s of their sentence. Goal: 99 %.", 0.99),
    ("sources_heard", "Sources heard", "Share of the time in which the live sources were received. Goal: 95 %.", 0.95),
    ("log_processed", "Log processed", "Share of the time in which at most 300 records waited for the workers. Goal: 99 %.", 0.99),
    ("notifications_delivered", "Notifications delivered", "Share of the time in which every target took its notifications. Goal: 99 %.", 0.99),
)  # fmt: skip


def _burn(window: str) -> list[tuple[str, str]]:
    return [(f"wakewatch:slo_errors:ratio{window} / on (slo) wakewatch:slo_budget:ratio", "{{slo}}")]


SECTION = Section(
    "Service levels",
    (
        *(
            Spec(
                "stat",
                f"{title}, 6 h",
                f"{description} Red: below the goal in the last 6 hours.",
                [(f'1 - wakewatch:slo_errors:ratio6h{{slo="{slo}"}}', "")],
                unit="percentunit",
                steps=[(goal, "green")],
                base="red",
                width=6,
            )
            for slo, title, description, goal in _LEVELS
        ),
        Spec(
            "graph",
            "Budgets used, last hour",
            "How many times faster than allowed each level's budget of errors is used. At 14.4 two days' budget is used in an hour: a page.",
            _burn("1h"),
            steps=[(6, "orange"), (14.4, "red")],
            width=12,
        ),
        Spec(
            "graph",
            "Budgets used, last 6 hours",
            "As beside it, over 6 hours. At 6 a month's budget would be used in five days: a ticket.",
            _burn("6h"),
            steps=[(6, "orange"), (14.4, "red")],
            width=12,
        ),
    ),
)
