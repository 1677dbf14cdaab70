// The parts of Grafana's own types that our dashboards use; see README.md for how the JSON Schema is made from it.
import * as raw from "@grafana/schema/dist/types/raw/dashboard/x/dashboard_types.gen";
import * as stat from "@grafana/schema/dist/types/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen";
import * as timeseries from "@grafana/schema/dist/types/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen";
import * as table from "@grafana/schema/dist/types/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen";
import * as geomap from "@grafana/schema/dist/types/raw/composable/geomap/panelcfg/x/GeomapPanelCfg_types.gen";

/** Of the data source Prometheus; the package has only the fields that all data sources share. */
interface PrometheusQuery {
  expr: string;
  refId: string;
  legendFormat?: string;
  instant?: boolean;
  range?: boolean;
  format?: "time_series" | "table" | "heatmap";
  datasource?: raw.DataSourceRef;
}
interface Fields<Custom> extends Omit<raw.FieldConfigSource, "defaults"> {
  defaults: Omit<raw.FieldConfig, "custom"> & { custom?: Custom };
}
interface Of<Type, Options, Custom> extends Omit<raw.Panel, "type" | "options" | "fieldConfig" | "targets"> {
  type: Type;
  options?: Options;
  fieldConfig: Fields<Custom>;
  targets: PrometheusQuery[];
}
/** Layers are of two types of one name in the package, which no schema can hold. */
interface MapLayer {
  type: string;
  name: string;
  location?: unknown;
  tooltip?: boolean;
}
type MapOptions = Omit<geomap.Options, "basemap" | "layers"> & { basemap?: unknown; layers: MapLayer[] };
type OurPanel =
  | Of<"stat", Partial<stat.Options>, {}>
  | Of<"timeseries", Partial<timeseries.Options>, Partial<timeseries.FieldConfig>>
  | Of<"table", Partial<table.Options>, Partial<table.FieldConfig>>
  | Of<"geomap", MapOptions, {}>
  | Omit<raw.RowPanel, "panels"> & { type: "row"; panels: [] };
/** Of the data source Prometheus; the package has only the fields that all data sources share. */
interface PrometheusMarks extends Omit<raw.AnnotationQuery, "target"> {
  expr: string;
  titleFormat?: string;
  step?: string;
}
export interface Screen extends Omit<raw.Dashboard, "panels" | "annotations"> {
  annotations: { list: PrometheusMarks[] };
  panels: OurPanel[];
}
