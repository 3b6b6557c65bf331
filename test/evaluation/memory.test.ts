/** The short form of `npm run eval:memory`: the same code, fewer seeds. The bounds leave room for the smaller sample; the full form has the targets. */
import { expect, test } from "vitest";
import { ratingTable } from "./memory-rating.ts";
import { driftNames, driftTable, names, type RegretRow, regretTable } from "./memory-regret.ts";
import { verdictRow } from "./memory-verdict.ts";

const seed = 7;
const at = (rows: RegretRow[], mix: string, contestant: string) =>
  rows.find((row) => row.mix === mix && row.contestant === contestant)?.at ?? [];

test("with the memory less is lost than without it, in good, mixed and bad company, and early it costs little", () => {
  const rows = regretTable({ seed, seeds: 4, checkpoints: [500, 2_000, 4_000] });
  for (const mix of new Set(rows.map((row) => row.mix))) {
    const [none500 = 0, none2000 = 0, none4000 = 0] = at(rows, mix, names.none);
    const [core500 = 1, core2000 = 1, core4000 = 1] = at(rows, mix, names.shipped);
    expect(core500 / none500, mix).toBeLessThan(1.1);
    expect(core2000 / none2000, mix).toBeLessThan(0.85);
    expect(core4000 / none4000, mix).toBeLessThan(0.75);
    expect(core4000).toBeLessThan(at(rows, mix, names.relevance)[2] ?? 0);
    expect(core4000).toBeLessThan(at(rows, mix, names.counters)[2] ?? 0);
    const [rarely = 1, eachTurn = 0] = [at(rows, mix, names.rarely)[2], at(rows, mix, names.eachTurn)[2]];
    expect(rarely / eachTurn).toBeLessThan(1.1);
  }
});

test("when half of the fragments turn around, the alarms of single fragments save what they can", () => {
  const rows = driftTable({ seed, seeds: 8, checkpoints: [8_000] });
  const [watched = 1] = at(rows, "30/40/30", driftNames.watched);
  const [unwatched = 0] = at(rows, "30/40/30", driftNames.unwatched);
  expect(watched / unwatched).toBeLessThan(0.95);
});

test("rivals are ranked by a judge that errs and favours a place, and how much it favours it is found", () => {
  const [refit, oneByOne] = ratingTable({ seed, runs: 60, comparisons: [60, 120, 300] });
  for (const row of [refit, oneByOne]) {
    expect(row?.tau[0]).toBeGreaterThan(0.5);
    expect(row?.tau[1]).toBeGreaterThan(0.62);
    expect(row?.tau[2]).toBeGreaterThan(0.75);
    expect(Math.abs((row?.bias ?? 9) - 0.6)).toBeLessThan(0.3);
  }
});

test("the test of the whole memory rarely cries wolf however often it is looked at, and finds harm in time", () => {
  const runs = { seed, runs: 60 };
  const still = verdictRow({ effect: 0, share: 0.2, turnsPerThread: 1, correlation: 0 }, runs);
  const moody = verdictRow({ effect: 0, share: 0.2, turnsPerThread: 10, correlation: 0.1 }, runs);
  const harm = verdictRow({ effect: -0.1, share: 0.2, turnsPerThread: 1, correlation: 0 }, runs);
  expect(still.found).toBeLessThan(0.1);
  expect(moody.found).toBeLessThan(0.1);
  expect(still.naive).toBeGreaterThan(0.25);
  expect(harm.foundSoon).toBeGreaterThan(0.8);
});
