/**
 * `npm run bench`: all benches, one after the other, in one table with their ratios to the baselines they run beside. `--write` puts it into
 * docs/performance.md, `--quick` takes the benches' quick forms, and a name runs that one only: `npm run bench -- turn loop`.
 */
import { fork } from "node:child_process";
import { loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { markdownTable, measuredOn, writePerformance } from "./documented.ts";
import { type Findings, rowsOf } from "./figures.ts";
import { table } from "./statistics.ts";

const names = ["turn", "loop", "decisions", "memory", "github"];
/** The others have no quick form: they take seconds. */
const haveQuick = new Set(["turn", "loop", "github"]);

const { values, positionals } = parseArgs({
  options: { quick: { type: "boolean" }, write: { type: "boolean" } },
  allowPositionals: true,
});
const unknown = positionals.find((name) => !names.includes(name));
if (unknown !== undefined) {
  console.error(`no bench is called ${unknown}: ${names.join(", ")}`);
  process.exit(1);
}

const machine = measuredOn({ load: loadavg()[0] ?? Number.NaN });
const found: Findings[] = [];
for (const name of positionals.length > 0 ? positionals : names) {
  const beganAt = performance.now();
  found.push(await run(name));
  console.error(`${name}: ${Math.round((performance.now() - beganAt) / 1_000)} s`);
}
console.log(machine);
console.log(table(found.flatMap((findings, place) => [...(place > 0 ? [["", "", "", "", ""]] : []), ...named(findings)])));
for (const { bench, notes } of found) for (const note of notes) console.log(`${bench}: ${note}`);
if (values.write) {
  // Each bench has its own part, so that one may be run again alone.
  for (const findings of found) {
    const command = `\`npm run bench:${findings.bench}${isQuick(findings.bench) ? " -- --quick" : ""}\``;
    const parts = [`${command}, ${machine}`, markdownTable(rowsOf(findings)), findings.notes.join("\n")];
    writePerformance(`bench ${findings.bench}`, parts.join("\n\n"));
  }
}

/** Its heading tells which bench it is. */
function named(findings: Findings): string[][] {
  const [[ranks = "", ...others] = [], ...rows] = rowsOf(findings);
  return [[`${findings.bench.toUpperCase()}, ${ranks}`, ...others], ...rows];
}

function isQuick(name: string): boolean {
  return values.quick === true && haveQuick.has(name);
}

/** A bench that misses its own bound makes the whole end red, and is told all the same. Throws where one tells nothing. */
async function run(name: string): Promise<Findings> {
  const child = fork(join(import.meta.dirname, `${name}.ts`), isQuick(name) ? ["--quick"] : [], { stdio: "inherit" });
  let findings: Findings | null = null;
  child.once("message", (message) => {
    // Our own program: it sends nothing else.
    findings = message as Findings;
  });
  const code = await new Promise<number | null>((resolve) => child.once("exit", resolve));
  if (findings === null) throw new Error(`bench:${name} failed (${code})`);
  if (code !== 0) process.exitCode = 1;
  return findings;
}
