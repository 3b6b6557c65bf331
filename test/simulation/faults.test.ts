import { expect, test } from "vitest";
import { faults, type Moment, moments, tellFault } from "./faults.ts";

/** Stories of each cell; `npm run check:faults` tells more. */
const seedsPerCell = Number(process.env.SPINDLE_FAULT_SEEDS ?? 1);
/** A story may never come to the moment, say because its dice ask for no approval: then the next seed is asked. */
const seedsTried = 12;

test("whatever goes wrong for a while, and whenever it does, nothing is lost", { timeout: 600_000 }, async () => {
  const rows: Record<string, Record<string, string>> = {};
  const failures: string[] = [];
  for (const name of Object.keys(faults)) {
    rows[name] = {};
    for (const moment of moments) rows[name][moment] = await cell(name, moment, failures);
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
