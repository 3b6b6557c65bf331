/** The metrics as text: Prometheus' own format, or OpenMetrics 1.0 for whoever asks for that. Every series of the table is there, at zero too. */
import { bucketOf, type Counts, combinationsOf, seriesOf, sumOf } from "#core/metrics/counts";
import { bucketsMs, type Metric, type MetricName, metrics } from "#core/metrics/table";

export type ExpositionFormat = "prometheus" | "openMetrics";

export const contentTypes: Record<ExpositionFormat, string> = {
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
  openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

/** What all shards know together. */
export interface Totals {
  counts: Counts;
  gauges: Counts;
  /** Unix ms; null where nothing waits. */
  oldestPendingAtMs: number | null;
  /** When the thread reported (Unix ms) that works and reported longest ago; null where none works. */
  stalestAtMs: number | null;
}

/** OpenMetrics where the header wants it at least as much as plain text. Example: `application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.2` */
export function formatFor(accept: string | undefined): ExpositionFormat {
  const wish = (type: string) =>
    Math.max(
      0,
      ...(accept ?? "").split(",").flatMap((range) => {
        const [name = "", ...params] = range.split(";").map((part) => part.trim().toLowerCase());
        if (name !== type) return [];
        const quality = params.find((param) => param.startsWith("q="));
        return quality === undefined ? 1 : Number(quality.slice(2)) || 0;
      }),
    );
  const openMetrics = wish("application/openmetrics-text");
  return openMetrics > 0 && openMetrics >= wish("text/plain") ? "openMetrics" : "prometheus";
}

export function exposition(
  totals: Totals,
  format: ExpositionFormat,
  { nowMs, version }: { nowMs: number; version: string },
): string {
  const values = {
    ...totals.gauges,
    ...totals.counts,
    [seriesOf("approval_oldest_pending_seconds", {})]: secondsSince(totals.oldestPendingAtMs, nowMs),
    [seriesOf("metrics_report_age_seconds", {})]: secondsSince(totals.stalestAtMs, nowMs),
  };
  const families = Object.entries(metrics).map(([name, metric]) => family(name as MetricName, metric, values, format));
  const build = [
    ...head("build_info", { type: "gauge", help: "The version of Spindle that answers.", labels: {} }, format),
    `${prefix}build_info{version="${escaped(version)}"} 1`,
  ].join("\n");
  return `${[...families, build].join("\n")}\n${format === "openMetrics" ? "# EOF\n" : ""}`;
}

const prefix = "spindle_";

function family(name: MetricName, metric: Metric, values: Counts, format: ExpositionFormat): string {
  const lines =
    metric.type === "histogram"
      ? histogramLines(name, values)
      : combinationsOf(metric).map((labels) => {
          const value = values[seriesOf(name, labels as never)] ?? 0;
          return `${prefix}${name}${labelsText(labels)} ${value}`;
        });
  return [...head(name, metric, format), ...lines].join("\n");
}

/** In OpenMetrics a counter's family has no `_total`; its samples do. */
function head(name: string, { type, help, unit }: Metric, format: ExpositionFormat): string[] {
  const familyName = prefix + (format === "openMetrics" && type === "counter" ? name.replace(/_total$/, "") : name);
  return [
    `# HELP ${familyName} ${escaped(help)}`,
    `# TYPE ${familyName} ${type}`,
    ...(format === "openMetrics" && unit ? [`# UNIT ${familyName} ${unit}`] : []),
  ];
}

/** Each bucket holds what the ones below it hold; the last one holds everything. */
function histogramLines(name: string, values: Counts): string[] {
  let count = 0;
  const buckets = [...bucketsMs, null].map((boundMs, index) => {
    count += values[bucketOf(name, index)] ?? 0;
    return `${prefix}${name}_bucket{le="${boundMs === null ? "+Inf" : bound(boundMs)}"} ${count}`;
  });
  const sum = (values[sumOf(name)] ?? 0) / 1_000;
  return [...buckets, `${prefix}${name}_sum ${sum}`, `${prefix}${name}_count ${count}`];
}

/** `1` and `1.0` would be two series: OpenMetrics writes whole numbers with a decimal. */
function bound(boundMs: number): string {
  const seconds = boundMs / 1_000;
  return Number.isInteger(seconds) ? `${seconds}.0` : `${seconds}`;
}

function labelsText(labels: Record<string, string>): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${escaped(value)}"`);
  return pairs.length > 0 ? `{${pairs.join(",")}}` : "";
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}

function secondsSince(atMs: number | null, nowMs: number): number {
  return atMs === null ? 0 : Math.max(0, nowMs - atMs) / 1_000;
}
