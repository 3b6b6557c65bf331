/**
 * The fault matrix, as a table: `npm run check:faults -- --seeds 2` (stories of each simulated cell). A cell says where it ran: in the simulation on
 * Node, from a webhook on with GitHub's stage, or on real workerd; a fault that is the platform's to make is made there. Beside it run the tests of
 * endpoints that lie on HTTP and of GitHub's effects.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { parseArgs } from "node:util";
import { projectRoot } from "./server.ts";

const { values } = parseArgs({ options: { seeds: { type: "string" } } });
const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");

const places: Record<string, string> = {
  "test/simulation/faults.test.ts": "simulated",
  "test/github-way/faults.test.ts": "webhook to commit",
  "test/objects/faults.test.ts": "workerd",
};
/** Faults that only the platform can make: their cells have to have run there. */
const ofThePlatform = [
  "deploy: object reset",
  "Directory refusing",
  "Memory refusing",
  "KV failing",
  "alarm twice",
  "alarm late",
  "push service down",
];
const moments = ["idle", "streaming", "approval pending"];

interface Result {
  testResults: { name: string; status: string; assertionResults: { title: string; status: string }[] }[];
}

const folder = mkdtempSync(join(tmpdir(), "spindle-faults-"));
const rows: Record<string, Record<string, string>> = {};
const problems: string[] = [];
try {
  const beside = ["test/loop/faults.test.ts", "test/github/effects.test.ts"];
  const output = join(folder, "results.json");
  const reporters = ["--reporter=dot", "--reporter=json", `--outputFile.json=${output}`];
  const { status } = spawnSync(process.execPath, [vitest, "run", ...Object.keys(places), ...beside, ...reporters], {
    cwd: projectRoot,
    env: { ...process.env, SPINDLE_FAULT_SEEDS: values.seeds ?? "1" },
    stdio: "inherit",
  });
  if (status !== 0) problems.push(`vitest ended with ${status}`);
  take(JSON.parse(readFileSync(output, "utf8")) as Result);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.table(rows);
for (const problem of problems) console.log(`FAIL ${problem}`);
const cells = Object.values(rows).flatMap((row) => Object.values(row)).length;
console.log(`${cells} cells, ${problems.length} failed`);
process.exit(problems.length === 0 ? 0 : 1);

function take({ testResults }: Result): void {
  for (const { name, assertionResults } of testResults) {
    const place = places[relative(projectRoot, name)];
    for (const { title, status } of place ? assertionResults : []) {
      const [fault = "", moment = ""] = title.split(" | ");
      const row = rows[fault] ?? Object.fromEntries(moments.map((each) => [each, ""]));
      rows[fault] = row;
      row[moment] = [row[moment], status === "passed" ? `held, ${place}` : `LOST, ${place}`].filter(Boolean).join("; ");
    }
  }
  for (const [fault, row] of Object.entries(rows)) {
    for (const [moment, cell] of Object.entries(row)) {
      if (cell === "") problems.push(`${fault}, ${moment}: nobody told it`);
      if (cell.includes("LOST")) problems.push(`${fault}, ${moment}: ${cell}`);
    }
  }
  for (const fault of ofThePlatform) {
    if (!Object.values(rows[fault] ?? {}).every((cell) => cell.includes("workerd")) || !rows[fault]) {
      problems.push(`${fault}: it has to run on workerd`);
    }
  }
}
