/**
 * Does the memory's core do what it is for? Regret, drift, rating and verdict in a world where the truth is known; no model is asked.
 * `npm run eval:memory -- --seed 1 --turns 8000 --json`. With another number of turns the third column is that one, and targets are only shown.
 */
import { parseArgs } from "node:util";
import { table } from "../bench/statistics.ts";
import { positionBias, ratingTable } from "./memory-rating.ts";
import { driftTable, names, type RegretRow, regretTable, tableShare } from "./memory-regret.ts";
import { type Measured, targets } from "./memory-targets.ts";
import { type Setting, soonTurns, verdictRow } from "./memory-verdict.ts";

const { values } = parseArgs({ options: { seed: { type: "string" }, turns: { type: "string" }, json: { type: "boolean" } } });
const seed = Number(values.seed ?? 1);
const turns = Number(values.turns ?? 8_000);
if (!Number.isSafeInteger(seed) || !Number.isSafeInteger(turns) || turns <= 2_000)
  throw new Error("--seed is a whole number, --turns one above 2000");

const startedAt = performance.now();
const checkpoints = [500, 2_000, turns];
const comparisons = [60, 120, 300];
const sizes = { regretSeeds: 20, driftSeeds: 40, ratingRuns: 400, verdictRuns: 400 };
const settings: Setting[] = [
  ...[0, -0.1, -0.05, 0.1].flatMap((effect) =>
    [0.1, 0.2, 0.5].map((share) => ({ effect, share, turnsPerThread: 1, correlation: 0 })),
  ),
  ...[0, -0.1].flatMap((effect) => [0.2, 0.5].map((share) => ({ effect, share, turnsPerThread: 10, correlation: 0.1 }))),
];

const measured: Measured = {
  regret: regretTable({ seed, seeds: sizes.regretSeeds, checkpoints }),
  drift: driftTable({ seed, seeds: sizes.driftSeeds, checkpoints }),
  rating: ratingTable({ seed, runs: sizes.ratingRuns, comparisons }),
  verdicts: settings.map((setting) => verdictRow(setting, { seed, runs: sizes.verdictRuns })),
};
const results = targets(measured);

if (values.json) console.log(JSON.stringify({ seed, turns, sizes, ...measured, targets: results }, null, 2));
else print();
if (turns === 8_000 && results.some(({ isMet }) => !isMet)) process.exitCode = 1;

function print(): void {
  const { regret, drift, rating, verdicts } = measured;
  console.log(`seeds ${seed}–${seed + sizes.regretSeeds - 1} for regret, ${seed}–${seed + sizes.driftSeeds - 1} for drift,`);
  console.log(`${seed}–${seed + sizes.ratingRuns - 1} for rating, ${seed}–${seed + sizes.verdictRuns - 1} for verdicts\n`);
  console.log(`Regret against the oracle per 1,000 turns (helpful/neutral/harmful; hold-out ${tableShare * 100}% unless named)`);
  console.log(regretRows(regret));
  console.log("\nThe shipped schedule's turns that were not held out, alone");
  const schedule = regret.filter(({ contestant }) => contestant === names.schedule);
  console.log(table([header(), ...schedule.map(({ mix, servedAt }) => [mix, "", ...servedAt.map(whole), ""])]));
  console.log("\nDrift: half the fragments turn around at half time");
  console.log(regretRows(drift));
  console.log(`\nRating of 12 rivals by a judge that favours what it reads first by ${positionBias}`);
  const ratingRows = rating.map(({ method, tau, topRegret, bias }) => [
    method,
    ...tau.map((value) => value.toFixed(2)),
    topRegret.toFixed(2),
    bias?.toFixed(2) ?? "–",
  ]);
  console.log(table([["", ...comparisons.map((count) => `tau at ${count}`), "top regret", "bias found"], ...ratingRows]));
  console.log("\nThe whole memory's test, looked at every 50 of 20,000 turns");
  const verdictRows = verdicts.map((row) => [
    `${row.effect * 100} points`,
    percent(row.share),
    String(row.turnsPerThread),
    percent(row.found),
    percent(row.foundSoon),
    whole(row.medianTurns),
    whole(row.slowTurns),
    row.naive === null ? "–" : percent(row.naive),
  ]);
  const titles = ["effect", "hold-out", "turns a thread", "verdicts", `within ${soonTurns}`, "median", "90th pct", "z-test"];
  console.log(table([titles, ...verdictRows]));
  console.log("\nTargets");
  const met = results.map(({ name, measured, bound, isMet }) => [
    name,
    measured.toFixed(3),
    String(bound),
    isMet ? "met" : "MISSED",
  ]);
  console.log(table([["", "measured", "bound", ""], ...met]));
  console.log(`\n${Math.round((performance.now() - startedAt) / 1_000)} s`);
}

function regretRows(rows: RegretRow[]): string {
  return table([
    header(),
    ...rows.map(({ mix, contestant, at, halfWidth, lateSuccess }) => [
      mix,
      contestant,
      ...at.map((value, place) => `${whole(value)} ±${whole(halfWidth[place] ?? Number.NaN)}`),
      lateSuccess.toFixed(3),
    ]),
  ]);
}

function header(): string[] {
  return ["mix", "", ...checkpoints.map((count) => count.toLocaleString("en")), "late success"];
}

function whole(value: number): string {
  return Number.isNaN(value) ? "–" : Math.round(value).toLocaleString("en");
}

function percent(share: number): string {
  return `${Math.round(share * 1_000) / 10}%`;
}
