/**
 * Each runbook is followed once, by its own commands, on a server that has the trouble it is for. What shows that it is over has to say so
 * afterwards, and must not have said so before. `npm run check:runbooks -- memory-drift leaked-token`
 */
import { type ExecFileException, execFile } from "node:child_process";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { bundleWorker } from "./miniflare-server.ts";
import { pause } from "./process-group.ts";
import { faults } from "./runbooks/faults.ts";
import { type Block, type BlockKind, readBlocks } from "./runbooks/page.ts";
import { projectRoot } from "./server.ts";

/** How long one block may take, and how long its end may take to be seen: what is tried again waits between attempts. */
const blockTimeoutMs = 90_000;
const overTimeoutMs = 120_000;

const asked = process.argv.slice(2);
const names = readdirSync(join(projectRoot, "docs/runbooks"))
  .map((name) => name.replace(/\.md$/, ""))
  .filter((name) => name !== "README" && (asked.length === 0 || asked.includes(name)));
const setup = readBlocks("README")
  .map(({ commands }) => commands)
  .join("\n");
/** By command: several runbooks change a secret. */
const helps = new Map<string, Promise<string>>();
const results: { title: string; problem: string | null }[] = [];
const bundle = await bundleWorker();
try {
  for (const name of names) {
    await step(`${name}: its commands for Cloudflare's account are there`, () => lookUp(readBlocks(name)));
    if (faults[name]) await step(`${name}: the trouble is seen, and over after what the page says`, () => follow(name));
    else await step(`${name}: says why nobody tried it`, () => saysWhy(name));
  }
} finally {
  rmSync(bundle, { recursive: true, force: true });
}
const failed = results.filter(({ problem }) => problem !== null).length;
console.log(`${results.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 && results.length > 0 ? 0 : 1);

async function step(title: string, work: () => Promise<void>): Promise<void> {
  const problem = await work().then(
    () => null,
    (error) => (error instanceof Error ? error.message : String(error)),
  );
  results.push({ title, problem });
  console.log(`${problem === null ? "ok   " : "FAIL "}${title}${problem === null ? "" : `\n     ${problem}`}`);
}

async function follow(name: string): Promise<void> {
  const blocks = readBlocks(name);
  const of = (kind: BlockKind) => blocks.filter((block) => block.kind === kind);
  if (of("see").length === 0 || of("do").length === 0 || of("over").length !== 1)
    throw new Error("it has to say how to see it, what to do, and when it is over");
  const [over = { commands: "false" }] = of("over");
  const { env, mend, end } = (await faults[name]?.(bundle)) ?? { env: {} };
  try {
    if ((await bash(over.commands, env)).code === 0) throw new Error(`"over" says so while the trouble lasts`);
    for (const { commands } of of("see")) await mustDo("see", commands, env);
    for (const { commands } of of("do")) await mustDo("do", commands, env);
    await mend?.();
    await untilOver(over.commands, env);
  } finally {
    await end?.();
  }
}

async function mustDo(kind: BlockKind, commands: string, env: Record<string, string>): Promise<void> {
  const { code, output } = await bash(commands, env);
  if (code !== 0) throw new Error(`"${kind}" ended with ${code}:\n${commands}${output}`);
}

async function untilOver(commands: string, env: Record<string, string>): Promise<void> {
  let last = "";
  for (const deadlineMs = Date.now() + overTimeoutMs; Date.now() < deadlineMs; await pause(1_000)) {
    const { code, output } = await bash(commands, env);
    if (code === 0) return;
    last = output;
  }
  throw new Error(`"over" does not come:\n${commands}${last}`);
}

function bash(commands: string, env: Record<string, string>): Promise<{ code: number; output: string }> {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(OPENAI|GITHUB|SPINDLE)_/.test(name)));
  return new Promise((resolve) => {
    execFile(
      "bash",
      ["--norc", "-euo", "pipefail", "-c", `${setup}\n${commands}`],
      { cwd: projectRoot, env: { ...inherited, ...env }, timeout: blockTimeoutMs },
      (error: ExecFileException | null, stdout, stderr) =>
        resolve({
          code: error === null ? 0 : typeof error.code === "number" ? error.code : 1,
          output: `${stdout}${stderr}`.slice(-2_000),
        }),
    );
  });
}

async function saysWhy(name: string): Promise<void> {
  const text = readFileSync(join(projectRoot, "docs/runbooks", `${name}.md`), "utf8");
  if (!/Not tried by the script: .{30,}/.test(text)) throw new Error("no fault is known for it, and it does not say why");
}

/** Nobody is asked for an account: whether the installed wrangler has the command, and each option that is given to it. */
async function lookUp(blocks: Block[]): Promise<void> {
  const lines = blocks.filter(({ kind }) => kind === "account").flatMap(({ commands }) => commands.trim().split("\n"));
  for (const line of lines) {
    const [, words = ""] = /^npx wrangler (.+)$/.exec(line) ?? [];
    if (words === "") throw new Error(`no command of wrangler: ${line}`);
    const command = /^[a-z]+( (put|list|status))?/.exec(words)?.[0].split(" ") ?? [];
    const help = await helpOf(command);
    if (!help.includes(`wrangler ${command.join(" ")}`)) throw new Error(`wrangler does not know "${command.join(" ")}"`);
    for (const [, option = ""] of words.matchAll(/ (--[a-z-]+)/g)) {
      if (!help.includes(option)) throw new Error(`"wrangler ${command.join(" ")}" does not know ${option}`);
    }
  }
}

function helpOf(command: string[]): Promise<string> {
  const name = command.join(" ");
  const known = helps.get(name) ?? askForHelp(command);
  helps.set(name, known);
  return known;
}

function askForHelp(command: string[]): Promise<string> {
  const wrangler = join(dirname(createRequire(import.meta.url).resolve("wrangler/package.json")), "bin/wrangler.js");
  const parameters = [wrangler, ...command, "--help"];
  return new Promise((resolve) =>
    execFile(process.execPath, parameters, { cwd: projectRoot }, (_error, stdout) => resolve(stdout)),
  );
}
