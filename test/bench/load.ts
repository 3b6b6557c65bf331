/**
 * `npm run load`: 1,000 sockets on 200 threads, 50 turns at once, for five minutes (`--seconds 300`), with clients that are slow and that
 * vanish. `--quick` is smaller and takes a minute and a half. `--turns 10000` asks instead whether memory stays flat over so many turns.
 * `--disk` keeps the storage on the disk, `--write` puts what was found into docs/performance.md.
 */
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { markdownTable, measuredOn, writePerformance } from "./documented.ts";
import { type CrowdSize, crowd } from "./load/crowd.ts";
import { generations } from "./load/generations.ts";
import { openStage } from "./load/stage.ts";
import { Verdict } from "./load/verdict.ts";
import { table } from "./statistics.ts";

const options = ["sockets", "threads", "at-once", "accounts", "seconds", "seed", "interval"] as const;
const { values } = parseArgs({
  options: {
    quick: { type: "boolean" },
    disk: { type: "boolean" },
    write: { type: "boolean" },
    turns: { type: "string" },
    ...(Object.fromEntries(options.map((name) => [name, { type: "string" }])) as Record<
      (typeof options)[number],
      { type: "string" }
    >),
  },
});
const usual = values.quick
  ? { sockets: 200, threads: 40, turnsAtOnce: 10, accounts: 5, seconds: 30 }
  : { sockets: 1_000, threads: 200, turnsAtOnce: 50, accounts: 25, seconds: 300 };
const size: CrowdSize = {
  sockets: Number(values.sockets ?? usual.sockets),
  threads: Number(values.threads ?? usual.threads),
  turnsAtOnce: Number(values["at-once"] ?? usual.turnsAtOnce),
  accounts: Number(values.accounts ?? usual.accounts),
  seconds: Number(values.seconds ?? usual.seconds),
  seed: Number(values.seed ?? 1),
};
/** The rehearsal's own: twenty words a second, as a model that is quick. */
const intervalMs = Number(values.interval ?? 50);

const machine = measuredOn({ load: loadavg()[0] ?? Number.NaN });
const verdict = new Verdict();
const stage = await openStage({
  rehearsalIntervalMs: values.turns === undefined ? intervalMs : 0,
  isOnDisk: values.disk === true,
});
try {
  const rows =
    values.turns === undefined ? await crowd(stage, size, verdict) : await generations(stage, Number(values.turns), verdict);
  console.log(`\n${machine}\n${table(rows)}`);
  const storage = stage.isInMemory ? "in memory" : "on the disk";
  if (values.write)
    writePerformance(values.turns === undefined ? "load" : "heap", `${machine}; storage ${storage}.\n\n${markdownTable(rows)}`);
} catch (error) {
  verdict.check("the load came to its end", false, error instanceof Error ? error.message : error);
  console.log(stage.field.problems.slice(0, 5).join("\n"));
} finally {
  await stage.close();
}
console.log(`${verdict.passed} passed, ${verdict.failed} failed`);
process.exit(verdict.failed > 0 ? 1 : 0);
