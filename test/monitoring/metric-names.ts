/** What `GET /metrics` tells, each series' name with its labels, read off the server's own table. Rules and dashboards may name nothing else. */
import { type Metric, metrics } from "#core/metrics/table";

export const metricLabels: Record<string, readonly string[]> = {
  ...Object.fromEntries(Object.entries(metrics).flatMap(([name, metric]) => seriesOf(`spindle_${name}`, metric))),
  spindle_build_info: ["version"],
};

function seriesOf(name: string, { type, labels }: Metric): [string, string[]][] {
  const own = Object.keys(labels);
  if (type !== "histogram") return [[name, own]];
  return [
    [`${name}_bucket`, [...own, "le"]],
    [`${name}_count`, own],
    [`${name}_sum`, own],
  ];
}
