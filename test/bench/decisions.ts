/** How long the largest tree takes to compose, score and choose from, inside workerd. `npm run bench:decisions`. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { report } from "./figures.ts";
import { percentile } from "./statistics.ts";

const treesPerRequest = 200;
const rounds = 15;
const millisecondsMax = 5;

const bundle = mkdtempSync(join(tmpdir(), "spindle-decisions-"));
const wrangler = join(dirname(createRequire(import.meta.url).resolve("wrangler/package.json")), "bin/wrangler.js");
const config = join(import.meta.dirname, "decision-tree/wrangler.toml");
execFileSync(process.execPath, [wrangler, "deploy", "--dry-run", `--config=${config}`, `--outdir=${bundle}`], {
  env: { ...process.env, WRANGLER_SEND_METRICS: "false", WRANGLER_HIDE_BANNER: "true" },
  stdio: "ignore",
});
const miniflare = new Miniflare(
  convertV4MiniflareOptions({
    name: "decisions",
    cf: false,
    telemetry: { enabled: false },
    modules: [{ type: "ESModule", path: join(bundle, "worker.js") }],
    modulesRoot: bundle,
    compatibilityDate: "2026-10-20",
  }),
);
try {
  // Code that has not run yet is slow: the first requests are for that.
  for (let round = 0; round < 3; round++) await milliseconds(treesPerRequest);
  const perTree: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const idle = await milliseconds(0);
    perTree.push(((await milliseconds(treesPerRequest)) - idle) / treesPerRequest);
  }
  const [median, slowest] = [percentile(perTree, 50), percentile(perTree, 100)];
  await report({
    bench: "decisions",
    ranks: "median / slowest",
    baseline: null,
    figures: [
      { what: "a tree of 6 assumptions × 8 actions × 4 probes", unit: "ms", ours: [median, slowest], samples: perTree.length },
    ],
    notes: [median < millisecondsMax ? `Met: below ${millisecondsMax} ms.` : `MISSED: not below ${millisecondsMax} ms.`],
  });
  process.exitCode = median < millisecondsMax ? 0 : 1;
} finally {
  await miniflare.dispose();
  rmSync(bundle, { recursive: true, force: true });
}

async function milliseconds(trees: number): Promise<number> {
  const startedAt = performance.now();
  const response = await miniflare.dispatchFetch(`http://bench/?trees=${trees}`);
  await response.text();
  return performance.now() - startedAt;
}
