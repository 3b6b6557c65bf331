/**
 * What was counted, as whole numbers by series, so that it can be added up in any order and in any cut and gives the same sums. A
 * series is its metric with its labels' values: `turns_completed_total{failed}`. A histogram is several: one for each bucket that holds
 * something (`turn_duration_seconds{}[4]`, not cumulative) and the milliseconds together (`turn_duration_seconds{}ms`).
 */
import {
  bucketsMs,
  type CounterName,
  type GaugeName,
  type HistogramName,
  type LabelsOf,
  type Metric,
  type MetricName,
  metrics,
} from "#core/metrics/table";

export type Counts = Record<string, number>;

/** The key of a counter or gauge. Example: `seriesOf("turns_completed_total", { status: "failed" })` */
export function seriesOf<Name extends MetricName>(name: Name, labels: LabelsOf<Name>): string {
  const order = Object.keys(metrics[name].labels);
  return `${name}{${order.map((label) => (labels as Record<string, string>)[label]).join(",")}}`;
}

export function add<Name extends CounterName>(counts: Counts, name: Name, labels: LabelsOf<Name>, by = 1): void {
  addTo(counts, seriesOf(name, labels), by);
}

/** `durationMs` in whole milliseconds; a clock that was set back makes none shorter than zero. */
export function observe(counts: Counts, name: HistogramName, durationMs: number): void {
  const ms = Math.max(0, Math.round(durationMs));
  const bucket = bucketsMs.findIndex((boundMs) => ms <= boundMs);
  addTo(counts, bucketOf(name, bucket < 0 ? bucketsMs.length : bucket), 1);
  addTo(counts, sumOf(name), ms);
}

export function setGauge<Name extends GaugeName>(gauges: Counts, name: Name, labels: LabelsOf<Name>, value: number): void {
  if (value !== 0) gauges[seriesOf(name, labels)] = value;
}

/** Adds all of `more` to `counts`. */
export function addAll(counts: Counts, more: Counts, sign: 1 | -1 = 1): void {
  for (const [series, value] of Object.entries(more)) addTo(counts, series, sign * value);
}

export function bucketOf(name: string, bucket: number): string {
  return `${name}{}[${bucket}]`;
}

export function sumOf(name: string): string {
  return `${name}{}ms`;
}

/** Every combination of a metric's labels, in the table's order. */
export function combinationsOf({ labels }: Metric): Record<string, string>[] {
  return Object.entries(labels).reduce<Record<string, string>[]>(
    (combinations, [label, values]) => combinations.flatMap((one) => values.map((value) => ({ ...one, [label]: value }))),
    [{}],
  );
}

function addTo(counts: Counts, series: string, by: number): void {
  const value = (counts[series] ?? 0) + by;
  if (value === 0) delete counts[series];
  else counts[series] = value;
}
