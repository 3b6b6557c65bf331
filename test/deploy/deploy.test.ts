/** `npm run deploy` as a process, with git, npm and wrangler that only write down what they are asked. */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { deployConfig } from "../../workers/deploy/deploy-config.ts";
import { operatorSettings } from "../../workers/deploy/operator-settings.ts";

const root = dirname(dirname(import.meta.dirname));
const toml = readFileSync(join(root, "wrangler.toml"), "utf8");
const ids = { SPINDLE_KV_MEMORY_ID: "a".repeat(32), SPINDLE_KV_FLAGS_ID: "b".repeat(32) };

/** Answers as the real ones do, and fails where what it is asked begins with FAIL_AT. */
const fake = `#!${process.execPath}
const { appendFileSync, writeFileSync } = require("node:fs");
const { basename, join } = require("node:path");
const args = process.argv.slice(2);
const text = [basename(process.argv[1]), ...args].join(" ");
appendFileSync(process.env.RECORDED, text + "\\n");
if ((process.env.FAIL_AT ?? "").split("|").some((part) => part && text.startsWith(part))) process.exit(7);
if (text.includes("rev-parse")) console.log("abc123");
if (text.includes("secret list")) console.log('[{"name":"SPINDLE_TOKEN","type":"secret_text"}]');
if (text.includes("deployments status")) console.log('{"versions":[{"version_id":"old","percentage":100}]}');
if (text.includes("--outdir")) writeFileSync(join(args[args.indexOf("--outdir") + 1], "index.js"), "export default {}");
if (text.includes("versions upload")) {
  appendFileSync(process.env.WRANGLER_OUTPUT_FILE_PATH, '{"type":"wrangler-session","version":1}\\n{"type":"version-upload","version_id":"new"}\\n');
}
`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "spindle-fake-wrangler-"));
  for (const name of ["git", "npm", "wrangler"]) {
    writeFileSync(join(folder, name), fake);
    chmodSync(join(folder, name), 0o755);
  }
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function deploy(args: string[], variables: Record<string, string> = {}) {
  const recorded = join(folder, "recorded");
  writeFileSync(recorded, "");
  const env = { PATH: `${folder}${delimiter}${process.env.PATH}`, RECORDED: recorded, ...ids, ...variables };
  const script = join(root, "workers/deploy/deploy.ts");
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], { cwd: root, env, encoding: "utf8" });
  return { status, output: stdout + stderr, ran: readFileSync(recorded, "utf8").trimEnd().split("\n").filter(Boolean) };
}

const url = ["--url", "https://spindle.example"];

describe("npm run deploy", () => {
  test("runs what --dry-run prints, in that order, and leaves no file behind", () => {
    const { status, ran, output } = deploy(url);
    expect(status, output).toBe(0);
    const dry = deploy([...url, "--dry-run"]);
    expect([dry.status, dry.ran]).toEqual([0, []]);
    const named = dry.output
      .trimEnd()
      .split("\n")
      .map((line) =>
        line.replaceAll("<commit>", "abc123").replaceAll("<new>", "new").replaceAll("<old>", "old").replaceAll('"', ""),
      );
    expect(ran.map((line) => line.replace(/--outdir \S+/, "--outdir <folder>"))).toEqual(named);
    expect(existsSync(join(root, "wrangler.deploy.toml"))).toBe(false);
  });

  test.each([
    ["wrangler versions upload", 1, false],
    ["npm run -s acceptance", 3, true],
    ["npm run -s acceptance|wrangler rollback", 4, true],
  ])("where %s fails it ends with %i", (failAt, code, goesBack) => {
    const { status, ran, output } = deploy(url, { FAIL_AT: failAt });
    expect(status, output).toBe(code);
    expect(ran.some((text) => text.startsWith("wrangler rollback old"))).toBe(goesBack);
  });

  test("asks for what is missing, and runs nothing", () => {
    const unnamed = deploy(url, { SPINDLE_KV_FLAGS_ID: "spindle-flags" });
    expect([unnamed.status, unnamed.ran]).toEqual([1, []]);
    expect(unnamed.output).toContain("SPINDLE_KV_FLAGS_ID");
    expect(deploy([]).status).toBe(2);
    expect(deploy([...url, "--first"]).status).toBe(2);
  });
});

test("the deployed configuration is wrangler.toml but for the names of this deployment", () => {
  const made = deployConfig(toml, { ...ids, SPINDLE_WORKER_NAME: "spindle-eu" });
  if ("problems" in made) throw new Error(made.problems.join());
  const lines = made.toml.split("\n").slice(1);
  const changed = toml.split("\n").flatMap((line, place) => (line === lines[place] ? [] : [lines[place]]));
  expect(changed).toEqual(['name = "spindle-eu"', `id = "${"a".repeat(32)}"`, `id = "${"b".repeat(32)}"`]);
});

test("every setting that the Worker reads is judged before a deployment", () => {
  const environment = readFileSync(join(root, "durable-objects/environment.ts"), "utf8");
  const read = [...environment.matchAll(/^ {2}([A-Z][A-Z0-9_]+)\?: string;$/gm)].map(([, name]) => name);
  expect(Object.keys(operatorSettings).sort()).toEqual(read.sort());
});

/** As they were deployed. A migration is never edited and never leaves: add a line here with the one that is new. */
const migrationsDeployed = [
  ["v1", ["ThreadObject", "ConnectionObject", "DirectoryObject"]],
  ["v2", ["AccessObject"]],
  ["v3", ["MemoryObject"]],
  ["v4", ["RepositoryObject", "GitHubAppObject"]],
  ["v5", ["PushObject"]],
  ["v6", ["MetricsObject"]],
];

test("migrations are those of before, in their order", () => {
  const found = [...toml.matchAll(/\[\[migrations\]\]\ntag = "(\w+)"\nnew_sqlite_classes = (\[.*\])\n/g)].map(
    ([, tag, classes]) => [tag, JSON.parse(classes ?? "")],
  );
  expect(found).toEqual(migrationsDeployed);
  expect(toml.split("[[migrations]]").length - 1, "a migration in another form than the ones above").toBe(
    migrationsDeployed.length,
  );
  // An object is bound only when some migration made its class.
  const bound = [...toml.matchAll(/^class_name = "(\w+)"$/gm)].map(([, name]) => name);
  expect(new Set(bound)).toEqual(new Set(found.flatMap(([, classes]) => classes)));
});
