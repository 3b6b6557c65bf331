/**
 * The fault matrix, as a table: `npm run check:faults -- --seeds 2` (stories for each cell). The faults that are not the thread's own world stand
 * in the tests that are run with it: an endpoint that lies on HTTP, GitHub away.
 */
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { projectRoot } from "./server.ts";

const { values } = parseArgs({ options: { seeds: { type: "string" } } });
const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");
const files = ["test/simulation/faults.test.ts", "test/loop/faults.test.ts", "test/github/effects.test.ts"];
const { status } = spawnSync(process.execPath, [vitest, "run", "--project", "node", ...files, "--disable-console-intercept"], {
  cwd: projectRoot,
  env: { ...process.env, SPINDLE_FAULT_SEEDS: values.seeds ?? "2" },
  stdio: "inherit",
});
process.exit(status ?? 1);
