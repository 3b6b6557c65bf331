/** How fast, and how often wrongly, the test of the whole memory speaks, when it is looked at every fifty turns. */
import { type ArmRecord, compareArms, emptyArm, type ThreadRecord, withOutcome } from "#core/memory/sequential-test";
import { percentile } from "../bench/statistics.ts";
import { Random } from "../simulation/random.ts";

const turnsMax = 20_000;
const lookEvery = 50;
/** Success without memory. */
const base = 0.45;

export interface VerdictRow {
  effect: number;
  share: number;
  /** Turns of one thread, and the correlation of their outcomes. */
  turnsPerThread: number;
  correlation: number;
  /** Share of runs that came to a verdict in the effect's direction (any, where there is no effect), and within `soonTurns`. */
  found: number;
  foundSoon: number;
  medianTurns: number;
  slowTurns: number;
  /** What a z-test, repeated at every look, would have cried. Only known where there is no effect. */
  naive: number | null;
}

export const soonTurns = 2_500;

export type Setting = Pick<VerdictRow, "effect" | "share" | "turnsPerThread" | "correlation">;

export function verdictRow(setting: Setting, { seed, runs }: { seed: number; runs: number }): VerdictRow {
  const results = Array.from({ length: runs }, (_, run) => watch(new Random(seed + run), setting));
  const delays = results.flatMap(({ turn, verdict }) =>
    turn !== null && (setting.effect === 0 || (verdict === "harms") === setting.effect < 0) ? [turn] : [],
  );
  return {
    ...setting,
    found: delays.length / runs,
    foundSoon: delays.filter((turn) => turn <= soonTurns).length / runs,
    medianTurns: percentile(delays, 50),
    slowTurns: percentile(delays, 90),
    naive: setting.effect === 0 ? results.filter(({ isNaiveAlarm }) => isNaiveAlarm).length / runs : null,
  };
}

function watch(random: Random, { effect, share, turnsPerThread, correlation }: Setting) {
  let memory: ArmRecord = emptyArm;
  let none: ArmRecord = emptyArm;
  let isNaiveAlarm = false;
  let thread: ThreadRecord | null = null;
  let isHeldOut = false;
  let first: { turn: number; verdict: "helps" | "harms" } | null = null;
  let mood = 0;
  for (let turn = 1; turn <= turnsMax; turn++) {
    if ((turn - 1) % turnsPerThread === 0) {
      thread = null;
      isHeldOut = random.chance(share);
      mood = random.chance(0.5) ? 1 : -1;
    }
    // Two moods of threads, this far apart, give outcomes of a thread the correlation asked for.
    const chance = base + (isHeldOut ? 0 : effect) + mood * Math.sqrt(correlation * base * (1 - base));
    const outcome = { y: Number(random.chance(chance)), weight: 1 };
    const next = withOutcome(isHeldOut ? none : memory, thread, outcome);
    thread = next.thread;
    if (isHeldOut) none = next.arm;
    else memory = next.arm;
    if (turn % lookEvery !== 0) continue;
    isNaiveAlarm ||= Math.abs(zOf(memory, none)) > 1.96;
    const { verdict } = compareArms(memory, none);
    if (verdict === "helps" || verdict === "harms") first ??= { turn, verdict };
    // Without an effect the run goes on until the z-test has cried as well, so that both are counted.
    if (first && (effect !== 0 || isNaiveAlarm)) break;
  }
  return { turn: first?.turn ?? null, verdict: first?.verdict ?? null, isNaiveAlarm };
}

function zOf(memory: ArmRecord, none: ArmRecord): number {
  if (memory.weight === 0 || none.weight === 0) return 0;
  const [one, other] = [memory.sum / memory.weight, none.sum / none.weight];
  const variance = (one * (1 - one)) / memory.weight + (other * (1 - other)) / none.weight;
  return variance > 0 ? (one - other) / Math.sqrt(variance) : 0;
}
