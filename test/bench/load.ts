/**
 * `npm run load`: 1,000 sockets on 200 threads, 50 turns at once, for five minutes (`--seconds 300`), with clients that are slow and that
 * vanish. `--quick` is smaller and takes about a minute and a half.
 */
import { parseArgs } from "node:util";
import { type CrowdSize, crowd } from "./load/crowd.ts";
import { openStage } from "./load/stage.ts";
import { Verdict } from "./load/verdict.ts";

const options = ["sockets", "threads", "at-once", "accounts", "seconds", "seed", "interval"] as const;
const { values } = parseArgs({
  options: {
    quick: { type: "boolean" },
    disk: { type: "boolean" },
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
/** The rehearsal's own: twenty words a second, as a fast model. */
const intervalMs = Number(values.interval ?? 50);

const verdict = new Verdict();
const stage = await openStage({ rehearsalIntervalMs: intervalMs, isOnDisk: values.disk === true });
try {
  await crowd(stage, size, verdict);
} finally {
  await stage.close();
}
console.log(`${verdict.passed} passed, ${verdict.failed} failed`);
process.exit(verdict.failed > 0 ? 1 : 0);
