/**
 * Decides thousands of synthetic problems with the shipped core and with the rules it replaces, and says which targets of the design
 * are met. `npm run eval:decisions -- --seed 1 --problems 2500 --json`. Ends with 1 when a target is missed.
 */
import { parseArgs } from "node:util";
import { decide } from "#core/decision-tree/tree";
import { table } from "../bench/statistics.ts";
import { largestDeliberation } from "./largest.ts";
import { type Measured, measure, targetsOf } from "./measure.ts";
import { regimes } from "./problems.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    problems: { type: "string", default: "2500" },
    json: { type: "boolean", default: false },
  },
});
const [seed, problems] = [wholeNumber(values.seed), wholeNumber(values.problems)];
const measured = regimes.map((regime, index) => measure(regime, problems, seed + index));
const targets = measured.map((one) => targetsOf(one));
const missed = targets.flat().filter(({ isMet }) => !isMet).length;
const millisecondsPerTree = timeOfTree();

if (values.json) console.log(JSON.stringify({ seed, problems, millisecondsPerTree, measured, targets }, null, 2));
else report();
process.exit(missed === 0 ? 0 : 1);

function report(): void {
  console.log(
    `${problems} problems a regime, seeds ${seed} to ${seed + regimes.length - 1}, one for each regime in this order\n`,
  );
  for (const [index, one] of measured.entries()) {
    console.log(`## ${one.regime.name}\n`);
    console.log(table(rowsOf(one)));
    console.log(`\ncalibration: slope ${one.line.slope.toFixed(3)}, intercept ${one.line.intercept.toFixed(3)}`);
    console.log(`Brier of the priors: ${one.brierStated.toFixed(4)} as stated, ${one.brierCalibrated.toFixed(4)} calibrated\n`);
    const checks = targets[index] ?? [];
    for (const { target, figure, isMet } of checks) console.log(`${isMet ? "met   " : "MISSED"}  ${target}: ${digits(figure)}`);
    console.log("");
  }
  console.log(
    `A tree of 6 assumptions, 8 actions and 4 probes: ${millisecondsPerTree.toFixed(3)} ms (median of 200, in this process)`,
  );
  console.log(missed === 0 ? "All targets are met." : `${missed} targets are missed.`);
}

function rowsOf({ rows }: Measured): string[][] {
  const head = ["policy", "utility", "±", "normalised", "questions", "look-ups", "Brier at act", "bad actions"];
  const body = rows.map((row) => [
    row.policy,
    row.utility.toFixed(3),
    row.utilityHalfWidth.toFixed(3),
    row.normalised.toFixed(2),
    row.questions.toFixed(2),
    row.lookUps.toFixed(2),
    row.brierAtAct.toFixed(3),
    `${(100 * row.badShare).toFixed(1)} %`,
  ]);
  return [head, ...body];
}

function digits(figure: number): string {
  return Math.abs(figure) < 1e-3 && figure !== 0 ? figure.toExponential(1) : figure.toFixed(3);
}

/** Everything: composing, scoring, and choosing. */
function timeOfTree(): number {
  const deliberation = largestDeliberation();
  const times = Array.from({ length: 400 }, () => {
    const startedAt = performance.now();
    decide(deliberation);
    return performance.now() - startedAt;
  });
  // The first half warms up.
  const warm = times.slice(200).sort((one, other) => one - other);
  return warm[100] ?? Number.NaN;
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new Error(`a whole number above 0 is needed, not ${text}`);
  return number;
}
