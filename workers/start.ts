/**
 * `npm start`: builds the web client if it is older than its sources, runs the Worker in `wrangler dev`, and says when it is ready.
 * What the user adds goes to wrangler as it is: `npm start -- --port 8788 --persist-to /tmp/spindle`.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { createClient } from "#client/client";
import { isLoopback } from "./credentials/loopback.ts";
import { type CredentialSettings, readSettings } from "./credentials/settings.ts";
import { keptPushKeys } from "./push-keys.ts";

const root = dirname(import.meta.dirname);
const readyTimeoutMs = 60_000;
const stopTimeoutMs = 5_000;

/** Everything wrangler says that is its own business. What the Worker logs, and what goes wrong, stays. */
const wranglerChatter = [
  /^\s*$/,
  /^Using secrets defined in /,
  /^Your Worker has access to the following bindings:$/,
  /^Binding\s+Resource\s+Mode$/,
  /^env\.\w+ /,
  /^\s+local$/,
  // No cron rings on a machine of one's own; the memory sweeps when it has other work there.
  /Scheduled Workers are not automatically triggered/,
  /To manually trigger a scheduled event/,
  /curl .*\/cdn-cgi\/.*scheduled/,
  /For more details, see .*cron-triggers/,
  /^⎔ /u,
  /^\[wrangler:info\] /,
  /Logs were written to /,
  // workerd marks with it what nobody needs to hear of.
  /NOSENTRY /,
];

await start(process.argv.slice(2));

async function start(ownArguments: string[]): Promise<void> {
  const ip = optionOf(ownArguments, "--ip") ?? "127.0.0.1";
  const port = Number(optionOf(ownArguments, "--port") ?? 8787);
  const settings = readSettings(process.env);
  if ("problem" in settings) return refuse(settings.problem);
  if (!isLoopback(ip) && settings.isOpen) {
    return refuse(
      `Listening on ${ip} lets other machines in, so it needs a password: set SPINDLE_TOKEN, say to the output of "openssl rand -hex 32". Other ways: docs/credentials.md`,
    );
  }
  if (!(await isFree(ip, port))) {
    return refuse(`Port ${port} is in use. Is Spindle running already? Another port: npm start -- --port ${port + 1}`);
  }
  await buildWebClient();

  const persistTo = resolve(root, optionOf(ownArguments, "--persist-to") ?? ".wrangler/state");
  const secrets = attempt(() => writeSecrets(persistTo));
  if (!secrets) return;
  const worker = runWrangler(ownArguments, { ip, port, secrets });
  process.on("exit", () => rmSync(secrets.folder, { recursive: true, force: true }));

  const host = ip.includes(":") ? `[${ip}]` : ip === "0.0.0.0" || ip === "*" ? "127.0.0.1" : ip;
  const address = `${host}:${port}`;
  const isReady = await Promise.race([answers(`http://${address}/healthz`), worker.ended.then(() => false)]);
  if (isReady) await announce(address, settings);
  else if (worker.isRunning()) {
    console.error(`The server did not answer on http://${address} within ${readyTimeoutMs / 1000} s.`);
    worker.stop();
  }
  const code = await worker.ended;
  process.exitCode = isReady ? code : code || 1;
}

async function announce(address: string, { token, isOpen }: CredentialSettings): Promise<void> {
  // Who has no token of their own here cannot be asked for one.
  const model = isOpen || token !== null ? await defaultModel(`ws://${address}/`) : "shown to whoever comes in";
  console.log(`
Spindle is ready.
  web client   http://${address}
  codex        codex --remote ws://${address}${isOpen ? "" : " --remote-auth-token-env SPINDLE_TOKEN"}
  model        ${model === "rehearsal" ? "rehearsal (no language model; set OPENAI_API_KEY for a real one)" : model}
`);
}

/** Asks the server itself, so that what is announced was seen to work. */
async function defaultModel(url: string): Promise<string> {
  const token = process.env.SPINDLE_TOKEN;
  const client = createClient({ url, clientInfo: { name: "spindle-start", version: "1" }, ...(token ? { token } : {}) });
  const timer = setTimeout(() => client.close(), 10_000);
  try {
    const { data } = await client.request("model/list", {});
    return data.find(({ isDefault }) => isDefault)?.id ?? "none";
  } catch (error) {
    return `unknown (${error instanceof Error ? error.message : error})`;
  } finally {
    clearTimeout(timer);
    client.close();
  }
}

function runWrangler(ownArguments: string[], options: { ip: string; port: number; secrets: Secrets }) {
  const { ip, port, secrets } = options;
  const wrangler = createRequire(import.meta.url).resolve("wrangler/package.json");
  const given = (name: string) => optionOf(ownArguments, name) !== null;
  const child = spawn(
    process.execPath,
    [
      `--import=data:text/javascript,${encodeURIComponent(endWithParent(secrets.folder))}`,
      join(dirname(wrangler), "bin/wrangler.js"),
      "dev",
      "--local",
      "--show-interactive-dev-session=false",
      ...(given("--ip") ? [] : ["--ip", ip]),
      ...(given("--port") ? [] : ["--port", String(port)]),
      ...secrets.files.flatMap((file) => ["--env-file", file]),
      ...ownArguments,
    ],
    {
      cwd: root,
      // Its own process group, so that nothing of it outlives us; IPC, so that it notices when we are gone.
      detached: process.platform !== "win32",
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      env: {
        ...process.env,
        WRANGLER_SEND_METRICS: "false",
        WRANGLER_HIDE_BANNER: "true",
        CLOUDFLARE_CF_FETCH_ENABLED: "false",
        WRANGLER_WRITE_LOGS: "false",
      },
    },
  );
  passOn(child.stdout, process.stdout);
  passOn(child.stderr, process.stderr);

  let isStopping = false;
  const ended = new Promise<number>((resolve) => {
    child.on("exit", (code) => {
      killGroup(child.pid);
      // Ended because it was told to: that is no failure, and npm need not call it one.
      resolve(isStopping ? 0 : (code ?? 1));
    });
  });
  const isRunning = () => child.exitCode === null && child.signalCode === null;
  const stop = () => {
    // The first asks wrangler to end in order; the second, or five seconds, ends everything.
    if (isStopping) killGroup(child.pid);
    isStopping = true;
    child.kill("SIGTERM");
    setTimeout(() => killGroup(child.pid), stopTimeoutMs).unref();
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  process.on("SIGHUP", stop);
  return { ended, isRunning, stop };
}

/** Runs inside wrangler's processes: when whoever started them is gone, even by SIGKILL, nothing may go on holding the port. */
function endWithParent(folder: string): string {
  return `import { rmSync } from "node:fs";
process.on("disconnect", () => {
  rmSync(${JSON.stringify(folder)}, { recursive: true, force: true });
  process.kill(${process.platform === "win32" ? "process.pid" : "0"}, "SIGTERM");
});`;
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined || process.platform === "win32") return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Nobody is left.
  }
}

function passOn(from: Readable | null, to: NodeJS.WriteStream): void {
  if (!from) return;
  createInterface({ input: from }).on("line", (line) => {
    if (!wranglerChatter.some((pattern) => pattern.test(line))) to.write(`${line}\n`);
  });
}

interface Secrets {
  folder: string;
  /** What wrangler shall read, later ones win. Empty: whatever it reads by itself. */
  files: string[];
}

/**
 * The variables that are the Worker's, in a file only this user can read: as arguments they would stand in the list of processes.
 * Naming a file makes wrangler forget its own, so those are named too.
 */
function writeSecrets(persistTo: string): Secrets {
  const folder = mkdtempSync(join(tmpdir(), "spindle-"));
  const named = Object.entries(process.env).filter(([name, value]) => /^(OPENAI|GITHUB|SPINDLE|VAPID)_\w+$/.test(name) && value);
  const usual = (existsSync(join(root, ".dev.vars")) ? [".dev.vars"] : [".env", ".env.local"])
    .map((name) => join(root, name))
    .filter((path) => existsSync(path));
  const hasPushKeys =
    named.some(([name]) => name.startsWith("VAPID_")) || usual.some((path) => /^\s*VAPID_/m.test(readFileSync(path, "utf8")));
  const variables = hasPushKeys ? named : [...named, ...Object.entries(keptPushKeys(persistTo))];
  if (variables.length === 0) return { folder, files: [] };
  const file = join(folder, "variables.env");
  writeFileSync(file, variables.map(([name, value = ""]) => `${name}=${quoted(name, value)}\n`).join(""), {
    mode: 0o600,
    flag: "wx",
  });
  if (process.platform !== "win32" && (statSync(file).mode & 0o077) !== 0) {
    rmSync(folder, { recursive: true, force: true });
    throw new Error(`${folder} does not keep secrets: others could read what is written there. Set TMPDIR to a private folder.`);
  }
  return { folder, files: [...usual, file] };
}

/** As dotenv reads it back: quotes cannot be escaped inside quotes, and `$` would be expanded. */
function quoted(name: string, value: string): string {
  const quote = ["'", "`", '"'].find((candidate) => !value.includes(candidate));
  const isLossy = quote === undefined || value.endsWith("\\") || (quote === '"' && /\\[nr]/.test(value)) || value.includes("\r");
  if (isLossy) throw new Error(`${name} has a value that cannot be handed to the Worker: it mixes all kinds of quotes.`);
  return `${quote}${value.replaceAll("$", "\\$")}${quote}`;
}

/** Half a second when something changed, nothing otherwise. */
async function buildWebClient(): Promise<void> {
  const built = join(root, "web/app/dist/index.html");
  const builtAtMs = existsSync(built) ? statSync(built).mtimeMs : 0;
  const sources = ["web/app", "web/client", "durable-objects/core"].flatMap((folder) => filesBelow(join(root, folder)));
  if (sources.every((file) => statSync(file).mtimeMs < builtAtMs)) return;
  const { build } = await import("vite");
  await build({ root: join(root, "web/app"), logLevel: "warn" });
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name === "dist" || entry.name === "node_modules") return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}

async function answers(url: string): Promise<boolean> {
  const deadlineMs = Date.now() + readyTimeoutMs;
  while (Date.now() < deadlineMs) {
    const response = await fetch(url).catch(() => null);
    if (response?.status === 200) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}

/** Binding tells more than connecting: it also finds whoever listens on all addresses. */
function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", (error: NodeJS.ErrnoException) => (error.code === "EADDRINUSE" ? resolve(false) : reject(error)));
    server.listen(port, host === "*" ? undefined : host, () => server.close(() => resolve(true)));
  });
}

/** `--name value` or `--name=value`; the last one counts, as in wrangler. */
function optionOf(given: string[], name: string): string | null {
  const index = given.findLastIndex((argument) => argument === name || argument.startsWith(`${name}=`));
  const argument = given[index];
  if (argument === undefined) return null;
  return argument === name ? (given[index + 1] ?? "") : argument.slice(name.length + 1);
}

function attempt<Result>(work: () => Result): Result | null {
  try {
    return work();
  } catch (error) {
    refuse(error instanceof Error ? error.message : String(error));
    return null;
  }
}

function refuse(sentence: string): void {
  console.error(sentence);
  process.exitCode = 1;
}
