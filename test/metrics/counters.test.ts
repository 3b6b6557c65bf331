import { expect, test } from "vitest";
import { type Counts, seriesOf, setGauge } from "#core/metrics/counts";
import type { Report } from "#core/metrics/report";
import { Counters } from "#metrics/counters";
import { createLedgerSchema, Ledger } from "#metrics/ledger";
import { createSql } from "../support/sql.ts";

const sent = seriesOf("frames_sent_total", {});
const sockets = seriesOf("sockets_open", {});

/** A clock that goes on when `tick` is called, and a shard that may fail before or after it took a report. */
function world() {
  const { sql } = createSql();
  createLedgerSchema(sql);
  const ledger = new Ledger(sql, () => 0);
  const sleeping: (() => void)[] = [];
  const state = { fails: "no" as "no" | "before" | "after", open: 0, sends: [] as Report[], atMs: 0 };
  const life = (source: string) =>
    new Counters({
      source,
      gauges: () => {
        const values: Counts = {};
        setGauge(values, "sockets_open", {}, state.open);
        return { subject: "object", order: ++state.atMs, atMs: state.atMs, values, oldestPendingAtMs: null };
      },
      send: async (report) => {
        state.sends.push(structuredClone(report));
        if (state.fails === "before") throw new Error("away");
        const heard = ledger.take(report);
        if (state.fails === "after") throw new Error("the answer was lost");
        return heard;
      },
      sleep: () => new Promise((resolve) => sleeping.push(resolve)),
    });
  const tick = async () => {
    sleeping.shift()?.();
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  };
  return { ledger, state, life, tick, sleeping };
}

test("what is counted in a while goes in one report, and then nobody waits any more", async () => {
  const { ledger, state, life, tick, sleeping } = world();
  const counters = life("a");
  counters.count("frames_sent_total", {}, 3);
  counters.count("frames_sent_total", {});
  counters.observe("replay_seconds", 7);
  await tick();
  expect(ledger.read().counts[sent]).toBe(4);
  expect(state.sends).toHaveLength(1);
  expect(sleeping, "the object may sleep").toHaveLength(0);
});

test("whether the report or its answer is lost, each is counted once", async () => {
  for (const fails of ["before", "after"] as const) {
    const { ledger, state, life, tick } = world();
    const counters = life("a");
    counters.count("frames_sent_total", {}, 3);
    state.fails = fails;
    await tick();
    counters.count("frames_sent_total", {}, 2);
    await tick();
    state.fails = "no";
    for (let again = 0; again < 4; again++) await tick();
    expect(ledger.read().counts[sent], fails).toBe(5);
  }
});

test("what comes while a report is under way is in the next one", async () => {
  const { ledger, life, tick } = world();
  const counters = life("a");
  counters.count("frames_sent_total", {}, 3);
  const first = tick();
  counters.count("frames_sent_total", {}, 4);
  await first;
  await tick();
  expect(ledger.read().counts[sent]).toBe(7);
});

test("an object that wakes counts on, and stands where it stood", async () => {
  const { ledger, state, life, tick } = world();
  state.open = 2;
  const before = life("a");
  before.count("frames_sent_total", {}, 3);
  before.moved();
  await tick();
  const after = life("b");
  after.count("frames_sent_total", {}, 3);
  after.moved();
  await tick();
  expect(ledger.read()).toMatchObject({ counts: { [sent]: 6 }, gauges: { [sockets]: 2 } });
  state.open = 0;
  after.moved();
  await tick();
  expect(ledger.read().gauges).toEqual({});
});

test("an object that stands as it stood says nothing", async () => {
  const { state, life, tick } = world();
  const counters = life("a");
  counters.moved();
  await tick();
  counters.moved();
  await tick();
  expect(state.sends).toHaveLength(1);
});
