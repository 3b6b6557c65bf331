import { expect, test } from "vitest";
import { add, type Counts, observe, setGauge } from "#core/metrics/counts";
import { exposition, formatFor, type Totals } from "#core/metrics/exposition";
import { metrics } from "#core/metrics/table";
import { parseOpenMetrics, sampleOf } from "../support/open-metrics.ts";

const nowMs = 1_000_000;

function totals(): Totals {
  const counts: Counts = {};
  add(counts, "turns_completed_total", { status: "failed" }, 3);
  add(counts, "approvals_resolved_total", { kind: "file_change", decision: "accepted" }, 2);
  for (const durationMs of [0, 5, 6, 1_000, 1_001, 99_999_999]) observe(counts, "replay_seconds", durationMs);
  const gauges: Counts = {};
  setGauge(gauges, "approvals_pending", { kind: "question" }, 4);
  return { counts, gauges, oldestPendingAtMs: nowMs - 61_500, stalestAtMs: null };
}

const openMetrics = () => exposition(totals(), "openMetrics", { nowMs, version: "1.2.3" });

test("every metric of the table is there in OpenMetrics, with help, type and unit, and every series, also at zero", () => {
  const families = parseOpenMetrics(openMetrics());
  for (const [name, metric] of Object.entries(metrics)) {
    const family = families.get(`spindle_${name.replace(/_total$/, "")}`);
    expect(family, name).toMatchObject({ type: metric.type, unit: "unit" in metric ? metric.unit : "" });
    expect(family?.help, name).not.toBe("");
    const combinations = Object.values(metric.labels as Record<string, string[]>).reduce(
      (product, values) => product * values.length,
      1,
    );
    if (metric.type !== "histogram") expect(family?.samples.length, name).toBe(combinations);
  }
  expect(sampleOf(families, "spindle_turns_completed_total", { status: "failed" })).toBe(3);
  expect(sampleOf(families, "spindle_turns_completed_total", { status: "completed" })).toBe(0);
  expect(sampleOf(families, "spindle_approvals_resolved_total", { kind: "file_change", decision: "accepted" })).toBe(2);
  expect(sampleOf(families, "spindle_approvals_pending", { kind: "question" })).toBe(4);
  expect(sampleOf(families, "spindle_approval_oldest_pending_seconds")).toBe(61.5);
  expect(sampleOf(families, "spindle_metrics_report_age_seconds")).toBe(0);
  expect(sampleOf(families, "spindle_build_info", { version: "1.2.3" })).toBe(1);
});

test("a histogram's bounds include what is exactly as long, and its sum is exact", () => {
  const families = parseOpenMetrics(openMetrics());
  const bucket = (le: string) => sampleOf(families, "spindle_replay_seconds_bucket", { le });
  expect([bucket("0.005"), bucket("0.01"), bucket("1.0"), bucket("2.5"), bucket("28800.0"), bucket("+Inf")]).toEqual([
    2, 3, 4, 5, 5, 6,
  ]);
  expect(sampleOf(families, "spindle_replay_seconds_sum")).toBe(100_002.011);
});

test("Prometheus' own format differs in what counters are called, in units and in the end", () => {
  const text = exposition(totals(), "prometheus", { nowMs, version: "1.2.3" });
  expect(text).toContain("# TYPE spindle_turns_completed_total counter\n");
  expect(text).not.toMatch(/# (EOF|UNIT)/);
  const samples = (from: string) => from.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  expect(samples(text)).toEqual(samples(openMetrics()));
});

test("the parser that judges this is strict", () => {
  const broken: [change: (text: string) => string, reason: RegExp][] = [
    [(text) => text.replace("# EOF\n", ""), /EOF/],
    [(text) => text.replace("spindle_turns_started_total 0", "spindle_turns_started 0"), /no bare sample/],
    [(text) => text.replace("spindle_turns_running 0", "spindle_turns_running 0\nspindle_turns_running 0"), /twice/],
    [(text) => text.replace('le="1.0"', 'le="1"'), /floats/],
    [(text) => text.replace(/(replay_seconds_count) \d+/, "$1 7"), /the count/],
    [(text) => text.replace('status="failed"', 'status="a"b"'), /labels/],
    [(text) => text.replace("# UNIT spindle_replay_seconds seconds", "# UNIT spindle_replay_seconds ms"), /unit/],
  ];
  for (const [change, reason] of broken) {
    expect(change(openMetrics())).not.toBe(openMetrics());
    expect(() => parseOpenMetrics(change(openMetrics()))).toThrow(reason);
  }
});

test("who asks for OpenMetrics at least as much as for text gets it", () => {
  const accepted: [accept: string | undefined, format: string][] = [
    [undefined, "prometheus"],
    ["*/*", "prometheus"],
    ["text/plain", "prometheus"],
    ["application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2,*/*;q=0.1", "openMetrics"],
    ["application/openmetrics-text; q=0.2, text/plain; q=0.9", "prometheus"],
    ["application/openmetrics-text;q=0", "prometheus"],
    ["Application/OpenMetrics-Text", "openMetrics"],
  ];
  for (const [accept, format] of accepted) expect(formatFor(accept), accept).toBe(format);
});
