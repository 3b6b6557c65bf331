/** More simulated stories than `npm test` tells, each from its seed: `npm run check:simulation -- --seeds 240`. */
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { projectRoot } from "./server.ts";

const { values } = parseArgs({ options: { seeds: { type: "string" } } });
const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");
const { status } = spawnSync(process.execPath, [vitest, "run", "--project", "node", "test/simulation"], {
  cwd: projectRoot,
  env: { ...process.env, SPINDLE_SEEDS: values.seeds ?? "240" },
  stdio: "inherit",
});
process.exit(status ?? 1);
