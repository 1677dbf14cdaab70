"""How our panels are made: one table of plain specs, laid out left to right, each with all that a reader needs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Final, Literal, NamedTuple

from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.builders import dashboard as dashboards
from grafana_foundation_sdk.builders import geomap, prometheus, stat, table, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common, dashboard
from grafana_foundation_sdk.models import geomap as geomap_models
from grafana_foundation_sdk.models import prometheus as prometheus_models
from variables import METRICS, filter_variable, page_marks, source

ALERTS: Final = "alerts"
WIDTH: Final = 24
_STAT_HEIGHT, _GRAPH_HEIGHT, _TABLE_HEIGHT = 4, 8, 10
_HEIGHTS: Final = {"stat": _STAT_HEIGHT, "graph": _GRAPH_HEIGHT, "table": _TABLE_HEIGHT, "map": 2 * _GRAPH_HEIGHT}
_HIDDEN: Final = ("Time", "Value", "__name__")
_REFRESH: Final = "10s"

Kind = Literal["stat", "graph", "table", "map"]
Severity = tuple[float, str]


class Spec(NamedTuple):
    """One panel. ``steps``: (from this value on, colour), above green; none: the value has no good and bad."""

    kind: Kind
    title: str
    description: str
    queries: Sequence[tuple[str, str]]
    """(expression, legend)."""
    unit: str = "short"
    steps: Sequence[Severity] = ()
    width: int = 8
    columns: Sequence[str] = ()
    """Of a table of rows: what is shown, in this order."""
    base: str = "green"
    """Colour below the first step."""
    quiet: str = ""
    """What to show where there is nothing, when nothing is good news. Grafana shows it in empty cells too: of tables
    only those have it whose columns are never empty."""


class Section(NamedTuple):
    """A row of the dashboard with its panels."""

    title: str
    specs: Sequence[Spec]


class Screen(NamedTuple):
    """One dashboard."""

    uid: str
    title: str
    description: str
    since: str
    sections: Sequence[Section]
    filters: Sequence[str] = ()
    """Names of ``variables.FILTERS`` that its queries use."""
    rows: bool = False
    """Whether it shows rows of the alert topic, which `wakewatch grafana-datasource` serves."""


def build(screen: Screen) -> dashboards.Dashboard:
    """The dashboard of a screen."""
    made = (
        dashboards.Dashboard(screen.title)
        .uid(screen.uid)
        .description(screen.description)
        .tags(["wakewatch"])
        .time(screen.since, "now")
        .refresh(_REFRESH)
        .timezone("utc")
        .editable()
        .tooltip(dashboard.DashboardCursorSync.CROSSHAIR)
        .with_variable(_datasource(METRICS, "Metrics", "Prometheus that scrapes wakewatch", "/^(?!.*alerts)/i"))
        .link(dashboards.DashboardLink("wakewatch").type("dashboards").tags(["wakewatch"]).as_dropdown(False))
    )
    if screen.rows:
        made = made.with_variable(
            _datasource(
                ALERTS, "Alerts", "`wakewatch grafana-datasource`, as a data source of the kind Prometheus", "/alerts/i"
            )
        )
    for name in screen.filters:
        made = made.with_variable(filter_variable(name))
    made = made.annotation(page_marks())
    numbers = count(1)
    for section in screen.sections:
        made = made.with_row(dashboards.Row(section.title).id(next(numbers)))
        for spec in section.specs:
            made = made.with_panel(_panel(spec, next(numbers)))
    return made


def _datasource(name: str, label: str, description: str, regex: str) -> dashboards.DatasourceVariable:
    return dashboards.DatasourceVariable(name).label(label).description(description).type("prometheus").regex(regex)


def _panel(spec: Spec, number: int) -> Builder[dashboard.Panel]:
    makers = {"stat": _stat, "graph": _graph, "table": _table, "map": _map}
    made = makers[spec.kind](spec)
    rows = spec.kind in {"table", "map"}
    made = (
        made.title(spec.title)
        .id(number)
        .description(spec.description)
        .datasource(source(ALERTS if rows else METRICS))
        .unit(spec.unit)
        .thresholds(_thresholds(spec))
        .span(spec.width)
        .height(_HEIGHTS[spec.kind])
    )
    if spec.quiet:
        made = made.no_value(spec.quiet)
    for place, (expression, legend) in enumerate(spec.queries):
        made = made.with_target(_target(spec, expression, legend, chr(ord("A") + place)))
    return made  # type: ignore[no-any-return]


def _target(spec: Spec, expression: str, legend: str, ref: str) -> prometheus.Dataquery:
    target = prometheus.Dataquery().expr(expression).legend_format(legend).ref_id(ref)
    if spec.kind in {"table", "map"}:
        return target.instant().format(prometheus_models.PromQueryFormat.TABLE)
    return target.instant() if spec.kind == "stat" else target.range()


def _thresholds(spec: Spec) -> dashboards.ThresholdsConfig:
    steps = [dashboard.Threshold(value=None, color=spec.base if spec.steps else "text")]
    steps += [dashboard.Threshold(value=value, color=colour) for value, colour in spec.steps]
    return dashboards.ThresholdsConfig().mode(dashboard.ThresholdsMode.ABSOLUTE).steps(steps)


def _stat(spec: Spec) -> stat.Panel:
    return (
        stat.Panel()
        .reduce_options(common_builders.ReduceDataOptions().calcs(["lastNotNull"]))
        .color_mode(common.BigValueColorMode.BACKGROUND if spec.steps else common.BigValueColorMode.VALUE)
        .graph_mode(common.BigValueGraphMode.NONE)
        .text_mode(common.BigValueTextMode.AUTO)
    )


def _graph(spec: Spec) -> timeseries.Panel:
    made = (
        timeseries.Panel()
        .min(0)
        .fill_opacity(10)
        .show_points(common.VisibilityMode.NEVER)
        .legend(
            common_builders.VizLegendOptions()
            .display_mode(common.LegendDisplayMode.TABLE)
            .placement(common.LegendPlacement.BOTTOM)
            .show_legend(True)
            .calcs(["lastNotNull", "max"])
        )
        .tooltip(
            common_builders.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI).sort(common.SortOrder.DESCENDING)
        )
    )
    if spec.steps:
        made = made.thresholds_style(
            common_builders.GraphThresholdsStyleConfig().mode(common.GraphThresholdsStyleMode.LINE)
        )
    return made


def _table(spec: Spec) -> table.Panel:
    made = (
        table.Panel()
        .show_header(True)
        .cell_height(common.TableCellHeight.SM)
        .with_transformation(
            dashboard.DataTransformerConfig(
                id_val="organize",
                options={
                    "indexByName": {name: place for place, name in enumerate(spec.columns)},
                    "excludeByName": dict.fromkeys(_HIDDEN, True),
                },
            )
        )
        .with_transformation(
            dashboard.DataTransformerConfig(
                id_val="filterFieldsByName", options={"include": {"names": list(spec.columns)}}
            )
        )
    )
    return made.override_by_name("severity", _coloured_severity())


def _coloured_severity() -> list[dashboard.DynamicConfigValue]:
    colours = {"page": "red", "ticket": "orange", "log": "text"}
    mapping = {"type": "value", "options": {word: {"color": colour, "text": word} for word, colour in colours.items()}}
    return [
        dashboard.DynamicConfigValue(id_val="mappings", value=[mapping]),
        dashboard.DynamicConfigValue(id_val="custom.cellOptions", value={"type": "color-background", "mode": "basic"}),
        dashboard.DynamicConfigValue(id_val="custom.width", value=80),
    ]


def _over_all_markers() -> geomap.MapViewConfig:
    """The SDK's own default is the whole world."""
    return geomap.MapViewConfig().id("fit").all_layers(True).lat(0).lon(0).zoom(4)


def _map(spec: Spec) -> geomap.Panel:
    numbers = [{"targetField": name, "destinationType": "number"} for name in ("lat", "lon")]
    coords = common_builders.FrameGeometrySource().mode(common.FrameGeometrySourceMode.COORDS)
    layer = common_builders.MapLayerOptions().type("markers").name("alerts")
    layer = layer.location(coords.latitude("lat").longitude("lon")).tooltip(True)
    return (
        geomap.Panel()
        .layers([layer])
        .view(_over_all_markers())
        .controls(geomap.ControlsOptions().show_zoom(True).mouse_wheel_zoom(True).show_attribution(True))
        .tooltip(geomap.TooltipOptions().mode(geomap_models.TooltipMode.DETAILS))
        .with_transformation(
            dashboard.DataTransformerConfig(id_val="convertFieldType", options={"conversions": numbers})
        )
    )
