/** `npm run deploy`: a version comes to its users step by step, and goes again by itself where it does not do. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { deployConfig } from "./deploy-config.ts";
import { deployLimits } from "./limits.ts";
import { type Command, type Outcome, type Plan, type Ran, rollOut, textOf, type World } from "./rollout.ts";

const usage = `npm run deploy -- --url URL [options]

Uploads this commit as a version of the Worker, tries it without traffic, then with ${deployLimits.firstSharePercent} % of it, then gives it all; goes back to the version of
before where a step fails. The token for trying is the variable SPINDLE_TOKEN, the KV namespaces are SPINDLE_KV_<NAME>_ID.

  --url URL             where people reach the Worker (default: the variable SPINDLE_URL)
  --migrate             at once, because a migration of Durable Objects is new: there is no way back from it
  --first               the Worker is not there yet; with --secrets-file FILE, NAME=VALUE a line
  --dry-run             prints the commands in order, and runs none

Ends with 0 when it serves everybody, 1 when nothing was changed, 2 for a wrong command line, 3 when it went back, 4 when a person has to look.`;

const exitCodes: Record<Outcome, number> = { done: 0, refused: 1, rolledBack: 3, stuck: 4 };
const root = dirname(dirname(import.meta.dirname));

process.exitCode = await main(process.argv.slice(2));

async function main(given: string[]): Promise<number> {
  const parsed = planOf(given);
  if (typeof parsed === "string") {
    console.log(parsed);
    return parsed === usage ? 0 : 2;
  }
  const { plan, isDry } = parsed;
  const config = deployConfig(readFileSync(join(root, "wrangler.toml"), "utf8"), isDry ? withPlaceholders() : process.env);
  if ("problems" in config) {
    console.error(config.problems.join("\n"));
    return exitCodes.refused;
  }
  if (isDry) {
    await rollOut({ ...plan, workerName: config.workerName }, dryWorld());
    return 0;
  }
  const bundleFolder = mkdtempSync(join(tmpdir(), "spindle-deploy-"));
  // The steps hear of Ctrl-C themselves; what failed by it is rolled back like anything else.
  process.on("SIGINT", () => console.log("Stopping at this step."));
  try {
    writeFileSync(join(root, plan.configPath), config.toml);
    const outcome = await rollOut({ ...plan, workerName: config.workerName, bundleFolder }, realWorld());
    return exitCodes[outcome];
  } finally {
    rmSync(join(root, plan.configPath), { force: true });
    rmSync(bundleFolder, { recursive: true, force: true });
  }
}

/** Or what to say instead. */
function planOf(given: string[]): { plan: Omit<Plan, "workerName">; isDry: boolean } | string {
  let values: ReturnType<typeof parse>["values"];
  try {
    ({ values } = parse(given));
  } catch (error) {
    return `${(error as Error).message}\n\n${usage}`;
  }
  if (values.help) return usage;
  const url = URL.parse(values.url ?? process.env.SPINDLE_URL ?? "");
  if (url?.protocol !== "https:" && url?.hostname !== "127.0.0.1")
    return `Where do people reach it? --url https://… is missing.\n\n${usage}`;
  const secretsFile = values["secrets-file"] ?? null;
  if (values.first && (secretsFile === null || !existsSync(secretsFile))) return `--first needs --secrets-file FILE.\n\n${usage}`;
  if (!values.first && secretsFile !== null)
    return `--secrets-file goes with --first; later: npx wrangler secret put NAME\n\n${usage}`;
  const plan = {
    url: url.origin,
    configPath: "wrangler.deploy.toml",
    bundleFolder: "<folder>",
    way: values.first ? ("first" as const) : values.migrate ? ("migrate" as const) : ("gradual" as const),
    secretsFile,
    secretNames: secretsFile === null ? [] : namesIn(readFileSync(secretsFile, "utf8")),
  };
  return { plan, isDry: values["dry-run"] ?? false };
}

function parse(args: string[]) {
  return parseArgs({
    args,
    options: {
      url: { type: "string" },
      migrate: { type: "boolean" },
      first: { type: "boolean" },
      "secrets-file": { type: "string" },
      "dry-run": { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
}

function namesIn(text: string): string[] {
  return text.split("\n").flatMap((line) => /^([A-Z][A-Z0-9_]*)=./.exec(line.trim())?.[1] ?? []);
}

function realWorld(): World {
  return {
    say: (line) => console.log(line),
    bundleBytes: (folder) => gzipSync(readFileSync(join(folder, "index.js"))).length,
    run: async (command) => {
      console.log(`\n$ ${textOf(command)}`);
      return await run(command);
    },
  };
}

async function run({ program, args }: Command): Promise<Ran> {
  const records = join(mkdtempSync(join(tmpdir(), "spindle-deploy-said-")), "records");
  // What answers for machines is read; the rest is for whoever watches.
  const isRead = program === "git" || args.includes("--json") || args.includes("json");
  const child = spawn(program, args, {
    cwd: root,
    stdio: ["ignore", isRead ? "pipe" : "inherit", "inherit"],
    timeout: deployLimits.commandMsMax,
    env: { ...process.env, WRANGLER_OUTPUT_FILE_PATH: records, WRANGLER_SEND_METRICS: "false", CI: "1" },
  });
  const said: Buffer[] = [];
  child.stdout?.on("data", (chunk: Buffer) => said.push(chunk));
  const code = await new Promise<number>((resolve) => {
    child.once("error", (error) => {
      console.error(`${program} can not be run: ${error.message}`);
      resolve(127);
    });
    child.once("close", (exitCode) => resolve(exitCode ?? 1));
  });
  const lines = existsSync(records) ? readFileSync(records, "utf8").split("\n").filter(Boolean) : [];
  rmSync(dirname(records), { recursive: true, force: true });
  return { code, stdout: Buffer.concat(said).toString(), records: lines.map((line) => JSON.parse(line)) };
}

/** Every command succeeds, with placeholders for what only Cloudflare can say. */
function dryWorld(): World {
  return {
    say: () => {},
    bundleBytes: () => 0,
    run: async (command) => {
      console.log(textOf(command));
      const stdout = command.args.includes("rev-parse")
        ? "<commit>"
        : command.args.includes("secret")
          ? JSON.stringify([{ name: "SPINDLE_OPERATOR_TOKEN" }])
          : command.args.includes("status") && command.program === "wrangler"
            ? JSON.stringify({ versions: [{ version_id: "<old>", percentage: 100 }] })
            : "";
      return { code: 0, stdout, records: [{ type: "version-upload", version_id: "<new>" }] };
    },
  };
}

/** A rehearsal needs no namespaces. */
function withPlaceholders(): Record<string, string | undefined> {
  const names = [...readFileSync(join(root, "wrangler.toml"), "utf8").matchAll(/^binding = "(\w+)"$/gm)].map(([, name]) => name);
  return { ...Object.fromEntries(names.map((name) => [`SPINDLE_KV_${name}_ID`, "0".repeat(32)])), ...process.env };
}
