import { expect, test } from "vitest";
import { faults, type Moment, moments, tellFault } from "./faults.ts";

/** Stories of each cell, of all cells; where nobody says, one of a third of them. `npm run check:faults` says. */
const said = process.env.SPINDLE_FAULT_SEEDS;
const seedsPerCell = Number(said ?? 1);
const isTold = (fault: number, moment: number) => said !== undefined || (fault + moment) % moments.length === 0;
/** A story may never come to the moment, say because its dice ask for no approval: then the next seed is asked. */
const seedsTried = 12;

test("whatever goes wrong for a while, and whenever it does, nothing is lost", { timeout: 600_000 }, async () => {
  const rows: Record<string, Record<string, string>> = {};
  const failures: string[] = [];
  for (const [row, name] of Object.keys(faults).entries()) {
    rows[name] = {};
    for (const [column, moment] of moments.entries()) {
      if (isTold(row, column)) rows[name][moment] = await cell(name, moment, failures);
    }
  }
  console.table(rows);
  expect(failures).toEqual([]);
});

async function cell(name: string, moment: Moment, failures: string[]): Promise<string> {
  let told = 0;
  let times = 0;
  for (let seed = 1; seed <= seedsTried * seedsPerCell && told < seedsPerCell; seed++) {
    try {
      times += await tellFault(name, moment, seed);
      told += 1;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (/^the thread never was |^the fault did not happen$/.test(message)) continue;
      failures.push(`${name}, ${moment}, seed ${seed}: ${message}`);
      return "LOST";
    }
  }
  if (told < seedsPerCell) failures.push(`${name}, ${moment}: told ${told} of ${seedsPerCell} stories`);
  return told < seedsPerCell ? "NOT TOLD" : `held (struck ${times}×)`;
}
