/** `npm run check:bundle`: the configuration that a deployment would use bundles, offline, without a warning, and within its bound. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { deployConfig } from "../../workers/deploy/deploy-config.ts";
import { deployLimits } from "../../workers/deploy/limits.ts";
import { projectRoot } from "./server.ts";

const toml = readFileSync(join(projectRoot, "wrangler.toml"), "utf8");
const namespaces = [...toml.matchAll(/\[\[kv_namespaces\]\]\nbinding = "(\w+)"/g)].map(([, name]) => name);
const config = deployConfig(toml, Object.fromEntries(namespaces.map((name) => [`SPINDLE_KV_${name}_ID`, "0".repeat(32)])));
if ("problems" in config) throw new Error(config.problems.join("\n"));
const path = join(projectRoot, "wrangler.bundle-check.toml");
const folder = mkdtempSync(join(tmpdir(), "spindle-bundle-check-"));
const results: boolean[] = [];
try {
  writeFileSync(path, config.toml);
  const env = { ...process.env, WRANGLER_SEND_METRICS: "false", WRANGLER_WRITE_LOGS: "false", CI: "1" };
  const { status, stdout, stderr } = spawnSync("wrangler", ["deploy", "--dry-run", "--outdir", folder, "--config", path], {
    cwd: projectRoot,
    env,
    encoding: "utf8",
    timeout: 180_000,
  });
  note("the Worker bundles", status === 0, stdout + stderr);
  note("wrangler knows every setting of wrangler.toml", !/WARNING|Unexpected fields/.test(stdout + stderr), stdout + stderr);
  for (const name of ["THREAD", "MEMORY", "FLAGS", "ASSETS", "VERSION"])
    note(`${name} is bound`, stdout.includes(`env.${name} `), stdout);
  const bytes = status === 0 ? gzipSync(readFileSync(join(folder, "index.js"))).length : Number.POSITIVE_INFINITY;
  const told = `${bytes} bytes compressed, of ${deployLimits.bundleBytesMax}`;
  console.log(`       ${told}`);
  note("the bundle is within its bound", bytes <= deployLimits.bundleBytesMax, told);
} finally {
  rmSync(path, { force: true });
  rmSync(folder, { recursive: true, force: true });
}
const failed = results.filter((isSo) => !isSo).length;
console.log(`${results.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

function note(title: string, isSo: boolean, otherwise: string): void {
  results.push(isSo);
  console.log(`${isSo ? "ok    " : "FAILED"} ${title}${isSo ? "" : `\n${otherwise}`}`);
}
