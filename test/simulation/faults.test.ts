import { describe, expect, test } from "vitest";
import { faults, type Moment, moments, tellFault } from "./faults.ts";

/** Stories of each cell, of all cells; where nobody says, one of a third of them. `npm run check:faults` says. */
const said = process.env.SPINDLE_FAULT_SEEDS;
const seedsPerCell = Number(said ?? 1);
const isTold = (fault: number, moment: number) => said !== undefined || (fault + moment) % moments.length === 0;
/** A story may never come to the moment, say because its dice ask for no approval: then the next seed is asked. */
const seedsTried = 12;

describe("whatever goes wrong for a while, and whenever it does, nothing is lost", () => {
  // Their titles are the cells of the table that `npm run check:faults` prints.
  for (const [row, name] of Object.keys(faults).entries()) {
    for (const [column, moment] of moments.entries()) {
      if (isTold(row, column)) test(`${name} | ${moment}`, { timeout: 60_000 }, () => tellCell(name, moment));
    }
  }
});

async function tellCell(name: string, moment: Moment): Promise<void> {
  let told = 0;
  for (let seed = 1; seed <= seedsTried * seedsPerCell && told < seedsPerCell; seed++) {
    try {
      await tellFault(name, moment, seed);
      told += 1;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (/^the thread never was |^the fault did not happen$/.test(message)) continue;
      throw new Error(`seed ${seed}: ${message}`, { cause: error });
    }
  }
  expect(told, "stories that came to the moment").toBe(seedsPerCell);
}
