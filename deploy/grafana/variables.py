"""What a dashboard can be filtered by, and the marks of pages on its graphs."""

from collections.abc import Mapping
from typing import Final

from grafana_foundation_sdk.builders import dashboard as dashboards
from grafana_foundation_sdk.models import common, dashboard

METRICS: Final = "metrics"
FILTERS: Final[Mapping[str, tuple[str, str, str]]] = {
    "source": ("Source", "Of the feed", "label_values(wakewatch_sentences_total, source)"),
    "detector": ("Detector", "Of the alerts", "label_values(wakewatch_alerts_total, detector)"),
    "severity": ("Severity", "Of the alerts", "label_values(wakewatch_alerts_total, severity)"),
}
"""By name: label, description, and the query for its values."""
_ALL: Final = ".*"


def by(*names: str) -> str:
    """Conditions of a query: ``source=~"$source"``."""
    return ",".join(f'{name}=~"${name}"' for name in names)


def source(name: str) -> common.DataSourceRef:
    """The data source that a variable names."""
    return common.DataSourceRef(type_val="prometheus", uid=f"${{{name}}}")


def filter_variable(name: str) -> dashboards.QueryVariable:
    """One or several values of a label, at first all."""
    label, description, query = FILTERS[name]
    return (
        dashboards.QueryVariable(name)
        .label(label)
        .description(description)
        .datasource(source(METRICS))
        .query(query)
        .refresh(dashboard.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(dashboard.VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(_ALL)
        .current(dashboard.VariableOption(selected=True, text="All", value="$__all"))
    )


def page_marks() -> dashboards.AnnotationQuery:
    """A mark where alerts of page severity were opened."""
    opened = 'wakewatch_alerts_total{severity="page",status="opened"}'
    return (
        dashboards.AnnotationQuery()
        .name("Pages")
        .datasource(source(METRICS))
        .enable(True)
        .icon_color("red")
        .expr(f"sum by (detector) (increase({opened}[1m])) > 0")
        .title_format("page: {{detector}}")
        .step("60s")
    )
