import { expect, test } from "vitest";
import { circuitLimits, metricsLimits } from "#core/limits";
import { seriesOf } from "#core/metrics/counts";
import { type Gauges, isolateSubject, type Report } from "#core/metrics/report";
import { createLedgerSchema, Ledger } from "#metrics/ledger";
import { createSql } from "../support/sql.ts";

const frames = seriesOf("frames_appended_total", {});
const pending = seriesOf("approvals_pending", { kind: "question" });
const running = seriesOf("turns_running", {});

function shard() {
  const { sql } = createSql();
  createLedgerSchema(sql);
  const clock = { nowMs: 1_000 };
  const ledger = new Ledger(sql, () => clock.nowMs);
  const rows = (table: string) => sql.exec<{ rows: number }>(`SELECT count(*) AS rows FROM ${table}`).one().rows;
  return { ledger, clock, rows };
}

function counted(from: number, to: number, source = "a"): Report {
  return { source, from, to, counts: { [frames]: to - from + 1 } };
}

function standing(subject: string, atMs: number, values: Gauges["values"], oldestPendingAtMs: number | null = null): Report {
  return { source: subject, from: 1, to: 0, counts: {}, gauges: { subject, order: atMs, atMs, values, oldestPendingAtMs } };
}

test("a report that comes again counts nothing, and is answered how far the source is counted", () => {
  const { ledger } = shard();
  expect(ledger.take(counted(1, 5))).toEqual({ through: 5 });
  expect(ledger.take(counted(1, 5))).toEqual({ through: 5 });
  // Grown since, because the answer to the first was lost.
  expect(ledger.take(counted(1, 9))).toEqual({ through: 5 });
  expect(ledger.take(counted(6, 9))).toEqual({ through: 9 });
  const { counts } = ledger.read();
  expect(counts[frames]).toBe(9);
  expect(counts[seriesOf("metrics_reports_total", { result: "applied" })]).toBe(2);
  expect(counts[seriesOf("metrics_reports_total", { result: "duplicate" })]).toBe(2);
});

test("sources do not know of each other", () => {
  const { ledger } = shard();
  ledger.take(counted(1, 5));
  ledger.take(counted(1, 3, "b"));
  expect(ledger.read().counts[frames]).toBe(8);
});

test("how a subject stands is replaced, not added; an older word changes nothing, and who stands nowhere leaves no row", () => {
  const { ledger, rows } = shard();
  ledger.take(standing("one", 10, { [pending]: 2, [running]: 1 }, 7));
  ledger.take(standing("two", 10, { [pending]: 1 }, 9));
  expect(ledger.read()).toMatchObject({ gauges: { [pending]: 3, [running]: 1 }, oldestPendingAtMs: 7, stalestAtMs: 10 });
  ledger.take(standing("one", 20, { [pending]: 1 }, 8));
  ledger.take(standing("one", 15, { [pending]: 9 }, 1));
  expect(ledger.read()).toMatchObject({ gauges: { [pending]: 2 }, oldestPendingAtMs: 8, stalestAtMs: null });
  ledger.take(standing("one", 30, {}));
  ledger.take(standing("two", 30, {}));
  expect(ledger.read()).toMatchObject({ gauges: {}, oldestPendingAtMs: null });
  expect(rows("standings")).toBe(0);
});

test("a duplicate still says how its subject stands", () => {
  const { ledger } = shard();
  ledger.take(counted(1, 5));
  ledger.take({ ...counted(1, 5), gauges: { subject: "a", order: 5, atMs: 5, values: { [pending]: 1 }, oldestPendingAtMs: 5 } });
  expect(ledger.read()).toMatchObject({ counts: { [frames]: 5 }, gauges: { [pending]: 1 } });
});

test("what is remembered of a source ends when it has long been silent, and it is believed when it comes again", () => {
  const { ledger, clock, rows } = shard();
  ledger.take(counted(1, 5));
  clock.nowMs += metricsLimits.sourceRetentionMs + 1;
  ledger.take(counted(1, 1, "b"));
  expect(rows("sources")).toBe(1);
  expect(ledger.take(counted(6, 7))).toEqual({ through: 7 });
  expect(ledger.read().counts[frames]).toBe(8);
});

test("an isolate that said a circuit is open and is heard of no more is not believed for ever; objects are", () => {
  const { ledger, clock, rows } = shard();
  const open = seriesOf("circuit_open", { circuit: "model" });
  ledger.take(standing(isolateSubject("gone"), clock.nowMs, { [open]: 1 }));
  ledger.take(standing("a thread", clock.nowMs, { [running]: 1 }));
  clock.nowMs += circuitLimits.silentMsMax;
  ledger.take(standing(isolateSubject("alive"), clock.nowMs, { [open]: 1 }));
  expect(ledger.read().gauges).toEqual({ [open]: 2, [running]: 1 });
  clock.nowMs += 1;
  expect(ledger.read().gauges).toEqual({ [open]: 1, [running]: 1 });
  // It closed, and says so.
  ledger.take(standing(isolateSubject("alive"), clock.nowMs, {}));
  expect(ledger.read().gauges).toEqual({ [running]: 1 });
  expect(rows("standings")).toBe(1);
});
